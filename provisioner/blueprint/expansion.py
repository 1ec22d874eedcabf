"""Expands a blueprint into placed resources: `when`, `forEach`, resource groups and modules.

A `when` or a `forEach` has to be known when it is planned: it decides which addresses there are.
Resources and modules are bounded (`MAX_RESOURCES`, the budget of `expression_limits`). Called by
`blueprint.composition`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from provisioner.blueprint.composed_files import check_nesting, load_module
from provisioner.blueprint.composition_state import (
    GROUP,
    GROUPS,
    RESERVED_NAMES,
    Context,
    DependsOnEntry,
    GivenArgument,
    Instance,
    Opened,
    PlacedResource,
    TracedValue,
    addresses_in,
    entries_of,
    loop_entries,
    stated_in,
)
from provisioner.blueprint.deferred_nodes import DeferredMapping, DeferredNode
from provisioner.blueprint.expression_limits import BudgetError, exceeded
from provisioner.blueprint.file_schemas import (
    ModuleCall,
    ModuleFile,
    Parameter,
    Resource,
    ResourceGroup,
    count_names,
    span_of,
)
from provisioner.blueprint.graph import Edge
from provisioner.blueprint.source_locations import resolve_source
from provisioner.blueprint.yaml_source import Node
from provisioner.model.diagnostic import DiagnosticError, error, nearest
from provisioner.model.span import Span
from provisioner.model.values import Bound, ResourceValue, Unknown

MAX_RESOURCES = 10_000
"""Of one environment. A resource group of Azure holds 800 of a type, a subscription 980 groups."""
_RESOURCE, _MODULE, _NAME = 50, 100, 10
"""What placing one costs, in units of a budget; of a module, also each name in its file."""


@dataclass(frozen=True, slots=True)
class _ModuleParts:
    """The parts of a module's file that its uses share; `names` is how many it gives away."""

    node: Node
    resources: Mapping[str, Resource]
    modules: Mapping[str, ModuleCall]
    parameters: Mapping[str, Parameter]
    names: int


def _parts_of(file: ModuleFile, node: Node) -> _ModuleParts:
    return _ModuleParts(node, file.resources, file.modules, file.parameters, count_names(file))


def _deferred_parts(path: str, span: Span, names: int, context: Context) -> _ModuleParts:
    """Return the parts of a file that was valid when it was read before.

    Each is parsed when something reads it.
    """

    def load() -> tuple[ModuleFile, Node]:
        return load_module(path, context.sources, span)

    return _ModuleParts(
        DeferredNode(Span(path, 1, 1), lambda: load()[1]),
        DeferredMapping(lambda: load()[0].resources),
        DeferredMapping(lambda: load()[0].modules),
        DeferredMapping(lambda: load()[0].parameters),
        names,
    )


