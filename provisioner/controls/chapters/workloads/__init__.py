"""Securing workloads: WRK."""
