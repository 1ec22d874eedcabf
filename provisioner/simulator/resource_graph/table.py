"""Tables: the input and output of every tabular operator."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Row: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows, and the type of each column by name, in order.

    A type is `string`, `dynamic`, `long`, `real`, `bool`, `datetime` or `timespan`.
    """

    columns: Mapping[str, str]
    rows: list[Row]
