"""The address plan: which ranges there are, whether they overlap, and whether they are enough."""
