"""Replays everything that is recorded, and counts."""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
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
from provisioner.simulator.bodies.body_paths import split_path, values_at

SINCE = "2023"
"""Answers of earlier api versions are not counted."""


class Part(StrEnum):
    """A part of the recordings, by what it was used for.

    SEEN is what the built-in Azure was made from. Of what was recorded apart from that, LEARNT was
    read to improve it, and of HELD_OUT only the figures are looked at: they measure how it answers
    traffic that nobody knew.
    """

    SEEN = "seen"
    LEARNT = "unseen, learnt half"
    HELD_OUT = "unseen, held-out half"


@dataclass(slots=True)
class TypeFigures:
    """What was found for one type. `differing` counts (path, Azure's value, ours); `compared` has
    the number of writes of each recording, and `alike` that of those whose leaves all agree."""

    writes: int = 0
    refused: list[str] = field(default_factory=list)
    agreed: int = 0
    differing: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    compared: Counter[str] = field(default_factory=Counter)
    alike: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Findings:
    """What was measured over some recordings. `sources` counts the recordings, `unknown` the
    recorded writes of types without a file in the catalog."""

    sources: int
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

    @property
    def share(self) -> float:
        """The part of the leaves that agree, 0 to 1."""
        return self.agreed / max(1, self.agreed + self.differing)

    @property
    def tried(self) -> tuple[Retrial, ...]:
        """The refusals whose reason could be set up."""
        return tuple(retrial for retrial in self.retrials if retrial.left_out is None)


@dataclass(frozen=True, slots=True)
class Met:
    """What a write met: the resource as it was answered last, if it was there, and what was made in
    it since."""

    held: Mapping[str, Any] | None
    made: Sequence[Mapping[str, Any]]


def half_of(source: str) -> Part:
    """Return the half that an unseen recording belongs to: by the digest of its file's name, so
    that it is the same on every machine, and whatever else is recorded."""
    name = source.rpartition("/")[2]
    odd = hashlib.sha256(name.encode()).digest()[0] % 2
    return Part.HELD_OUT if odd else Part.LEARNT


def measure_parts(corpus: Path, examples: Path, catalog: Catalog) -> Mapping[Part, Findings]:
    """Replay the recordings in `corpus`, and those in `corpus/added`, if there are any, by halves;
    `examples` are the bodies of the catalog's tests."""
    added = corpus / "added"
    return {
        Part.SEEN: _measure(corpus, examples, catalog, None),
        Part.LEARNT: _measure(added, examples, catalog, Part.LEARNT),
        Part.HELD_OUT: _measure(added, examples, catalog, Part.HELD_OUT),
    }


def combine(findings: Iterable[Findings]) -> Findings:
    """Return what was measured over several sets of recordings as one."""
    parts = tuple(findings)
    types: dict[str, TypeFigures] = {}
    for part in parts:
        for name, figures in part.types.items():
            whole = types.setdefault(name, TypeFigures())
            whole.writes += figures.writes
            whole.refused += figures.refused
            whole.agreed += figures.agreed
            whole.differing.update(figures.differing)
            whole.compared.update(figures.compared)
            whole.alike.update(figures.alike)
    return Findings(
        sum(part.sources for part in parts),
        types,
        sum(part.unknown for part in parts),
        tuple(course for part in parts for course in part.courses),
        tuple(retrial for part in parts for retrial in part.retrials),
    )


def _measure(corpus: Path, examples: Path, catalog: Catalog, half: Part | None) -> Findings:
    pairs = [pair for pair in read_pairs(corpus) if half in (None, half_of(pair.source))]
    conversations = [
        one for one in read_conversations(corpus) if half in (None, half_of(one.source))
    ]
    refusals = [one for one in read_refusals(corpus) if half in (None, half_of(one.source))]
    surroundings = surroundings_of(pairs, examples)
    types, unknown = _measure_pairs(pairs, surroundings, catalog)
    return Findings(
        len(
            {one.source for one in pairs}
            | {one.source for one in conversations}
            | {one.source for one in refusals}
        ),
        types,
        unknown,
        tuple(replay_conversation(one, catalog, surroundings) for one in conversations),
        tuple(retry_refusal(refusal, catalog, surroundings, pairs) for refusal in refusals),
    )


def _measure_pairs(
    pairs: Sequence[Pair], surroundings: Surroundings, catalog: Catalog
) -> tuple[Mapping[str, TypeFigures], int]:
    types: dict[str, TypeFigures] = {}
    before: dict[tuple[str, str], Mapping[str, Any]] = {}
    unknown = 0
    # What a write met is what was answered last before it, or else first after it.
    known = {(pair.source, pair.id.lower()): pair.answer for pair in reversed(pairs)}
    surroundings = Surroundings(known, surroundings.examples)
    for pair in pairs:
        resource_type = catalog.find(pair.type)
        key = (pair.source, pair.id.lower())
        held = before.get(key)
        if held is not None and not is_same_resource(held, pair.answer):
            held = None
        made = () if held is None else _made_since(key, before)
        before.pop(key, None)  # so that it stands behind all that was written before it
        before[key] = pair.answer
        if resource_type is None:
            unknown += 1
        elif pair.api_version >= SINCE:
            figures = types.setdefault(resource_type.name, TypeFigures())
            met = Met(held, made)
            _measure_pair(figures, resource_type, catalog, pair, met, surroundings)
        known[key] = pair.answer
    return types, unknown


def _measure_pair(
    figures: TypeFigures,
    resource_type: ResourceType,
    catalog: Catalog,
    pair: Pair,
    met: Met,
    surroundings: Surroundings,
) -> None:
    resource = ResourceId.parse(pair.id)
    replay = Replay(catalog, surroundings, pair.source)
    replay.furnish(resource)
    replay.furnish_references(resource, pair.request)
    if met.held is not None:
        replay.place(resource, met.held)
        replay.place_made(met.made)
        replay.place_children(resource, pair.request, pair.answer)
    url = f"{pair.id}?api-version={pair.api_version}"
    stated = state_choices(pair.request, pair.answer)
    written = replay.ask("PUT", url, stated)
    answer: Mapping[str, Any] = {}
    if written.status < 400:
        read = f"{pair.id}?api-version={_version_read(resource_type, pair)}"
        answer = json.loads(json.dumps(replay.ask("GET", read).body))
    else:
        figures.refused.append(json.dumps(written.body))
    found = compare_leaves(resource_type, catalog.schemas, pair.answer, answer)
    # What Azure chose by the day, where the client had left the choice to it, is told to ours.
    told = compare_leaves(resource_type, catalog.schemas, stated, pair.request)
    counted = _without(found, {path for path, _, _ in told.differing})
    _count(figures, counted)
    figures.compared[pair.source] += 1
    figures.alike[pair.source] += written.status < 400 and not counted.differing


def _version_read(resource_type: ResourceType, pair: Pair) -> str:
    """Return the api version that an answer was read with. It is recorded for the write alone, and
    some clients read with a newer one: then the answer has properties that are not in that one."""
    later = (
        path
        for path, first in resource_type.introduced.items()
        if not first.is_in(pair.api_version)
    )
    newer = any(any(values_at(pair.answer, split_path(path))) for path in later)
    return resource_type.api_version if newer else pair.api_version


def _made_since(
    key: tuple[str, str], before: Mapping[tuple[str, str], Mapping[str, Any]]
) -> Sequence[Mapping[str, Any]]:
    """Return what was written into a resource since it was written itself."""
    source, text = key
    later = list(before)[list(before).index(key) + 1 :]
    return [before[at] for at in later if at[0] == source and at[1].startswith(f"{text}/")]


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
