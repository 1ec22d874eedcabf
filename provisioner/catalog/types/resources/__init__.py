"""Resource types of Microsoft.Resources, one per file."""