class Expansion:
    """Expands files into resources and their addresses."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._files: dict[str, _ModuleParts] = {}
        self._names: dict[tuple[int, str], TracedValue] = {}
        self._opened: dict[tuple[int, str], Opened] = {}

    def place_all(self, instance: Instance) -> None:
        """Place everything that a file holds."""
        self._check_names(instance)
        self._context.evaluate_names(instance)
        for name in instance.resources:
            self._context.attempt(self.place_resource, instance, name)
        for name in instance.modules:
            self._context.attempt(self.open_module, instance, name)

    def place_group(self, root: Instance, alias: str, spec: ResourceGroup) -> None:
        """Place a resource group of the blueprint, if its condition holds."""
        node = root.node.find((GROUPS, alias))
        if not self._evaluate_condition(root, node, None):
            self._context.groups[alias] = None
            return
        address = f"{GROUPS}.{alias}"
        span = span_of(root.node, GROUPS, alias)
        self._check_room(span)
        self._context.placed[address] = PlacedResource(address, root, node, spec, None, span)
        self._context.groups[alias] = ResourceValue(address)

    def place_resource(self, instance: Instance, name: str) -> TracedValue:
        """Place a resource, once or for each entry of its `forEach`; return its name's meaning."""
        memo = self._names.get((id(instance), name))
        if memo is not None:
            return memo
        node = instance.node.find(("resources", name))
        spec = instance.resources[name]
        span = span_of(instance.node, "resources", name)

        def place(address: str, each: TracedValue | None) -> Bound:
            self._check_room(span)
            self._context.placed[address] = PlacedResource(
                address, instance, node, spec, each, span, name
            )
            return ResourceValue(address)

        bound = self._repeat_by_key(instance, node, f"{instance.prefix}{name}", place)
        result = TracedValue(bound)
        self._names[id(instance), name] = result
        return result

    def _repeat_by_key(
        self,
        instance: Instance,
        node: Node,
        address: str,
        place: Callable[[str, TracedValue | None], Bound],
    ) -> Bound:
        if not self._evaluate_condition(instance, node, None):
            return None
        loop = node.get("forEach")
        if loop is None:
            return place(address, None)
        return {
            key: place(
                f"{address}[{key}]", TracedValue({"key": key, "value": item.value}, item.sources)
            )
            for key, item in self._loop_entries(instance, loop)
        }

    def _loop_entries(self, instance: Instance, loop: Node) -> list[tuple[str, TracedValue]]:
        if loop.entries:
            # Written out, an entry waits for what it reads itself, and not for the others.
            keys = self._context.evaluate_keys(instance, loop, None)
            return sorted(
                (
                    (key.value, self._context.evaluate(instance, loop.entries[name], None))
                    for name, key in keys.items()
                ),
                key=lambda entry: entry[0],
            )
        entries = self._context.evaluate(instance, loop, None)
        return [
            (key, TracedValue(item, entries.sources))
            for key, item in loop_entries(entries.value, loop.span)
        ]

    def _check_room(self, span: Span) -> None:
        self._charge_budget(_RESOURCE, span)
        if len(self._context.placed) >= MAX_RESOURCES:
            raise DiagnosticError(
                exceeded(f"the environment has more than {MAX_RESOURCES:,} resources", span)
            )

    def _charge_budget(self, cost: int, span: Span) -> None:
        try:
            self._context.budget.charge(cost)
        except BudgetError as problem:
            raise DiagnosticError(exceeded(f"placing this {problem}", span)) from None

    def _evaluate_condition(self, instance: Instance, node: Node, each: TracedValue | None) -> bool:
        condition = node.get("when")
        if condition is None:
            return True
        value = self._context.evaluate(instance, condition, each).value
        if not isinstance(value, bool):
            what = str(value) if isinstance(value, Unknown) else repr(value)
            raise DiagnosticError(
                error(
                    "wrong-type",
                    f"the condition is {what}.",
                    condition.span,
                    "Expected true or false, known before anything is applied.",
                )
            )
        return value

    def open_module(self, instance: Instance, name: str) -> Opened:
        """Open the file of a module call, once; return the files in use that it opens."""
        memo = (id(instance), name)
        if memo in self._opened:
            return self._opened[memo]
        node = instance.node.find(("modules", name))
        call = instance.modules[name]
        source = node.find(("source",)).span
        path = resolve_source(call.source, instance.path, source)
        trail = (*instance.trail, (path, source))
        check_nesting(trail)
        file = self._load_module(path, source)
        opened: list[Instance] = []

        def open_at(address: str, each: TracedValue | None) -> Bound:
            self._charge_budget(_MODULE + _NAME * file.names, source)
            child = Instance(
                prefix=f"{address}.",
                path=path,
                node=file.node,
                place=span_of(instance.node, "modules", name),
                resources=file.resources,
                modules=file.modules,
                parameters=file.parameters,
                given={
                    parameter: GivenArgument(value, instance, each)
                    for parameter, value in entries_of(node, "parameters").items()
                },
                group=self.find_group(instance, call.resource_group, node),
                waits_for=(*instance.waits_for, *stated_in(instance, call.depends_on, node)),
                trail=trail,
            )
            opened.append(child)
            return address

        bound = self._repeat_by_key(instance, node, f"{instance.prefix}{name}", open_at)
        if isinstance(bound, Mapping):
            self._opened[memo] = dict(zip(bound, opened, strict=True))
        else:
            self._opened[memo] = opened[0] if opened else None
        for child in opened:
            if not self._context.restore(child):
                self.place_all(child)
        return self._opened[memo]

    def _load_module(self, path: str, span: Span) -> "_ModuleParts":
        if path not in self._files:
            known = self._context.cache.find_file(path)
            if known is None:
                self._files[path] = _parts_of(*load_module(path, self._context.sources, span))
            else:
                self._files[path] = _deferred_parts(path, span, known["names"], self._context)
        return self._files[path]

    def has_room_for(self, resources: int, span: Span) -> bool:
        """Return whether so many more resources stay within the bounds.

        Charges for them as placing each does; raises DiagnosticError where the budget ends.
        """
        if len(self._context.placed) + resources > MAX_RESOURCES:
            return False
        self._charge_budget(_RESOURCE * resources, span)
        return True

    def meaning_of(self, instance: Instance, name: str) -> TracedValue:
        """Return the meaning of the name of a placed resource."""
        return self._names[id(instance), name]

    def take_names(self, instance: Instance, names: Mapping[str, TracedValue]) -> None:
        """Take in what names of resources mean that need not be placed."""
        for name, traced in names.items():
            self._names[id(instance), name] = traced

    def find_group(self, instance: Instance, alias: str | None, node: Node) -> str | None:
        """Return the address of the group with this alias; without one, of the file's own.

        Raises:
            DiagnosticError: Where no group has the alias (`unknown-name`).
        """
        if alias is None:
            return instance.group
        bound = self._context.groups.get(alias)
        if not isinstance(bound, ResourceValue):
            raise DiagnosticError(
                error(
                    "unknown-name",
                    f"there is no resource group {alias!r}.",
                    span_of(node, GROUP),
                    nearest(alias, list(self._context.groups)),
                )
            )
        return bound.address

    def stated_edges(self, stated: DependsOnEntry) -> tuple[Edge, ...]:
        """Return the edges of a `dependsOn`, once everything is placed.

        Raises:
            DiagnosticError: For a name that is no resource or module of the file (`unknown-name`).
        """
        instance, name = stated.instance, stated.name
        if name in instance.resources:
            addresses = list(addresses_in(self.place_resource(instance, name).value))
        elif name in instance.modules:
            prefix = f"{instance.prefix}{name}"
            addresses = [
                at for at in self._context.placed if at.startswith((f"{prefix}.", f"{prefix}["))
            ]
        else:
            raise DiagnosticError(
                error(
                    "unknown-name",
                    f"nothing here is called {name!r}.",
                    stated.span,
                    nearest(name, [*instance.resources, *instance.modules]),
                )
            )
        return tuple(Edge(address, "dependsOn") for address in addresses)

    def _check_names(self, instance: Instance) -> None:
        """Check that no two of a file's parameters, locals, resources and modules share a name."""
        seen: dict[str, str] = {}
        for section in ("parameters", "locals", "resources", "modules"):
            for name in entries_of(instance.node, section):
                span = span_of(instance.node, section, name)
                if name in RESERVED_NAMES:
                    self._context.fail(
                        error(
                            "name-clash",
                            f"{name!r} is a name of azsec's own.",
                            span,
                            "Choose another.",
                        )
                    )
                if not name.isidentifier():
                    self._context.fail(
                        error(
                            "wrong-name",
                            f"{name!r} cannot be used in expressions.",
                            span,
                            "Use letters, digits and _, starting with a letter.",
                        )
                    )
                if name in seen:
                    self._context.fail(
                        error(
                            "name-clash",
                            f"{name!r} is already one of the {seen[name]}.",
                            span,
                            "Names are shared by all sections: choose another.",
                        )
                    )
                seen[name] = section
