"""The rows that `mv-expand` makes of lists and property bags."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice, zip_longest
from typing import Any

from provisioner.simulator.resource_graph.functions import FUNCTIONS
from provisioner.simulator.resource_graph.syntax import MvExpand
from provisioner.simulator.resource_graph.table import Row

_CASTS = {"string": "tostring", "int": "toint", "long": "tolong", "real": "toreal"} | {
    "double": "toreal",
    "bool": "tobool",
    "datetime": "todatetime",
}


def expand(
    operator: MvExpand, casts: Mapping[str, str | None], values: Iterable[tuple[Row, Row]]
) -> Iterator[Row]:
    """Yield a row for every entry of the expanded columns. `values` are the rows with what these
    columns hold, `casts` the types that entries are converted to, None for none."""
    for row, held in values:
        lists = [_entries(value, as_arrays=operator.as_arrays) for value in held.values()]
        for index, entries in enumerate(islice(zip_longest(*lists), operator.limit)):
            numbered = {operator.index: index} if operator.index else {}
            named = zip(held, entries, strict=True)
            shown = {name: _cast(value, casts[name]) for name, value in named}
            yield {**row, **shown, **numbered}


def _cast(value: Any, kind: str | None) -> Any:  # noqa: ANN401
    return value if kind in (None, "dynamic") else FUNCTIONS[_CASTS[str(kind)]].call(value)


def _entries(value: Any, *, as_arrays: bool) -> list[Any]:  # noqa: ANN401
    """Return the entries of a list or the properties of a bag, one bag each; what is neither
    expands to itself, what is empty to null ("mv-expand operator")."""
    if isinstance(value, Mapping):
        pairs = value.items()
        value = [[n, v] for n, v in pairs] if as_arrays else [{n: v} for n, v in pairs]
    if isinstance(value, (list, tuple)):
        return list(value) or [None]
    return [value]
