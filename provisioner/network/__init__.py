"""The network of an environment: address plan, effective paths, and what is proved of them."""
