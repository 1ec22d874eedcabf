"""The window of time for which `azsec drift --since` reads the logs, and their retention."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error

LOG_RETENTION = timedelta(days=90)
"""How long the Activity Log keeps an event ("Activity log in Azure Monitor")."""
CHANGES_RETENTION = timedelta(days=14)
"""How long Resource Graph keeps a change ("Get resource changes")."""
_MARGIN = timedelta(minutes=10)
"""The Activity Log refuses a start that is older than its retention by its own clock."""
_SPAN = re.compile(r"(\d{1,4})([dh])")


@dataclass(frozen=True, slots=True)
class Window:
    """The time from `start` to `now`, when the command began."""

    start: datetime
    now: datetime


def read_window(since: str | None, now: datetime) -> Window:
    """Return the window that `--since` names.

    It is `7d`, `36h`, a date or a time (ISO 8601, UTC where it names no zone). None is the last 14
    days, which both logs cover.

    Raises:
        DiagnosticError: the text is none of them, is in the future, or more than 90 days ago.
    """
    start = now - CHANGES_RETENTION if since is None else _start_of(since.strip(), now)
    if start is None:
        raise DiagnosticError(
            _bad_since(f"--since {since} is not a date, time or duration.", _FORMS)
        )
    if start > now:
        raise DiagnosticError(_bad_since(f"--since {since} is in the future.", _FORMS))
    if start < now - LOG_RETENTION:
        raise DiagnosticError(
            _bad_since(
                f"--since {since} is more than 90 days ago.",
                "Azure keeps its Activity Log for 90 days: `--since 90d` covers all of it.",
            )
        )
    return Window(max(start, now - LOG_RETENTION + _MARGIN), now)


_FORMS = "Expected a number of days or hours (7d, 36h), or a date or time (2026-11-01, ISO 8601)."


def _start_of(text: str, now: datetime) -> datetime | None:
    span = _SPAN.fullmatch(text)
    if span is not None:
        count = int(span[1])
        return now - (timedelta(days=count) if span[2] == "d" else timedelta(hours=count))
    return read_moment(text)


def _bad_since(message: str, hint: str) -> Diagnostic:
    return error("bad-since", message, hint=hint)


def format_moment(moment: datetime) -> str:
    """Return a time in UTC to the second, ISO 8601 with a `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_moment(text: object) -> datetime | None:
    """Return a time (ISO 8601, UTC where it names no zone) in UTC; None for any other value."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        if moment is None or moment.tzinfo is None:
            return moment and moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):  # the zone leads out of what years there are
        return None
