"""The state of a composition: the files in use, and the resources placed at addresses.

Also the protocol `Context`, by which the parts of a composition (`evaluation`, `expansion`,
`resources`) call each other without importing each other.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from provisioner.blueprint.composition_cache import CompositionCache
from provisioner.blueprint.environment import Environment
from provisioner.blueprint.expression_limits import Budget
from provisioner.blueprint.file_schemas import (
    ModuleCall,
    Parameter,
    Resource,
    ResourceGroup,
    Sources,
)
from provisioner.blueprint.graph import Edge
from provisioner.blueprint.unknown_types import unknown_type
from provisioner.blueprint.yaml_source import Node
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ResourceType
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error
from provisioner.model.resource_id import RESOURCE_GROUP, ResourceId
from provisioner.model.span import Span
from provisioner.model.values import Bound, ResourceValue, Value

EACH = "each"
ENVIRONMENT = "environment"
GROUPS = "resourceGroups"
GROUP = "resourceGroup"
RESERVED_NAMES = frozenset({EACH, ENVIRONMENT, GROUPS, GROUP})
"""Names that azsec binds in every file, and that a file cannot give away."""


@dataclass(frozen=True, slots=True)
class TracedValue:
    """A value and the addresses of the resources that it came from."""

    value: Bound
    sources: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a mapping, its expressions evaluated, and the addresses that it came from."""

    value: str
    sources: frozenset[str] = frozenset()


Names: TypeAlias = Mapping[str, TracedValue]


@dataclass(frozen=True, slots=True)
class GivenArgument:
    """A value given to a parameter, and where its expressions are evaluated."""

    node: Node
    instance: "Instance"
    each: TracedValue | None = None


@dataclass(eq=False)
class Instance:
    """One file in use: the blueprint (prefix ""), or a module at its address.

    `place` is where the file is used: a parameter that is missing is missing there. `trail` are the
    modules around it, outermost first and itself last, each with the place of its `source`.
    """

    prefix: str
    path: str
    node: Node
    place: Span
    resources: Mapping[str, Resource] = field(default_factory=dict)
    modules: Mapping[str, ModuleCall] = field(default_factory=dict)
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    given: Mapping[str, GivenArgument] = field(default_factory=dict)
    group: str | None = None
    waits_for: "tuple[DependsOnEntry, ...]" = ()
    trail: tuple[tuple[str, Span], ...] = ()

    @property
    def locals(self) -> Mapping[str, Node]:
        """The named values of the file."""
        return entries_of(self.node, "locals")

    @property
    def outputs(self) -> Mapping[str, Node]:
        """The outputs of the file."""
        return entries_of(self.node, "outputs")

    def names(self) -> list[str]:
        """Return the names that an expression in this file may use."""
        sections = (self.parameters, self.locals, self.resources, self.modules)
        return [*(name for section in sections for name in section), *sorted(RESERVED_NAMES)]


@dataclass(frozen=True, slots=True)
class DependsOnEntry:
    """One name in a `dependsOn`, in the file where it is written."""

    instance: Instance
    name: str
    span: Span


Opened: TypeAlias = Mapping[str, Instance] | Instance | None
"""What a module call opens: one instance, one for each key of its `forEach`, or none."""


@dataclass(eq=False)
class PlacedResource:
    """A resource at its address, not evaluated yet."""

    address: str
    instance: Instance
    node: Node
    spec: Resource | ResourceGroup
    each: TracedValue | None
    span: Span
    name: str = ""
    """What it is called in its file."""

    def type_in(self, catalog: Catalog) -> ResourceType:
        """Return the type of the resource.

        Raises:
            DiagnosticError: Where azsec does not know the type.
        """
        if isinstance(self.spec, ResourceGroup):
            return catalog.get(RESOURCE_GROUP)
        found = catalog.find(self.spec.type)
        if found is None:
            raise DiagnosticError(
                unknown_type(self.spec.type, self.node.find(("type",)).span, catalog)
            )
        return found


