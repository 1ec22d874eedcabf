"""`--timings`: the time that each phase of a command took, printed on stderr."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from provisioner.engine.timings import Timings, start_timings

OPTION = "--timings"


def take_option(arguments: Sequence[str]) -> tuple[list[str], bool]:
    """Return the arguments of a command line without the option, and whether it was among them.

    Every command takes it, anywhere before `--`.
    """
    end = list(arguments).index("--") if "--" in arguments else len(arguments)
    kept = [word for word in arguments[:end] if word != OPTION]
    return [*kept, *arguments[end:]], len(kept) < end


@contextmanager
def print_timings(*, wanted: bool) -> Iterator[None]:
    """Measure a block, and print the table at its end, also after an exception."""
    if not wanted:
        yield
        return
    timings = start_timings()
    try:
        yield
    finally:
        timings.close()
        sys.stderr.write("".join(f"{row}\n" for row in _table_rows(timings)))


def _table_rows(timings: Timings) -> Iterator[str]:
    whole = sum(timings.seconds.values())
    longest = max(len(phase) for phase in (*timings.seconds, "phase"))
    yield f"{'phase':{longest}}  seconds  share"
    for phase, seconds in sorted(timings.seconds.items(), key=lambda item: -item[1]):
        yield f"{phase:{longest}}  {seconds:7.3f}  {seconds / whole:5.0%}"
    yield f"{'all':{longest}}  {whole:7.3f}  after the start of Python and azsec"
    if timings.requests:
        size = timings.received / 1024
        yield f"{timings.requests} answers of Azure, {size:,.0f} KiB" + (
            f"; {timings.throttled} throttled, which waited {timings.waited:.1f} s together"
            if timings.throttled
            else ""
        )
