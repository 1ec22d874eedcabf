"""Resource types of Microsoft.Storage, one per file."""
