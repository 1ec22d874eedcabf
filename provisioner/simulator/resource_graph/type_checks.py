"""What can be said of an expression without a row: whether it can be evaluated, the type and the
name of the column that it makes."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from provisioner.simulator.resource_graph.functions import FUNCTIONS
from provisioner.simulator.resource_graph.query_errors import refuse_query
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
    """Refuse an expression with a column that the table does not have, or with a function that is
    not evaluated. Raises QueryRefusalError."""
    for part in _parts(expression):
        if isinstance(part, Name) and part.name not in columns:
            raise unresolved(part.token, part.name, operator)
        if isinstance(part, Star):
            raise refuse_query("InvalidQuery", f"'*' is no value in '{operator}'.")
        if isinstance(part, Call):
            _check_call(part)
    for part in _parts(expression):
        for condition in _conditions(part):
            check_truth(condition, columns, operator)


def _conditions(part: Expression) -> tuple[Expression, ...]:
    """Return the operands that are conditions."""
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
    """Refuse a condition that is no truth value, a dynamic one included."""
    kind = type_of(condition, columns)
    if kind != "bool":
        message = f"'{operator}' operator: a condition is a bool, not a {kind}; tobool() makes one."
        raise refuse_query("InvalidQuery", message)


def unresolved(token: Token, name: str, operator: str) -> Exception:
    """Return the refusal of a name that is no column."""
    message = f"'{operator}' operator: Failed to resolve column or scalar expression named '{name}'"
    return refuse_query("InvalidQuery", message, token)


def _check_call(call: Call) -> None:
    if call.function in OF_TIME:
        least, most = OF_TIME[call.function], 1
    elif call.function in FUNCTIONS:
        function = FUNCTIONS[call.function]
        least, most = function.least, function.most or len(call.arguments)
    else:
        message = f"The function '{call.function}' is not supported here."
        raise refuse_query("InvalidQueryLanguage", message, call.token)
    count = len(call.arguments)
    is_uneven_case = call.function == "case" and count % 2 == 0
    if not least <= count <= most or is_uneven_case:
        message = f"{call.function}(): {count} arguments are not what it takes."
        raise refuse_query("InvalidQuery", message, call.token)


def _parts(expression: Expression) -> Iterator[Expression]:
    """Yield an expression and all that is in it."""
    pending = [expression]
    while pending:
        part = pending.pop()
        yield part
        pending.extend(_operands(part))


def _operands(part: Expression) -> tuple[Expression, ...]:  # noqa: PLR0911
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
    """Return the type of an expression that has been checked."""
    match expression:
        case Literal(value):
            return _TYPES.get(type(value), "dynamic")
        case Name(name, _):
            return columns[name]
        case Member():
            return "dynamic"
        case Call(function, arguments, _) if function not in OF_TIME:
            declared = FUNCTIONS[function].type
            place = {"first": 0, "second": 1}.get(declared)
            return declared if place is None else type_of(arguments[place], columns)
        case Call():
            return "datetime"
        case Binary(operator, left, right, _) if operator in ARITHMETIC:
            return _computed(operator, type_of(left, columns), type_of(right, columns))
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


def _computed(operator: str, left: str, right: str) -> str:
    both = {left, right}
    if both == {"datetime"}:
        return "timespan" if operator == "-" else "datetime"
    order = ("datetime", "timespan", "real", "dynamic")
    return next((each for each in order if each in both), "long")


def column_name(column: Column, position: int) -> str:
    """Return the name of a column: as written, by its path, or `Column1` and so on."""
    return column.name or path_name(column.expression) or f"Column{position}"


def path_name(expression: Expression) -> str | None:
    """Return the name that an expression gives its column, as Resource Graph answers it:
    `properties_storageProfile_osDisk_osType`; None for one that gives none."""
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
