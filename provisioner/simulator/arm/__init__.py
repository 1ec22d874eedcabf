"""Azure Resource Manager: resources, lists, long operations, providers and subscriptions.

Driven by the facts of the catalog; types outside it are served by ARM's general rules.
"""