class Context(Protocol):
    """The interface by which the parts of a composition call each other."""

    environment: Environment
    catalog: Catalog
    sources: Sources
    placed: dict[str, PlacedResource]
    groups: dict[str, Bound]
    budget: Budget
    cache: CompositionCache

    def restore(self, instance: Instance) -> bool:
        """Take the composed result of a module from the cache; return whether it was there."""

    def fail(self, diagnostic: Diagnostic) -> None:
        """Note a mistake, and go on."""

    def attempt(self, act: Callable[..., object], *arguments: object) -> None:
        """Do something; note its mistakes, and go on."""

    def opened(self, address: str, what: str, span: Span) -> AbstractContextManager[None]:
        """Guard the evaluation of one part of one thing: entered twice, it is a cycle."""

    def evaluate_names(self, instance: Instance) -> None:
        """Note every mistake in the values of a file's parameters and locals."""

    def evaluate(self, instance: Instance, node: Node, each: TracedValue | None) -> TracedValue:
        """Return the value of a node."""

    def evaluate_keys(
        self, instance: Instance, node: Node, each: TracedValue | None
    ) -> Mapping[str, Key]:
        """Return the keys of a mapping as they are written, each with its value."""

    def place_resource(self, instance: Instance, name: str) -> TracedValue:
        """Return the meaning of a resource's name."""

    def open_module(self, instance: Instance, name: str) -> Opened:
        """Return the files in use that a module call opens."""

    def find_group(self, instance: Instance, alias: str | None, node: Node) -> str | None:
        """Return the address of a resource group, or of the one that a file is used in."""

    def stated_edges(self, stated: DependsOnEntry) -> tuple[Edge, ...]:
        """Return the edges that a `dependsOn` means."""

    def identify(self, address: str) -> tuple[ResourceId, tuple[Edge, ...]]:
        """Return the id of the resource at an address, and what the id alone waits for."""

    def body_of(self, address: str) -> Mapping[str, Value]:
        """Return the desired body of the resource at an address."""


def entries_of(node: Node, key: str) -> Mapping[str, Node]:
    """Return the entries of a section; nothing where there is no such section."""
    found = node.get(key)
    return found.entries if found else {}


def loop_entries(value: Bound, span: Span) -> list[tuple[str, Bound]]:
    """Return the (key, value) pairs of a loop: over a mapping, texts, or mappings with a `name`.

    Raises:
        DiagnosticError: Where the value is anything else, or two items have one key (`wrong-type`).
    """
    if isinstance(value, Mapping):
        return sorted(value.items())
    if isinstance(value, list):
        pairs = [(item.get("name") if isinstance(item, Mapping) else item, item) for item in value]
        if all(isinstance(key, str) for key, _ in pairs):
            keys = [str(key) for key, _ in pairs]
            if len(set(keys)) == len(keys):
                return [(str(key), item) for key, item in pairs]
    raise DiagnosticError(
        error(
            "wrong-type",
            f"`forEach` is {value}.",
            span,
            "Expected a mapping, or a list of different texts or of mappings with a name, "
            "known before anything is applied.",
        )
    )


def addresses_in(bound: Bound) -> Iterator[str]:
    """Yield the addresses of the resources in a value."""
    if isinstance(bound, ResourceValue):
        yield bound.address
    elif isinstance(bound, Mapping):
        for item in bound.values():
            yield from addresses_in(item)
    elif isinstance(bound, (list, tuple)):
        for item in bound:
            yield from addresses_in(item)


def stated_in(instance: Instance, names: list[str], node: Node) -> tuple[DependsOnEntry, ...]:
    """Return the names in a `dependsOn`, with their places."""
    return tuple(
        DependsOnEntry(instance, name, node.find(("dependsOn", index)).span)
        for index, name in enumerate(names)
    )
