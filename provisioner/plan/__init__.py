"""Planning: the reads of an environment, the diff, the ordered steps and the plan file."""
