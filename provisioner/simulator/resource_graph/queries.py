"""Azure Resource Graph: queries in a part of Kusto's language.

It knows the tables `resourcechanges`, `resources` and `resourcecontainers`, and the operators
`where`, `extend`, `project`, `mv-expand`, `summarize NAME = count()`, `count`, `order by`, `limit`
and `take`; conditions with `and`, `==`, `!=`, `=~`, `!~`, `in`, `in~`, `>=`, `<=`, `>`, `<`,
`isnull`, `isnotnull`, `isempty` and `isnotempty`; `tostring`, `tolower`, `todatetime`, `datetime`,
`ago` and `array_length`. Anything else is refused as Resource Graph refuses what it cannot parse,
never answered with rows that would be wrong.

Facts: "Resources" of the Resource Graph REST reference (request, answer, a thousand rows), and
"Guidance for throttled requests" (the headers of the quota).
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from provisioner.catalog.resource_type import Scope
from provisioner.model.resource_id import RESOURCE_GROUP
from provisioner.simulator.bodies.answers import render
from provisioner.simulator.logs import change_log
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.exchange import Answer, Request
from provisioner.simulator.state.clock import format_time, parse_time
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Record

_MOST_ROWS = 1000
_QUOTA = {"x-ms-user-quota-remaining": "15", "x-ms-user-quota-resets-after": "00:00:05"}

_Row = dict[str, Any]
_Expression = Callable[[_Row], Any]


def answer_query(cloud: Cloud, request: Request) -> Answer:
    """Answer a query over the subscriptions that it names; without any, over all."""
    document = request.read_object()
    query = document.get("query")
    if not isinstance(query, str):
        raise _invalid("query", "")
    subscriptions = {str(each).lower() for each in document.get("subscriptions") or ()}
    rows = query_rows(cloud, query, subscriptions)
    shown = [{name: _plain(value) for name, value in row.items()} for row in rows[:_MOST_ROWS]]
    body: dict[str, Any] = {
        "totalRecords": len(rows),
        "count": len(shown),
        "data": shown,
        "facets": [],
        "resultTruncated": "true" if len(shown) < len(rows) else "false",
    }
    return Answer(200, body, _QUOTA)


def query_rows(cloud: Cloud, query: str, subscriptions: Collection[str]) -> list[_Row]:
    """Return the rows of a query over subscriptions (in lower case), over all without any. Raises
    RefusalError for a query that cannot be answered."""
    table, *operators = _split(query, "|")
    read = _TABLES.get(table.strip().lower())
    if read is None:
        raise _invalid("table", table.strip())
    rows = [
        row
        for row in read(cloud)
        if not subscriptions or row["subscriptionId"].lower() in subscriptions
    ]
    for operator in operators:
        rows = _apply(cloud, operator.strip(), rows)
    return rows


def _resources(cloud: Cloud) -> list[_Row]:
    """The tracked resources: neither extension resources nor most children ("Azure Resource Graph
    table and resource type reference")."""
    return [
        _shown_resource(cloud, row)
        for row in _rows(cloud)
        if not row.id.is_container and row.id.parent is None and _is_tracked(cloud, row)
    ]


def _containers(cloud: Cloud) -> list[_Row]:
    return [_shown_resource(cloud, row) for row in _rows(cloud) if _is_group(row)]


def _rows(cloud: Cloud) -> list[Record]:
    return [row for _, row in cloud.store.resources.items()]


def _is_tracked(cloud: Cloud, row: Record) -> bool:
    return cloud.catalog.get(row.type).scope is not Scope.EXTENSION


def _is_group(row: Record) -> bool:
    return row.id.is_container and row.id.type == RESOURCE_GROUP


def _shown_resource(cloud: Cloud, row: Record) -> _Row:
    body = render(cloud, row)
    return {
        **body,
        # Resource Graph answers types in lower case.
        "type": str(body.get("type", row.type)).lower(),
        "resourceGroup": (row.id.resource_group or row.id.name).lower(),
        "subscriptionId": row.id.subscription or "",
    }


def _changes(cloud: Cloud) -> list[_Row]:
    now = cloud.now()
    return [
        change_log.show_change(change)
        for _, change in cloud.store.changes.items()
        if parse_time(change.shown) <= now <= parse_time(change.at) + change_log.RETENTION
    ]


_TABLES: Mapping[str, Callable[[Cloud], list[_Row]]] = {
    "resourcechanges": _changes,
    "resources": _resources,
    "resourcecontainers": _containers,
}


def _apply(cloud: Cloud, operator: str, rows: list[_Row]) -> list[_Row]:
    word, _, rest = operator.partition(" ")
    word, rest = word.lower(), rest.strip()
    if word == "where":
        tests = [_condition(cloud, part) for part in re.split(r"\s+and\s+", rest, flags=re.I)]
        return [row for row in rows if all(test(row) for test in tests)]
    if word in ("extend", "project"):
        columns = [_column(cloud, part) for part in _split(rest, ",")]
        kept = [dict(row) if word == "extend" else {} for row in rows]
        return [
            {**known, **{name: read(row) for name, read in columns}}
            for known, row in zip(kept, rows, strict=True)
        ]
    counted = _COUNTED.fullmatch(operator)
    if counted is not None:
        return [{counted[1] or "Count": len(rows)}]
    if word == "mv-expand":
        name, read = _column(cloud, rest)
        return [{**row, name: entry} for row in rows for entry in _entries(read(row))]
    order = re.fullmatch(r"by\s+(\w+)(?:\s+(asc|desc))?", rest, re.IGNORECASE)
    if word in ("order", "sort") and order is not None:
        return sorted(
            rows,
            key=lambda row: _sortable(row.get(order[1])),
            reverse=(order[2] or "desc").lower() == "desc",
        )
    if word in ("limit", "take") and rest.isdigit():
        return rows[: int(rest)]
    raise _invalid("operator", operator)


_COUNTED = re.compile(r"count|summarize\s+(\w+)\s*=\s*count\(\s*\)", re.IGNORECASE)
_IN = re.compile(r"(.+?)\s+(in~|in)\s*\((.*)\)", re.IGNORECASE | re.DOTALL)
_COMPARED = re.compile(r"(.+?)\s*(=~|!~|==|!=|>=|<=|>|<)\s*(.+)", re.DOTALL)
_TESTED = re.compile(r"(isnull|isnotnull|isempty|isnotempty)\((.+)\)", re.IGNORECASE | re.DOTALL)


def _entries(value: object) -> list[Any]:
    """Return the entries of a list; what is none expands to itself ("mv-expand operator")."""
    return value or [None] if isinstance(value, list) else [value]


def _condition(cloud: Cloud, text: str) -> _Expression:
    match = _IN.fullmatch(text.strip())
    if match is not None:
        read = _expression(cloud, match[1])
        listed = [_expression(cloud, part)({}) for part in _split(match[3], ",")]
        if match[2].lower() == "in~":
            folded = {str(value).lower() for value in listed}
            return lambda row: str(read(row)).lower() in folded
        return lambda row: read(row) in listed
    match = _TESTED.fullmatch(text.strip())
    if match is not None:
        read, word = _expression(cloud, match[2]), match[1].lower()
        lacks = (None, "") if word.endswith("empty") else (None,)
        return lambda row: (read(row) in lacks) is not ("not" in word)
    match = _COMPARED.fullmatch(text.strip())
    if match is None:
        raise _invalid("condition", text)
    left, right = _expression(cloud, match[1]), _expression(cloud, match[3])
    compare = _COMPARISONS[match[2]]
    return lambda row: compare(left(row), right(row))


_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": lambda left, right: bool(left == right),
    "=~": lambda left, right: str(left).lower() == str(right).lower(),
    "!=": lambda left, right: bool(left != right),
    "!~": lambda left, right: str(left).lower() != str(right).lower(),
    ">=": lambda left, right: left is not None and bool(left >= right),
    "<=": lambda left, right: left is not None and bool(left <= right),
    ">": lambda left, right: left is not None and bool(left > right),
    "<": lambda left, right: left is not None and bool(left < right),
}


