"""Resource types of Microsoft.Authorization, one per file."""
