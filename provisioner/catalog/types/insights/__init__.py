"""Resource types of Microsoft.Insights, one per file."""
