"""The bodies of resources: validated by schema, completed as Azure does, rendered for a GET.

The facts come from the catalog. Three things are separate modules, since they differ: what Azure
fills in where a write leaves a property out (`defaults`, `computed_values`), what a GET leaves out
(`responses`), and what an API version does not have (`version_views`).
"""
