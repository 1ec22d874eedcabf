"""Azure RBAC: which actions a request takes, and whether its caller may take them.

An implementation of the simulator's own: `provisioner.access` computes the same for reports, and
neither may rest on the other's mistake.
"""
