"""Composes an environment's blueprint and modules into the desired graph.

Values are found on demand: a name is evaluated when something reads it, once. That lets files be
written in any order, and finds every cycle.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from provisioner.blueprint.body_check import check_body
from provisioner.blueprint.environment import Environment
from provisioner.blueprint.expression import (
    Chain,
    Expression,
    ExpressionError,
    evaluate,
    known_functions,
    parse_template,
    unknown_functions,
)
from provisioner.blueprint.files import (
    RESOURCE_KEYS,
    BlueprintFile,
    ModuleCall,
    ModuleFile,
    Parameter,
    Resource,
    ResourceGroup,
    Sources,
    load_file,
    relative_to,
    span_of,
)
from provisioner.blueprint.graph import DesiredGraph, DesiredResource, Edge, cycle_diagnostic
from provisioner.blueprint.ownership import add_ownership
from provisioner.blueprint.parameters import check_parameter, fill_defaults
from provisioner.blueprint.yaml_source import Node
from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ResourceType, Scope
from provisioner.model.cidr import is_range_within
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error, nearest
from provisioner.model.resource_id import (
    RESOURCE_GROUP,
    ResourceId,
    parse_resource_id,
    resource_group_id,
)
from provisioner.model.span import Span
from provisioner.model.values import Bound, ResourceValue, Unknown, Value, lookup

_EACH = "each"
_ENVIRONMENT = "environment"
_GROUPS = "resourceGroups"
_GROUP = "resourceGroup"
RESERVED_NAMES = frozenset({_EACH, _ENVIRONMENT, _GROUPS, _GROUP})
"""Names that azsec binds in every file, and that a file cannot give away."""


@dataclass(frozen=True, slots=True)
class Traced:
    """A value and the addresses of the resources that it came from."""

    value: Bound
    sources: frozenset[str] = frozenset()


Names: TypeAlias = Mapping[str, Traced]


def compose(environment: Environment, catalog: Catalog, sources: Sources) -> DesiredGraph:
    """Return the graph that an environment's blueprint describes, with ownership tags.

    Raises DiagnosticError with everything that is wrong: one run shows all mistakes.
    """
    composer = _Composer(environment, catalog, sources)
    graph = composer.compose()
    _check_ranges(graph)
    graph.ordered  # noqa: B018  raises for a cycle
    return add_ownership(graph, environment.name)


@dataclass(eq=False)
class _Instance:
    """One file in use: the blueprint (prefix ""), or a module at its address."""

    prefix: str
    path: str
    node: Node
    resources: Mapping[str, Resource]
    modules: Mapping[str, ModuleCall]
    outputs: Mapping[str, Node]
    parameters: Names
    group: str | None
    extra_edges: tuple[Edge, ...] = ()
    children: dict[str, "dict[str, _Instance] | _Instance | None"] = field(default_factory=dict)

    def names(self) -> list[str]:
        """The names that an expression in this file may use."""
        return [*self.parameters, *self.resources, *self.modules, *sorted(RESERVED_NAMES)]


@dataclass(eq=False)
class _Placed:
    """A resource at its address, not evaluated yet."""

    address: str
    instance: _Instance
    node: Node
    spec: Resource | ResourceGroup
    each: Traced | None
    span: Span


class _Composer:
    def __init__(self, environment: Environment, catalog: Catalog, sources: Sources) -> None:
        self._environment = environment
        self._catalog = catalog
        self._sources = sources
        self._files: dict[str, tuple[ModuleFile, Node]] = {}
        self._placed: dict[str, _Placed] = {}
        self._groups: dict[str, Bound] = {}
        self._spread: dict[tuple[int, str], Traced] = {}
        self._ids: dict[str, tuple[ResourceId, tuple[Edge, ...]]] = {}
        self._bodies: dict[str, tuple[Mapping[str, Value], tuple[Edge, ...]]] = {}
        self._open: list[tuple[str, str]] = []
        self._failed: dict[Diagnostic, None] = {}
        self._blueprint_tags: Mapping[str, Node] = {}

    def compose(self) -> DesiredGraph:
        file, node = load_file(BlueprintFile, self._environment.blueprint, self._sources)
        tags = node.get("tags")
        self._blueprint_tags = tags.entries if tags else {}
        given = {
            name: (value, self._root()) for name, value in self._environment.parameters.items()
        }
        place = span_of(self._environment.node, "parameters")
        root = _Instance(
            prefix="",
            path=self._environment.blueprint,
            node=node,
            resources=file.resources,
            modules=file.modules,
            outputs=_entries(node, "outputs"),
            parameters=self._bind_parameters(file.parameters, given, node, place),
            group=None,
        )
        self._stop_on_failure()
        self._check_names(root)
        for alias, group in file.resource_groups.items():
            self._attempt(self._place_group, root, alias, group)
        self._place_all(root)
        resources = self._build_resources()
        outputs = self._outputs(root)
        self._stop_on_failure()
        return DesiredGraph({r.address: r for r in resources}, outputs)

    # What stands where

    def _root(self) -> _Instance:
        """The instance in which the environment file's own values are evaluated."""
        environment = self._environment
        return _Instance("", environment.path, environment.node, {}, {}, {}, {}, None)

    def _place_group(self, root: _Instance, alias: str, spec: ResourceGroup) -> None:
        node = root.node.find((_GROUPS, alias))
        if not self._condition(root, node, None):
            self._groups[alias] = None
            return
        address = f"{_GROUPS}.{alias}"
        span = span_of(root.node, _GROUPS, alias)
        self._placed[address] = _Placed(address, root, node, spec, None, span)
        self._groups[alias] = ResourceValue(address)

    def _place_all(self, instance: _Instance) -> None:
        for name in instance.resources:
            self._attempt(self._spread_resource, instance, name)
        for name in instance.modules:
            self._attempt(self._module, instance, name)

    def _spread_resource(self, instance: _Instance, name: str) -> Traced:
        """Place a resource, once or once for each of its `forEach`; return what its name means."""
        memo = self._spread.get((id(instance), name))
        if memo is not None:
            return memo
        node = instance.node.find(("resources", name))
        spec = instance.resources[name]
        span = span_of(instance.node, "resources", name)

        def place(address: str, each: Traced | None) -> Bound:
            self._placed[address] = _Placed(address, instance, node, spec, each, span)
            return ResourceValue(address)

        bound = self._repeat(instance, node, f"{instance.prefix}{name}", place)
        result = Traced(bound)
        self._spread[id(instance), name] = result
        return result

    def _repeat(
        self,
        instance: _Instance,
        node: Node,
        address: str,
        place: Callable[[str, Traced | None], Bound],
    ) -> Bound:
        if not self._condition(instance, node, None):
            return None
        loop = node.get("forEach")
        if loop is None:
            return place(address, None)
        entries = self._evaluate(instance, loop, None)
        return {
            key: place(f"{address}[{key}]", Traced({"key": key, "value": item}, entries.sources))
            for key, item in _loop_entries(entries.value, loop.span)
        }

    def _condition(self, instance: _Instance, node: Node, each: Traced | None) -> bool:
        condition = node.get("when")
        if condition is None:
            return True
        value = self._evaluate(instance, condition, each).value
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

    def _module(self, instance: _Instance, name: str) -> "dict[str, _Instance] | _Instance | None":
        """Open a module call's file, once; return its instances."""
        if name in instance.children:
            return instance.children[name]
        node = instance.node.find(("modules", name))
        call = instance.modules[name]
        span = span_of(instance.node, "modules", name)
        path = relative_to(instance.path, call.source)
        self._check_nesting(f"{instance.prefix}{name}", path, node.find(("source",)).span)
        file, root = self._load_module(path, node.find(("source",)).span)
        opened: list[_Instance] = []

        def open_at(address: str, each: Traced | None) -> Bound:
            given = {
                parameter: (value, instance)
                for parameter, value in _entries(node, "parameters").items()
            }
            child = _Instance(
                prefix=f"{address}.",
                path=path,
                node=root,
                resources=file.resources,
                modules=file.modules,
                outputs=_entries(root, "outputs"),
                parameters=self._bind_parameters(file.parameters, given, root, span, each),
                group=self._group_of(instance, call.resource_group, node),
                extra_edges=(
                    *instance.extra_edges,
                    *self._stated_edges(instance, call.depends_on, node),
                ),
            )
            self._check_names(child)
            opened.append(child)
            return address

        bound = self._repeat(instance, node, f"{instance.prefix}{name}", open_at)
        result: dict[str, _Instance] | _Instance | None
        if isinstance(bound, Mapping):
            result = dict(zip(bound, opened, strict=True))
        else:
            result = opened[0] if opened else None
        instance.children[name] = result
        for child in opened:
            self._place_all(child)
        return result

    def _check_nesting(self, address: str, path: str, span: Span) -> None:
        if address.count(".") > 20:
            raise DiagnosticError(
                error("cycle", f"{path} composes itself.", span, "Remove the module from itself.")
            )

    def _load_module(self, path: str, span: Span) -> tuple[ModuleFile, Node]:
        if path not in self._files:
            try:
                self._files[path] = load_file(ModuleFile, path, self._sources)
            except DiagnosticError as problem:
                if problem.diagnostics[0].code != "file-not-found":
                    raise
                raise DiagnosticError(
                    error(
                        "file-not-found",
                        f"there is no module file {path!r}.",
                        span,
                        "Check the path: it is relative to this file.",
                    )
                ) from None
        return self._files[path]

    def _group_of(self, instance: _Instance, alias: str | None, node: Node) -> str | None:
        if alias is None:
            return instance.group
        bound = self._groups.get(alias)
        if not isinstance(bound, ResourceValue):
            raise DiagnosticError(
                error(
                    "unknown-name",
                    f"there is no resource group {alias!r}.",
                    span_of(node, _GROUP),
                    nearest(alias, list(self._groups)),
                )
            )
        return bound.address

    # Parameters and names

    def _bind_parameters(
        self,
        specs: Mapping[str, Parameter],
        given: Mapping[str, tuple[Node, _Instance]],
        file: Node,
        place: Span,
        each: Traced | None = None,
    ) -> Names:
        for name, (node, _) in given.items():
            if name not in specs:
                self._fail(
                    error(
                        "unknown-parameter",
                        f"there is no parameter {name!r}.",
                        node.span,
                        nearest(name, list(specs)),
                    )
                )
        bound: dict[str, Traced] = {}
        for name, spec in specs.items():
            if name in given:
                node, instance = given[name]
                traced = self._evaluate(instance, node, each)
                span = node.span
            elif spec.is_required:
                self._fail(
                    error(
                        "missing-parameter",
                        f"the parameter {name!r} is not given.",
                        place,
                        f"{spec.description or 'It has no default'}. Add it.",
                    )
                )
                continue
            else:
                traced, span = Traced(spec.default), span_of(file, "parameters", name)
            problem = check_parameter(f"parameter {name!r}", spec, traced.value)
            if problem:
                self._fail(error("wrong-parameter", f"{problem}.", span))
            bound[name] = Traced(fill_defaults(spec, traced.value), traced.sources)  # type: ignore[arg-type]
        return bound

    def _check_names(self, instance: _Instance) -> None:
        """A file's parameters, resources and modules share one namespace."""
        seen: dict[str, str] = {}
        for section in ("parameters", "resources", "modules"):
            for name in _entries(instance.node, section):
                span = span_of(instance.node, section, name)
                if name in RESERVED_NAMES:
                    self._fail(
                        error(
                            "name-clash",
                            f"{name!r} is a name of azsec's own.",
                            span,
                            "Choose another.",
                        )
                    )
                if not name.isidentifier():
                    self._fail(
                        error(
                            "wrong-name",
                            f"{name!r} cannot be used in expressions.",
                            span,
                            "Use letters, digits and _, starting with a letter.",
                        )
                    )
                if name in seen:
                    self._fail(
                        error(
                            "name-clash",
                            f"{name!r} is already one of the {seen[name]}.",
                            span,
                            "Names are shared by all sections: choose another.",
                        )
                    )
                seen[name] = section
        self._stop_on_failure()

    def _bind(self, instance: _Instance, chain: Chain, each: Traced | None, span: Span) -> Traced:
        """Return what the root of a chain means in a file."""
        name = chain.root
        given = self._given_names(instance, each).get(name)
        if given is not None:
            return given
        if name in instance.resources:
            return self._spread_resource(instance, name)
        if name in instance.modules:
            return self._module_outputs(instance, chain, span)
        raise DiagnosticError(
            error(
                "unknown-name",
                f"nothing here is called {name!r}.",
                span,
                nearest(name, instance.names()),
            )
        )

    def _given_names(self, instance: _Instance, each: Traced | None) -> Names:
        """Return the names that mean something before anything is evaluated."""
        names = {**instance.parameters, _ENVIRONMENT: Traced(self._environment_value())}
        if each is not None:
            names[_EACH] = each
        if not instance.prefix:
            names[_GROUPS] = Traced(self._groups)
        elif instance.group:
            names[_GROUP] = Traced(ResourceValue(instance.group))
        return names

    def _environment_value(self) -> Bound:
        environment = self._environment
        cloud = "AzureCloud" if environment.cloud == "local" else environment.cloud
        return {
            "name": environment.name,
            "cloud": cloud,
            "tenantId": environment.tenant_id,
            "subscriptions": dict(environment.subscriptions),
        }

    def _module_outputs(self, instance: _Instance, chain: Chain, span: Span) -> Traced:
        module = self._module(instance, chain.root)
        if module is None:
            return Traced(None)
        if isinstance(module, _Instance):
            return self._some_outputs(module, chain.path[:1], chain, span)
        keys = [k for k in module if not chain.path or k == str(chain.path[0])]
        found = {k: self._some_outputs(module[k], chain.path[1:2], chain, span) for k in keys}
        return Traced(
            {key: traced.value for key, traced in found.items()},
            frozenset().union(*(traced.sources for traced in found.values())),
        )

    def _some_outputs(
        self, module: _Instance, wanted: tuple[str | int, ...], chain: Chain, span: Span
    ) -> Traced:
        names = [str(name) for name in wanted] or list(module.outputs)
        values: dict[str, Bound] = {}
        sources: set[str] = set()
        for name in names:
            if name not in module.outputs:
                raise DiagnosticError(
                    error(
                        "unknown-output",
                        f"the module {chain.root!r} has no output {name!r}.",
                        span,
                        nearest(name, list(module.outputs)),
                    )
                )
            traced = self._evaluate(module, module.outputs[name], None)
            values[name] = traced.value
            sources |= traced.sources
        return Traced(values, frozenset(sources))

    # Evaluation

    def _evaluate(self, instance: _Instance, node: Node, each: Traced | None) -> Traced:
        """Return the value of a node, its expressions evaluated, with what it came from."""
        if isinstance(node.value, str):
            return self._evaluate_text(instance, node, each)
        if isinstance(node.value, Mapping):
            parts = {
                key: self._evaluate(instance, item, each) for key, item in node.entries.items()
            }
            value: Bound = {key: part.value for key, part in parts.items()}
            return Traced(value, frozenset().union(*(p.sources for p in parts.values())))
        if isinstance(node.value, tuple):
            listed = [self._evaluate(instance, item, each) for item in node.items]
            return Traced(
                [p.value for p in listed], frozenset().union(*(p.sources for p in listed))
            )
        return Traced(node.value)

    def _evaluate_text(self, instance: _Instance, node: Node, each: Traced | None) -> Traced:
        text = str(node.value)
        if "${" not in text:
            return Traced(text)
        span = Span(
            node.span.file, node.span.line, node.span.column + node.quoted + text.index("${")
        )
        try:
            template = parse_template(text)
            expression = template.expression
            if expression is None:
                return Traced(template.text)
            self._check_functions(expression, span)
            scope = self._scope(instance, expression, each, span)
            names = {name: traced.value for name, traced in scope.items()}
            value = evaluate(expression, names, self._known)
        except ExpressionError as problem:
            raise DiagnosticError(
                error("bad-expression", f"the expression {text!r} {_said(problem)}.", span)
            ) from None
        return Traced(value, self._sources_of(expression, scope))

    @staticmethod
    def _check_functions(expression: Expression, span: Span) -> None:
        for name in unknown_functions(expression):
            raise DiagnosticError(
                error(
                    "unknown-function",
                    f"there is no function {name!r}.",
                    span,
                    nearest(name, known_functions()),
                )
            )

    def _scope(
        self, instance: _Instance, expression: Expression, each: Traced | None, span: Span
    ) -> Names:
        scope: dict[str, Traced] = {}
        for chain in expression.chains:
            traced = self._bind(instance, chain, each, span)
            before = scope.get(chain.root)
            if (
                before is not None
                and isinstance(before.value, Mapping)
                and isinstance(traced.value, Mapping)
            ):
                traced = Traced(_join(before.value, traced.value), before.sources | traced.sources)
            scope[chain.root] = traced
            self._check_chain(traced.value, chain, span)
        return scope

    def _check_chain(self, bound: Bound, chain: Chain, span: Span) -> None:
        """Refuse a property that the resource's type does not have."""
        path = list(chain.path)
        while path and isinstance(bound, Mapping):
            if path[0] not in bound:
                return
            bound = bound[str(path.pop(0))]
        if not isinstance(bound, ResourceValue) or not path:
            return
        resource_type = self._type_of(self._placed[bound.address])
        model_path: list[str] = []
        for step in path:
            if step in ("id", "name", "type") and not model_path:
                return
            here = [*model_path, "[]" if isinstance(step, int) else step]
            before = (
                self._catalog.schemas.find(resource_type.name, model_path) if model_path else None
            )
            if before is not None and before.read_only:
                return
            if self._catalog.schemas.find(resource_type.name, here) is None:
                model = self._catalog.schemas.model_at(resource_type.name, model_path)
                raise DiagnosticError(
                    error(
                        "unknown-property",
                        f"{chain} does not exist: {resource_type.name} has no "
                        f"{'.'.join(here).replace('.[]', '[]')}.",
                        span,
                        nearest(str(step), list(model.properties)) if model else None,
                    )
                )
            model_path = here

    def _sources_of(self, expression: Expression, scope: Names) -> frozenset[str]:
        found: set[str] = set()
        for chain in expression.chains:
            traced = scope[chain.root]
            found |= traced.sources
            bound: Bound = traced.value
            for step in chain.path:
                if not isinstance(bound, Mapping) or step not in bound:
                    break
                bound = bound[str(step)]
            found |= set(_addresses(bound))
        return frozenset(found)

    def _known(self, address: str) -> Mapping[str, Value] | None:
        return _KnownResource(self, address)

    # Resources

    def _type_of(self, placed: _Placed) -> ResourceType:
        if isinstance(placed.spec, ResourceGroup):
            return self._catalog.get(RESOURCE_GROUP)
        found = self._catalog.find(placed.spec.type)
        if found is None:
            known = [resource_type.name for resource_type in self._catalog]
            raise DiagnosticError(
                error(
                    "unknown-type",
                    f"azsec does not know the type {placed.spec.type!r}.",
                    placed.node.find(("type",)).span,
                    nearest(placed.spec.type, known),
                )
            )
        return found

    def identify(self, address: str) -> tuple[ResourceId, tuple[Edge, ...]]:
        """Return the id of the resource at an address, and what the id alone waits for."""
        if address not in self._ids:
            with _Opened(self, address, "its id"):
                self._ids[address] = self._identify(self._placed[address])
        return self._ids[address]

    def _identify(self, placed: _Placed) -> tuple[ResourceId, tuple[Edge, ...]]:
        resource_type = self._type_of(placed)
        name_node = placed.node.find(("name",))
        name = self._evaluate(placed.instance, name_node, placed.each)
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
        container, reason, sources = self._container(placed, placed.spec, resource_type)
        edges += [Edge(source, reason) for source in sorted(sources)]
        if resource_type.parent:
            return ResourceId(
                resource_type.name, (*container.names, name.value), container.scope
            ), tuple(edges)
        return ResourceId(resource_type.name, (name.value,), container), tuple(edges)

    def _identify_group(self, spec: ResourceGroup, name: str, node: Node) -> ResourceId:
        guid = self._environment.subscriptions.get(spec.subscription)
        if guid is None:
            raise DiagnosticError(
                error(
                    "unknown-subscription",
                    f"{self._environment.path} gives no subscription {spec.subscription!r}.",
                    node.find(("subscription",)).span,
                    nearest(spec.subscription, list(self._environment.subscriptions)),
                )
            )
        return resource_group_id(guid, name)

    def _container(
        self, placed: _Placed, spec: Resource, resource_type: ResourceType
    ) -> tuple[ResourceId, str, frozenset[str]]:
        """Return what a resource stands in, in which sense, and what that came from."""
        if resource_type.parent:
            return self._stated_container(placed, "parent", resource_type)
        if resource_type.scope is Scope.EXTENSION:
            return self._stated_container(placed, "scope", resource_type)
        group = self._group_of(placed.instance, spec.resource_group, placed.node)
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
        self, placed: _Placed, key: str, resource_type: ResourceType
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
        traced = self._evaluate(placed.instance, node, placed.each)
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
            with _Opened(self, address, "its properties"):
                self._bodies[address] = self._evaluate_body(self._placed[address])
        return self._bodies[address][0]

    def _evaluate_body(self, placed: _Placed) -> tuple[Mapping[str, Value], tuple[Edge, ...]]:
        resource_type = self._type_of(placed)
        if isinstance(placed.spec, ResourceGroup):
            keys = [key for key in ("location", "tags") if key in placed.node.entries]
        else:
            keys = [key for key in placed.node.entries if key not in RESOURCE_KEYS]
        body: dict[str, Value] = {}
        edges: list[Edge] = []
        for key in keys:
            self._add_part(placed, key, placed.node.entries[key], body, edges)
        if resource_type.has_location and "location" not in body:
            body["location"] = self._group_location(placed)
        if resource_type.taggable and self._blueprint_tags:
            own = body.get("tags")
            shared = {
                k: self._evaluate(self._root(), n, None).value
                for k, n in self._blueprint_tags.items()
            }
            body["tags"] = {**shared, **(own if isinstance(own, Mapping) else {})}  # type: ignore[dict-item]
        for problem in check_body(resource_type, self._catalog.schemas, body, placed.node):
            self._fail(problem)
        return body, tuple(edges)

    def _add_part(
        self, placed: _Placed, key: str, node: Node, body: dict[str, Value], edges: list[Edge]
    ) -> None:
        def descend(node: Node, path: str) -> Value:
            if isinstance(node.value, Mapping):
                found = {k: descend(n, f"{path}.{k}") for k, n in node.entries.items()}
                return {k: v for k, v in found.items() if v is not None}
            if isinstance(node.value, tuple):
                return [descend(n, f"{path}[{i}]") for i, n in enumerate(node.items)]
            traced = self._evaluate(placed.instance, node, placed.each)
            edges.extend(Edge(source, path) for source in sorted(traced.sources))
            return _without_nulls(traced.value)

        value = descend(node, key)
        if value is not None:
            body[key] = value

    def _group_location(self, placed: _Placed) -> Value:
        spec = placed.spec
        assert isinstance(spec, Resource)
        group = self._group_of(placed.instance, spec.resource_group, placed.node)
        return self.body_of(group).get("location") if group else None

    def _build_resources(self) -> list[DesiredResource]:
        built: list[DesiredResource] = []
        for address in sorted(self._placed):
            self._attempt(lambda at: built.append(self._build(at)), address)
        self._stop_on_failure()
        return _with_implied_edges(built)

    def _build(self, address: str) -> DesiredResource:
        placed = self._placed[address]
        resource, id_edges = self.identify(address)
        body = self.body_of(address)
        stated: tuple[Edge, ...] = ()
        if isinstance(placed.spec, Resource):
            stated = self._stated_edges(placed.instance, placed.spec.depends_on, placed.node)
        edges = {*id_edges, *self._bodies[address][1], *stated, *placed.instance.extra_edges}
        return DesiredResource(
            address=address,
            id=resource,
            type=self._type_of(placed),
            body=body,
            managed=not placed.spec.existing,
            edges=_one_reason_each(edge for edge in edges if edge.on != address),
            span=placed.span,
        )

    def _stated_edges(self, instance: _Instance, names: list[str], node: Node) -> tuple[Edge, ...]:
        edges: list[Edge] = []
        for index, name in enumerate(names):
            span = node.find(("dependsOn", index)).span
            if name in instance.resources:
                addresses = _addresses(self._spread_resource(instance, name).value)
            elif name in instance.modules:
                self._module(instance, name)
                addresses = iter(
                    [a for a in self._placed if _is_below(a, f"{instance.prefix}{name}")]
                )
            else:
                raise DiagnosticError(
                    error(
                        "unknown-name",
                        f"nothing here is called {name!r}.",
                        span,
                        nearest(name, [*instance.resources, *instance.modules]),
                    )
                )
            edges += [Edge(address, "dependsOn") for address in addresses]
        return tuple(edges)

    def _outputs(self, root: _Instance) -> Mapping[str, Value]:
        found: dict[str, Value] = {}
        for name, node in sorted(root.outputs.items()):
            self._attempt(self._add_output, root, name, node, found)
        return found

    def _add_output(self, root: _Instance, name: str, node: Node, found: dict[str, Value]) -> None:
        found[name] = _without_nulls(self._evaluate(root, node, None).value)

    # Failures and cycles

    def _attempt(self, act: Callable[..., object], *arguments: object) -> None:
        """Go on after a failure, so that one run shows all mistakes."""
        depth = len(self._open)
        try:
            act(*arguments)
        except DiagnosticError as problem:
            del self._open[depth:]
            for diagnostic in problem.diagnostics:
                self._fail(diagnostic)

    def _fail(self, diagnostic: Diagnostic) -> None:
        self._failed[diagnostic] = None

    def _stop_on_failure(self) -> None:
        if self._failed:
            raise DiagnosticError(*sorted(self._failed, key=_place))

    def open(self, address: str, what: str) -> None:
        """Note that a part of a resource is being evaluated; a part that is open is a cycle."""
        if (address, what) in self._open:
            around = self._open[self._open.index((address, what)) :]
            raise DiagnosticError(
                cycle_diagnostic([(a, w) for a, w in around], address, self._placed[address].span)
            )
        self._open.append((address, what))

    def close(self) -> None:
        """Note that the part opened last is done."""
        self._open.pop()


