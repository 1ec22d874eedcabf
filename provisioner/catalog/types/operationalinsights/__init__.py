"""Resource types of Microsoft.OperationalInsights, one per file."""
