"""The syntax tree of a query."""

from dataclasses import dataclass
from typing import Any, TypeAlias

from provisioner.simulator.resource_graph.tokens import Token


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that stands in the query."""

    value: Any


@dataclass(frozen=True, slots=True)
class Name:
    """A column."""

    name: str
    token: Token


@dataclass(frozen=True, slots=True)
class Member:
    """A property, or an entry of a list, of a dynamic value: `a.b`, `a['b']`, `a[0]`."""

    target: "Expression"
    key: "Expression"


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function, aggregations included; `*` is an argument of some."""

    function: str
    arguments: tuple["Expression", ...]
    token: Token


@dataclass(frozen=True, slots=True)
class Star:
    """The `*` of `distinct *` and `arg_max(x, *)`."""


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands and the operator between them."""

    operator: str
    left: "Expression"
    right: "Expression"
    token: Token


@dataclass(frozen=True, slots=True)
class Logical:
    """`and` or `or` of any number of conditions."""

    operator: str
    operands: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """`in`, `in~`, `has_any`, `has_all` and what negates them, over a list of values."""

    operator: str
    left: "Expression"
    items: tuple["Expression", ...]
    token: Token


@dataclass(frozen=True, slots=True)
class Between:
    """`between (low .. high)`, and `!between`."""

    left: "Expression"
    low: "Expression"
    high: "Expression"
    negated: bool
    token: Token


Expression: TypeAlias = Literal | Name | Member | Call | Star | Binary | Logical | Listed | Between


@dataclass(frozen=True, slots=True)
class Column:
    """`NAME = expression`, or an expression that names itself (`name` is None)."""

    name: str | None
    expression: Expression


@dataclass(frozen=True, slots=True)
class SortKey:
    """What rows are ordered by."""

    expression: Expression
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class Where:
    """Keep the rows of which a condition holds."""

    condition: Expression


@dataclass(frozen=True, slots=True)
class Extend:
    """Add columns."""

    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Project:
    """Keep these columns alone."""

    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class ProjectAway:
    """Leave columns out, by name; one may have a `*` for any letters."""

    names: tuple[tuple[str, Token], ...]


@dataclass(frozen=True, slots=True)
class Rename:
    """Rename columns: (new, old)."""

    names: tuple[tuple[str, Token], ...]


@dataclass(frozen=True, slots=True)
class Summarize:
    """Aggregate the rows of every group."""

    aggregates: tuple[Column, ...]
    keys: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Sort:
    """Order the rows; with a limit, keep the first of them."""

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
    """Keep what differs in these columns."""

    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class MvExpand:
    """A row for every entry of a list, or property of a bag. `types` are those that entries are
    converted to, one per column, None for dynamic."""

    columns: tuple[Column, ...]
    types: tuple[str | None, ...]
    index: str | None
    as_arrays: bool
    limit: int


@dataclass(frozen=True, slots=True)
class Join:
    """Rows of two tables that agree in (left, right) columns."""

    kind: str
    right: "Pipeline"
    on: tuple[tuple[str, str], ...]
    token: Token


@dataclass(frozen=True, slots=True)
class Union:
    """The rows of several tables. `source` is the column that names them."""

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
    """A table and what is done with it; `source` None: the operators begin with a Union."""

    source: "Token | Pipeline | None"
    operators: tuple[Operator, ...]
