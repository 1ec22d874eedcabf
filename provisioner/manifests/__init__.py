"""Kubernetes objects of an environment, and the evaluation of pods against its policies.

It covers what ARM has no resource for: namespaces, RBAC, network policies, admission policies and
jobs. Nothing here reads a cluster; `workflow` and `controls` call it.
"""
