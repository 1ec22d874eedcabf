"""The time that the simulator lives in."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time, as an aware datetime in UTC."""

    def now(self) -> datetime:
        """Return the current time."""


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """Return the current time."""
        return datetime.now(UTC)


def format_time(moment: datetime) -> str:
    """Return a time as ARM writes it: ISO 8601 in UTC, with a `Z`."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_time(text: str) -> datetime:
    """Read back what `format_time` wrote."""
    return datetime.fromisoformat(text)
