"""Schedulers of fleet runs: processes of this machine (default), or the workers of a Dask cluster.

Each module is one implementation of `engine.ledger_port.Scheduler` and imports no other one. Items
and outcomes are JSON texts; an outcome in another form is refused, and not unpickled. Dask itself
unpickles what its workers raise, so that the workers of a cluster are trusted as the command is.
"""
