"""Resource types of Microsoft.OperationsManagement, one per file."""
