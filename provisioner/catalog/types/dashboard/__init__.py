"""Resource types of Microsoft.Dashboard, one per file."""
