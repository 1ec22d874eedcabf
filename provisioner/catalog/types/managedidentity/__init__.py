"""Resource types of Microsoft.ManagedIdentity, one per file."""
