"""Pages and result formats of a query's answer.

Source: "Working with large Azure resource data sets" and the Resource Graph REST reference: at most
1,000 rows a page, `$skipToken` only where the query projects `id`, `resultTruncated` where there is
more, and the formats `objectArray` and `table`.
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
from provisioner.simulator.resource_graph.values import KqlValue, text_of

_MOST_ROWS = 1000
_SHAPES = {"objectarray": "objectArray", "table": "table"}
_TABLE_TYPES = {"dynamic": "object", "long": "integer", "real": "number", "bool": "boolean"}


@dataclass(frozen=True, slots=True)
class Page:
    """The first row and number of rows that are asked for, and whether as a `table`."""

    start: int
    size: int
    is_table: bool


def read_page(options: Mapping[str, Any], query: str, *, is_table: bool) -> Page:
    """Return the page that a request's options ask for; `is_table` is the default format.

    Raises:
        InvalidOptionError: `$top`, `$skip`, `$skipToken` or `resultFormat` is invalid.
    """
    size = _integer_option(options, "$top", _MOST_ROWS)
    if not 1 <= size <= _MOST_ROWS:
        raise InvalidOptionError("$top", f"a number between 1 and {_MOST_ROWS}")
    shape = options.get("resultFormat")
    if shape is not None:
        if not isinstance(shape, str) or shape.lower() not in _SHAPES:
            raise InvalidOptionError("resultFormat", " or ".join(_SHAPES.values()))
        is_table = shape.lower() == "table"
    token = options.get("$skipToken")
    if token:
        return Page(_read_skip_token(token, query), size, is_table)
    start = _integer_option(options, "$skip", 0)
    if start < 0:
        raise InvalidOptionError("$skip", "a number from 0 on")
    return Page(start, size, is_table)


def show_page(table: Table, page: Page, query: str) -> dict[str, Json]:
    """Return the body of the answer: rows, totals and, where there are more, a `$skipToken`."""
    end = page.start + page.size
    rows = [_render_row(table, row) for row in table.rows[page.start : end]]
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
        # A string in the REST reference, and not a boolean.
        "resultTruncated": "true" if has_more else "false",
    }
    if has_more and "id" in table.columns:
        body["$skipToken"] = _skip_token(end, query)
    return body


class InvalidOptionError(RefusalError):
    """A member or option of the request that has an invalid value."""

    def __init__(self, name: str, expected: str) -> None:
        super().__init__(
            400,
            "BadRequest",
            f"The value of '{name}' is invalid: expected {expected}.",
            details=(("InvalidRequest", f"'{name}' is {expected}.", name),),
        )


def _integer_option(options: Mapping[str, Any], name: str, default: int) -> int:
    value = options.get(name)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidOptionError(name, "a whole number")
    return value


def _render_row(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _render_value(row.get(name), kind) for name, kind in table.columns.items()}


def _render_value(value: KqlValue, kind: str) -> KqlValue:
    # A truth value that a query computed arrives as 0 or 1, one in `properties` as it is there
    # ("Boolean claims arrive as 0/1 integers", Azure/azure-policy, ExternalEvaluationPolicies).
    if isinstance(value, bool) and kind == "bool":
        return int(value)
    if isinstance(value, (datetime, timedelta)):
        return text_of(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, list):
        return [_render_value(each, "dynamic") for each in value]
    if isinstance(value, Mapping):
        return {name: _render_value(each, "dynamic") for name, each in value.items()}
    return value


def _skip_token(position: int, query: str) -> str:
    document = json.dumps({"skip": position, "query": _query_digest(query)})
    return base64.urlsafe_b64encode(document.encode()).decode()


def _read_skip_token(token: object, query: str) -> int:
    try:
        document = json.loads(base64.urlsafe_b64decode(str(token).encode()))
        position, digest = document["skip"], document["query"]
    except (ValueError, KeyError, TypeError, binascii.Error, RecursionError):
        raise InvalidOptionError("$skipToken", "the token of an answer to the same query") from None
    if digest != _query_digest(query) or not isinstance(position, int) or position < 0:
        raise InvalidOptionError("$skipToken", "the token of an answer to the same query")
    return position


def _query_digest(query: str) -> str:
    return hashlib.sha256(query.encode()).hexdigest()[:16]
