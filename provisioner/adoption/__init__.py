"""Brownfield adoption: generates the blueprint, modules and environment for live resources.

A resource that Azure returns holds the settings that somebody chose, the defaults of the service,
read-only properties, and full resource ids. A blueprint states the chosen settings only, refers to
other resources by name, and states repeated values once. This package converts the one into the
other.

`workflow/adopt.py` calls it with the bodies that it read, and verifies the result: it composes the
generated files and plans them. The package reads neither Azure nor files. Whether two values differ
is decided by `diff`, which is queried for every value that is left out.
"""
