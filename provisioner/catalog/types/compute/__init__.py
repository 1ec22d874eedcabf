"""The types of the provider, one a file."""
