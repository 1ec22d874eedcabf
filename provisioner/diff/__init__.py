"""Compares a desired body with Azure's answer, by the schema and the facts of its type."""
