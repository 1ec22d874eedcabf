"""What can be reached from the internet, and through what: NSGs, DNAT, routes, WAF policies."""
