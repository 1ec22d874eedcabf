"""Builds the desired resources: the id of each, its body, and its dependency edges.

The blueprint's tags and the location of the resource group are filled in where a resource states
none; the body is checked against the SDK's schema and for secrets. Called by
`blueprint.composition`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from provisioner.blueprint.body_check import check_body
from provisioner.blueprint.composition_state import (
    Context,
    GivenArgument,
    Instance,
    PlacedResource,
    TracedValue,
    entries_of,
    stated_in,
)
from provisioner.blueprint.file_schemas import RESOURCE_KEYS, Resource, ResourceGroup, span_of
from provisioner.blueprint.graph import DesiredResource, Edge
from provisioner.blueprint.secret_checks import check_values
from provisioner.blueprint.yaml_source import Node
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ResourceType, Scope
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error, nearest
from provisioner.model.resource_id import ResourceId, parse_resource_id, resource_group_id
from provisioner.model.span import Span
from provisioner.model.values import Bound, ResourceValue, Unknown, Value, lookup


@dataclass(frozen=True, slots=True)
class CachedResource:
    """The composed form of a resource by itself: without what its module as a whole waits for.

    `inherited` are the paths of the properties that it has from elsewhere.
    """

    id: ResourceId
    body: Mapping[str, Value]
    edges: tuple[Edge, ...]
    inherited: tuple[tuple[str, ...], ...]


class Resources:
    """The resources that were placed, evaluated when they are first read.

    `tags` are the blueprint's own, which every resource that can carries; they are stated in
    `root`.
    """

    def __init__(self, context: Context, root: Instance, tags: Mapping[str, Node]) -> None:
        self._context = context
        self._root = root
        self._tags = tags
        self._ids: dict[str, tuple[ResourceId, tuple[Edge, ...]]] = {}
        self._bodies: dict[str, tuple[Mapping[str, Value], tuple[Edge, ...]]] = {}
        self._cached: dict[str, CachedResource] = {}

    def build(self, address: str) -> DesiredResource:
        """Return the resource at an address, with all that it waits for."""
        placed = self._context.placed[address]
        made = self._cached.get(address) or self.make(placed)
        edges = made.edges
        if placed.instance.waits_for:
            stated = {
                edge
                for name in placed.instance.waits_for
                for edge in self._context.stated_edges(name)
                if edge.on != address
            }
            edges = _one_reason_each({*edges, *stated})
        return DesiredResource(
            address=address,
            id=made.id,
            type=placed.type_in(self._context.catalog),
            body=made.body,
            managed=not placed.spec.existing,
            edges=edges,
            span=placed.span,
            node=placed.node,
            scope=placed.instance,
            inherited={path: self._giver_of(placed, path) for path in made.inherited},
        )

    def make(self, placed: PlacedResource) -> CachedResource:
        """Return the composed form of a resource by itself.

        Raises DiagnosticError where it is wrong.
        """
        address = placed.address
        resource, id_edges = self.identify(address)
        body = self.body_of(address)
        edges = {*id_edges, *self._bodies[address][1]}
        if isinstance(placed.spec, Resource):
            for name in stated_in(placed.instance, placed.spec.depends_on, placed.node):
                edges.update(self._context.stated_edges(name))
        own = _one_reason_each(edge for edge in edges if edge.on != address)
        return CachedResource(resource, body, own, tuple(self._inherited_paths(placed)))

    def take(self, placed: PlacedResource, made: CachedResource) -> None:
        """Take in the composed form of a resource."""
        address = placed.address
        self._cached[address] = made
        self._ids[address] = (made.id, ())
        self._bodies[address] = (made.body, ())

    def _inherited_paths(self, placed: PlacedResource) -> Iterator[tuple[str, ...]]:
        """Yield the paths of the properties that `_evaluate_body` fills in."""
        resource_type = placed.type_in(self._context.catalog)
        fixed = resource_type.fact("location").default if resource_type.has_location else ""
        if not isinstance(fixed, str) and "location" not in placed.node.entries:
            group = self._group_of(placed)
            if group and "location" in self._context.placed[group].node.entries:
                yield ("location",)
        if resource_type.taggable:
            own = {key.lower() for key in entries_of(placed.node, "tags")}
            for key in self._tags:
                if key.lower() not in own:
                    yield ("tags", key)

    def _giver_of(self, placed: PlacedResource, path: tuple[str, ...]) -> GivenArgument:
        """Return the place of a property that `_evaluate_body` fills in."""
        if path[0] == "tags":
            return GivenArgument(self._tags[path[1]], self._root)
        group = self._group_of(placed)
        assert group is not None
        stated = self._context.placed[group]
        return GivenArgument(stated.node.entries["location"], stated.instance)

    def shared_tags(self) -> Mapping[str, TracedValue]:
        """Return the values of the blueprint's tags. Raises DiagnosticError."""
        return {k: self._context.evaluate(self._root, n, None) for k, n in self._tags.items()}

    def identify(self, address: str) -> tuple[ResourceId, tuple[Edge, ...]]:
        """Return the id of the resource at an address, and what the id alone waits for."""
        if address not in self._ids:
            with self._context.opened(address, "its id", self._context.placed[address].span):
                self._ids[address] = self._identify_by_name(self._context.placed[address])
        return self._ids[address]

    def _identify_by_name(self, placed: PlacedResource) -> tuple[ResourceId, tuple[Edge, ...]]:
        resource_type = placed.type_in(self._context.catalog)
        name_node = placed.node.find(("name",))
        name = self._context.evaluate(placed.instance, name_node, placed.each)
        if not isinstance(name.value, str):
            shown = str(name.value) if isinstance(name.value, Unknown) else repr(name.value)
            raise DiagnosticError(
                error(
                    "wrong-name",
                    f"the name is {shown}.",
                    name_node.span,
                    "Expected a text that is known before anything is applied.",
                )
            )
        _check_name(resource_type, name.value, name_node.span)
        edges = [Edge(source, "name") for source in sorted(name.sources)]
        if isinstance(placed.spec, ResourceGroup):
            return self._identify_group(placed.spec, name.value, placed.node), tuple(edges)
        if _is_of_tenant(placed, resource_type):
            return ResourceId(resource_type.name, (name.value,), None), tuple(edges)
        container, reason, sources = self._container_of(placed, placed.spec, resource_type)
        edges += [Edge(source, reason) for source in sorted(sources)]
        if resource_type.parent:
            return ResourceId(
                resource_type.name, (*container.names, name.value), container.scope
            ), tuple(edges)
        return ResourceId(resource_type.name, (name.value,), container), tuple(edges)

    def _identify_group(self, spec: ResourceGroup, name: str, node: Node) -> ResourceId:
        environment = self._context.environment
        guid = environment.subscriptions.get(spec.subscription)
        if guid is None:
            raise DiagnosticError(
                error(
                    "unknown-subscription",
                    f"{environment.path} gives no subscription {spec.subscription!r}.",
                    node.find(("subscription",)).span,
                    nearest(spec.subscription, list(environment.subscriptions)),
                )
            )
        return resource_group_id(guid, name)

    def _container_of(
        self, placed: PlacedResource, spec: Resource, resource_type: ResourceType
    ) -> tuple[ResourceId, str, frozenset[str]]:
        """Return the resource or scope that contains a resource, in which sense, and its sources.

        Raises:
            DiagnosticError: Where it has to be in a resource group and is in none
                (`missing-property`).
        """
        if resource_type.parent:
            return self._stated_container(placed, "parent", resource_type)
        if resource_type.scope is Scope.EXTENSION:
            return self._stated_container(placed, "scope", resource_type)
        group = self._context.find_group(placed.instance, spec.resource_group, placed.node)
        if group is None:
            raise DiagnosticError(
                error(
                    "missing-property",
                    f"{placed.address} is in no resource group.",
                    placed.span,
                    "Add `resourceGroup:` with the alias of one.",
                )
            )
        return self.identify(group)[0], "resource group", frozenset({group})

    def _stated_container(
        self, placed: PlacedResource, key: str, resource_type: ResourceType
    ) -> tuple[ResourceId, str, frozenset[str]]:
        node = placed.node.get(key)
        if node is None:
            raise DiagnosticError(
                error(
                    "missing-property",
                    f"{resource_type.name} needs `{key}:`.",
                    placed.span,
                    f"Add it, with the id of {resource_type.parent or 'what it is set on'}.",
                )
            )
        traced = self._context.evaluate(placed.instance, node, placed.each)
        found = parse_resource_id(traced.value)
        if found is None:
            raise DiagnosticError(
                error(
                    "wrong-type",
                    f"`{key}` is {traced.value!r}.",
                    node.span,
                    "Expected the id of a resource.",
                )
            )
        if resource_type.parent and found.type.lower() != resource_type.parent.lower():
            raise DiagnosticError(
                error(
                    "wrong-type",
                    f"the parent is a {found.type}.",
                    node.span,
                    f"Expected a {resource_type.parent}.",
                )
            )
        return found, key, traced.sources

    def body_of(self, address: str) -> Mapping[str, Value]:
        """Return the desired body of the resource at an address."""
        if address not in self._bodies:
            with self._context.opened(
                address, "its properties", self._context.placed[address].span
            ):
                self._bodies[address] = self._evaluate_body(self._context.placed[address])
        return self._bodies[address][0]

    def _evaluate_body(
        self, placed: PlacedResource
    ) -> tuple[Mapping[str, Value], tuple[Edge, ...]]:
        resource_type = placed.type_in(self._context.catalog)
        if isinstance(placed.spec, ResourceGroup):
            keys = [key for key in ("location", "tags") if key in placed.node.entries]
        else:
            keys = [key for key in placed.node.entries if key not in RESOURCE_KEYS]
        body: dict[str, Value] = {}
        edges: list[Edge] = []
        for key in keys:
            self._add_part(placed, key, placed.node.entries[key], body, edges)
        if resource_type.has_location and "location" not in body:
            # What Azure has nowhere but everywhere (a zone) is never of its group's region.
            fixed = resource_type.fact("location").default
            body["location"] = fixed if isinstance(fixed, str) else self._group_location(placed)
        if resource_type.taggable and self._tags:
            own = body.get("tags")
            shared = {k: traced.value for k, traced in self.shared_tags().items()}
            own = own if isinstance(own, Mapping) else {}
            # Azure compares the names of tags without case: one's own counts.
            named = {key.lower() for key in own}
            kept = {key: value for key, value in shared.items() if key.lower() not in named}
            body["tags"] = {**kept, **own}  # type: ignore[dict-item]
        schemas, written = self._context.catalog.schemas, not placed.spec.existing
        for problem in check_body(resource_type, schemas, body, placed.node, written=written):
            self._context.fail(problem)
        for problem in check_values(body, placed.node):
            self._context.fail(problem)
        for problem in _check_child_names(resource_type, self._context.catalog, body, placed.node):
            self._context.fail(problem)
        return body, tuple(edges)

    def _add_part(
        self,
        placed: PlacedResource,
        key: str,
        node: Node,
        body: dict[str, Value],
        edges: list[Edge],
    ) -> None:
        def descend(node: Node, path: str) -> Value:
            if isinstance(node.value, Mapping):
                found: dict[str, Value] = {}
                keys = self._context.evaluate_keys(placed.instance, node, placed.each)
                for name, key in keys.items():
                    edges.extend(Edge(source, path) for source in sorted(key.sources))
                    found[key.value] = descend(node.entries[name], f"{path}.{key.value}")
                return {k: v for k, v in found.items() if v is not None}
            if isinstance(node.value, tuple):
                return [descend(n, f"{path}[{i}]") for i, n in enumerate(node.items)]
            traced = self._context.evaluate(placed.instance, node, placed.each)
            edges.extend(Edge(source, path) for source in sorted(traced.sources))
            return without_nulls(traced.value)

        value = descend(node, key)
        if value is not None:
            body[key] = value

    def _group_location(self, placed: PlacedResource) -> Value:
        group = self._group_of(placed)
        return self.body_of(group).get("location") if group else None

    def _group_of(self, placed: PlacedResource) -> str | None:
        """Return the address of the resource group that a resource is in."""
        spec = placed.spec
        if not isinstance(spec, Resource):
            return None
        return self._context.find_group(placed.instance, spec.resource_group, placed.node)


