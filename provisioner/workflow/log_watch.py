"""Changes since a time by Azure's logs: one request per subscription, and one for all.

Called by `workflow.fleet_logs` and `cli`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from provisioner.attribution.activity_log import SELECT, read_targets
from provisioner.attribution.resource_changes import MOST_ROWS, read_changes, recent_query
from provisioner.attribution.window import CHANGES_RETENTION, LOG_RETENTION, format_moment
from provisioner.catalog.endpoints import ACTIVITY_LOG, RESOURCE_GRAPH
from provisioner.engine.ports import AzureQuerier
from provisioner.model.azure_error import AzureError
from provisioner.model.resource_id import ResourceId, subscription_id
from provisioner.preflight.azure_queries import AzureQuery, Reply, ask_subscription

LOG_LAG = timedelta(minutes=20)
"""How late an event may come into the Activity Log: 3 to 20 minutes ("Azure Monitor data
ingestion": "Activity log")."""
_MARGIN = timedelta(minutes=5)
"""The assumed clock skew between Azure and this machine."""
_MOST_PAGES = 50


@dataclass(frozen=True, slots=True)
class LogRead:
    """The changes in the logs of a subscription, from a time until `until`.

    `refused` is why the logs are unknown (None: they were read completely).
    """

    targets: tuple[ResourceId, ...]
    until: datetime
    refused: str | None = None


def read_changed(
    since: Mapping[str, datetime], now: datetime, inquirer: AzureQuerier
) -> Mapping[str, LogRead]:
    """Return the changes in each subscription since a time.

    A log has no result where it is refused, is longer than the part that is read, or does not reach
    back to the time.
    """
    subscriptions = sorted(since)
    if not subscriptions:
        return {}
    events = [_ask_events(each, since[each] - _MARGIN, now) for each in subscriptions]
    changes = _ask_changes(subscriptions, min(since.values()) - _MARGIN)
    replies = _query_or_refusals(inquirer, [*events, changes])
    rows = list(_rows_of(replies[-1]))
    changed = read_changes(rows)
    unread = _describe_unread_changes(replies[-1], len(rows), len(changed))
    found = {}
    for subscription, reply in zip(subscriptions, replies, strict=False):
        changed_ids = [one.target for one in changed if _is_in(one.target, subscription)]
        written, unreadable = read_targets(reply.items)
        # "Nothing changed" is only true of logs that were read completely: any doubt has the
        # environment checked anew.
        refused = (
            _describe_age(since[subscription], now)
            or _describe_unread_events(reply, unreadable)
            or unread
        )
        found[subscription] = LogRead(_unique_ids((*written, *changed_ids)), now - LOG_LAG, refused)
    return found


def _ask_events(subscription: str, start: datetime, now: datetime) -> AzureQuery:
    condition = (
        f"eventTimestamp ge '{format_moment(start)}'"
        f" and eventTimestamp le '{format_moment(now + _MARGIN)}'"
    )
    query = (("$filter", condition), ("$select", SELECT))
    return ask_subscription(
        ACTIVITY_LOG, subscription, is_list=True, most_pages=_MOST_PAGES, query=query
    )


def _ask_changes(subscriptions: Sequence[str], start: datetime) -> AzureQuery:
    body = {
        "subscriptions": list(subscriptions),
        "query": recent_query(start),
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


def _describe_age(since: datetime, now: datetime) -> str | None:
    # Beyond its retention a log answers without the beginning, and without an error.
    if since - _MARGIN < now - min(LOG_RETENTION, CHANGES_RETENTION):
        return f"the logs do not reach back to {format_moment(since)}"
    return None


def _describe_unread_events(reply: Reply, unreadable: int) -> str | None:
    if reply.refused is not None:
        return f"the Activity Log could not be read ({reply.refused.code})"
    if unreadable:
        return f"the Activity Log has {unreadable} events without the id of a resource"
    return "the Activity Log is longer than what is read of it" if reply.is_partial else None


def _describe_unread_changes(reply: Reply, rows: int, read: int) -> str | None:
    """Return why the answer of Resource Graph may lack a change, None where it has them all.

    An answer has `count` and `totalRecords`, and `$skipToken` where there is more ("Azure Resource
    Graph REST API": "Resources").
    """
    if reply.refused is not None:
        return f"Resource Graph could not be queried ({reply.refused.code})"
    if rows >= MOST_ROWS:
        return f"Resource Graph has {MOST_ROWS:,} changes or more, the bound of one query"
    answer = reply.items[0] if len(reply.items) == 1 else {}
    is_whole = (
        isinstance(answer.get("data"), (list, tuple))
        and not answer.get("$skipToken")
        and str(answer.get("resultTruncated")).lower() != "true"
        and answer.get("totalRecords", rows) == rows
    )
    if not is_whole or read < rows:
        return "Resource Graph did not answer with all changes in a form that is known"
    return None


def _rows_of(reply: Reply) -> Iterator[object]:
    for item in reply.items:
        rows = item.get("data")
        if isinstance(rows, (list, tuple)):
            yield from rows


def _is_in(target: ResourceId, subscription: str) -> bool:
    return (target.subscription or "").lower() == subscription


def _unique_ids(targets: Iterable[ResourceId]) -> tuple[ResourceId, ...]:
    return tuple({target.key: target for target in targets}.values())
