"""Who changed the resources that drifted, by the Activity Log and Resource Graph's change history.

Nothing is requested unless there is drift. Called by `cli` and `workflow.report`; `workflow.roles`
derives the permissions from it.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from provisioner.access.needs import Need
from provisioner.attribution.activity_log import SELECT, oldest_event, read_writes
from provisioner.attribution.resource_changes import MOST_ROWS, changes_query, read_changes
from provisioner.attribution.statements import LogCoverage, Logs, Target
from provisioner.attribution.window import CHANGES_RETENTION, Window, format_moment
from provisioner.catalog.endpoints import ACTIVITY_LOG, RESOURCE_GRAPH
from provisioner.catalog.registry import Catalog
from provisioner.documents.attribution import AttributionDocument
from provisioner.documents.drift import DriftDocument, DriftKind
from provisioner.documents.plan import UndeclaredDocument
from provisioner.engine.ports import AzureQuerier
from provisioner.model.azure_error import AzureError
from provisioner.model.diagnostic import Diagnostic, warning
from provisioner.model.resource_id import ResourceId, subscription_id
from provisioner.plan.assembly import documents_of
from provisioner.preflight.azure_queries import AzureQuery, Reply, ask_subscription

MOST_PAGES = 50
"""Pages of one Activity Log that are read, the newest first: about 10,000 events."""
_MOST_TARGETS = 200
"""Resources that the query of Resource Graph names."""

_MARGIN = timedelta(minutes=5)
"""The assumed clock skew between Azure and this machine."""


def _is_never_own(_correlation: str) -> bool:
    return False


def attribute_drift(
    document: DriftDocument,
    window: Window,
    catalog: Catalog,
    inquirer: AzureQuerier,
    *,
    is_own: Callable[[str], bool] = _is_never_own,
) -> DriftDocument:
    """Return a drift check with who changed what drifted, as far as the logs say.

    Nothing is requested where nothing drifted. A log that cannot be read is a warning. The verdict
    depends on it only for values that Azure keeps on writes: they are drift where the logs name
    them in a change by somebody since the environment's last write (`is_own` knows its correlation
    ids). For those an unreadable log leaves the check uncertain (`UndeclaredDocument.unread`).
    """
    targets = _targets_of(document)
    if not targets:
        return document
    logs, coverages, diagnostics = _read_logs(targets, window, catalog, inquirer)
    decided = [_with_log_evidence(entry, logs, coverages, is_own) for entry in document.undeclared]
    document = document.model_copy(update={"undeclared": tuple(decided)})
    attributions = {
        target.id.text: logs.attribute(target, coverages[_subscription_of(target.id)])
        for target in _targets_of(document, undecided=False)
    }
    return document.model_copy(
        update={
            "attributions": attributions,
            "diagnostics": (*document.diagnostics, *documents_of(diagnostics)),
        }
    )


def attribute_targets(
    targets: Sequence[Target], window: Window, catalog: Catalog, inquirer: AzureQuerier
) -> tuple[Mapping[str, AttributionDocument], Sequence[Diagnostic]]:
    """Return who changed each of `targets`, and warnings for logs that could not be read.

    The attributions are keyed by the key of the resource id, as far as the logs have them.
    """
    if not targets:
        return {}, ()
    logs, coverages, diagnostics = _read_logs(targets, window, catalog, inquirer)
    attributions = {
        target.id.key: logs.attribute(target, coverages[_subscription_of(target.id)])
        for target in targets
    }
    return attributions, diagnostics


def attribution_needs(subscriptions: Sequence[str]) -> frozenset[Need]:
    """Return the permissions to read both logs of an environment's subscriptions."""
    return frozenset(
        Need(endpoint.action, subscription_id(subscription))
        for subscription in subscriptions
        for endpoint in (ACTIVITY_LOG, RESOURCE_GRAPH)
    )


