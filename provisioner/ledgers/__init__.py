"""Where a fleet keeps what became of its environments: a file of SQLite by default.

Each ledger is an implementation of `engine.ledger_port.Ledger`, and stands alone.
"""
