"""azsec: plan, apply and drift-check secure Kubernetes environments on Azure."""

__version__ = "0.1.0"
