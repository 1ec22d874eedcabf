"""The next maintenance windows of an AKS cluster, computed from its configuration.

Weeks are counted from the one that holds `startDate`, from Sunday to Saturday, so that a day of
that week before it is left out until the interval is over (Azure/AKS issue 5720). A month without
the stated day is taken to have no window; AKS does not document it.

Sources: "Use planned maintenance to schedule and control upgrades" (the kinds of schedules,
`utcOffset`, `startDate`, `notAllowedDates`; the slots of `timeInWeek` are hours in UTC), and the
SDK's `MaintenanceWindow` (forbidden dates are whole days in the window's own offset).
"""

from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import TypeAlias

from provisioner.catalog.node_pools import CLUSTER
from provisioner.model.values import lookup

WINDOW = f"{CLUSTER}/maintenanceConfigurations"
PURPOSES: Mapping[str, str] = {
    "default": "weekly AKS releases",
    "aksManagedAutoUpgradeSchedule": "Kubernetes upgrades by the upgrade channel",
    "aksManagedNodeOSUpgradeSchedule": "node OS upgrades",
}
"""What each of the windows of a cluster is for, by name."""

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKS = ("first", "second", "third", "fourth", "last")
_HORIZON = timedelta(days=2 * 366)
"""How far ahead is looked: the longest interval is six months, and dates may be forbidden."""


_Forbidden: TypeAlias = tuple[datetime | date, datetime | date]
"""The first and the last day on which nothing is maintained, or the times of the older form."""


@dataclass(frozen=True, slots=True)
class Opening:
    """When a window opens, and closes again, in its own offset from UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class _Rule:
    """A schedule: how many units lie between two windows, and which day of a unit it is."""

    kind: str
    interval: int
    weekday: int = 0
    day: int = 0
    week: int = 0


def find_openings(properties: object, now: datetime, most: int) -> tuple[Opening, ...] | None:
    """Return the next windows of a maintenance configuration, at most `most` of them.

    One that is open at `now` is the first. None for a schedule that cannot be read.
    """
    window = lookup(properties, ("maintenanceWindow",))
    if not isinstance(window, Mapping):
        return _find_slots(properties, now, most)
    rule = _read_rule(window.get("schedule"))
    start, offset = _parse_time(window.get("startTime")), _parse_offset(window.get("utcOffset"))
    hours = window.get("durationHours")
    if rule is None or start is None or offset is None or not isinstance(hours, int):
        return None
    today = now.astimezone(offset).date()
    # Azure always answers a start date; in a body without one, yesterday's window may still be
    # open.
    first = _parse_date(window.get("startDate")) or today - timedelta(days=1)
    forbidden = _forbidden_spans(window.get("notAllowedDates"))
    found: list[Opening] = []
    for day in _scheduled_days(rule, first, today - timedelta(days=1), today + _HORIZON):
        opens = datetime.combine(day, start, offset)
        opening = _outside_forbidden_spans(
            Opening(opens, opens + timedelta(hours=hours)), forbidden
        )
        if opening is None or opening.end <= now:
            continue
        found.append(opening)
        if len(found) == most:
            break
    return tuple(found)


def describe_schedule(properties: object) -> str:
    """Return how often a window opens: "every 2 weeks on Sunday"."""
    rule = _read_rule(lookup(properties, ("maintenanceWindow", "schedule")))
    if rule is None:
        slots = lookup(properties, ("timeInWeek",))
        return "weekly, by timeInWeek" if isinstance(slots, (list, tuple)) and slots else "unknown"
    often = "every" if rule.interval == 1 else f"every {rule.interval}"
    many = "" if rule.interval == 1 else "s"
    day = _DAYS[rule.weekday].capitalize()
    if rule.kind == "daily":
        return f"{often} day{many}"
    if rule.kind == "weekly":
        return f"{often} week{many} on {day}"
    if rule.kind == "absoluteMonthly":
        return f"{often} month{many} on day {rule.day}"
    return f"{often} month{many} on the {_WEEKS[rule.week]} {day}"


def _scheduled_days(rule: _Rule, first: date, since: date, until: date) -> Iterator[date]:
    """Yield the days of a schedule that starts on `first`, from `since` on."""
    day = max(first, since)
    while day <= until:
        if _is_day(rule, first, day):
            yield day
        day += timedelta(days=1)


def _is_day(rule: _Rule, first: date, day: date) -> bool:
    if rule.kind == "daily":
        return (day - first).days % rule.interval == 0
    if rule.kind == "weekly":
        weeks = (_week_start(day) - _week_start(first)).days // 7
        return day.weekday() == rule.weekday and weeks % rule.interval == 0
    months = (day.year - first.year) * 12 + day.month - first.month
    if months % rule.interval:
        return False
    if rule.kind == "absoluteMonthly":
        return day.day == rule.day
    if day.weekday() != rule.weekday:
        return False
    is_last = day.day + 7 > monthrange(day.year, day.month)[1]
    return is_last if _WEEKS[rule.week] == "last" else (day.day - 1) // 7 == rule.week


def _week_start(day: date) -> date:
    """Return the Sunday that a day's week begins with."""
    return day - timedelta(days=(day.weekday() + 1) % 7)


