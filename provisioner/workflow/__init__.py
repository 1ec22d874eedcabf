"""One module a command: what it does, given ports to the world."""
