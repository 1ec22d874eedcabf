"""Monitoring and auditing: MON."""
