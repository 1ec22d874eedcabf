"""The threshold of Python's cyclic garbage collector while a command runs."""

import gc

_ALLOCATIONS = 300_000
"""How many more objects there are before the new ones are searched. A plan keeps nearly all that it
makes until it ends: with Python's 700 a plan of 5,000 resources took 9.2 s of CPU time, with this
6.6 (docs/adr/0039)."""


def collect_rarely() -> None:
    """Search for cycles less often, in this process. What is in none is freed at once as ever."""
    gc.set_threshold(_ALLOCATIONS, *gc.get_threshold()[1:])
