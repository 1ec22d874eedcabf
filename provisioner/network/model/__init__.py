"""The network model: addresses, routes, filter rules and DNS names, read from an estate."""