def _with_log_evidence(
    entry: UndeclaredDocument,
    logs: Logs,
    coverages: Mapping[str, LogCoverage],
    is_own: Callable[[str], bool],
) -> UndeclaredDocument:
    """Return an undeclared value with whether the logs show a change of it, and what was not read.

    Only Resource Graph names the properties that a write changed. The Activity Log adds the
    environment's own writes that changed none: they can retract a move, and not establish one.
    """
    if not entry.kept:
        return entry
    target = Target(ResourceId.parse(entry.id), paths=(entry.field.path,))
    coverage = coverages[_subscription_of(target.id)]
    moved = logs.shows_later_change(target, is_own)
    # A change that Resource Graph names could be the environment's own write: without the Activity
    # Log that is open. Where it names none, all of its changes have to have been read.
    unread = coverage.refused if moved else coverage.changes_unread
    return entry.model_copy(
        update={
            "moved": moved and unread is None,
            "applied": not moved and logs.shows_own_write(target, is_own),
            "unread": unread,
        }
    )


def _targets_of(document: DriftDocument, *, undecided: bool = True) -> list[Target]:
    """Return the drifted and added resources, each once.

    Undeclared values count where they are drift, or where only the logs decide whether they are
    (`undecided`).
    """
    found: dict[str, Target] = {}
    for drifted in document.drifted:
        missing = drifted.kind is DriftKind.MISSING
        paths = tuple(field.path for field in drifted.fields)
        found[drifted.id.lower()] = Target(ResourceId.parse(drifted.id), missing, paths)
    for addition in document.additions:
        found[addition.id.lower()] = Target(ResourceId.parse(addition.id))
    for entry in document.undeclared:
        if entry.drifted or (undecided and entry.kept):
            target = found.get(entry.id.lower(), Target(ResourceId.parse(entry.id)))
            # A resource that drifted in other fields, too, keeps those: one target for each
            # resource.
            paths = (*target.paths, entry.field.path)
            found[entry.id.lower()] = Target(target.id, target.missing, paths)
    return list(found.values())


def _subscription_of(resource: ResourceId) -> str:
    return (resource.subscription or "").lower()


def _read_logs(
    targets: Sequence[Target], window: Window, catalog: Catalog, inquirer: AzureQuerier
) -> tuple[Logs, Mapping[str, LogCoverage], list[Diagnostic]]:
    subscriptions = list(dict.fromkeys(_subscription_of(t.id) for t in targets))
    known = [subscription for subscription in subscriptions if subscription]
    inquiries = [_ask_events(each, targets, window) for each in known]
    if known:
        # One query for all subscriptions: Resource Graph throttles each user to 15 queries in five
        # seconds.
        inquiries.append(_ask_changes(known, targets, window))
    replies = _query_or_refusals(inquirer, inquiries)
    graph = replies[-1:] if known else ()
    unread = next((_describe_unread_changes(reply, targets) for reply in graph), None)
    coverages: dict[str, LogCoverage] = {
        "": LogCoverage(window.start, _ABOVE_SUBSCRIPTIONS, _ABOVE_SUBSCRIPTIONS)
    }
    diagnostics: list[Diagnostic] = []
    for subscription, reply in zip(known, replies, strict=False):
        coverages[subscription] = replace(_coverage_of(reply, window), changes_unread=unread)
        diagnostics += _warn_of_activity_log(subscription, reply, coverages[subscription])
    diagnostics += [warn for reply in graph for warn in _warn_of_resource_graph(reply, targets)]
    writes = read_writes(body for reply in replies[: len(known)] for body in reply.items)
    changes = read_changes(row for reply in graph for row in _rows_of(reply))
    return Logs(writes, changes, catalog), coverages, diagnostics


_ABOVE_SUBSCRIPTIONS = (
    "it is above the subscriptions: its writes are in the Activity Log of the tenant, which is "
    "not read"
)


def _ask_events(subscription: str, targets: Sequence[Target], window: Window) -> AzureQuery:
    """Return the request for the Activity Log events of a subscription.

    It is limited to a resource group where all that drifted in the subscription is in that group.
    """
    ids = [target.id for target in targets if _subscription_of(target.id) == subscription]
    groups = {(resource.resource_group or "").lower() for resource in ids}
    condition = (
        f"eventTimestamp ge '{format_moment(window.start)}'"
        f" and eventTimestamp le '{format_moment(window.now + _MARGIN)}'"
    )
    # The filter of the Activity Log takes one resource group and no list of them ("Activity Logs -
    # List").
    (group,) = groups if len(groups) == 1 else ("",)
    # A quote in the name would end the literal of the OData filter: then the events of all groups
    # are read.
    if group and "'" not in group:
        condition += f" and resourceGroupName eq '{ids[0].resource_group}'"
    query = (("$filter", condition), ("$select", SELECT))
    return ask_subscription(
        ACTIVITY_LOG, subscription, is_list=True, most_pages=MOST_PAGES, query=query
    )


