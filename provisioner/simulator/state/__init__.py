"""What the built-in Azure remembers, and the world that one request is answered in.

Tables in memory, written through to one SQLite file; a clock that tests can move. Nothing here
knows what a request means.
"""
