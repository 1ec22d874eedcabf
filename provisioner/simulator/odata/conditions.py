"""Evaluation of a `$filter` over the rows of a list, within the list's vocabulary.

Texts are compared after `Property.normalise`, by default without case. An absent value equals only
`null`, is unequal (`ne`) to everything else, and is neither greater nor less than anything.
"""

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
    """Return a text as ARM compares names, types and ids: without case."""
    return text.lower()


def read_number(text: str) -> float:
    """Return the number in a filter.

    Raises:
        FilterError: the text is none.
    """
    try:
        return float(text)
    except ValueError:
        raise FilterError(f"'{text}' is not a number") from None


def read_moment(text: str) -> datetime:
    """Return the time in a filter; without a zone it is UTC.

    Raises:
        FilterError: the text is none.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise FilterError(f"'{text}' is not a time (ISO 8601)") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Property(Generic[Row]):
    """A property that a filter may use.

    read       its value in a row: text, number, bool, None; of a tuple, one value has to match
    operators  the supported comparisons
    functions  the supported ones of `substringof`, `startswith`, `endswith`, `contains`
    normalise  applied to texts before comparison: `fold_case`, `read_number`, `read_moment`
    """

    read: Callable[[Row], object]
    operators: Collection[str] = ("eq",)
    functions: Collection[str] = ()
    normalise: Callable[[str], Any] = fold_case


@dataclass(frozen=True, slots=True)
class Vocabulary(Generic[Row]):
    """The properties and functions that the filters of a list may use; names are in lower case.

    functions     conditions such as `atscope()`, called with their arguments
    combinations  the supported ones of `and`, `or`, `not`
    alone         properties and functions that cannot be combined with others
    """

    properties: Mapping[str, Property[Row]] = field(default_factory=dict)
    functions: Mapping[str, Callable[[tuple[str, ...]], Callable[[Row], bool]]] = field(
        default_factory=dict
    )
    combinations: Collection[str] = ("and",)
    alone: Collection[str] = ()


def compile_filter(text: str, vocabulary: Vocabulary[Row]) -> Callable[[Row], bool]:
    """Return the predicate of a `$filter`.

    A malformed filter, or one outside of the vocabulary, is a FilterError.
    """
    return compile_condition(parse_filter(text), vocabulary)


def compile_condition(condition: Condition, vocabulary: Vocabulary[Row]) -> Callable[[Row], bool]:
    """Return the predicate of a parsed condition.

    Raises:
        FilterError: it is outside of the vocabulary.
    """
    named = names_in(condition)
    single = next((name for name in vocabulary.alone if name in named), None)
    if single is not None and isinstance(condition, (Combination, Negation)):
        raise FilterError(f"'{single}' is not combined with other conditions")
    return _compile_part(condition, vocabulary)


def names_in(condition: Condition | Operand) -> frozenset[str]:
    """Return the properties and functions of a condition, in lower case."""
    if isinstance(condition, Word):
        return frozenset({condition.text.lower()})
    if isinstance(condition, Call):
        inner = (names_in(argument) for argument in condition.arguments)
        return frozenset({condition.name}).union(*inner)
    if isinstance(condition, Comparison):
        return names_in(_property_and_value(condition)[0])
    if isinstance(condition, Negation):
        return names_in(condition.condition)
    if isinstance(condition, Combination):
        return frozenset().union(*(names_in(part) for part in condition.parts))
    return frozenset()


def _compile_part(condition: Condition, vocabulary: Vocabulary[Row]) -> Callable[[Row], bool]:
    if isinstance(condition, Combination):
        _check_known(condition.operator, vocabulary)
        tests = [_compile_part(part, vocabulary) for part in condition.parts]
        if condition.operator == "and":
            return lambda row: all(test(row) for test in tests)
        return lambda row: any(test(row) for test in tests)
    if isinstance(condition, Negation):
        _check_known("not", vocabulary)
        inner = _compile_part(condition.condition, vocabulary)
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
    left, right = _property_and_value(comparison)
    if isinstance(left, Call):
        test = _compile_call(left, vocabulary)
        truth = _boolean_literal(right)
        if truth is None or comparison.operator not in _EQUALITY:
            raise FilterError(f"'{left.name}' is compared with true or false by eq or ne")
        expected = truth is (comparison.operator == "eq")
        return lambda row: test(row) is expected
    prop = _property_named(left, vocabulary)
    if comparison.operator not in prop.operators:
        known = ", ".join(prop.operators) or "none"
        raise FilterError(
            f"'{_operand_name(left)}' is not compared by '{comparison.operator}' (known: {known})"
        )
    if isinstance(right, Call):
        raise FilterError(
            f"'{_operand_name(left)}' is not compared with the function '{right.name}'"
        )
    return _compile_equality(prop, comparison.operator, right)


def _property_and_value(comparison: Comparison) -> tuple[Operand, Operand]:
    """Return property and value: OData allows either order for `eq` and `ne`."""
    if isinstance(comparison.left, Text) and comparison.operator in _EQUALITY:
        return comparison.right, comparison.left
    return comparison.left, comparison.right


def _compile_equality(
    prop: Property[Row], operator: str, value: Word | Text
) -> Callable[[Row], bool]:
    is_null = isinstance(value, Word) and value.text.lower() == "null"
    expected = None if is_null else prop.normalise(value.text)
    truth = _boolean_literal(value)

    def holds(found: object, comparison: str) -> bool:
        if is_null or found is None:
            return comparison == "eq" and is_null and found is None
        if isinstance(found, bool):
            return comparison == "eq" and truth is found
        return _compare_values(prop.normalise(str(found)), comparison, expected)

    def test(row: Row) -> bool:
        found = prop.read(row)
        entries = found if isinstance(found, tuple) else (found,)
        if operator == "ne":
            return not any(holds(entry, "eq") for entry in entries)
        return any(holds(entry, operator) for entry in entries)

    return test


def _compare_values(left: Any, operator: str, right: Any) -> bool:  # noqa: ANN401  of one property
    if operator == "eq":
        return bool(left == right)
    before, after = bool(left < right), bool(right < left)
    return {"lt": before, "gt": after, "le": not after, "ge": not before}[operator]


def _boolean_literal(value: Operand) -> bool | None:
    text = value.text.lower() if isinstance(value, (Word, Text)) else ""
    return {"true": True, "false": False}.get(text)


_TEXT_FUNCTIONS: Mapping[str, Callable[[str, str], bool]] = {
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
    search = _TEXT_FUNCTIONS.get(call.name)
    if search is None or not any(call.name in p.functions for p in vocabulary.properties.values()):
        raise FilterError(f"this list does not know the function '{call.name}'")
    if len(call.arguments) != 2:
        raise FilterError(f"'{call.name}' takes two arguments")
    # OData 3.0 has substringof(value, property), and the others the other way round.
    property_, value = call.arguments[:: -1 if call.name == "substringof" else 1]
    prop = _property_named(property_, vocabulary)
    if call.name not in prop.functions:
        raise FilterError(f"'{_operand_name(property_)}' is not searched by '{call.name}'")
    if not isinstance(value, Text):
        raise FilterError(f"'{call.name}' takes a text in single quotes")
    part = prop.normalise(value.text)
    return lambda row: search(prop.normalise(str(prop.read(row) or "")), part)


def _property_named(operand: Operand, vocabulary: Vocabulary[Row]) -> Property[Row]:
    found = (
        vocabulary.properties.get(_operand_name(operand).lower())
        if isinstance(operand, Word)
        else None
    )
    if found is None:
        raise FilterError(f"this list does not know the property '{_operand_name(operand)}'")
    return found


def _operand_name(operand: Operand) -> str:
    return operand.name if isinstance(operand, Call) else operand.text
