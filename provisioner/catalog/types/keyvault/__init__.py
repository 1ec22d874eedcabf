"""Resource types of Microsoft.KeyVault, one per file."""
