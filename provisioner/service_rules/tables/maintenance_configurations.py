"""Maintenance configurations of AKS clusters.

AKS refuses wrong ones with InvalidParameter (Azure/ARO-HCP#3260, of a wrong name).
"""

import re
from collections.abc import Iterator, Mapping

from provisioner.service_rules.conditions import in_range, matches_pattern
from provisioner.service_rules.partial_bodies import (
    entries_at,
    is_silent,
    is_stated,
    number_at,
    text_at,
    texts_at,
    value_at,
)
from provisioner.service_rules.rule import Refusal, ServiceRule, Write

_TYPE = "Microsoft.ContainerService/managedClusters/maintenanceConfigurations"
_WINDOW = "properties.maintenanceWindow"
_SCHEDULE, _START = f"{_WINDOW}.schedule", f"{_WINDOW}.startDate"
_SLOTS, _CLOSED = "properties.timeInWeek", "properties.notAllowedTime"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_CADENCES = ("daily", "weekly", "absoluteMonthly", "relativeMonthly")
_PAGE = "learn.microsoft.com/azure/aks/planned-maintenance"


def _is_default(write: Write) -> bool:
    return write.id.name.lower() == "default"


def _judge_window(write: Write) -> Iterator[Refusal]:
    if not _is_default(write) and is_silent(write.after, _WINDOW):
        yield Refusal(_WINDOW, f"{write.id.name} needs a maintenanceWindow")


def _judge_slots(write: Write) -> Iterator[Refusal]:
    for path in (_SLOTS, _CLOSED):
        if not _is_default(write) and is_stated(write.after, path):
            name = path.removeprefix("properties.")
            yield Refusal(path, f"{name} is for the configuration default alone")


def _judge_cadence(write: Write) -> Iterator[Refusal]:
    schedule = value_at(write.after, _SCHEDULE)
    if not isinstance(schedule, Mapping):
        return
    stated = [name for name in _CADENCES if is_stated(schedule, name)]
    if len(stated) != 1:
        yield Refusal(
            _SCHEDULE,
            f"a schedule states one of {', '.join(_CADENCES)}, and this one "
            f"{' and '.join(stated) or 'none'}",
        )


def _judge_daily(write: Write) -> Iterator[Refusal]:
    is_upgrade = write.id.name.lower() == "aksmanagedautoupgradeschedule"
    if is_upgrade and is_stated(write.after, f"{_SCHEDULE}.daily"):
        yield Refusal(f"{_SCHEDULE}.daily", "aksManagedAutoUpgradeSchedule has no daily schedule")


def _judge_default_cadence(write: Write) -> Iterator[Refusal]:
    for name in ("daily", "absoluteMonthly", "relativeMonthly"):
        if _is_default(write) and is_stated(write.after, f"{_SCHEDULE}.{name}"):
            yield Refusal(f"{_SCHEDULE}.{name}", "the configuration default is weekly")


def _judge_hours(write: Write) -> Iterator[Refusal]:
    for at, entry in entries_at(write.after, _SLOTS):
        for index, hour in enumerate(_number_list(entry, "hourSlots")):
            if not 0 <= hour <= 23:
                what = f"{hour} is not an hour of a day: 0 to 23"
                yield Refusal(f"{at}.hourSlots[{index}]", what)


def _number_list(body: object, path: str) -> list[int]:
    count = len(list(entries_at(body, path)))
    found = (number_at(body, f"{path}[{index}]") for index in range(count))
    return [number for number in found if number is not None]


def _judge_spans(write: Write) -> Iterator[Refusal]:
    for path in (f"{_WINDOW}.notAllowedDates", _CLOSED):
        for at, entry in entries_at(write.after, path):
            start, end = text_at(entry, "start"), text_at(entry, "end")
            if start is not None and end is not None and end < start:
                yield Refusal(at, f"it ends ({end}) before it starts ({start})")


def _judge_start(write: Write) -> Iterator[Refusal]:
    """Yield a start date in the past: a write that repeats one is refused too."""
    start = text_at(write.after, _START)
    # A day to come, and a body that is not written now, cannot be judged by today's date.
    if write.today is None or start is None or write.after is write.before:
        return
    if _DAY.fullmatch(start) and start < write.today:
        yield Refusal(
            _START, f"startDate {start} is in the past", "Leave it out: Azure takes today."
        )


