"""Evaluation of KQL expressions for one row, after `type_checks` has accepted them.

Null follows the three-valued logic of "Null values" of the KQL reference: a comparison with null is
null, and a condition that is null does not hold.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from provisioner.simulator.resource_graph.functions import FUNCTIONS
from provisioner.simulator.resource_graph.query_errors import InvalidQueryError
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
    KqlValue,
    compare_order,
    compare_text,
    compile_pattern,
    compute,
    is_equal,
    text_of,
)

_ORDERS = ("<", "<=", ">", ">=")


class Evaluator:
    """Evaluates expressions at one moment: `now()` is the same for every row of a query."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def evaluate(self, expression: Expression, row: Row) -> KqlValue:
        """Return the value of a checked expression for a row.

        An operand that an operator does not take is an InvalidQueryError.
        """
        return self._by_kind[type(expression)](self, expression, row)

    def holds(self, condition: Expression, row: Row) -> bool:
        """Return whether a condition is true for a row; null is not."""
        return self.evaluate(condition, row) is True

    def _evaluate_literal(self, expression: Literal, row: Row) -> KqlValue:
        del row
        return expression.value

    def _evaluate_name(self, expression: Name, row: Row) -> KqlValue:
        return row.get(expression.name)

    def _evaluate_member(self, expression: Member, row: Row) -> KqlValue:
        target = self.evaluate(expression.target, row)
        key = self.evaluate(expression.key, row)
        if isinstance(target, Mapping) and isinstance(key, str):
            return target.get(key)
        if isinstance(target, (list, tuple)) and isinstance(key, int):
            # A negative index counts from the end ("The dynamic data type").
            return target[key] if -len(target) <= key < len(target) else None
        return None

    def _evaluate_logical(self, expression: Logical, row: Row) -> bool | None:
        decisive = expression.operator == "or"
        unknown = False
        for operand in expression.operands:
            value: bool | None = self.evaluate(operand, row)
            if value is decisive:
                return decisive
            unknown = unknown or value is None
        return None if unknown else not decisive

    def _evaluate_list_operator(self, expression: Listed, row: Row) -> bool:
        left = self.evaluate(expression.left, row)
        items: list[Any] = []
        for item in expression.items:
            value = self.evaluate(item, row)
            # `in (dynamic([...]))`: a list is replaced by its entries.
            items.extend(value if isinstance(value, list) else [value])
        operator = expression.operator
        if operator in ("has_any", "has_all"):
            found = (compare_text("has", text_of(left), text_of(item)) for item in items)
            return any(found) if operator == "has_any" else all(found)
        if operator.endswith("~"):
            folded = text_of(left).lower()
            is_in = any(text_of(item).lower() == folded for item in items)
        else:
            is_in = any(self._equals_item(expression, left, item) for item in items)
        return is_in is not operator.startswith("!")

    def _equals_item(self, expression: Listed, left: KqlValue, item: KqlValue) -> bool:
        try:
            return is_equal(left, item) is True
        except IncomparableError as problem:
            raise InvalidQueryError("InvalidQuery", str(problem), expression.token) from None

    def _evaluate_between(self, expression: Between, row: Row) -> bool | None:
        left, low, high = (
            self.evaluate(each, row) for each in (expression.left, expression.low, expression.high)
        )
        try:
            if isinstance(high, timedelta) and isinstance(low, datetime):
                high = low + high
            above, below = compare_order(">=", left, low), compare_order("<=", left, high)
        except IncomparableError as problem:
            raise InvalidQueryError("InvalidQuery", str(problem), expression.token) from None
        if above is None or below is None:
            return None
        inside: bool = above and below
        return inside is not expression.negated

    def _evaluate_binary(self, expression: Binary, row: Row) -> KqlValue:
        left = self.evaluate(expression.left, row)
        right = self.evaluate(expression.right, row)
        try:
            return _apply_operator(expression.operator, left, right)
        except IncomparableError as problem:
            raise InvalidQueryError("InvalidQuery", str(problem), expression.token) from None

    def _evaluate_call(self, expression: Call, row: Row) -> KqlValue:
        values = [self.evaluate(argument, row) for argument in expression.arguments]
        if expression.function in OF_TIME:
            return self._evaluate_time_function(expression, values)
        try:
            return FUNCTIONS[expression.function].call(*values)
        except (ValueError, OverflowError) as problem:
            raise InvalidQueryError("InvalidQuery", str(problem), expression.token) from None

    def _evaluate_time_function(self, expression: Call, values: list[Any]) -> datetime:
        offset = values[0] if values else timedelta()
        if not isinstance(offset, timedelta):
            message = f"{expression.function}() takes a timespan."
            raise InvalidQueryError("InvalidQuery", message, expression.token)
        try:
            return self._now - offset if expression.function == "ago" else self._now + offset
        except OverflowError:
            message = f"{expression.function}() leaves the range of datetime."
            raise InvalidQueryError("InvalidQuery", message, expression.token) from None

    _by_kind: Mapping[type, Callable[..., Any]] = {
        Literal: _evaluate_literal,
        Name: _evaluate_name,
        Member: _evaluate_member,
        Logical: _evaluate_logical,
        Listed: _evaluate_list_operator,
        Between: _evaluate_between,
        Binary: _evaluate_binary,
        Call: _evaluate_call,
    }


def _apply_operator(operator: str, left: KqlValue, right: KqlValue) -> KqlValue:
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
