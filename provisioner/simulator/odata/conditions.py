"""Evaluates a `$filter` over the rows of a list, with the words that the list knows."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from provisioner.simulator.odata.syntax import (
    Call,
    Combination,
    Comparison,
    Condition,
    FilterError,
    Negation,
    Operand,
    Text,
    Word,
    parse_filter,
)

Row = TypeVar("Row")
_EQUALITY = ("eq", "ne")


def fold_case(text: str) -> str:
    """Return a text as ARM compares names, types and ids: without regard to case."""
    return text.lower()


def read_number(text: str) -> float:
    """Return the number that a filter names. Raises FilterError."""
    try:
        return float(text)
    except ValueError:
        raise FilterError(f"'{text}' is not a number") from None


def read_moment(text: str) -> datetime:
    """Return the time that a filter names, with or without its zone: UTC where it has none. Raises
    FilterError."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise FilterError(f"'{text}' is not a time (ISO 8601)") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Property(Generic[Row]):
    """What a filter may say of one property.

    read       its value in a row: a text, a number, a truth, None; a tuple of values is equal to a
               value if one of them is
    operators  the comparisons that it knows
    functions  those of `substringof`, `startswith`, `endswith`, `contains` that it knows
    normalise  what is compared of a text: `fold_case`, `read_number`, `read_moment`
    """

    read: Callable[[Row], object]
    operators: Collection[str] = ("eq",)
    functions: Collection[str] = ()
    normalise: Callable[[str], Any] = fold_case


@dataclass(frozen=True, slots=True)
class Vocabulary(Generic[Row]):
    """What the filters of a list may say. Names of properties and functions are in lower case.

    functions     conditions by themselves (`atscope()`): called with their arguments
    combinations  those of `and`, `or`, `not` that it knows
    alone         names of properties and functions with which nothing else is combined
    """

    properties: Mapping[str, Property[Row]] = field(default_factory=dict)
    functions: Mapping[str, Callable[[tuple[str, ...]], Callable[[Row], bool]]] = field(
        default_factory=dict
    )
    combinations: Collection[str] = ("and",)
    alone: Collection[str] = ()


def compile_filter(text: str, vocabulary: Vocabulary[Row]) -> Callable[[Row], bool]:
    """Return the test that a `$filter` is. Raises FilterError for what is no condition, or not in
    the vocabulary."""
    return compile_condition(parse_filter(text), vocabulary)


def compile_condition(condition: Condition, vocabulary: Vocabulary[Row]) -> Callable[[Row], bool]:
    """Return the test that a condition is. Raises FilterError as `compile_filter`."""
    named = names_in(condition)
    single = next((name for name in vocabulary.alone if name in named), None)
    if single is not None and isinstance(condition, (Combination, Negation)):
        raise FilterError(f"'{single}' is not combined with other conditions")
    return _compile(condition, vocabulary)


def names_in(condition: Condition | Operand) -> frozenset[str]:
    """Return the names, in lower case, of the properties and functions that a condition has on the
    left of a comparison or by themselves."""
    if isinstance(condition, Word):
        return frozenset({condition.text.lower()})
    if isinstance(condition, Call):
        inner = (names_in(argument) for argument in condition.arguments)
        return frozenset({condition.name}).union(*inner)
    if isinstance(condition, Comparison):
        return names_in(_sides(condition)[0])
    if isinstance(condition, Negation):
        return names_in(condition.condition)
    if isinstance(condition, Combination):
        return frozenset().union(*(names_in(part) for part in condition.parts))
    return frozenset()


def _compile(condition: Condition, vocabulary: Vocabulary[Row]) -> Callable[[Row], bool]:
    if isinstance(condition, Combination):
        _check_known(condition.operator, vocabulary)
        tests = [_compile(part, vocabulary) for part in condition.parts]
        if condition.operator == "and":
            return lambda row: all(test(row) for test in tests)
        return lambda row: any(test(row) for test in tests)
    if isinstance(condition, Negation):
        _check_known("not", vocabulary)
        inner = _compile(condition.condition, vocabulary)
        return lambda row: not inner(row)
    if isinstance(condition, Call):
        return _compile_call(condition, vocabulary)
    return _compile_comparison(condition, vocabulary)


def _check_known(combination: str, vocabulary: Vocabulary[Row]) -> None:
    if combination not in vocabulary.combinations:
        raise FilterError(f"this list does not know '{combination}'")


