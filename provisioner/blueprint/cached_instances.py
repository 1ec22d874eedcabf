"""Takes the uses of modules from the composition cache instead of composing them again.

What a module composes to depends on its file, the values of its parameters, its address, its
resource group, the blueprint's tags, the environment and the types of its resources: all of that
makes the key. A module that uses others is composed as without a cache, and those are looked up one
by one.

Called by `blueprint.composition`.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from provisioner.blueprint.cached_values import NotCacheableError, encode_value
from provisioner.blueprint.composition_cache import CompositionCache, decode_if_marked
from provisioner.blueprint.composition_state import Context, Instance, PlacedResource, TracedValue
from provisioner.blueprint.deferred_nodes import DeferredNode
from provisioner.blueprint.file_schemas import Resource
from provisioner.blueprint.graph import Edge
from provisioner.blueprint.resources import CachedResource
from provisioner.catalog.sensitive_values import conceal_sensitive
from provisioner.model.diagnostic import DiagnosticError
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.span import Span
from provisioner.model.values import Bound, Json, ResourceValue


class Composed(Context, Protocol):
    """The part of a composition that is remembered, and that takes in what need not be composed."""

    cache: CompositionCache

    def given_value(self, instance: Instance, name: str) -> TracedValue:
        """Return the value that is given to a parameter."""

    def shared_tags(self) -> Mapping[str, TracedValue]:
        """Return the values of the tags that every resource has."""

    def environment_value(self) -> object:
        """Return the values that expressions read of the environment."""

    def meaning_of(self, instance: Instance, name: str) -> TracedValue:
        """Return the meaning of the name of a placed resource."""

    def output_of(self, instance: Instance, name: str) -> TracedValue | None:
        """Return the value of an output, None where it has none."""

    def cacheable_resource(self, placed: PlacedResource) -> CachedResource:
        """Return the composed form of a resource."""

    def take_resource(self, placed: PlacedResource, made: CachedResource) -> None:
        """Take in a resource that need not be composed."""

    def take_names(
        self,
        instance: Instance,
        names: Mapping[str, TracedValue],
        outputs: Mapping[str, TracedValue],
    ) -> None:
        """Take in what the names of resources mean in a file, and the values of outputs."""

    def has_room_for(self, resources: int) -> bool:
        """Return whether so many more resources stay within the bounds, and charge for them."""


class CachedInstances:
    """Looks up the uses of modules, and keeps those that had to be composed."""

    def __init__(self, context: Composed) -> None:
        self._context = context
        self._around: Json = None
        self._missed: dict[Instance, str] = {}
        self._specs: dict[tuple[str, bool], Resource] = {}

    def restore(self, instance: Instance) -> bool:
        """Take in the composed result of a use of a module; return whether it was there.

        Where it was not, it is kept by `keep` once it is composed.
        """
        key = self._key_of(instance)
        found = self._context.cache.find(key) if key else None
        if key and (found is None or not self._take_entry(instance, *found)):
            self._missed[instance] = key
            return False
        return key is not None

    def keep(self, told: frozenset[str]) -> None:
        """Keep what had to be composed.

        What warnings point into (`told`: their files) is not kept, because nothing would raise them
        again.
        """
        placed: dict[Instance, list[PlacedResource]] = {instance: [] for instance in self._missed}
        for each in self._context.placed.values():
            if each.instance in placed:
                placed[each.instance].append(each)
        for instance, key in self._missed.items():
            if instance.path not in told:
                with suppress(NotCacheableError, DiagnosticError):
                    self._context.cache.add(key, self._entry_of(instance, placed[instance]))

    def _key_of(self, instance: Instance) -> str | None:
        """Return the key of a use of a module, None where it is not to be kept."""
        context = self._context
        file = context.cache.find_file(instance.path)
        if file is None or not file["leaf"]:
            return None
        try:
            if self._around is None:
                self._around = [
                    encode_value(context.environment_value()),
                    {name: _encode_traced(each) for name, each in context.shared_tags().items()},
                ]
            given = {
                name: _encode_traced(context.given_value(instance, name)) for name in instance.given
            }
            types = [
                self._check_inputs(name) for name in sorted({each[0] for each in file["types"]})
            ]
            group: Json = None
            if instance.group is not None:
                resource, _ = context.identify(instance.group)
                group = [
                    instance.group,
                    resource.text,
                    encode_value(context.body_of(instance.group)),
                ]
        except (NotCacheableError, DiagnosticError, RecursionError):
            # Composing it tells what is wrong, with its place.
            return None
        text = context.cache.text_of(instance.path)
        parts = (self._around, types, instance.prefix, group, given, instance.path, text)
        return context.cache.key_of("module", *parts)

    def _check_inputs(self, name: str) -> Json:
        """Return what a body is checked by that may differ between two runs of one azsec.

        Raises:
            NotCacheableError: Where the type, or the digest of the catalog's schemas, is not known.
        """
        known, schemas = self._context.catalog.find(name), self._context.catalog.schema_digest
        if known is None or schemas is None:
            raise NotCacheableError
        return [
            *(known.name, known.api_version, known.stated_version, known.package, schemas),
            *(known.tier.name, known.scope.name, known.taggable, known.has_location),
        ]

    def _entry_of(self, instance: Instance, placed: Iterable[PlacedResource]) -> Json:
        context = self._context
        resources = [self._encode_resource(each) for each in placed]
        names = {
            name: _encode_meaning(context.meaning_of(instance, name).value)
            for name in instance.resources
        }
        outputs = {}
        for name in instance.outputs:
            traced = context.output_of(instance, name)
            if traced is not None:
                outputs[name] = _encode_traced(traced)
        return {"resources": resources, "names": names, "outputs": outputs}

    def _encode_resource(self, placed: PlacedResource) -> Json:
        made = self._context.cacheable_resource(placed)
        known = placed.type_in(self._context.catalog)
        schemas = self._context.catalog.schemas
        shown = conceal_sensitive(known, schemas, placed.address, made.body, is_live=False)
        if shown is not made.body or not _reads_back(made.id):
            raise NotCacheableError
        return [
            placed.address,
            placed.name,
            known.name,
            placed.spec.existing,
            made.id.text,
            encode_value(made.body),
            [[edge.on, edge.because] for edge in made.edges],
            [placed.span.line, placed.span.column],
            [placed.node.span.line, placed.node.span.column],
            [list(path) for path in made.inherited],
        ]

    def _take_entry(self, instance: Instance, entry: Any, is_marked: bool) -> bool:  # noqa: ANN401
        """Take in an entry, all of it or nothing; return whether it could be read."""
        try:
            made = [
                self._decode_resource(instance, each, is_marked=is_marked)
                for each in entry["resources"]
            ]
            names = {
                name: TracedValue(_decode_meaning(value)) for name, value in entry["names"].items()
            }
            outputs = {
                name: TracedValue(decode_if_marked(value, is_marked=is_marked), frozenset(sources))
                for name, (value, sources) in entry["outputs"].items()
            }
        except (KeyError, TypeError, ValueError):
            return False
        if not self._context.has_room_for(len(made)):
            return False
        for placed, resource in made:
            self._context.take_resource(placed, resource)
        self._context.take_names(instance, names, outputs)
        return True

    def _decode_resource(
        self,
        instance: Instance,
        entry: Any,  # noqa: ANN401
        *,
        is_marked: bool,
    ) -> tuple[PlacedResource, CachedResource]:
        address, name, type_name, existing, text, stored, edges, place, node_place, inherited = (
            entry
        )
        resource = parse_resource_id(text)
        body = decode_if_marked(stored, is_marked=is_marked)
        if resource is None or not isinstance(body, dict):
            raise ValueError(address)
        file = instance.path
        node = DeferredNode(
            Span(file, *node_place), lambda: instance.node.find(("resources", name))
        )
        spec = self._specs.get((type_name, existing))
        if spec is None:
            spec = Resource.model_construct(type=type_name, name="", existing=existing)
            self._specs[type_name, existing] = spec
        placed = PlacedResource(address, instance, node, spec, None, Span(file, *place), name)
        waits = tuple(Edge(on, because) for on, because in edges)
        paths = tuple(tuple(path) for path in inherited)
        return placed, CachedResource(resource, body, waits, paths)


def _encode_meaning(bound: Bound) -> Json:
    """Return the meaning of a resource's name as addresses.

    The address of one, those of a `forEach` by their keys, or None where its `when` does not hold.

    Raises:
        NotCacheableError: Where the name means anything else.
    """
    if isinstance(bound, ResourceValue):
        return bound.address
    if isinstance(bound, dict):
        return {key: _encode_meaning(each) for key, each in bound.items()}
    if bound is None:
        return None
    raise NotCacheableError


def _decode_meaning(value: Any) -> Bound:  # noqa: ANN401
    if isinstance(value, dict):
        return {key: _decode_meaning(each) for key, each in value.items()}
    return None if value is None else ResourceValue(str(value))


def _encode_traced(traced: TracedValue) -> Json:
    return [encode_value(traced.value), sorted(traced.sources)]


def _reads_back(resource: ResourceId) -> bool:
    """Return whether the text of an id gives the same id back, also in the case of its parts."""
    found = parse_resource_id(resource.text)
    while found is not None:
        if (found.type, found.names) != (resource.type, resource.names):
            return False
        if resource.scope is None:
            return found.scope is None
        found, resource = found.scope, resource.scope
    return False
