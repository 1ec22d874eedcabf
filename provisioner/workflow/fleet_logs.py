"""Environments without a logged change since their last check, by Azure's logs.

A log is evidence of changes, and its silence proves no absence: what was never logged, and what
changed at a management group, is found by the next full check alone. What may act on resources of
other groups (a peering, an endpoint in a subnet, a role assignment) counts for every environment of
the subscription, since Azure names only the resource that was written. Called by `cli`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from provisioner.attribution.window import format_moment, read_moment
from provisioner.catalog.outside_effects import may_act_elsewhere
from provisioner.catalog.registry import Catalog
from provisioner.documents.fleet import FleetAnswer, FleetEntryDocument
from provisioner.engine.ledger_port import Outcome
from provisioner.model.resource_id import ResourceId
from provisioner.workflow.log_watch import LogRead

ReadLogs = Callable[[Mapping[str, datetime]], Mapping[str, LogRead]]
"""Reads the changes in subscriptions since a time each."""


@dataclass(frozen=True, slots=True)
class CleanCheck:
    """The last check of an environment: complete, and without findings.

    It has the time when its reading began (what changed after that may not have been seen), until
    when the check holds, and the subscriptions and resource groups (lower case) that the
    environment is in or refers to.
    """

    path: str
    name: str
    inputs: str
    checked_at: datetime
    holds_until: datetime
    subscriptions: frozenset[str]
    groups: frozenset[tuple[str, str]]


def read_clean_check(outcome: Outcome, name: str) -> CleanCheck | None:
    """Return the clean check of an outcome.

    None for one with findings, and for an environment that its subscriptions' logs do not cover.
    """
    entry = FleetEntryDocument.model_validate(outcome.entry)
    scope = outcome.scope
    if not outcome.clean or not scope.get("logged") or not scope.get("subscriptions"):
        return None
    began = scope.get("readSince")
    checked = read_moment(entry.unchanged_since or began)
    holds = read_moment(entry.log_read_until or began)
    if checked is None or holds is None:
        return None
    return CleanCheck(
        outcome.environment,
        name,
        outcome.inputs,
        checked,
        holds,
        frozenset(str(one).lower() for one in scope["subscriptions"]),
        frozenset((str(s).lower(), str(g).lower()) for s, g in scope.get("groups", ())),
    )


def find_untouched(
    checks: Sequence[CleanCheck],
    now: datetime,
    full_every: timedelta,
    read: ReadLogs,
    catalog: Catalog,
) -> Sequence[FleetEntryDocument]:
    """Return an entry for each environment without a logged change since its check.

    One whose check is older than `full_every` is to be read again in any case.
    """
    recent = [check for check in checks if now - check.checked_at < full_every]
    since: dict[str, datetime] = {}
    for check in recent:
        for subscription in check.subscriptions:
            since[subscription] = min(check.holds_until, since.get(subscription, now))
    reads = read(since)
    return [
        FleetEntryDocument(
            name=check.name,
            path=check.path,
            answer=FleetAnswer.UNCHANGED,
            inputs=check.inputs,
            checked_at=format_moment(now),
            unchanged_since=format_moment(check.checked_at),
            log_read_until=format_moment(min(reads[s].until for s in check.subscriptions)),
        )
        for check in recent
        if all(_is_silent(check, s, reads.get(s), catalog) for s in check.subscriptions)
    ]


def _is_silent(
    check: CleanCheck, subscription: str, read: LogRead | None, catalog: Catalog
) -> bool:
    """Return whether the logs of a subscription were read and have no change of an environment.

    A change outside of any resource group (a role assignment at the subscription) is one of every
    environment.
    """
    if read is None or read.refused is not None or read.until < check.holds_until:
        return False
    return not any(
        _is_in_scope(target, subscription, check.groups) or may_act_elsewhere(target, catalog)
        for target in read.targets
    )


def _is_in_scope(target: ResourceId, subscription: str, groups: Iterable[tuple[str, str]]) -> bool:
    group = target.resource_group
    return group is None or (subscription, group.lower()) in groups
