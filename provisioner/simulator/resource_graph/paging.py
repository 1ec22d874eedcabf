"""The pages and the shapes of an answer.

Source: "Working with large Azure resource data sets" and the Resource Graph REST reference: 1,000
rows a page at most, `$skipToken` only where the query projects `id`, `resultTruncated` where there
is more, and the shapes `objectArray` and `table`.
"""

import base64
import binascii
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from provisioner.model.values import Json
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.resource_graph.table import Table
from provisioner.simulator.resource_graph.values import text_of

_MOST_ROWS = 1000
_SHAPES = {"objectarray": "objectArray", "table": "table"}
_TABLE_TYPES = {"dynamic": "object", "long": "integer", "real": "number", "bool": "boolean"}


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows of an answer are wanted, and whether as a `table`."""

    start: int
    size: int
    is_table: bool


def read_page(options: Mapping[str, Any], query: str, *, is_table: bool) -> Page:
    """Return the page that the options of a request ask for; `is_table` is the shape where they say
    none. Raises RefusalError."""
    size = _number(options, "$top", _MOST_ROWS)
    if not 1 <= size <= _MOST_ROWS:
        raise invalid_option("$top", f"a number between 1 and {_MOST_ROWS}")
    shape = options.get("resultFormat")
    if shape is not None:
        if not isinstance(shape, str) or shape.lower() not in _SHAPES:
            raise invalid_option("resultFormat", " or ".join(_SHAPES.values()))
        is_table = shape.lower() == "table"
    token = options.get("$skipToken")
    if token:
        return Page(_position(token, query), size, is_table)
    start = _number(options, "$skip", 0)
    if start < 0:
        raise invalid_option("$skip", "a number from 0 on")
    return Page(start, size, is_table)


def show_page(table: Table, page: Page, query: str) -> dict[str, Json]:
    """Return the body of an answer."""
    end = page.start + page.size
    rows = [_shown(table, row) for row in table.rows[page.start : end]]
    has_more = end < len(table.rows)
    data: Json = rows
    if page.is_table:
        columns: list[Json] = [
            {"name": name, "type": _TABLE_TYPES.get(kind, "string")}
            for name, kind in table.columns.items()
        ]
        data = {"columns": columns, "rows": [list(row.values()) for row in rows]}
    body: dict[str, Json] = {
        "totalRecords": len(table.rows),
        "count": len(rows),
        "data": data,
        "facets": [],
        "resultTruncated": "true" if has_more else "false",
    }
    if has_more and "id" in table.columns:
        body["$skipToken"] = _token(end, query)
    return body


def invalid_option(name: str, expected: str) -> RefusalError:
    """Return the refusal of an option of a request."""
    return RefusalError(
        400,
        "BadRequest",
        f"The value of '{name}' is invalid: expected {expected}.",
        details=(("InvalidRequest", f"'{name}' is {expected}.", name),),
    )


def _number(options: Mapping[str, Any], name: str, default: int) -> int:
    value = options.get(name)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool):
        raise invalid_option(name, "a whole number")
    return value


def _shown(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(row.get(name), kind) for name, kind in table.columns.items()}


def _plain(value: Any, kind: str) -> Any:  # noqa: ANN401  any JSON
    # A truth value that a query computed arrives as 0 or 1, one in `properties` as it is there
    # ("Boolean claims arrive as 0/1 integers", Azure/azure-policy, ExternalEvaluationPolicies).
    if isinstance(value, bool) and kind == "bool":
        return int(value)
    if isinstance(value, (datetime, timedelta)):
        return text_of(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, list):
        return [_plain(each, "dynamic") for each in value]
    if isinstance(value, Mapping):
        return {name: _plain(each, "dynamic") for name, each in value.items()}
    return value


def _token(position: int, query: str) -> str:
    document = json.dumps({"skip": position, "query": _digest(query)})
    return base64.urlsafe_b64encode(document.encode()).decode()


def _position(token: object, query: str) -> int:
    try:
        document = json.loads(base64.urlsafe_b64decode(str(token).encode()))
        position, digest = document["skip"], document["query"]
    except (ValueError, KeyError, TypeError, binascii.Error, RecursionError):
        raise invalid_option("$skipToken", "the token of an answer to the same query") from None
    if digest != _digest(query) or not isinstance(position, int) or position < 0:
        raise invalid_option("$skipToken", "the token of an answer to the same query")
    return position


def _digest(query: str) -> str:
    return hashlib.sha256(query.encode()).hexdigest()[:16]
