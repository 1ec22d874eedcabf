"""The vocabulary of every other package: resource ids, property paths, JSON values, diagnostics.

What is here is plain data and pure functions over it: ARM resource ids and bodies, the actual state
as Azure answers it and the estate that controls judge, Azure RBAC permissions and conditions,
address ranges, objects of a cluster, and the refusals of Azure and of Kubernetes. It does no I/O
and imports no other package of azsec.
"""
