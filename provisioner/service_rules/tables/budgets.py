"""Budgets (REST reference "Budgets - Create Or Update")."""

from collections.abc import Iterator
from datetime import datetime

from provisioner.model.values import is_known
from provisioner.service_rules.conditions import is_at
from provisioner.service_rules.partial_bodies import text_at, value_at
from provisioner.service_rules.rule import Refusal, ServiceRule, Write

_BUDGET = "Microsoft.Consumption/budgets"
_START = "properties.timePeriod.startDate"
_END = "properties.timePeriod.endDate"
_SOURCE = "REST reference, Budgets - Create Or Update (timePeriod, amount, notifications)"
_MOST = 5


def _date_at(write: Write, path: str) -> datetime | None:
    text = text_at(write.after, path)
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return found.replace(tzinfo=None) if found else None


def _judge_start(write: Write) -> Iterator[Refusal]:
    start = _date_at(write, _START)
    by_month = is_at(write.after, "properties.timeGrain", "Monthly", "Quarterly", "Annually")
    if start is not None and by_month and start.day != 1:
        yield Refusal(_START, f"{start.date()} is not the first day of a month")


def _judge_end(write: Write) -> Iterator[Refusal]:
    start, end = _date_at(write, _START), _date_at(write, _END)
    if start is not None and end is not None and end <= start:
        yield Refusal(_END, f"{end.date()} is not after the start, {start.date()}")


def _judge_notifications(write: Write) -> Iterator[Refusal]:
    stated = value_at(write.after, "properties.notifications")
    if isinstance(stated, dict) and len(stated) > _MOST:
        yield Refusal("properties.notifications", f"{len(stated)} are more than {_MOST}")
    for name, entry in stated.items() if isinstance(stated, dict) else ():
        kinds = ("contactEmails", "contactRoles", "contactGroups")
        if is_known(entry) and not any(value_at(entry, kind) for kind in kinds):
            yield Refusal(f"properties.notifications.{name}", "it names nobody to notify")


RULES = (
    ServiceRule(
        id="budget-start", type=_BUDGET, code=None, source=_SOURCE, judge=_judge_start
    ),
    ServiceRule(id="budget-end", type=_BUDGET, code=None, source=_SOURCE, judge=_judge_end),
    ServiceRule(
        id="budget-notifications", type=_BUDGET, code=None, source=_SOURCE,
        judge=_judge_notifications,
    ),
)  # fmt: skip
