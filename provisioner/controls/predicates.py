"""Predicates on a property's value, each with the words of what it expects.

Called by the rules of every chapter.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TypeGuard

from provisioner.model.values import is_empty


@dataclass(frozen=True, slots=True)
class Predicate:
    """Test of a property's value, with the words that end the sentence "expected …".

    The value is ABSENT where it is not set and no default is known.
    """

    test: Callable[[object], bool]
    words: str


def equals(value: object) -> Predicate:
    """Require a value; text is compared without case, as ARM compares enums."""
    return Predicate(lambda found: _folded(found) == _folded(value), show(value))


def differs(value: object) -> Predicate:
    """Require any value but this one."""
    return Predicate(lambda found: _folded(found) != _folded(value), f"anything but {show(value)}")


def one_of(*values: object) -> Predicate:
    """Require one of some values."""
    folded = [_folded(value) for value in values]
    words = " or ".join(show(value) for value in values)
    return Predicate(lambda found: _folded(found) in folded, words)


def at_least(number: int) -> Predicate:
    """Require a number that is no smaller."""
    # Not `isinstance(…, int)`: True is an int in Python, and 1 to a comparison.
    return Predicate(lambda found: is_number(found) and found >= number, f"at least {number}")


def between(least: int, most: int) -> Predicate:
    """Require a number of a range, its ends included."""
    words = f"{least} to {most}"
    return Predicate(lambda found: is_number(found) and least <= found <= most, words)


def is_set() -> Predicate:
    """Require any value at all."""
    return Predicate(lambda found: not is_empty(found), "a value")


def is_unset() -> Predicate:
    """Require none: absent, null or empty."""
    return Predicate(is_empty, "nothing")


def holds(*values: str) -> Predicate:
    """Require a list that holds all of some texts, whatever else it holds."""
    required = {value.lower() for value in values}

    def test(found: object) -> bool:
        entries = found if isinstance(found, (list, tuple)) else ()
        return required <= {entry.lower() for entry in entries if isinstance(entry, str)}

    return Predicate(test, f"a list that contains {' and '.join(values)}")


def only(*values: str) -> Predicate:
    """Require a list of no other texts than these; not all of them have to be there."""
    allowed = {value.lower() for value in values}

    def test(found: object) -> bool:
        # A list that is not set does not pass: where nothing is stated, Azure's default list
        # applies.
        return isinstance(found, (list, tuple)) and all(
            isinstance(entry, str) and entry.lower() in allowed for entry in found
        )

    return Predicate(test, f"a list that contains only {', '.join(values)}")


def is_number(value: object) -> TypeGuard[float]:
    """Return whether a value is a number; true and false are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def show(value: object) -> str:
    """Return a value as evidence says it."""
    if is_empty(value):
        return "not set"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    if isinstance(value, Mapping):
        return f"an object with {', '.join(str(key) for key in value)}"
    if isinstance(value, Collection):
        # Evidence is one line of a report; five entries tell which list it is.
        texts = [show(item) for item in value]
        return f"[{', '.join(texts[:5])}{', …' if len(texts) > 5 else ''}]"
    return str(value)


def _folded(value: object) -> object:
    return value.lower() if isinstance(value, str) else value
