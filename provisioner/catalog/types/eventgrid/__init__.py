"""Resource types of Microsoft.EventGrid, one per file."""