@dataclass(frozen=True, slots=True)
class _Opened:
    """Guards the evaluation of one part of one resource."""

    composer: _Composer
    address: str
    what: str

    def __enter__(self) -> None:
        self.composer.open(self.address, self.what)

    def __exit__(self, kind: object, _value: object, _trace: object) -> None:
        if kind is None:
            self.composer.close()


class _KnownResource(Mapping[str, Value]):
    """What a blueprint says of one of its resources; its body is evaluated when it is read."""

    def __init__(self, composer: _Composer, address: str) -> None:
        self._composer = composer
        self._address = address

    def __getitem__(self, key: str) -> Value:
        if key in ("id", "name", "type"):
            resource, _ = self._composer.identify(self._address)
            return {"id": resource.text, "name": resource.name, "type": resource.type}[key]
        return self._composer.body_of(self._address)[key]

    def __iter__(self) -> Iterator[str]:
        return iter({"id", "name", "type", *self._composer.body_of(self._address)})

    def __len__(self) -> int:
        return len(list(iter(self)))


def _entries(node: Node, key: str) -> Mapping[str, Node]:
    found = node.get(key)
    return found.entries if found else {}


def _place(diagnostic: Diagnostic) -> tuple[bool, Span | None, str]:
    return diagnostic.span is None, diagnostic.span, diagnostic.message


