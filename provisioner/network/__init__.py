"""The network of an environment: address plan, topology, effective paths, proofs and diagram."""
