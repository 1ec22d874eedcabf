"""The rows of `mv-expand`: one for each entry of a list or property of a bag."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice, zip_longest

from provisioner.simulator.resource_graph.functions import FUNCTIONS
from provisioner.simulator.resource_graph.syntax import MvExpand
from provisioner.simulator.resource_graph.table import Row
from provisioner.simulator.resource_graph.values import KqlValue

_CASTS = {"string": "tostring", "int": "toint", "long": "tolong", "real": "toreal"} | {
    "double": "toreal",
    "bool": "tobool",
    "datetime": "todatetime",
}


def expand(
    operator: MvExpand, casts: Mapping[str, str | None], values: Iterable[tuple[Row, Row]]
) -> Iterator[Row]:
    """Yield a row for every entry of the expanded columns.

    `values` are the rows with the values of these columns; `casts` the types to convert entries to,
    None to leave them. Several columns are expanded in step, the shorter ones filled with null.
    """
    for row, column_values in values:
        lists = [
            _expand_value(value, as_arrays=operator.as_arrays) for value in column_values.values()
        ]
        for index, entries in enumerate(islice(zip_longest(*lists), operator.limit)):
            numbered = {operator.index: index} if operator.index else {}
            named = zip(column_values, entries, strict=True)
            shown = {name: _convert_entry(value, casts[name]) for name, value in named}
            yield {**row, **shown, **numbered}


def _convert_entry(value: KqlValue, kind: str | None) -> KqlValue:
    return value if kind in (None, "dynamic") else FUNCTIONS[_CASTS[str(kind)]].call(value)


def _expand_value(value: KqlValue, *, as_arrays: bool) -> list[KqlValue]:
    """Return the entries of a list, or the properties of a bag as bags of one.

    Another value is its only entry; an empty list or bag has one entry, null ("mv-expand
    operator").
    """
    if isinstance(value, Mapping):
        pairs = value.items()
        value = [[n, v] for n, v in pairs] if as_arrays else [{n: v} for n, v in pairs]
    if isinstance(value, (list, tuple)):
        return list(value) or [None]
    return [value]
