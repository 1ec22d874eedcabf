"""What runs the items of a fleet: processes of this machine by default, or Dask.

Each scheduler is an implementation of `engine.ledger_port.Scheduler`, and stands alone. Items and
outcomes are texts, so nothing that a worker answers is executed.
"""