def _column(cloud: Cloud, text: str) -> tuple[str, _Expression]:
    named = re.fullmatch(r"(\w+)\s*=(?![=~])\s*(.+)", text.strip(), re.DOTALL)
    if named is not None:
        inner = named[2].strip()
        inner = inner[1:-1] if inner.startswith("(") and inner.endswith(")") else inner
        tests = _TESTED.fullmatch(inner) or _COMPARED.fullmatch(inner) or _IN.fullmatch(inner)
        return named[1], (_condition if tests else _expression)(cloud, inner)
    name = text.strip().replace(".", "_")
    return name, _expression(cloud, text)


def _expression(cloud: Cloud, text: str) -> _Expression:
    text = text.strip()
    literal = re.fullmatch(r"'([^']*)'|\"([^\"]*)\"", text)
    if literal is not None:
        value = literal[1] if literal[1] is not None else literal[2]
        return lambda row: value
    call = re.fullmatch(r"(\w+)\((.*)\)", text, re.DOTALL)
    if call is not None:
        return _call(cloud, call[1].lower(), call[2].strip())
    if re.fullmatch(r"-?\d+", text):
        number = int(text)
        return lambda row: number
    if text.lower() in ("true", "false"):
        truth = text.lower() == "true"
        return lambda row: truth
    dotted = _MEMBER.sub(lambda match: f".{match[1] or match[2]}", text)
    if not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", dotted):
        raise _invalid("expression", text)
    return lambda row: _lookup(row, dotted.split("."))


