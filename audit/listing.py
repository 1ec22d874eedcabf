"""The findings that are known and stay, each with its reason: the table of docs/audit.md."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_ROW = re.compile(r"^\| `(CKV2?_[A-Z]+_\d+)` \| `([^`]+)` \| (.+?) \|$")


@dataclass(frozen=True, slots=True)
class Listed:
    """A check that fails at an address of the blueprints, and why that is as it should be."""

    check: str
    address: str
    reason: str


def read_listing(page: str) -> tuple[Listed, ...]:
    """Return the rows of the table. Raises ValueError for one that is wrong or comes twice."""
    rows = tuple(_rows(page))
    keys = [(row.check, row.address) for row in rows]
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(f"{key[0]} of {key[1]} stands twice")
    return rows


def _rows(page: str) -> Iterator[Listed]:
    for number, line in enumerate(page.splitlines(), start=1):
        if not line.startswith("| ") or line.startswith("| check "):
            continue
        match = _ROW.match(line)
        if match is None:
            raise ValueError(f"line {number} is no row `check`, `address`, reason: {line}")
        yield Listed(match[1], match[2], match[3])
