"""Resource types of Microsoft.Network, one per file."""
