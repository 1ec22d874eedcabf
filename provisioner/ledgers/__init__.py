"""Ledgers: the results of fleet runs, in a SQLite file (default) or an Azure Storage container.

Each module is one implementation of `engine.ledger_port.Ledger` and imports no other one. SQLite
needs no service, but one host; the container takes writes from many hosts at once.
"""
