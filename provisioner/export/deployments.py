"""Deployments of an environment, connected by outputs and parameters.

A nested deployment cannot read what another one created. What is read across is an output of the
one and a parameter of the other, and the template above them passes it on.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from provisioner.blueprint.graph import DesiredGraph, DesiredResource
from provisioner.blueprint.ownership import is_ownership_tag
from provisioner.catalog.deployment import MOST_OUTPUTS, MOST_PARAMETERS, MOST_RESOURCES
from provisioner.catalog.registry import Catalog
from provisioner.catalog.schema import Kind
from provisioner.export.placement import Placed, place
from provisioner.export.symbols import Symbols
from provisioner.export.terms import (
    Call,
    Exported,
    NotExportableError,
    Read,
    export_value,
    reads_in,
)
from provisioner.export.waits import nearest_waits, waits_of
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Value

_MOST_PASSED = {"parameters": MOST_PARAMETERS, "outputs": MOST_OUTPUTS}
_HINT = "Use the property as it is, or put it into a text."


@dataclass(frozen=True, slots=True)
class Passed:
    """A value that leaves the deployment `source`: its output there, a parameter elsewhere.

    `kind` is its type in a template: string, int, bool, array or object.
    """

    name: str
    kind: str
    read: Read
    source: str


@dataclass(frozen=True, slots=True)
class Item:
    """A resource of a deployment.

    `waits` are addresses in the same deployment that it depends on.
    """

    resource: DesiredResource
    body: Mapping[str, Exported]
    waits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deployment:
    """Resources deployed into one subscription or resource group, after the deployments `waits`."""

    name: str
    symbol: str
    scope: ResourceId
    items: tuple[Item, ...]
    parameters: tuple[Passed, ...]
    outputs: tuple[Passed, ...]
    waits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Output:
    """An output of the environment. `kind` is its type in a template."""

    name: str
    kind: str
    value: Exported


@dataclass(frozen=True, slots=True)
class Export:
    """An environment as deployments, each after those that it depends on.

    `passed` has every value that leaves a deployment; `symbols` a name for each address.
    """

    environment: str
    blueprint: str
    graph: DesiredGraph
    catalog: Catalog
    deployments: tuple[Deployment, ...]
    outputs: tuple[Output, ...]
    passed: Mapping[Read, Passed]
    symbols: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Source:
    """The input of an export. `aliases` names the subscriptions, by their GUID in lower case."""

    graph: DesiredGraph
    catalog: Catalog
    environment: str
    blueprint: str
    aliases: Mapping[str, str]


def export_deployments(source: Source) -> Export:
    """Return an environment as deployments, without azsec's ownership tags.

    Raises:
        DiagnosticError: `not-exportable`, with everything that a template cannot express.
    """
    graph = source.graph
    managed = [resource for resource in graph.ordered if resource.managed]
    bodies, outputs, problems = _exported_bodies(graph, managed)
    if not managed:
        problems.append(error("not-exportable", f"{source.blueprint} describes no resources."))
    if problems:
        raise DiagnosticError(*problems)
    waits = waits_of(graph)
    placed = place(managed, waits, source.environment, source.aliases)
    symbols = Symbols()
    named = {resource.address: symbols.give(resource.address) for resource in graph}
    exported = [
        Output(name, _kind_of(value, graph, source.catalog), value)
        for name, value in outputs.items()
    ]
    homes = {r.address: one.name for one in placed for r in one.resources}
    passed = {
        read: Passed(
            symbols.give(read.address, *(step for step in read.path if step != "properties")),
            _kind_of(read, graph, source.catalog),
            read,
            homes[read.address],
        )
        for read in _reads_across(bodies, outputs, homes)
    }
    wiring = _Wiring(bodies, outputs, waits, homes, passed)
    deployments = tuple(wiring.connect(one, symbols.give("deploy", one.name)) for one in placed)
    _refuse_large(deployments)
    return Export(
        environment=source.environment,
        blueprint=source.blueprint,
        graph=graph,
        catalog=source.catalog,
        deployments=deployments,
        outputs=tuple(exported),
        passed=passed,
        symbols=named,
    )


def _exported_bodies(
    graph: DesiredGraph, managed: Iterable[DesiredResource]
) -> tuple[dict[str, Mapping[str, Exported]], dict[str, Exported], list[Diagnostic]]:
    """Return the bodies by address, the outputs by name, and what cannot be expressed."""
    problems: list[Diagnostic] = []
    bodies: dict[str, Mapping[str, Exported]] = {}
    outputs: dict[str, Exported] = {}
    for resource in managed:
        body: dict[str, Exported] = {}
        for key, value in _without_ownership(resource.body).items():
            try:
                body[key] = export_value(value, graph)
            except NotExportableError as problem:
                said = f"{resource.address}: {problem}."
                problems.append(error("not-exportable", said, resource.span, _HINT))
        bodies[resource.address] = body
    for name, value in graph.outputs.items():
        try:
            outputs[name] = export_value(value, graph)
        except NotExportableError as problem:
            said = f"the output {name!r}: {problem}."
            problems.append(error("not-exportable", said, None, _HINT))
    return bodies, outputs, problems


def _without_ownership(body: Mapping[str, Value]) -> Mapping[str, Value]:
    tags = body.get("tags")
    if not isinstance(tags, Mapping):
        return body
    kept = {name: tag for name, tag in tags.items() if not is_ownership_tag(name)}
    rest = {key: value for key, value in body.items() if key != "tags"}
    return {**rest, "tags": kept} if kept else rest


def _reads_across(
    bodies: Mapping[str, Mapping[str, Exported]],
    outputs: Mapping[str, Exported],
    homes: Mapping[str, str],
) -> list[Read]:
    """Return the reads of a deployment's resources from outside of it, each once, sorted."""
    read_by = [(homes[address], read) for address in bodies for read in reads_in(bodies[address])]
    read_by += [("", read) for value in outputs.values() for read in reads_in(value)]
    found = {read for home, read in read_by if homes.get(read.address, home) != home}
    return sorted(found, key=lambda read: (read.address, [str(step) for step in read.path]))


