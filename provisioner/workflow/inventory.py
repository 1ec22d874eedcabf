"""`azsec output`, `list` and `console`: outputs, resources and expressions, by Azure's answers.

Called by `cli`; nothing is written.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from provisioner.blueprint.composition import ComposedNames
from provisioner.blueprint.expression import ExpressionError, resolve
from provisioner.blueprint.graph import DesiredGraph
from provisioner.blueprint.ownership import embedded_children
from provisioner.catalog.registry import Catalog
from provisioner.catalog.schema import SchemaIndex
from provisioner.catalog.sensitive_values import conceal_sensitive
from provisioner.documents.census import UnreadableDocument
from provisioner.documents.inventory import (
    EvaluatedDocument,
    OutputDocument,
    OutputsDocument,
    OwnedResourceDocument,
    ResourcesDocument,
)
from provisioner.engine.ports import Reader
from provisioner.model.actual import ActualState, Found, Missing
from provisioner.model.diagnostic import DiagnosticError, error, nearest
from provisioner.model.resource_id import ResourceId
from provisioner.model.span import Span
from provisioner.model.values import Value, is_known, unknowns
from provisioner.plan.owners import find_owners
from provisioner.plan.value_text import mask_output, to_plain
from provisioner.workflow.environment_reader import Reading, read_environment
from provisioner.workflow.plan import Desired


@dataclass(frozen=True, slots=True)
class ReadResources:
    """The resources of a blueprint as they were read from Azure."""

    graph: DesiredGraph
    state: ActualState
    schemas: SchemaIndex

    def body_at(self, address: str) -> Mapping[str, Value] | None:
        """Return Azure's answer for the resource at an address, None where it has none.

        It has `id`, `name` and `type`, and a Sensitive in the place of each value that no document
        shows.
        """
        resource = self.graph.resources[address]
        actual = self.state.get(resource.id)
        if not isinstance(actual, Found):
            return None
        named = {"id": actual.id.text, "name": actual.id.name, "type": actual.id.type}
        # Masked before expressions use it: a value derived from a secret no longer has its path.
        return {**conceal_sensitive(resource.type, self.schemas, address, actual.body), **named}

    def why_not(self, address: str) -> str | None:
        """Return why nothing is known of the resource at an address; None where something is."""
        actual = self.state.get(self.graph.resources[address].id)
        if isinstance(actual, Found):
            return None
        if isinstance(actual, Missing):
            return f"{address} is not in Azure"
        return f"{address} could not be read: {actual.reason}"


def read_resources(
    desired: Desired, catalog: Catalog, reader: Reader
) -> tuple[ReadResources, Reading]:
    """Read the resources that an environment's blueprint and marks name.

    Raises AzureError where nothing can be read.
    """
    environment = desired.environment
    subscriptions = sorted(set(environment.subscriptions.values()))
    reading = read_environment(desired.graph, catalog, environment.marks, subscriptions, reader)
    return ReadResources(desired.graph, reading.state, catalog.schemas), reading


def read_outputs(
    desired: Desired, catalog: Catalog, connect: Callable[[], Reader], name: str | None = None
) -> OutputsDocument:
    """Return the outputs of an environment, or the one with a name, by what exists in Azure.

    `connect` returns the reader of Azure, and is called only where an output depends on a resource.

    Raises:
        DiagnosticError: Where the blueprint has no output of the name (`unknown-output`).
    """
    graph = desired.graph
    if name is not None and name not in graph.outputs:
        raise DiagnosticError(
            error(
                "unknown-output",
                f"{desired.environment.blueprint} has no output {name!r}.",
                None,
                nearest(name, list(graph.outputs)) if graph.outputs else "It has none.",
            )
        )
    names = [name] if name is not None else sorted(graph.outputs)
    sources = [graph.output_sources.get(one, ()) for one in names]
    actual = None
    # An output of parameters alone needs no sign-in.
    if any(sources) or any(unknowns(graph.outputs[one]) for one in names):
        actual, _ = read_resources(desired, catalog, connect())
    outputs = tuple(_output_document(one, graph, actual) for one in names)
    return OutputsDocument(environment=desired.document, outputs=outputs)


def _output_document(
    name: str, graph: DesiredGraph, actual: ReadResources | None
) -> OutputDocument:
    value = graph.outputs[name]
    if actual is not None:
        sources = graph.output_sources.get(name, ())
        reasons = [why for address in sources if (why := actual.why_not(address)) is not None]
        if reasons:
            return OutputDocument(name=name, known=False, reason="; ".join(reasons))
        try:
            value = resolve(value, actual.body_at)
        except ExpressionError as problem:
            return OutputDocument(name=name, known=False, reason=f"it has no value: {problem}")
    shown = mask_output(value, name)
    unanswered = sorted({path for unknown in unknowns(shown) for path in unknown.paths})
    if unanswered:
        reason = f"Azure does not answer {', '.join(unanswered)}"
        return OutputDocument(name=name, known=False, reason=reason)
    return OutputDocument(name=name, value=to_plain(shown), known=True, sensitive=shown != value)


def list_resources(desired: Desired, catalog: Catalog, reader: Reader) -> ResourcesDocument:
    """Return the resources that an environment owns in Azure, by their marks.

    Raises AzureError where nothing can be read.
    """
    graph, marks = desired.graph, desired.environment.marks
    _, reading = read_resources(desired, catalog, reader)
    owners = find_owners(reading.state, catalog, marks)
    found = {hit.id.key: hit.id for hit in reading.state.found.values() if owners.is_ours(hit.id)}
    # The inventory also has marked resources of types that the catalog does not have: they are
    # owned and not read.
    found |= {owned.id.key: owned.id for owned in reading.inventory.owned}

    in_bodies = {
        child.key: stating
        for stating in graph
        for child in embedded_children(stating.type, stating.id, stating.body)
    }

    def describe(resource: ResourceId) -> OwnedResourceDocument:
        stated = graph.by_id.get(resource.key) or in_bodies.get(resource.key)
        address = stated.address if stated is not None else owners.address_of(resource)
        known = catalog.of(resource)
        return OwnedResourceDocument(
            address=address,
            type=known.name if known is not None else resource.type,
            id=resource.text,
            name=resource.name,
            subscription=resource.subscription,
            resource_group=resource.resource_group,
            declared=stated is not None,
        )

    missing = (
        resource.address
        for resource in graph
        if resource.managed and isinstance(reading.state.get(resource.id), Missing)
    )
    # `~` sorts after letters: resources without an address come last.
    entries = sorted(map(describe, found.values()), key=lambda one: (one.address or "~", one.id))
    return ResourcesDocument(
        environment=desired.document,
        resources=tuple(entries),
        missing=tuple(sorted(missing)),
        unreadable=tuple(
            UnreadableDocument(id=gap.scope.text, listed=gap.type or "resources", reason=gap.reason)
            for gap in reading.state.gaps
        ),
    )


def evaluate_expression(
    names: ComposedNames, text: str, place: Span, actual: ReadResources | None
) -> EvaluatedDocument:
    """Return the value of an expression in the scope of a blueprint.

    `actual` are the resources from which values are taken that only Azure knows (None: they stay
    unknown).
    """
    try:
        value = names.evaluate(text, place)
        if actual is not None:
            value = resolve(value, actual.body_at)
    except DiagnosticError as problem:
        message = "\n".join(str(diagnostic) for diagnostic in problem.diagnostics)
        return EvaluatedDocument(expression=text, known=False, error=message)
    except ExpressionError as problem:
        return EvaluatedDocument(expression=text, known=False, error=f"error: {problem}")
    shown = mask_output(value, "")
    return EvaluatedDocument(expression=text, value=to_plain(shown), known=is_known(shown))


def has_errors(results: Sequence[EvaluatedDocument]) -> bool:
    """Return whether an expression of several has no value."""
    return any(result.error is not None for result in results)
