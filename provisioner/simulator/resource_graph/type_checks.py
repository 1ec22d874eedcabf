"""Static checks of expressions: columns, functions, types, and names of result columns.

KQL is statically typed: a query over an empty table is refused for the same faults as over a full
one.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from provisioner.simulator.resource_graph.functions import FUNCTIONS
from provisioner.simulator.resource_graph.query_errors import InvalidQueryError
from provisioner.simulator.resource_graph.syntax import (
    Between,
    Binary,
    Call,
    Column,
    Expression,
    Listed,
    Literal,
    Logical,
    Member,
    Name,
    Star,
)
from provisioner.simulator.resource_graph.tokens import Token

ARITHMETIC = ("+", "-", "*", "/", "%")
OF_TIME = {"now": 0, "ago": 1}
"""How many arguments the functions of the clock take at least."""


def check(expression: Expression, columns: Mapping[str, str], operator: str) -> None:
    """Check that columns and functions exist and that conditions are of type bool.

    Raises:
        UnresolvedNameError: the table has no such column.
        InvalidQueryError: a function or condition is not supported here.
    """
    for part in _subexpressions(expression):
        if isinstance(part, Name) and part.name not in columns:
            raise UnresolvedNameError(part.token, part.name, operator)
        if isinstance(part, Star):
            raise InvalidQueryError("InvalidQuery", f"'*' is no value in '{operator}'.")
        if isinstance(part, Call):
            _check_call(part)
    for part in _subexpressions(expression):
        for condition in _condition_operands(part):
            check_truth(condition, columns, operator)


def _condition_operands(part: Expression) -> tuple[Expression, ...]:
    """Return the operands that must be conditions."""
    match part:
        case Logical(_, operands):
            return operands
        case Call("iff" | "iif" | "not", arguments, _):
            return arguments[:1]
        case Call("case", arguments, _):
            return arguments[:-1:2]
        case _:
            return ()


def check_truth(condition: Expression, columns: Mapping[str, str], operator: str) -> None:
    """Check that a condition is of type bool; a dynamic value is not.

    Raises:
        InvalidQueryError: it is of another type.
    """
    kind = type_of(condition, columns)
    if kind != "bool":
        message = f"'{operator}' operator: a condition is a bool, not a {kind}; tobool() makes one."
        raise InvalidQueryError("InvalidQuery", message)


class UnresolvedNameError(InvalidQueryError):
    """A name that is no column of the table."""

    def __init__(self, token: Token, name: str, operator: str) -> None:
        message = (
            f"'{operator}' operator: Failed to resolve column or scalar expression named '{name}'"
        )
        super().__init__("InvalidQuery", message, token)


def _check_call(call: Call) -> None:
    if call.function in OF_TIME:
        least, most = OF_TIME[call.function], 1
    elif call.function in FUNCTIONS:
        function = FUNCTIONS[call.function]
        least, most = function.least, function.most or len(call.arguments)
    else:
        message = f"The function '{call.function}' is not supported here."
        raise InvalidQueryError("InvalidQueryLanguage", message, call.token)
    count = len(call.arguments)
    is_uneven_case = call.function == "case" and count % 2 == 0
    if not least <= count <= most or is_uneven_case:
        message = f"{call.function}(): {count} arguments are not what it takes."
        raise InvalidQueryError("InvalidQuery", message, call.token)


def _subexpressions(expression: Expression) -> Iterator[Expression]:
    """Yield an expression and every expression inside of it."""
    pending = [expression]
    while pending:
        part = pending.pop()
        yield part
        pending.extend(_direct_operands(part))


def _direct_operands(part: Expression) -> tuple[Expression, ...]:  # noqa: PLR0911
    match part:
        case Member(target, key):
            return (target, key)
        case Call(_, arguments, _):
            return arguments
        case Binary(_, left, right, _):
            return (left, right)
        case Logical(_, operands):
            return operands
        case Listed(_, left, items, _):
            return (left, *items)
        case Between(left, low, high, _, _):
            return (left, low, high)
        case _:
            return ()


def type_of(  # noqa: PLR0911
    expression: Expression, columns: Mapping[str, str]
) -> str:
    """Return the type of a checked expression."""
    match expression:
        case Literal(value):
            return _TYPES.get(type(value), "dynamic")
        case Name(name, _):
            return columns[name]
        case Member():
            return "dynamic"
        case Call(function, arguments, _) if function not in OF_TIME:
            declared = FUNCTIONS[function].type
            index = {"first": 0, "second": 1}.get(declared)
            return declared if index is None else type_of(arguments[index], columns)
        case Call():
            return "datetime"
        case Binary(operator, left, right, _) if operator in ARITHMETIC:
            return _arithmetic_type(operator, type_of(left, columns), type_of(right, columns))
        case _:
            return "bool"


_TYPES: Mapping[type, str] = {
    str: "string",
    bool: "bool",
    int: "long",
    float: "real",
    datetime: "datetime",
    timedelta: "timespan",
}


def _arithmetic_type(operator: str, left: str, right: str) -> str:
    both = {left, right}
    if both == {"datetime"}:
        return "timespan" if operator == "-" else "datetime"
    order = ("datetime", "timespan", "real", "dynamic")
    return next((each for each in order if each in both), "long")


def column_name(column: Column, position: int) -> str:
    """Return the name of a column: as written, by its path, or `Column1` and so on."""
    return column.name or path_name(column.expression) or f"Column{position}"


def path_name(expression: Expression) -> str | None:
    """Return the name that an expression gives its column; None if it gives none.

    Resource Graph joins the path with underscores: `properties_storageProfile_osDisk_osType`.
    """
    match expression:
        case Name(name, _):
            return name
        case Member(target, Literal(key)):
            outer = path_name(target)
            return f"{outer}_{key}" if outer is not None else None
        case Call(function, (first, *_), _) if function in FUNCTIONS:
            return path_name(first) if FUNCTIONS[function].keeps_name else None
        case _:
            return None