def _ask_changes(
    subscriptions: Sequence[str], targets: Sequence[Target], window: Window
) -> AzureQuery:
    # Resource Graph keeps changes for 14 days ("Get resource changes"); a query from before that
    # would seem to have been answered for all of the window.
    start = max(window.start, window.now - CHANGES_RETENTION)
    body = {
        "subscriptions": list(subscriptions),
        "query": changes_query([target.id for target in targets[:_MOST_TARGETS]], start),
        "options": {"resultFormat": "objectArray", "$top": MOST_ROWS},
    }
    return AzureQuery(
        RESOURCE_GRAPH.method,
        RESOURCE_GRAPH.path,
        RESOURCE_GRAPH.api_version,
        RESOURCE_GRAPH.action,
        subscription_id(subscriptions[0]),
        body=json.dumps(body),
    )


def _query_or_refusals(inquirer: AzureQuerier, inquiries: Sequence[AzureQuery]) -> Sequence[Reply]:
    """Return the replies; where no request can be made, each is that refusal."""
    try:
        return inquirer.ask(inquiries)
    except AzureError as refused:
        return tuple(Reply(inquiry, refused=refused, calls=0) for inquiry in inquiries)


def _coverage_of(reply: Reply, window: Window) -> LogCoverage:
    if reply.refused is not None:
        return LogCoverage(
            window.start, f"the Activity Log could not be read ({reply.refused.code})"
        )
    if reply.is_partial:
        # Azure answers the newest events first, so that what is missing is older than the oldest
        # event read.
        return LogCoverage(oldest_event(reply.items) or window.start)
    return LogCoverage(window.start)


def _warn_of_activity_log(
    subscription: str, reply: Reply, log: LogCoverage
) -> Iterator[Diagnostic]:
    if reply.refused is not None:
        yield warning(
            "activity-log-unreadable",
            f"the Activity Log of subscription {subscription} could not be read, so who changed "
            f"what drifted there is not known: {reply.refused}",
            None,
            f"Reading it takes {ACTIVITY_LOG.action}: `azsec roles ENV --for plan` has it.",
        )
    if reply.is_partial:
        yield warning(
            "activity-log-cut",
            f"the Activity Log of subscription {subscription} was read back to "
            f"{format_moment(log.since)} only: {MOST_PAGES} pages are the bound of what is read.",
            None,
            "Use a shorter --since.",
        )


def _describe_unread_changes(reply: Reply, targets: Sequence[Target]) -> str | None:
    """Return what was not read of Resource Graph's changes, None where all was."""
    if reply.refused is not None:
        return f"Resource Graph could not be queried ({reply.refused.code})"
    if _is_truncated(reply, targets):
        return f"Resource Graph was read to the bound of one query ({MOST_ROWS:,} changes)"
    return None


def _is_truncated(reply: Reply, targets: Sequence[Target]) -> bool:
    return len(targets) > _MOST_TARGETS or len(_rows_of(reply)) >= MOST_ROWS


def _warn_of_resource_graph(reply: Reply, targets: Sequence[Target]) -> Iterator[Diagnostic]:
    if reply.refused is not None:
        yield warning(
            "resource-graph-unreadable",
            "Resource Graph could not be queried, so which properties a write changed is not "
            f"known: {reply.refused}",
            None,
            f"Querying it takes {RESOURCE_GRAPH.action}: `azsec roles ENV --for plan` has it.",
        )
    elif _is_truncated(reply, targets):
        yield warning(
            "resource-graph-cut",
            f"Resource Graph was queried for the newest {MOST_ROWS:,} changes of {_MOST_TARGETS} "
            "of "
            f"{len(targets):,} drifted resources, which is the bound of one query.",
            None,
            None,
        )


def _rows_of(reply: Reply) -> Sequence[object]:
    rows = reply.items[0].get("data") if reply.items else None
    return rows if isinstance(rows, Sequence) and not isinstance(rows, str) else ()
