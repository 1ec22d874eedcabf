"""`$filter` of Microsoft Graph, as far as clients of Azure use it.

Source: "Use the $filter query parameter": eq, ne, in, startswith, and any(…) over a list of texts,
joined by and, or, not and parentheses. What is none of these is refused, as Graph refuses a query
that it does not support.
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
    """Return the test that a filter is; `names` are the properties that there are. Raises
    RefusalError."""
    properties = {name.lower(): Property(_reader(name), ("eq", "ne"), ("startswith",))
                  for name in names}  # fmt: skip
    vocabulary: Vocabulary[_Object] = Vocabulary(properties, combinations=("and", "or", "not"))
    try:
        return compile_filter(_IN.sub(_alternatives, _ANY.sub(r"\1 eq \3", text)), vocabulary)
    except FilterError as problem:
        raise refuse_query(f"Invalid filter clause: {problem}.") from None


def _reader(name: str) -> Callable[[_Object], object]:
    def read(each: _Object) -> object:
        value = each.get(name)
        return tuple(value) if isinstance(value, list) else value

    return read


def _alternatives(match: re.Match[str]) -> str:
    """Return a choice as comparisons: a property is one of several values."""
    values = re.findall(_TEXT, match[2])
    return f"({' or '.join(f'{match[1]} eq {value}' for value in values)})"


def refuse_query(message: str) -> RefusalError:
    """Return the refusal of a query that is not supported."""
    return RefusalError(400, "Request_UnsupportedQuery", message)
