"""Holds the built-in Azure against recorded traffic of the real one. Run: python -m fidelity."""
