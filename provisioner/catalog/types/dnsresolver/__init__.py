"""Resource types of Azure DNS Private Resolver (Microsoft.Network), one per file."""