@dataclass(frozen=True, slots=True)
class _Wiring:
    """The connections of deployments.

    waits   all dependencies of each address, direct and transitive
    homes   the deployment of each address
    passed  the values that leave a deployment
    """

    bodies: Mapping[str, Mapping[str, Exported]]
    outputs: Mapping[str, Exported]
    waits: Mapping[str, frozenset[str]]
    homes: Mapping[str, str]
    passed: Mapping[Read, Passed]

    def connect(self, placed: Placed, symbol: str) -> Deployment:
        """Return a deployment with its parameters, outputs and dependencies."""
        inside = {resource.address for resource in placed.resources}
        read = {r for address in inside for r in reads_in(self.bodies[address])}
        items = tuple(
            Item(
                resource,
                self.bodies[resource.address],
                tuple(on for on in nearest_waits(self.waits, resource.address) if on in inside),
            )
            for resource in placed.resources
        )
        near = {
            self.homes[on]
            for address in inside
            for on in nearest_waits(self.waits, address)
            if on not in inside
        }
        return Deployment(
            name=placed.name,
            symbol=symbol,
            scope=placed.scope,
            items=items,
            parameters=tuple(
                p for r, p in self.passed.items() if r in read and p.source != placed.name
            ),
            outputs=tuple(p for p in self.passed.values() if p.source == placed.name),
            waits=tuple(sorted(near)),
        )


def _kind_of(value: Exported, graph: DesiredGraph, catalog: Catalog) -> str:
    """Return the type of a value in a template; what is read has that of its property."""
    if isinstance(value, Read):
        steps = ["[]" if isinstance(step, int) else step for step in value.path]
        found = catalog.schemas.find(graph.resources[value.address].type.name, steps)
        return _KINDS.get(found.shape.kind, "string") if found else "string"
    if isinstance(value, (str, Call)):
        return "string"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "int"
    return "object" if isinstance(value, Mapping) else "array"


_KINDS = {
    Kind.STRING: "string",
    Kind.INTEGER: "int",
    Kind.LONG: "int",
    Kind.BOOLEAN: "bool",
    Kind.OBJECT: "object",
    Kind.MAP: "object",
    Kind.LIST: "array",
}


def _refuse_large(deployments: Sequence[Deployment]) -> None:
    """Refuse what exceeds the limits of a template.

    Raises:
        DiagnosticError: there are too many deployments, parameters or outputs.
    """
    problems = []
    if len(deployments) > MOST_RESOURCES:
        said = f"there are {len(deployments)} deployments; a template holds {MOST_RESOURCES}."
        problems.append(error("not-exportable", said, None, "Split the environment."))
    for one in deployments:
        for what, count in (("parameters", len(one.parameters)), ("outputs", len(one.outputs))):
            if count > _MOST_PASSED[what]:
                said = f"{one.name} would need {count} {what}; a template has {_MOST_PASSED[what]}."
                problems.append(error("not-exportable", said, None, "Split the resource group."))
    if problems:
        raise DiagnosticError(*problems)
