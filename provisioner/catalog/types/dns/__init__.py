"""Resource types of Azure DNS (Microsoft.Network/dnsZones), one per file."""
