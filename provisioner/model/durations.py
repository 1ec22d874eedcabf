"""Durations in ISO 8601 and in the syntax of Go, in seconds."""

import re

_ISO = re.compile(
    r"P(?:(?P<years>\d{1,6})Y)?(?:(?P<months>\d{1,6})M)?(?:(?P<weeks>\d{1,6})W)?"
    r"(?:(?P<days>\d{1,6})D)?"
    r"(?:T(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,6})M)?(?:(?P<seconds>\d{1,9})S)?)?",
    re.IGNORECASE | re.ASCII,
)
_DAY = 86_400
_SECONDS = {
    "years": 365 * _DAY, "months": 30 * _DAY, "weeks": 7 * _DAY, "days": _DAY,
    "hours": 3600, "minutes": 60, "seconds": 1,
}  # fmt: skip
_GO = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(h|ms|m|s)", re.ASCII)
_GO_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def parse_iso_duration(value: object) -> int | None:
    """Return the seconds of a duration in ISO 8601 (`P1Y`, `PT5M`), None for any other value.

    A year counts as 365 days and a month as 30.
    """
    match = _ISO.fullmatch(value.strip()) if isinstance(value, str) else None
    parts = {name: int(text) for name, text in match.groupdict().items() if text} if match else {}
    return sum(_SECONDS[name] * number for name, number in parts.items()) if parts else None


def parse_go_duration(value: object) -> float | None:
    """Return the seconds of a duration in the syntax of Go (`2m`, `1h30m`), else None."""
    if not isinstance(value, str) or not value:
        return None
    parts = _GO.findall(value)
    if "".join(number + unit for number, unit in parts) != value:
        return None
    return sum(float(number) * _GO_SECONDS[unit] for number, unit in parts)
