"""The durations that options take: `50ms`, `30s`, `50m`, `24h`, `7d`."""

import re

import typer

_FORM = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}


def read_duration(value: str | float) -> float:
    """Return the seconds of a duration; a number, which is the default of an option, as it is.

    Raises:
        BadParameter: Where the text is not a number with a unit.
    """
    if isinstance(value, float):
        return value
    match = _FORM.fullmatch(value)
    if match is None:
        raise typer.BadParameter(
            f"{value!r} is not a duration. Expected a number and a unit: 50ms, 30s, 50m, 24h, 7d."
        )
    return float(match[1]) * _SECONDS[match[2]]


def read_timeout(value: str | float) -> float:
    """Return the seconds of a duration that is longer than zero.

    Raises:
        BadParameter: Where it is zero, or not a duration.
    """
    seconds = read_duration(value)
    if seconds <= 0:
        raise typer.BadParameter(f"{value!r} is not longer than zero.")
    return seconds