def _said(problem: ExpressionError) -> str:
    text = str(problem)
    return text if text.startswith(("cannot", "does not")) else f"has no value: {text}"


def _loop_entries(value: Bound, span: Span) -> list[tuple[str, Bound]]:
    """Return the (key, value) of a loop: over a mapping, texts, or mappings with a `name`."""
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


def _addresses(bound: Bound) -> Iterator[str]:
    if isinstance(bound, ResourceValue):
        yield bound.address
    elif isinstance(bound, Mapping):
        for item in bound.values():
            yield from _addresses(item)
    elif isinstance(bound, (list, tuple)):
        for item in bound:
            yield from _addresses(item)


def _is_below(address: str, prefix: str) -> bool:
    return address.startswith((f"{prefix}.", f"{prefix}["))


def _join(one: Mapping[str, Bound], other: Mapping[str, Bound]) -> Mapping[str, Bound]:
    """Return two readings of one name (different outputs of a module) as one."""
    joined = dict(one)
    for key, item in other.items():
        before = joined.get(key)
        joined[key] = (
            _join(before, item)
            if isinstance(before, Mapping) and isinstance(item, Mapping)
            else item
        )
    return joined


def _without_nulls(value: Bound) -> Value:
    """Leave out what an expression made null: `${condition ? x : null}` means "not set"."""
    if isinstance(value, Mapping):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_without_nulls(item) for item in value if item is not None]
    if isinstance(value, ResourceValue):
        raise TypeError(f"{value.address} is a resource, not a value")
    return value