def without_nulls(value: Bound) -> Value:
    """Leave out what an expression made null: `${condition ? x : null}` means "not set".

    Raises:
        TypeError: For a resource in the place of a value.
    """
    if isinstance(value, Mapping):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [without_nulls(item) for item in value if item is not None]
    if isinstance(value, ResourceValue):
        raise TypeError(f"{value.address} is a resource, not a value")
    return value


def _one_reason_each(edges: Iterable[Edge]) -> tuple[Edge, ...]:
    first: dict[str, Edge] = {}
    for edge in sorted(edges):
        first.setdefault(edge.on, edge)
    return tuple(first.values())


def _is_of_tenant(placed: PlacedResource, resource_type: ResourceType) -> bool:
    """Return whether an extension resource stands at the tenant itself: its scope is `/`."""
    scope = placed.node.get("scope")
    return resource_type.scope is Scope.EXTENSION and scope is not None and scope.value == "/"


def _check_name(resource_type: ResourceType, name: str, span: Span) -> None:
    if not resource_type.accepts_name(name):
        raise DiagnosticError(_wrong_name(resource_type, name, span))


def _check_child_names(
    resource_type: ResourceType, catalog: Catalog, body: Mapping[str, Value], node: Node
) -> Iterator[Diagnostic]:
    """Yield an error for each child in a body whose name Azure does not take.

    The same names are refused for a child that is a resource of its own.
    """
    for embedded in resource_type.embedded:
        path = embedded.path.split(".")
        entries = lookup(body, path)
        child = catalog.get(embedded.child)
        for index, entry in enumerate(entries if isinstance(entries, (list, tuple)) else ()):
            name = lookup(entry, ("name",))
            if isinstance(name, str) and not child.accepts_name(name):
                yield _wrong_name(child, name, span_of(node, *path, index, "name"))


def _wrong_name(resource_type: ResourceType, name: str, span: Span) -> Diagnostic:
    return error(
        "wrong-name",
        f"{name!r} is not a name for a {resource_type.name}.",
        span,
        f"Expected {resource_type.rule.words}.",
    )
