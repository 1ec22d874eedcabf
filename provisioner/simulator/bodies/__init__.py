"""The bodies of resources: read against a schema, completed as Azure completes them, and shown.

The facts come from the catalog. What Azure fills in where a write is silent, what a GET leaves out
and what an api version does not show are three different things, and a module each.
"""