def _one_reason_each(edges: Iterator[Edge]) -> tuple[Edge, ...]:
    first: dict[str, Edge] = {}
    for edge in sorted(edges):
        first.setdefault(edge.on, edge)
    return tuple(first.values())


def _check_name(resource_type: ResourceType, name: str, span: Span) -> None:
    if not resource_type.accepts_name(name):
        raise DiagnosticError(
            error(
                "wrong-name",
                f"{name!r} is no name for a {resource_type.name}.",
                span,
                f"Expected {resource_type.rule.words}.",
            )
        )


def _with_implied_edges(resources: list[DesiredResource]) -> list[DesiredResource]:
    """Add the edges that ids written out by hand mean, and refuse two claims to one id."""
    by_key: dict[str, DesiredResource] = {}
    clashes = []
    for resource in resources:
        other = by_key.setdefault(resource.id.key, resource)
        if other is not resource:
            clashes.append(
                error(
                    "duplicate-id",
                    f"{resource.address} has the id of {other.address} "
                    f"({other.span}): {resource.id}.",
                    resource.span,
                    "Give it another name.",
                )
            )
    if clashes:
        raise DiagnosticError(*clashes)
    return [_with_edges_of_ids(resource, by_key) for resource in resources]


def _with_edges_of_ids(
    resource: DesiredResource, by_key: Mapping[str, DesiredResource]
) -> DesiredResource:
    found = list(resource.edges)
    known = {edge.on for edge in found}
    reasons = [("scope", ancestor) for ancestor in resource.id.ancestors]
    reasons += [(path, mentioned) for path, mentioned in _mentioned_ids(resource.body, "")]
    for reason, mentioned in reasons:
        other = by_key.get(mentioned.key)
        if other is not None and other is not resource and other.address not in known:
            known.add(other.address)
            found.append(Edge(other.address, reason))
    return DesiredResource(
        resource.address, resource.id, resource.type, resource.body, resource.managed,
        tuple(sorted(found)), resource.span,
    )  # fmt: skip


