"""Destinations of logs, and whether an alert query can match the events that it is for."""