def _judge_dates(write: Write) -> Iterator[Refusal]:
    for at, text in texts_at(write.after, _START):
        if not _DAY.fullmatch(text):
            yield Refusal(at, f"startDate is {text!r}: expected a day as 2026-12-31")


RULES = (
    ServiceRule(
        id="maintenance-without-window",
        type=_TYPE,
        code="InvalidParameter",
        source=_PAGE,
        judge=_judge_window,
    ),
    ServiceRule(
        id="maintenance-slots",
        type=_TYPE,
        code="InvalidParameter",
        source=_PAGE,
        judge=_judge_slots,
    ),
    ServiceRule(
        id="maintenance-cadence",
        type=_TYPE,
        code="InvalidParameter",
        source=_PAGE,
        judge=_judge_cadence,
    ),
    ServiceRule(
        id="maintenance-upgrades-daily",
        type=_TYPE,
        code="InvalidParameter",
        source=_PAGE,
        judge=_judge_daily,
    ),
    ServiceRule(
        id="maintenance-default-cadence",
        type=_TYPE,
        code="InvalidParameter",
        source=f"{_PAGE}; guidelines.md CLU-06.4",
        judge=_judge_default_cadence,
    ),
    ServiceRule(
        id="maintenance-duration",
        type=_TYPE,
        code="InvalidParameter",
        source="guidelines.md §3.6",
        judge=in_range(f"{_WINDOW}.durationHours", 4, 24),
    ),
    ServiceRule(
        id="maintenance-days",
        type=_TYPE,
        code="InvalidParameter",
        source="guidelines.md §3.6",
        judge=in_range(f"{_SCHEDULE}.daily.intervalDays", 1, 7),
    ),
    ServiceRule(
        id="maintenance-weeks",
        type=_TYPE,
        code="InvalidParameter",
        source="guidelines.md §3.6",
        judge=in_range(f"{_SCHEDULE}.weekly.intervalWeeks", 1, 4),
    ),
    ServiceRule(
        id="maintenance-months",
        type=_TYPE,
        code="InvalidParameter",
        source="guidelines.md §3.6",
        judge=in_range(f"{_SCHEDULE}.absoluteMonthly.intervalMonths", 1, 6),
    ),
    ServiceRule(
        id="maintenance-relative-months",
        type=_TYPE,
        code="InvalidParameter",
        source="guidelines.md §3.6",
        judge=in_range(f"{_SCHEDULE}.relativeMonthly.intervalMonths", 1, 6),
    ),
    ServiceRule(
        id="maintenance-day-of-month",
        type=_TYPE,
        code="InvalidParameter",
        source="guidelines.md §3.6",
        judge=in_range(f"{_SCHEDULE}.absoluteMonthly.dayOfMonth", 1, 31),
    ),
    ServiceRule(
        id="maintenance-start-time",
        type=_TYPE,
        code="InvalidParameter",
        source=f"{_PAGE}; guidelines.md CLU-06.4",
        judge=matches_pattern(
            f"{_WINDOW}.startTime", r"([01]\d|2[0-3]):[0-5]\d", "a time as 02:00"
        ),
    ),
    ServiceRule(
        id="maintenance-offset",
        type=_TYPE,
        code="InvalidParameter",
        source=f"{_PAGE}; guidelines.md CLU-06.4",
        judge=matches_pattern(
            f"{_WINDOW}.utcOffset", r"[+-](0\d|1[0-4]):[0-5]\d", "an offset as +02:00"
        ),
    ),
    ServiceRule(
        id="maintenance-hours",
        type=_TYPE,
        code="InvalidHourSlot",
        source="AKS error codes",
        judge=_judge_hours,
    ),
    ServiceRule(
        id="maintenance-spans",
        type=_TYPE,
        code="InvalidStartEndTime",
        source="AKS error codes",
        judge=_judge_spans,
    ),
    ServiceRule(
        id="maintenance-start-form",
        type=_TYPE,
        code="InvalidParameter",
        source=_PAGE,
        judge=_judge_dates,
    ),
    ServiceRule(
        id="maintenance-start-past",
        type=_TYPE,
        code="InvalidParameter",
        source="hashicorp/terraform-provider-azurerm#22762, MicrosoftDocs/azure-docs#114302",
        judge=_judge_start,
    ),
)