def _mentioned_ids(value: Value, path: str) -> Iterator[tuple[str, ResourceId]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            named = parse_resource_id(key)
            if named is not None:
                yield path, named
            yield from _mentioned_ids(item, f"{path}.{key}" if path else key)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _mentioned_ids(item, f"{path}[{index}]")
    else:
        mentioned = parse_resource_id(value)
        if mentioned is not None:
            yield path, mentioned


def _check_ranges(graph: DesiredGraph) -> None:
    """Refuse a range that lies outside of its parent's (a subnet's outside of its network's)."""
    problems = []
    for resource in graph:
        parent_id = resource.id.parent
        parent = graph.by_id.get(parent_id.key) if parent_id else None
        if parent is None:
            continue
        for path, above in resource.type.ranges_within.items():
            ours, theirs = _ranges_at(resource.body, path), _ranges_at(parent.body, above)
            for text in ours:
                if theirs and not any(is_range_within(text, outer) for outer in theirs):
                    problems.append(
                        error(
                            "range-outside-parent",
                            f"{resource.address}: {text} lies outside of {', '.join(theirs)}, "
                            f"the ranges of {parent.address}.",
                            resource.span,
                            "Choose a range inside of them.",
                        )
                    )
    if problems:
        raise DiagnosticError(*problems)


def _ranges_at(body: Mapping[str, Value], path: str) -> list[str]:
    found = lookup(body, path.split("."))
    listed = found if isinstance(found, (list, tuple)) else [found]
    return [text for text in listed if isinstance(text, str)]
