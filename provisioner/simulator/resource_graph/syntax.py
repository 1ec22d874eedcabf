"""The syntax tree of a KQL query: expressions, tabular operators, pipelines."""

from dataclasses import dataclass
from typing import Any, TypeAlias

from provisioner.simulator.resource_graph.tokens import Token


@dataclass(frozen=True, slots=True)
class Literal:
    """A literal value."""

    value: Any


@dataclass(frozen=True, slots=True)
class Name:
    """A reference to a column."""

    name: str
    token: Token


@dataclass(frozen=True, slots=True)
class Member:
    """A property or list entry of a dynamic value: `a.b`, `a['b']`, `a[0]`."""

    target: "Expression"
    key: "Expression"


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a scalar or aggregation function; `*` is an argument of some."""

    function: str
    arguments: tuple["Expression", ...]
    token: Token


@dataclass(frozen=True, slots=True)
class Star:
    """The `*` of `distinct *` and `arg_max(x, *)`."""


@dataclass(frozen=True, slots=True)
class Binary:
    """A binary operator with its operands."""

    operator: str
    left: "Expression"
    right: "Expression"
    token: Token


@dataclass(frozen=True, slots=True)
class Logical:
    """`and` or `or` over two or more conditions."""

    operator: str
    operands: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """`in`, `in~`, `has_any`, `has_all` and their negations, over a list of values."""

    operator: str
    left: "Expression"
    items: tuple["Expression", ...]
    token: Token


@dataclass(frozen=True, slots=True)
class Between:
    """`between (low .. high)` or `!between`."""

    left: "Expression"
    low: "Expression"
    high: "Expression"
    negated: bool
    token: Token


Expression: TypeAlias = Literal | Name | Member | Call | Star | Binary | Logical | Listed | Between


@dataclass(frozen=True, slots=True)
class Column:
    """`NAME = expression`, or an expression without a name (`name` is None)."""

    name: str | None
    expression: Expression


@dataclass(frozen=True, slots=True)
class SortKey:
    """An expression to sort by, with its direction."""

    expression: Expression
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class Where:
    """Keep the rows for which a condition holds."""

    condition: Expression


@dataclass(frozen=True, slots=True)
class Extend:
    """Add columns."""

    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Project:
    """Keep only these columns."""

    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class ProjectAway:
    """Remove columns by name; a name may contain `*`."""

    names: tuple[tuple[str, Token], ...]


@dataclass(frozen=True, slots=True)
class Rename:
    """Rename columns: (new, old)."""

    names: tuple[tuple[str, Token], ...]


@dataclass(frozen=True, slots=True)
class Summarize:
    """Aggregate the rows of each group."""

    aggregates: tuple[Column, ...]
    keys: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Sort:
    """Sort the rows; with a limit (`top`), keep the first."""

    keys: tuple[SortKey, ...]
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Take:
    """Keep some rows."""

    limit: int


@dataclass(frozen=True, slots=True)
class Count:
    """Count the rows."""


@dataclass(frozen=True, slots=True)
class Distinct:
    """Keep one row for each combination of these columns."""

    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class MvExpand:
    """Make a row of every entry of a list, or property of a bag.

    `types` are the types to convert entries to, one for each column, None for dynamic.
    """

    columns: tuple[Column, ...]
    types: tuple[str | None, ...]
    index: str | None
    as_arrays: bool
    limit: int


@dataclass(frozen=True, slots=True)
class Join:
    """The rows of two tables that agree in pairs of (left, right) columns."""

    kind: str
    right: "Pipeline"
    on: tuple[tuple[str, str], ...]
    token: Token


@dataclass(frozen=True, slots=True)
class Union:
    """The rows of several tables; `source` is the column that names the table, or None."""

    legs: tuple["Pipeline", ...]
    inner: bool
    source: str | None


Operator: TypeAlias = (
    Where
    | Extend
    | Project
    | ProjectAway
    | Rename
    | Summarize
    | Sort
    | Take
    | Count
    | Distinct
    | MvExpand
    | Join
    | Union
)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A table and the operators on it; `source` None: the first operator is a Union."""

    source: "Token | Pipeline | None"
    operators: tuple[Operator, ...]
