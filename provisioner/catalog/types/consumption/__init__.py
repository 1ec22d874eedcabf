"""Resource types of Microsoft.Consumption, one per file."""
