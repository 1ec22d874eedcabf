"""What expressions are worth for a row."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from provisioner.simulator.resource_graph.functions import FUNCTIONS
from provisioner.simulator.resource_graph.query_errors import refuse_query
from provisioner.simulator.resource_graph.syntax import (
    Between,
    Binary,
    Call,
    Expression,
    Listed,
    Literal,
    Logical,
    Member,
    Name,
)
from provisioner.simulator.resource_graph.table import Row
from provisioner.simulator.resource_graph.type_checks import ARITHMETIC, OF_TIME
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


class Evaluator:
    """Evaluates expressions at one moment."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def evaluate(self, expression: Expression, row: Row) -> Any:  # noqa: ANN401
        """Return the value of an expression, which has been checked, for a row. Raises
        QueryRefusalError for operands that an operator does not take."""
        return self._by_kind[type(expression)](self, expression, row)

    def holds(self, condition: Expression, row: Row) -> bool:
        """Return whether a condition holds: null does not."""
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
            is_in = any(self._is_same(expression, left, item) for item in items)
        return is_in is not operator.startswith("!")

    def _is_same(self, expression: Listed, left: Any, item: Any) -> bool:  # noqa: ANN401
        try:
            return is_equal(left, item) is True
        except IncomparableError as problem:
            raise refuse_query("InvalidQuery", str(problem), expression.token) from None

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
        if expression.function in OF_TIME:
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
    if operator in ARITHMETIC:
        return compute(operator, left, right)
    if operator == "matches":
        return compile_pattern(text_of(right)).search(text_of(left)) is not None
    positive = "=~" if operator == "!~" else operator.removeprefix("!")
    return compare_text(positive, text_of(left), text_of(right)) is (positive == operator)
