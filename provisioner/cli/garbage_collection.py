"""The threshold of Python's cyclic garbage collector while a command runs."""

import gc

_ALLOCATIONS = 1_000_000
"""How many more objects there are before the new ones are searched. A plan keeps nearly all that it
makes until it ends: with Python's 700 a plan of 5,000 resources took 9.2 s of CPU time, with this
6.6 (docs/adr/0039)."""


def collect_rarely() -> None:
    """Collect cycles less often in this process.

    Objects outside of cycles are freed at once in any case.
    """
    gc.set_threshold(_ALLOCATIONS, *gc.get_threshold()[1:])
