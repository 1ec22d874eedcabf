"""What decides where a packet goes: addresses, routes, rules and names, read from an estate."""