def _read_rule(schedule: object) -> _Rule | None:
    """Return a schedule, None for one of no known kind or with a value that is missing."""
    for kind, unit in (
        ("daily", "Days"),
        ("weekly", "Weeks"),
        ("absoluteMonthly", "Months"),
        ("relativeMonthly", "Months"),
    ):
        stated = lookup(schedule, (kind,))
        if not isinstance(stated, Mapping):
            continue
        interval = lookup(stated, (f"interval{unit}",))
        weekday = _name_index(_DAYS, lookup(stated, ("dayOfWeek",)))
        week = _name_index(_WEEKS, lookup(stated, ("weekIndex",)))
        day = lookup(stated, ("dayOfMonth",))
        needed = {
            "weekly": weekday is not None,
            "absoluteMonthly": isinstance(day, int),
            "relativeMonthly": weekday is not None and week is not None,
        }
        if not isinstance(interval, int) or interval < 1 or not needed.get(kind, True):
            return None
        return _Rule(kind, interval, weekday or 0, day if isinstance(day, int) else 0, week or 0)
    return None


def _find_slots(properties: object, now: datetime, most: int) -> tuple[Opening, ...] | None:
    """Return the next windows of the older form of `default`: hours of weekdays, in UTC."""
    slots = lookup(properties, ("timeInWeek",))
    if not isinstance(slots, (list, tuple)) or not slots:
        return None
    closed = _forbidden_spans(lookup(properties, ("notAllowedTime",)))
    found: list[Opening] = []
    for ahead in range(-1, 8 * most):
        day = now.astimezone(UTC).date() + timedelta(days=ahead)
        for hour in sorted(_hours_on(slots, day)):
            opens = datetime.combine(day, time(hour), UTC)
            found.append(Opening(opens, opens + timedelta(hours=1)))
    openings = (_outside_forbidden_spans(each, closed) for each in _joined_openings(found))
    return tuple(each for each in openings if each is not None and each.end > now)[:most]


def _hours_on(slots: Sequence[object], day: date) -> set[int]:
    hours: set[int] = set()
    for slot in slots:
        named = lookup(slot, ("hourSlots",))
        if _name_index(_DAYS, lookup(slot, ("day",))) == day.weekday():
            hours.update(h for h in _list(named) if isinstance(h, int))
    return {hour for hour in hours if 0 <= hour < 24}


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, (list, tuple)) else ()


def _joined_openings(openings: Sequence[Opening]) -> list[Opening]:
    """Return hours that follow on each other as one window."""
    joined: list[Opening] = []
    for each in openings:
        if joined and joined[-1].end == each.start:
            joined[-1] = Opening(joined[-1].start, each.end)
        else:
            joined.append(each)
    return joined


def _outside_forbidden_spans(opening: Opening, spans: Sequence[_Forbidden]) -> Opening | None:
    """Return the part of a window before or after forbidden spans; None if none is.

    Days are those of the window.
    """
    start, end = opening.start, opening.end
    for first, last in spans:
        begins = (
            first if isinstance(first, datetime) else datetime.combine(first, time(), start.tzinfo)
        )
        ends = last
        if not isinstance(ends, datetime):
            ends = datetime.combine(ends + timedelta(days=1), time(), start.tzinfo)
        if start < ends and end > begins:
            start, end = (start, begins) if start < begins else (ends, end)
    return Opening(start, end) if start < end else None


def _forbidden_spans(value: object) -> list[_Forbidden]:
    found = []
    for entry in _list(value):
        start, end = (_parse_moment(lookup(entry, (name,))) for name in ("start", "end"))
        if start is not None and end is not None:
            found.append((start, end))
    return found


def _parse_moment(value: object) -> datetime | date | None:
    """Return a day, or a time with its zone; None for what is neither."""
    if isinstance(value, str) and "T" in value:
        try:
            found = datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            return None
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return _parse_date(value)


def _parse_date(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _parse_time(value: object) -> time | None:
    try:
        return time.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _parse_offset(value: object) -> timezone | None:
    """Return the zone of an offset as +02:00; none stated is UTC."""
    if not isinstance(value, str) or not value:
        return UTC
    sign, clock = (-1 if value[0] == "-" else 1), _parse_time(value.lstrip("+-"))
    if clock is None:
        return None
    return timezone(sign * timedelta(hours=clock.hour, minutes=clock.minute))


def _name_index(names: Sequence[str], value: object) -> int | None:
    text = str(value).lower()
    return names.index(text) if text in names else None
