"""Replays recorded writes against the built-in Azure, each in the surroundings that it had."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fidelity.recordings import Pair, ids_in
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ResourceType, Scope
from provisioner.model.resource_id import RESOURCE_GROUP, ResourceId, resource_group_id
from provisioner.simulator.application import Application
from provisioner.simulator.bodies.body_paths import mutable_copy, remove, split_path
from provisioner.simulator.entra.authority import Authority
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Record
from provisioner.simulator.state.store import Store

_ENVELOPE = frozenset({"id", "name", "type", "etag", "systemdata"})
_BASE = "http://127.0.0.1"
CHOICES = ("kubernetesVersion", "orchestratorVersion", "vmSize")
_SINCE = "2026-01-01T00:00:00Z"


class Hands:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self._now = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        """Return the time."""
        return self._now

    def move(self, seconds: int) -> None:
        """Let time pass."""
        self._now += timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known of the resources that a recorded write met: answers of Azure by source and
    id, and an example body of each type for what no recording shows."""

    answers: Mapping[tuple[str, str], Mapping[str, Any]]
    examples: Mapping[str, Mapping[str, Any]]


class Replay:
    """One built-in Azure, to be furnished and asked."""

    def __init__(
        self, catalog: Catalog, surroundings: Surroundings, source: str, pace: float | None = None
    ) -> None:
        self.clock = Hands()
        self.cloud = Cloud(catalog, Store(None), self.clock, pace)
        self._application = Application(Authority(self.cloud))
        self._catalog = catalog
        self._surroundings = surroundings
        self._source = source

    def ask(
        self,
        method: str,
        uri: str,
        body: Any = None,  # noqa: ANN401 (JSON)
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request, and return its answer."""
        parts = urlsplit(uri)
        query = {name.lower(): values[0] for name, values in parse_qs(parts.query).items()}
        content = b"" if body is None else json.dumps(body).encode()
        sent = {"authorization": "Bearer replay", **(headers or {})}
        return self._application.answer(Request(method, parts.path, query, sent, content, _BASE))

    def furnish(self, resource: ResourceId, region: object = None) -> None:
        """Make what a resource stands in exist where it does not, in a region if one counts."""
        for container in reversed(list(resource.ancestors)):
            self.place(container, region=region)

    def furnish_references(
        self,
        owner: ResourceId,
        body: Any,  # noqa: ANN401
        regions: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        """Make what a body points to exist. Where it stood is in `regions` (by the keys of ids), or
        not recorded: then it stands in the region of what points to it, because what the network
        provider takes is in one region."""
        own = body.get("location") if isinstance(body, Mapping) else None
        for target in ids_in(body):
            known = self._known(target)
            if known is not None and not known.is_within(owner) and not owner.is_within(known):
                region = regions.get(known.key) or own
                self.furnish(known, region)
                self.place(known, region=region)

    def write(self, resource: ResourceId, pair: Pair) -> None:
        """Write a resource as a client did, so that it holds on to what it points to."""
        self.furnish_references(resource, pair.request)
        self.ask("PUT", f"{pair.id}?api-version={pair.api_version}", pair.request)

    def place(
        self,
        resource: ResourceId,
        answer: Mapping[str, Any] | None = None,
        region: object = None,
    ) -> None:
        """Put a resource there as Azure answered it, or as an example in this region has it."""
        if self.cloud.find(resource) is not None:
            return
        resource_type = self._catalog.of(resource)
        if resource_type is None or resource_type.scope is Scope.TENANT:
            return
        held = answer or self._surroundings.answers.get((self._source, resource.key))
        body = held or self._surroundings.examples.get(resource_type.name, {})
        if held is None and region is not None and resource_type.has_location:
            body = {**body, "location": region}
        self._store(resource_type, resource, body)

    def place_children(self, resource: ResourceId, request: Any, answer: Any) -> None:  # noqa: ANN401
        """Put the node pools there that a recorded body of their cluster states: a cluster takes
        no new ones in its body, so that each was made by a write of its own meanwhile."""
        resource_type = self._catalog.of(resource)
        for embedded in resource_type.embedded if resource_type else ():
            steps = embedded.path.split(".")
            stated = {entry["name"] for entry in _take_out(dict(request), steps)[0]}
            for entry in _take_out(dict(answer), steps)[0] if embedded.flattened else ():
                child_type = self._catalog.get(embedded.child)
                names = (*resource.names, str(entry["name"]))
                if entry["name"] in stated:
                    self.place(
                        ResourceId(child_type.name, names, resource.scope), {"properties": entry}
                    )

    def place_made(self, made: Iterable[Mapping[str, Any]]) -> None:
        """Put the resources there that Azure answered, with what they point to."""
        for answer in made:
            resource = ResourceId.parse(answer["id"])
            self.furnish_references(resource, answer)
            self.place(resource, answer)

    def create(self, resource: ResourceId) -> None:
        """Have a resource created, as an example has it."""
        known = self._catalog.of(resource)
        if known is not None:
            body = self._surroundings.examples.get(known.name, {})
            self.ask("PUT", f"{resource.text}?api-version={known.api_version}", body)

    def take_away(self, resource: ResourceId) -> None:
        """Take away what stood in for a resource that the recorded one did not have yet."""
        if self.cloud.find(resource) is not None:
            self.cloud.store.resources.remove(resource.key)
            self.cloud.store.commit()

    def rename(self, resource: ResourceId, body: Any) -> Any:  # noqa: ANN401 (JSON)
        """Return a body with our own client ids where it says back what a recording renamed."""
        row = self.cloud.find(resource)
        return _renamed(body, row.body) if row is not None else body

    def _store(
        self, resource_type: ResourceType, resource: ResourceId, body: Mapping[str, Any]
    ) -> None:
        own = {key: value for key, value in body.items() if key.lower() not in _ENVELOPE}
        if resource.type == RESOURCE_GROUP:
            own.setdefault("location", "westus2")
            own.setdefault("properties", {"provisioningState": "Succeeded"})
        for embedded in resource_type.embedded:
            entries, own = _take_out(own, embedded.path.split("."))
            child_type = self._catalog.get(embedded.child)
            for entry in entries:
                child = ResourceId(
                    child_type.name, (*resource.names, str(entry["name"])), resource.scope
                )
                whole = {"properties": entry} if embedded.flattened else entry
                self._store(child_type, child, whole)
        self.cloud.store.resources.put(
            resource.key,
            Record(resource, resource_type.name, own, "recorded", _SINCE, _SINCE),
        )
        self.cloud.store.commit()

    def _known(self, target: ResourceId) -> ResourceId | None:
        """Return what of an id is a resource of a type in the catalog."""
        current: ResourceId | None = target
        while current is not None and not current.is_container:
            if self._catalog.of(current) is not None:
                return current
            current = current.parent
        return current if current is not None and current.type == RESOURCE_GROUP else None


def _take_out(
    body: dict[str, Any], steps: list[str]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the list at `steps`, and the body without it."""
    first, *rest = steps
    held = body.get(first)
    if not rest:
        return (
            [entry for entry in held or () if isinstance(entry, dict) and "name" in entry],
            {key: value for key, value in body.items() if key != first},
        )
    if not isinstance(held, dict):
        return [], body
    entries, inner = _take_out(held, rest)
    return entries, {**body, first: inner}


def _renamed(body: Any, ours: Any) -> Any:  # noqa: ANN401 (JSON)
    if not isinstance(body, Mapping) or not isinstance(ours, Mapping):
        return body
    return {
        key: ours[key] if key == "clientId" and key in ours else _renamed(item, ours.get(key))
        for key, item in body.items()
    }


_RETIRED = {
    # "Diagnostic settings retention is retired": no new setting takes it since March 2023.
    "Microsoft.Insights/diagnosticSettings": (
        "properties.logs[].retentionPolicy",
        "properties.metrics[].retentionPolicy",
    )
}


def leave_out_retired(resource_type: ResourceType, body: Any) -> Any:  # noqa: ANN401 (JSON)
    """Return a body without what Azure took when it was recorded, and refuses since."""
    paths = _RETIRED.get(resource_type.name, ())
    whole = mutable_copy(body) if paths else body
    for path in paths:
        remove(whole, split_path(path))
    return whole


def state_choices(request: Any, answer: Any) -> Any:  # noqa: ANN401 (JSON)
    """Return a request with what Azure chose by the day and the region, where it is silent.

    Which Kubernetes version is the default, and which machines have a free quota, is no behaviour
    that could be right or wrong: the recorded choice is stated, and not counted.
    """
    if isinstance(answer, Mapping) and isinstance(request, Mapping):
        stated = {key: state_choices(item, answer.get(key)) for key, item in request.items()}
        chosen = {
            key: answer[key]
            for key in CHOICES
            if key in answer and stated.get(key) in (None, "") and answer[key]
        }
        return {**stated, **chosen}
    if isinstance(answer, list) and isinstance(request, list):
        by_name = {item.get("name"): item for item in answer if isinstance(item, Mapping)}
        return [
            state_choices(item, by_name.get(item.get("name")))
            if isinstance(item, Mapping)
            else item
            for item in request
        ]
    return request


_BIRTHMARKS = ("resourceUID", "resourceGuid", "fqdn", "uniqueId", "creationDate", "principalId")


def is_same_resource(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two answers are of one resource, and not of two by the same name in turn."""
    ours, theirs = (answer.get("properties") or {} for answer in (one, other))
    return all(ours[key] == theirs[key] for key in _BIRTHMARKS if key in ours and key in theirs)


def surroundings_of(pairs: Iterable[Pair], examples: Path) -> Surroundings:
    """Return what the recordings say of each resource, and the examples of the catalog's tests."""
    answers = {(pair.source, pair.id.lower()): pair.answer for pair in pairs}
    bodies: dict[str, Mapping[str, Any]] = {}
    for file in sorted(examples.glob("*/*.json"), reverse=True):
        content = json.loads(file.read_text(encoding="utf-8"))
        bodies[file.parent.name.replace(".", "/").replace("Microsoft/", "Microsoft.", 1)] = content[
            "body"
        ]
    return Surroundings(answers, bodies)


def group_of(resource: ResourceId) -> ResourceId | None:
    """Return the resource group that a resource stands in."""
    if resource.subscription is None or resource.resource_group is None:
        return None
    return resource_group_id(resource.subscription, resource.resource_group)
