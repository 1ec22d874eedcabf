"""The state of the built-in Azure: tables in memory, written through to one SQLite file.

`cloud` is the context of one request: catalog, store, clock, faults. Nothing here knows what a
request means. Tests move the clock.
"""
