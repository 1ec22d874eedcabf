"""Counts the values of answers that a comparison cannot judge: no body states them, and no default
is known (`azsec compare --unknown`)."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fidelity.measure import Part, half_of
from fidelity.recordings import Pair, read_pairs
from provisioner.catalog.registry import Catalog
from provisioner.diff.comparison import compare

_MARK = re.compile(r"\[[^\]]*\]")


@dataclass(slots=True)
class SilentFigures:
    """Of one type: how many pairs were compared, how many undeclared values have no known default,
    and how many of them each path has; `paths` is without those of the held-out half."""

    pairs: int = 0
    unknown: int = 0
    paths: Counter[str] = field(default_factory=Counter)


def measure_silence(corpus: Path, catalog: Catalog) -> Mapping[str, SilentFigures]:
    """Compare every recorded body in `corpus` and `corpus/added` with the answer to it, by type."""
    types: dict[str, SilentFigures] = {}
    for pair, is_hidden in _pairs(corpus):
        resource_type = catalog.find(pair.type)
        if resource_type is None:
            continue
        figures = types.setdefault(resource_type.name, SilentFigures())
        found = compare(resource_type, catalog.schemas, pair.request, pair.answer, pair.api_version)
        figures.pairs += 1
        figures.unknown += len(found.unknown_defaults)
        if not is_hidden:
            figures.paths.update(_MARK.sub("[]", path) for path in found.unknown_defaults)
    return types


def _pairs(corpus: Path) -> Iterator[tuple[Pair, bool]]:
    for pair in read_pairs(corpus):
        yield pair, False
    for pair in read_pairs(corpus / "added"):
        yield pair, half_of(pair.source) is Part.HELD_OUT
