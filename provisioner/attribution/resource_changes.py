"""Rows of Resource Graph's table `resourcechanges`.

Source: "Get resource changes" of Resource Graph. In practice `changedBy` is often `System`, and
`clientType` and `operation` `Unspecified`, with a correlation id of zeros.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from provisioner.attribution.activity_log import text_of
from provisioner.attribution.window import format_moment, read_moment
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Body

MOST_ROWS = 1000
"""Rows of one answer: the most that Resource Graph gives."""
_NO_CORRELATION = "00000000-0000-0000-0000-000000000000"
_UNSPECIFIED = frozenset({"unspecified", "unknown", ""})
_SYSTEM = "system"
_ENDS_TEXT = re.compile(r"['\\\x00-\x1f]")
"""What ends or escapes in a text of KQL ("The string data type")."""


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """One change of a resource.

    actor        its principal; None where the row names none, or names the platform
    by_platform  whether the row attributes the change to Azure itself
    paths        the properties that it names (`properties.rules[0].name`), without their values
    """

    target: ResourceId
    at: datetime
    deletes: bool
    actor: str | None
    by_platform: bool
    client: str | None
    action: str | None
    correlation: str | None
    paths: tuple[str, ...]


def changes_query(targets: Sequence[ResourceId], start: datetime) -> str:
    """Return the query for the newest changes of resources since a time.

    An id with a quote, a backslash or a control character, which no id in Azure has, is left out:
    it would end the text literal of the query (an injection).
    """
    named = ", ".join(f"'{each.text}'" for each in targets if not _ENDS_TEXT.search(each.text))
    return (
        "resourcechanges"
        " | extend at = todatetime(properties.changeAttributes.timestamp),"
        " target = tostring(properties.targetResourceId)"
        f" | where at >= datetime({format_moment(start)}) and target in~ ({named})"
        " | order by at desc"
        f" | limit {MOST_ROWS}"
        " | project target, at, properties"
    )


def recent_query(start: datetime) -> str:
    """Return the query for the newest changes of all resources since a time."""
    return (
        "resourcechanges"
        " | extend at = todatetime(properties.changeAttributes.timestamp),"
        " target = tostring(properties.targetResourceId)"
        f" | where at >= datetime({format_moment(start)})"
        " | order by at desc"
        f" | limit {MOST_ROWS}"
        " | project target, at, properties"
    )


def read_changes(rows: Iterable[object]) -> tuple[ResourceChange, ...]:
    """Return the changes in the rows of an answer; a row without a target or a time is skipped."""
    found = (_read_row(row) for row in rows if isinstance(row, Mapping))
    return tuple(change for change in found if change is not None)


def _read_row(row: Body) -> ResourceChange | None:
    properties = _as_mapping(row.get("properties"))
    attributes = _as_mapping(properties.get("changeAttributes"))
    target = parse_resource_id(row.get("target"))
    at = read_moment(row.get("at")) or read_moment(attributes.get("timestamp"))
    if target is None or at is None:
        return None
    changed_by = _specified_text(attributes.get("changedBy"))
    kind = _specified_text(attributes.get("changedByType"))
    by_platform = _SYSTEM in {(changed_by or "").lower(), (kind or "").lower()}
    correlation = (text_of(attributes.get("correlationId")) or _NO_CORRELATION).lower()
    return ResourceChange(
        target=target,
        at=at,
        deletes=str(properties.get("changeType")).lower() == "delete",
        actor=None if by_platform else changed_by,
        by_platform=by_platform,
        client=_specified_text(attributes.get("clientType")),
        action=_specified_text(attributes.get("operation")),
        correlation=correlation if correlation != _NO_CORRELATION else None,
        paths=tuple(str(path)[:300] for path in _as_mapping(properties.get("changes"))),
    )


def _as_mapping(value: Any) -> Mapping[str, Any]:  # noqa: ANN401  any JSON
    return value if isinstance(value, Mapping) else {}


def _specified_text(value: object) -> str | None:
    text = text_of(value)
    return None if text is None or text.lower() in _UNSPECIFIED else text
