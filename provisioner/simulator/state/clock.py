"""The clock of the simulator, which tests replace by one that they move."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Returns the time, as an aware datetime in UTC."""

    def now(self) -> datetime:
        """Return the current time."""


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """Return the current time."""
        return datetime.now(UTC)


def format_time(moment: datetime) -> str:
    """Return a time as ARM writes it: ISO 8601 in UTC with `Z`."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_time(text: str) -> datetime:
    """Return the time in a text of `format_time`."""
    return datetime.fromisoformat(text)
