"""Resource types of Microsoft.Monitor, one per file."""