def _compile_comparison(
    comparison: Comparison, vocabulary: Vocabulary[Row]
) -> Callable[[Row], bool]:
    left, right = _sides(comparison)
    if isinstance(left, Call):
        test = _compile_call(left, vocabulary)
        truth = _truth_of(right)
        if truth is None or comparison.operator not in _EQUALITY:
            raise FilterError(f"'{left.name}' is compared with true or false by eq or ne")
        wanted = truth is (comparison.operator == "eq")
        return lambda row: test(row) is wanted
    prop = _property(left, vocabulary)
    if comparison.operator not in prop.operators:
        known = ", ".join(prop.operators) or "none"
        raise FilterError(
            f"'{_name(left)}' is not compared by '{comparison.operator}' (known: {known})"
        )
    if isinstance(right, Call):
        raise FilterError(f"'{_name(left)}' is not compared with the function '{right.name}'")
    return _compared(prop, comparison.operator, right)


def _sides(comparison: Comparison) -> tuple[Operand, Operand]:
    """Return property and value: OData lets them stand in either order for `eq` and `ne`."""
    if isinstance(comparison.left, Text) and comparison.operator in _EQUALITY:
        return comparison.right, comparison.left
    return comparison.left, comparison.right


def _compared(prop: Property[Row], operator: str, value: Word | Text) -> Callable[[Row], bool]:
    is_null = isinstance(value, Word) and value.text.lower() == "null"
    wanted = None if is_null else prop.normalise(value.text)
    truth = _truth_of(value)

    def holds(found: object, asked: str) -> bool:
        if is_null or found is None:
            return asked == "eq" and is_null and found is None
        if isinstance(found, bool):
            return asked == "eq" and truth is found
        return _ordered(prop.normalise(str(found)), asked, wanted)

    def test(row: Row) -> bool:
        found = prop.read(row)
        entries = found if isinstance(found, tuple) else (found,)
        if operator == "ne":
            return not any(holds(entry, "eq") for entry in entries)
        return any(holds(entry, operator) for entry in entries)

    return test


def _ordered(left: Any, operator: str, right: Any) -> bool:  # noqa: ANN401  of one property
    if operator == "eq":
        return bool(left == right)
    before, after = bool(left < right), bool(right < left)
    return {"lt": before, "gt": after, "le": not after, "ge": not before}[operator]


def _truth_of(value: Operand) -> bool | None:
    text = value.text.lower() if isinstance(value, (Word, Text)) else ""
    return {"true": True, "false": False}.get(text)


_SEARCHES: Mapping[str, Callable[[str, str], bool]] = {
    "substringof": lambda text, part: part in text,
    "contains": lambda text, part: part in text,
    "startswith": lambda text, part: text.startswith(part),
    "endswith": lambda text, part: text.endswith(part),
}


def _compile_call(call: Call, vocabulary: Vocabulary[Row]) -> Callable[[Row], bool]:
    make = vocabulary.functions.get(call.name)
    if make is not None:
        arguments = tuple(each.text for each in call.arguments if isinstance(each, (Text, Word)))
        if len(arguments) != len(call.arguments):
            raise FilterError(f"'{call.name}' takes no function as an argument")
        return make(arguments)
    search = _SEARCHES.get(call.name)
    if search is None or not any(call.name in p.functions for p in vocabulary.properties.values()):
        raise FilterError(f"this list does not know the function '{call.name}'")
    if len(call.arguments) != 2:
        raise FilterError(f"'{call.name}' takes two arguments")
    # OData 3.0 has substringof(value, property), and the others the other way round.
    property_, value = call.arguments[:: -1 if call.name == "substringof" else 1]
    prop = _property(property_, vocabulary)
    if call.name not in prop.functions:
        raise FilterError(f"'{_name(property_)}' is not searched by '{call.name}'")
    if not isinstance(value, Text):
        raise FilterError(f"'{call.name}' takes a text in single quotes")
    part = prop.normalise(value.text)
    return lambda row: search(prop.normalise(str(prop.read(row) or "")), part)


def _property(operand: Operand, vocabulary: Vocabulary[Row]) -> Property[Row]:
    found = vocabulary.properties.get(_name(operand).lower()) if isinstance(operand, Word) else None
    if found is None:
        raise FilterError(f"this list does not know the property '{_name(operand)}'")
    return found


def _name(operand: Operand) -> str:
    return operand.name if isinstance(operand, Call) else operand.text
