"""The paths at which two JSON values differ, for the comparison of plans."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Absent(Enum):
    """The marker for a value that one of two objects does not have: null is a value."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class JsonDifference:
    """One path at which two values differ (`body.properties.sku`), and what is there in each."""

    path: str
    before: Any
    after: Any


def json_differences(before: Any, after: Any, path: str = "") -> Iterator[JsonDifference]:  # noqa: ANN401  any JSON
    """Yield each difference of two JSON values, by path.

    Lists are compared as a whole: which of their entries belong together is not known here.
    """
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted(before.keys() | after.keys()):
            inner = f"{path}.{key}" if path else key
            yield from json_differences(before.get(key, ABSENT), after.get(key, ABSENT), inner)
    elif before != after:
        yield JsonDifference(path, before, after)
