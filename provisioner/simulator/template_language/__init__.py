"""The language of ARM templates: what a template holds, and what its expressions come to.

An implementation of the simulator's own: `provisioner.export` writes templates, and neither may
rest on the other's mistake.
"""
