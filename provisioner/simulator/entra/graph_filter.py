"""The `$filter` of Microsoft Graph, as far as clients of Azure use it.

Source: "Use the $filter query parameter": eq, ne, in, startswith, and any(…) over a list of texts,
combined with and, or, not and parentheses. Anything else is refused, as Graph refuses a query that
it does not support.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from provisioner.simulator.odata.conditions import Property, Vocabulary, compile_filter
from provisioner.simulator.odata.syntax import FilterError
from provisioner.simulator.protocol.errors import RefusalError

_Object = Mapping[str, Any]
_TEXT = "'(?:[^']|'')*'"
_ANY = re.compile(rf"(\w+)/any\(\s*(\w+)\s*:\s*\2\s+eq\s+({_TEXT})\s*\)", re.IGNORECASE)
_IN = re.compile(rf"(\w+)\s+in\s*\(\s*({_TEXT}(?:\s*,\s*{_TEXT})*)\s*\)", re.IGNORECASE)


def read_filter(text: str, names: Collection[str]) -> Callable[[_Object], bool]:
    """Return the predicate of a filter; `names` are the properties that it may use.

    Raises:
        UnsupportedQueryError: the filter uses something else.
    """
    properties = {name.lower(): Property(_property_reader(name), ("eq", "ne"), ("startswith",))
                  for name in names}  # fmt: skip
    vocabulary: Vocabulary[_Object] = Vocabulary(properties, combinations=("and", "or", "not"))
    try:
        return compile_filter(_IN.sub(_expand_in, _ANY.sub(r"\1 eq \3", text)), vocabulary)
    except FilterError as problem:
        raise UnsupportedQueryError(f"Invalid filter clause: {problem}.") from None


def _property_reader(name: str) -> Callable[[_Object], object]:
    def read(each: _Object) -> object:
        value = each.get(name)
        return tuple(value) if isinstance(value, list) else value

    return read


def _expand_in(match: re.Match[str]) -> str:
    """Return `in (…)` as comparisons joined by `or`."""
    values = re.findall(_TEXT, match[2])
    return f"({' or '.join(f'{match[1]} eq {value}' for value in values)})"


class UnsupportedQueryError(RefusalError):
    """A query that Graph does not support."""

    def __init__(self, message: str) -> None:
        super().__init__(400, "Request_UnsupportedQuery", message)
