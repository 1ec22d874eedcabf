"""Replays everything that is recorded, and counts."""

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fidelity.conversations import Course, replay_conversation
from fidelity.leaves import Agreement, compare_leaves, generic
from fidelity.recordings import Pair, read_conversations, read_pairs, read_refusals
from fidelity.refusals import Retrial, retry_refusal
from fidelity.replay import (
    Replay,
    Surroundings,
    is_same_resource,
    state_choices,
    surroundings_of,
)
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ResourceType
from provisioner.model.resource_id import ResourceId

SINCE = "2023"
"""Answers of earlier api versions are not counted."""


@dataclass(slots=True)
class TypeFigures:
    """What was found for one type. `differing` counts (path, Azure's value, ours)."""

    writes: int = 0
    refused: list[str] = field(default_factory=list)
    agreed: int = 0
    differing: Counter[tuple[str, str, str]] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that was measured. `unknown` counts recorded writes of types without a file."""

    types: Mapping[str, TypeFigures]
    unknown: int
    courses: tuple[Course, ...]
    retrials: tuple[Retrial, ...]

    @property
    def agreed(self) -> int:
        """How many settable leaves agree, over all types."""
        return sum(figures.agreed for figures in self.types.values())

    @property
    def differing(self) -> int:
        """How many settable leaves differ, over all types."""
        return sum(figures.differing.total() for figures in self.types.values())


def measure(corpus: Path, examples: Path, catalog: Catalog) -> Findings:
    """Replay the recordings in `corpus`; `examples` are the bodies of the catalog's tests."""
    pairs = read_pairs(corpus)
    surroundings = surroundings_of(pairs, examples)
    types, unknown = _measure_pairs(pairs, surroundings, catalog)
    return Findings(
        types,
        unknown,
        tuple(
            replay_conversation(conversation, catalog, surroundings)
            for conversation in read_conversations(corpus)
        ),
        tuple(
            retry_refusal(refusal, catalog, surroundings, pairs)
            for refusal in read_refusals(corpus)
        ),
    )


def _measure_pairs(
    pairs: Sequence[Pair], surroundings: Surroundings, catalog: Catalog
) -> tuple[Mapping[str, TypeFigures], int]:
    types: dict[str, TypeFigures] = {}
    before: dict[tuple[str, str], Mapping[str, Any]] = {}
    unknown = 0
    for pair in pairs:
        resource_type = catalog.find(pair.type)
        key = (pair.source, pair.id.lower())
        held = before.get(key)
        before[key] = pair.answer
        if resource_type is None:
            unknown += 1
        elif pair.api_version >= SINCE:
            if held is not None and not is_same_resource(held, pair.answer):
                held = None
            figures = types.setdefault(resource_type.name, TypeFigures())
            _measure_pair(figures, resource_type, catalog, pair, held, surroundings)
    return types, unknown


def _measure_pair(
    figures: TypeFigures,
    resource_type: ResourceType,
    catalog: Catalog,
    pair: Pair,
    held: Mapping[str, Any] | None,
    surroundings: Surroundings,
) -> None:
    resource = ResourceId.parse(pair.id)
    replay = Replay(catalog, surroundings, pair.source)
    replay.furnish(resource)
    replay.furnish_references(resource, pair.request)
    if held is not None:
        replay.place(resource, held)
        replay.place_children(resource, pair.request, pair.answer)
    url = f"{pair.id}?api-version={pair.api_version}"
    stated = state_choices(pair.request, pair.answer)
    written = replay.ask("PUT", url, stated)
    answer: Mapping[str, Any] = {}
    if written.status < 400:
        answer = json.loads(json.dumps(replay.ask("GET", url).body))
    else:
        figures.refused.append(json.dumps(written.body))
    found = compare_leaves(resource_type, catalog.schemas, pair.answer, answer)
    # What Azure chose by the day, where the client had left the choice to it, is told to ours.
    told = compare_leaves(resource_type, catalog.schemas, stated, pair.request)
    _count(figures, _without(found, {path for path, _, _ in told.differing}))


def _count(figures: TypeFigures, found: Agreement) -> None:
    figures.writes += 1
    figures.agreed += len(found.agreed)
    for path, recorded, ours in found.differing:
        figures.differing[generic(path), _show(recorded), _show(ours)] += 1


def _without(found: Agreement, chosen: Collection[str]) -> Agreement:
    return Agreement(
        tuple(path for path in found.agreed if path not in chosen),
        tuple(entry for entry in found.differing if entry[0] not in chosen),
    )


def _show(value: Any) -> str:  # noqa: ANN401 (JSON)
    """Return a value as a report may show it: short, and no name of a recording."""
    if value is None:
        return "none"
    text = json.dumps(value)
    return text if len(text) <= 24 and "/" not in text else "another value"
