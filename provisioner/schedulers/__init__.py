"""Schedulers of fleet runs: processes of this machine (default), or the workers of a Dask cluster.

Each module is one implementation of `engine.ledger_port.Scheduler` and imports no other one. Items
and outcomes are JSON texts, so nothing that a worker returns is executed or unpickled by azsec.
"""
