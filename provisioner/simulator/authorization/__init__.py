"""Azure RBAC: the permissions that a request requires, and whether its caller has them.

The implementation is the simulator's own: `provisioner.access` computes the same for reports, and a
shared one would hide its own mistakes.
"""