_MEMBER = re.compile(r"\[(?:'([A-Za-z_]\w*)'|\"([A-Za-z_]\w*)\")\]")
"""A property in brackets: `properties["subnets"]`."""


def _call(cloud: Cloud, function: str, argument: str) -> _Expression:
    if function == "datetime":
        moment = _moment(argument)
        if moment is None:
            raise _invalid("datetime", argument)
        return lambda row: moment
    if function == "ago":
        span = re.fullmatch(r"(\d+)([dhms])", argument)
        if span is None:
            raise _invalid("timespan", argument)
        seconds = int(span[1]) * {"d": 86400, "h": 3600, "m": 60, "s": 1}[span[2]]
        since = cloud.now() - timedelta(seconds=seconds)
        return lambda row: since
    convert = _FUNCTIONS.get(function)
    if convert is None:
        raise _invalid("function", function)
    read = _expression(cloud, argument)
    return lambda row: convert(read(row))


def _moment(value: object) -> datetime | None:
    try:
        moment = parse_time(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_FUNCTIONS: Mapping[str, Callable[[Any], Any]] = {
    "tostring": lambda value: "" if value is None else str(value),
    "tolower": lambda value: "" if value is None else str(value).lower(),
    "todatetime": _moment,
    "array_length": lambda value: len(value) if isinstance(value, list) else None,
}


def _lookup(row: _Row, path: Sequence[str]) -> Any:  # noqa: ANN401  any JSON
    value: Any = row
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _sortable(value: object) -> tuple[bool, Any]:
    return value is not None, value


def _plain(value: object) -> Any:  # noqa: ANN401  any JSON
    return format_time(value) if isinstance(value, datetime) else value


def _split(text: str, separator: str) -> list[str]:
    """Return the parts between separators that stand outside of quotes and parentheses."""
    parts, depth, quote = [""], 0, ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "()":
            depth += 1 if character == "(" else -1
        elif character == separator and depth == 0:
            parts.append("")
            continue
        parts[-1] += character
    return parts


def _invalid(what: str, text: str) -> RefusalError:
    return RefusalError(
        400,
        "BadRequest",
        "The query cannot be answered.",
        details=(
            (
                "InvalidQuery",
                "Query is invalid. Please refer to the documentation for the Azure Resource Graph "
                "service and fix the error before retrying.",
            ),
            ("ParserFailure", f"The built-in Azure does not know this {what}: '{text[:200]}'."),
        ),
    )
