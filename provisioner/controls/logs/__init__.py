"""Where logs are sent, and whether an alert rule can match the events it is for."""
