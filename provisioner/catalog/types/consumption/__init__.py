"""Types of Microsoft.Consumption."""
