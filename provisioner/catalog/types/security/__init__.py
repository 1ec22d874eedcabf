"""Resource types of Microsoft.Security, one per file."""
