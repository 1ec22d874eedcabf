"""What expressions are worth for a row, and the types and names of the columns they make."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from provisioner.simulator.resource_graph.functions import FUNCTIONS
from provisioner.simulator.resource_graph.refusals import refuse_query
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
from provisioner.simulator.resource_graph.tabular import Row
from provisioner.simulator.resource_graph.tokens import Token
from provisioner.simulator.resource_graph.values import (
    IncomparableError,
    compare_order,
    compare_text,
    compile_pattern,
    compute,
    is_equal,
    text_of,
)

_ORDERS = ("<", "<=", ">", ">=")
_ARITHMETIC = ("+", "-", "*", "/", "%")
_OF_TIME = {"now": 0, "ago": 1}
"""How many arguments the functions of the clock take at least."""


class Evaluator:
    """Evaluates expressions at one moment."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def evaluate(self, expression: Expression, row: Row) -> Any:  # noqa: ANN401
        """Return the value of an expression, which has been checked, for a row. Raises
        QueryRefusalError for operands that an operator does not take."""
        return self._by_kind[type(expression)](self, expression, row)

    def holds(self, condition: Expression, row: Row) -> bool:
        """Tell whether a condition holds: null does not."""
        return self.evaluate(condition, row) is True

    def _literal(self, expression: Literal, row: Row) -> Any:  # noqa: ANN401
        del row
        return expression.value

    def _name(self, expression: Name, row: Row) -> Any:  # noqa: ANN401
        return row.get(expression.name)

    def _member(self, expression: Member, row: Row) -> Any:  # noqa: ANN401
        target = self.evaluate(expression.target, row)
        key = self.evaluate(expression.key, row)
        if isinstance(target, Mapping) and isinstance(key, str):
            return target.get(key)
        if isinstance(target, (list, tuple)) and isinstance(key, int):
            # A negative index counts from the end ("The dynamic data type").
            return target[key] if -len(target) <= key < len(target) else None
        return None

    def _logical(self, expression: Logical, row: Row) -> bool | None:
        decisive = expression.operator == "or"
        unknown = False
        for operand in expression.operands:
            value: bool | None = self.evaluate(operand, row)
            if value is decisive:
                return decisive
            unknown = unknown or value is None
        return None if unknown else not decisive

    def _listed(self, expression: Listed, row: Row) -> bool:
        left = self.evaluate(expression.left, row)
        items: list[Any] = []
        for item in expression.items:
            value = self.evaluate(item, row)
            # `in (dynamic([...]))`: a list stands for its entries.
            items.extend(value if isinstance(value, list) else [value])
        operator = expression.operator
        if operator in ("has_any", "has_all"):
            found = (compare_text("has", text_of(left), text_of(item)) for item in items)
            return any(found) if operator == "has_any" else all(found)
        if operator.endswith("~"):
            folded = text_of(left).lower()
            is_in = any(text_of(item).lower() == folded for item in items)
        else:
            is_in = any(is_equal(left, item) is True for item in items)
        return is_in is not operator.startswith("!")

    def _between(self, expression: Between, row: Row) -> bool | None:
        left, low, high = (
            self.evaluate(each, row) for each in (expression.left, expression.low, expression.high)
        )
        try:
            if isinstance(high, timedelta) and isinstance(low, datetime):
                high = low + high
            above, below = compare_order(">=", left, low), compare_order("<=", left, high)
        except IncomparableError as problem:
            raise refuse_query("InvalidQuery", str(problem), expression.token) from None
        if above is None or below is None:
            return None
        inside: bool = above and below
        return inside is not expression.negated

    def _binary(self, expression: Binary, row: Row) -> Any:  # noqa: ANN401
        left = self.evaluate(expression.left, row)
        right = self.evaluate(expression.right, row)
        try:
            return _apply(expression.operator, left, right)
        except IncomparableError as problem:
            raise refuse_query("InvalidQuery", str(problem), expression.token) from None

    def _call(self, expression: Call, row: Row) -> Any:  # noqa: ANN401
        values = [self.evaluate(argument, row) for argument in expression.arguments]
        if expression.function in _OF_TIME:
            return self._moment(expression, values)
        try:
            return FUNCTIONS[expression.function].call(*values)
        except (ValueError, OverflowError) as problem:
            raise refuse_query("InvalidQuery", str(problem), expression.token) from None

    def _moment(self, expression: Call, values: list[Any]) -> datetime:
        offset = values[0] if values else timedelta()
        if not isinstance(offset, timedelta):
            message = f"{expression.function}() takes a timespan."
            raise refuse_query("InvalidQuery", message, expression.token)
        try:
            return self._now - offset if expression.function == "ago" else self._now + offset
        except OverflowError:
            message = f"{expression.function}() leaves the range of datetime."
            raise refuse_query("InvalidQuery", message, expression.token) from None

    _by_kind: Mapping[type, Callable[..., Any]] = {
        Literal: _literal,
        Name: _name,
        Member: _member,
        Logical: _logical,
        Listed: _listed,
        Between: _between,
        Binary: _binary,
        Call: _call,
    }


def _apply(operator: str, left: Any, right: Any) -> Any:  # noqa: ANN401
    if operator in ("==", "!="):
        equal = is_equal(left, right)
        return equal if equal is None or operator == "==" else not equal
    if operator in _ORDERS:
        return compare_order(operator, left, right)
    if operator in _ARITHMETIC:
        return compute(operator, left, right)
    if operator == "matches":
        return compile_pattern(text_of(right)).search(text_of(left)) is not None
    positive = "=~" if operator == "!~" else operator.removeprefix("!")
    return compare_text(positive, text_of(left), text_of(right)) is (positive == operator)


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
    if call.function in _OF_TIME:
        least, most = _OF_TIME[call.function], 1
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
        case Listed(_, left, items):
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
        case Call(function, arguments, _) if function not in _OF_TIME:
            declared = FUNCTIONS[function].type
            place = {"first": 0, "second": 1}.get(declared)
            return declared if place is None else type_of(arguments[place], columns)
        case Call():
            return "datetime"
        case Binary(operator, left, right, _) if operator in _ARITHMETIC:
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
