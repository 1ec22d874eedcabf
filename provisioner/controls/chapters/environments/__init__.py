"""Setting up environments: ENV."""
