"""Azure Resource Manager: resources, lists, long-running operations, subscriptions, tags.

`resources` answers GET, PUT, PATCH and DELETE from the facts of the catalog; `writes` and
`deletion` change the state. Types outside the catalog are served by ARM's general rules
(`open_types`).
"""
