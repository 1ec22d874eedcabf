"""Decides whether output is coloured.

`cli/output.py` calls it.
"""

from collections.abc import Mapping


def wants_color(environ: Mapping[str, str], is_terminal: bool) -> bool:
    """Return whether to colour what goes to a stream.

    `NO_COLOR` (any text) forbids it and wins; `FORCE_COLOR` (any text but 0) demands it; else it
    is for terminals that are not `TERM=dumb`.
    """
    if environ.get("NO_COLOR"):
        return False
    forced = environ.get("FORCE_COLOR")
    if forced:
        return forced != "0"
    return is_terminal and environ.get("TERM") != "dumb"
