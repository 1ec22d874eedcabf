"""Internet exposure and egress: NSGs, DNAT rules, routes, private endpoints, WAF policies."""
