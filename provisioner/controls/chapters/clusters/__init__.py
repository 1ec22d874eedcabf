"""Securing a cluster: CLU."""
