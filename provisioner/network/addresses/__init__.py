"""The address plan: IP ranges of networks, subnets and clusters, their overlaps and their size."""
