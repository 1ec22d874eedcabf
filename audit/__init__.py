"""Scans what the blueprints deploy with checkov, and holds the findings against docs/audit.md."""
