"""Azure Resource Graph: queries of the table `resourcechanges`, in a part of Kusto's language.

It knows one table and the operators `where`, `extend`, `project`, `order by`, `limit` and `take`;
conditions with `and`, `==`, `=~`, `in`, `in~`, `>=`, `<=`, `>` and `<`; `tostring`, `tolower`,
`todatetime`, `datetime` and `ago`. Anything else is refused as Resource Graph refuses what it
cannot parse, never answered with rows that would be wrong.

Facts: "Resources" of the Resource Graph REST reference (request, answer, a thousand rows), and
"Guidance for throttled requests" (the headers of the quota).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from provisioner.simulator import change_log
from provisioner.simulator.clock import format_time, parse_time
from provisioner.simulator.cloud import Cloud
from provisioner.simulator.errors import RefusalError
from provisioner.simulator.exchange import Answer, Request

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
    table, *operators = _split(query, "|")
    if table.strip().lower() != "resourcechanges":
        raise _invalid("table", table.strip())
    rows = [
        row
        for row in _changes(cloud)
        if not subscriptions or row["subscriptionId"].lower() in subscriptions
    ]
    for operator in operators:
        rows = _apply(cloud, operator.strip(), rows)
    shown = [{name: _plain(value) for name, value in row.items()} for row in rows[:_MOST_ROWS]]
    body: dict[str, Any] = {
        "totalRecords": len(rows),
        "count": len(shown),
        "data": shown,
        "facets": [],
        "resultTruncated": "true" if len(shown) < len(rows) else "false",
    }
    return Answer(200, body, _QUOTA)


def _changes(cloud: Cloud) -> list[_Row]:
    now = cloud.now()
    return [
        change_log.show_change(change)
        for _, change in cloud.store.changes.items()
        if parse_time(change.shown) <= now <= parse_time(change.at) + change_log.RETENTION
    ]


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


_IN = re.compile(r"(.+?)\s+(in~|in)\s*\((.*)\)", re.IGNORECASE | re.DOTALL)
_COMPARED = re.compile(r"(.+?)\s*(=~|==|>=|<=|>|<)\s*(.+)", re.DOTALL)


def _condition(cloud: Cloud, text: str) -> _Expression:
    match = _IN.fullmatch(text.strip())
    if match is not None:
        read = _expression(cloud, match[1])
        listed = [_expression(cloud, part)({}) for part in _split(match[3], ",")]
        if match[2].lower() == "in~":
            folded = {str(value).lower() for value in listed}
            return lambda row: str(read(row)).lower() in folded
        return lambda row: read(row) in listed
    match = _COMPARED.fullmatch(text.strip())
    if match is None:
        raise _invalid("condition", text)
    left, right = _expression(cloud, match[1]), _expression(cloud, match[3])
    compare = _COMPARISONS[match[2]]
    return lambda row: compare(left(row), right(row))


_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": lambda left, right: bool(left == right),
    "=~": lambda left, right: str(left).lower() == str(right).lower(),
    ">=": lambda left, right: left is not None and bool(left >= right),
    "<=": lambda left, right: left is not None and bool(left <= right),
    ">": lambda left, right: left is not None and bool(left > right),
    "<": lambda left, right: left is not None and bool(left < right),
}


def _column(cloud: Cloud, text: str) -> tuple[str, _Expression]:
    named = re.fullmatch(r"(\w+)\s*=(?![=~])\s*(.+)", text.strip(), re.DOTALL)
    if named is not None:
        return named[1], _expression(cloud, named[2])
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
    if not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", text):
        raise _invalid("expression", text)
    return lambda row: _lookup(row, text.split("."))


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
