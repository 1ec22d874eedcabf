"""Resource types of Microsoft.AlertsManagement, one per file."""
