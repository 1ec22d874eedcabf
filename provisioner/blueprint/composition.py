"""Composes an environment's blueprint and modules into the desired graph.

Values are found on demand: a name is evaluated when something reads it, once. That lets files be
written in any order, and finds every cycle.

A composition reads files and the catalog, and never Azure. Called by `workflow.plan` and the
workflows that need the desired graph.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import cast

from provisioner.blueprint.cached_instances import CachedInstances
from provisioner.blueprint.composed_files import load_blueprint
from provisioner.blueprint.composition_cache import CompositionCache
from provisioner.blueprint.composition_state import (
    GivenArgument,
    Instance,
    PlacedResource,
    TracedValue,
    entries_of,
)
from provisioner.blueprint.environment import Environment
from provisioner.blueprint.evaluation import Evaluator
from provisioner.blueprint.expansion import Expansion
from provisioner.blueprint.expression_limits import Budget, exceeded
from provisioner.blueprint.file_schemas import Sources, span_of
from provisioner.blueprint.graph import DesiredGraph, DesiredResource, cycle_diagnostic
from provisioner.blueprint.implicit_dependencies import with_derived_order
from provisioner.blueprint.implied_edges import with_implied_edges
from provisioner.blueprint.mentions import find_mentions
from provisioner.blueprint.ownership import add_ownership
from provisioner.blueprint.resources import CachedResource, Resources, without_nulls
from provisioner.blueprint.secret_checks import check_values
from provisioner.blueprint.write_scope import check_boundaries
from provisioner.blueprint.yaml_source import Node
from provisioner.catalog.registry import Catalog
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, Severity, error, nearest
from provisioner.model.span import Span
from provisioner.model.values import Bound, Value


def compose(
    environment: Environment,
    catalog: Catalog,
    sources: Sources,
    cache: CompositionCache | None = None,
) -> DesiredGraph:
    """Return the graph that an environment's blueprint describes, with its ownership marks.

    Uses of modules that `cache` has are not composed again. Raises DiagnosticError with everything
    that is wrong: one run shows all mistakes.
    """
    graph = _Composition(environment, catalog, sources, cache).compose()
    check_boundaries(graph, environment.subscriptions)
    graph.ordered  # noqa: B018  raises for a cycle
    # What is only watched is never marked.
    return graph if environment.observes else add_ownership(graph, environment.marks)


class ComposedNames:
    """The names of an environment's blueprint, for expressions that are not part of it.

    Making one raises DiagnosticError as `compose` does.
    """

    def __init__(self, environment: Environment, catalog: Catalog, sources: Sources) -> None:
        self._composition = _Composition(environment, catalog, sources)
        self._composition.compose()

    def evaluate(self, text: str, place: Span) -> Value:
        """Return the value of a CEL expression. Raises DiagnosticError with its place."""
        return self._composition.evaluate_text(text, place)


class _Composition:
    """The `Context` of one composition: its parts, its diagnostics, and the current evaluations."""

    def __init__(
        self,
        environment: Environment,
        catalog: Catalog,
        sources: Sources,
        cache: CompositionCache | None = None,
    ) -> None:
        self.environment = environment
        self.cache = cache or CompositionCache()
        self.catalog = catalog
        self.sources = self.cache.over(sources)
        self.placed: dict[str, PlacedResource] = {}
        self.groups: dict[str, Bound] = {}
        self.budget = Budget()
        self._output_sources: dict[str, tuple[str, ...]] = {}
        self._mistakes: dict[Diagnostic, None] = {}
        self._warnings: dict[Diagnostic, None] = {}
        self._open: list[tuple[str, str, Span]] = []
        self._evaluator = Evaluator(self)
        self._placement = Expansion(self)
        file, node = load_blueprint(environment, self.sources)
        place = span_of(environment.node, "parameters")
        outside = Instance("", environment.path, environment.node, place)
        self._groups_of_file = file.resource_groups
        self._root = Instance(
            prefix="",
            path=environment.blueprint,
            node=node,
            place=place,
            resources=file.resources,
            modules=file.modules,
            parameters=file.parameters,
            given={
                name: GivenArgument(value, outside)
                for name, value in environment.parameters.items()
            },
        )
        self._resources = Resources(self, self._root, entries_of(node, "tags"))
        self.evaluate = self._evaluator.evaluate
        self.evaluate_keys = self._evaluator.evaluate_keys
        self.place_resource = self._placement.place_resource
        self.open_module = self._placement.open_module
        self.find_group = self._placement.find_group
        self.stated_edges = self._placement.stated_edges
        self.identify = self._resources.identify
        self.body_of = self._resources.body_of
        self.given_value = self._evaluator.given_value
        self.environment_value = self._evaluator.environment_value
        self.shared_tags = self._resources.shared_tags
        self.meaning_of = self._placement.meaning_of
        self.cacheable_resource = self._resources.make
        self._instances = CachedInstances(self)

    def compose(self) -> DesiredGraph:
        """Place everything, then build everything; raise the diagnostics of both."""
        for alias, group in self._groups_of_file.items():
            self.attempt(self._placement.place_group, self._root, alias, group)
        self.attempt(self._placement.place_all, self._root)
        built: list[DesiredResource] = []
        for address in sorted(self.placed):
            self.attempt(lambda at: built.append(self._resources.build(at)), address)
        outputs: dict[str, Value] = {}
        for name, node in sorted(self._root.outputs.items()):
            self.attempt(self._add_output, name, node, outputs)
        self._stop_on_mistakes()
        # What a warning points into is composed again, so that it is raised again.
        self._instances.keep(frozenset(each.span.file for each in self._warnings if each.span))
        mentions = {resource.address: find_mentions(resource.body) for resource in built}
        ordered = with_derived_order(with_implied_edges(built, mentions), mentions)
        return DesiredGraph(
            {r.address: r for r in ordered},
            outputs,
            self._output_sources,
            tuple(sorted(self._warnings, key=_sort_place)),
        )

    def restore(self, instance: Instance) -> bool:
        """Take the result of a use of a module from the cache; return whether it was there.

        While the resource groups are being placed, what an expression reads of them may still
        change.
        """
        placed_all = len(self.groups) == len(self._groups_of_file)
        return self.cache.is_enabled and placed_all and self._instances.restore(instance)

    def take_resource(self, placed: PlacedResource, made: CachedResource) -> None:
        """Take in a resource that need not be composed."""
        self.placed[placed.address] = placed
        self._resources.take(placed, made)

    def take_names(
        self,
        instance: Instance,
        names: Mapping[str, TracedValue],
        outputs: Mapping[str, TracedValue],
    ) -> None:
        """Take in what the names of resources mean in a file, and the values of outputs."""
        self._placement.take_names(instance, names)
        self._evaluator.take_outputs(instance, outputs)

    def has_room_for(self, resources: int) -> bool:
        """Return whether so many more resources stay within the bounds, and charge for them."""
        return self._placement.has_room_for(resources, self._root.place)

    def output_of(self, instance: Instance, name: str) -> TracedValue | None:
        """Return the value of an output of a module.

        None where it has none: nothing reads it, or whoever does gets the error. It costs nothing
        of the budget.
        """
        budget, self.budget = self.budget, Budget()
        try:
            return self.evaluate(instance, instance.outputs[name], None)
        except DiagnosticError:
            return None
        finally:
            self.budget = budget

    def _add_output(self, name: str, node: Node, outputs: dict[str, Value]) -> None:
        traced = self.evaluate(self._root, node, None)
        value = without_nulls(traced.value)
        for problem in check_values(value, node, name):
            self.fail(problem)
        outputs[name] = value
        self._output_sources[name] = tuple(sorted(traced.sources))

    def evaluate_names(self, instance: Instance) -> None:
        """Evaluate every parameter and local of a file, so that each mistake in one is reported."""
        for name, given in instance.given.items():
            if name not in instance.parameters:
                self.fail(
                    error(
                        "unknown-parameter",
                        f"there is no parameter {name!r}.",
                        given.node.span,
                        nearest(name, list(instance.parameters)),
                    )
                )
        for name in instance.parameters:
            self.attempt(self._evaluator.parameter, instance, name)
        for name in instance.locals:
            self.attempt(self._evaluator.local, instance, name)

    def evaluate_text(self, text: str, place: Span) -> Value:
        """Return the value of an expression in the names of the blueprint.

        It has a budget of its own. Raises DiagnosticError where it has no value.
        """
        self.budget = Budget()
        traced = self.evaluate(self._root, Node(f"${{{text}}}", place), None)
        return cast(Value, traced.value)  # what an expression gives holds no resource

    def attempt(self, act: Callable[..., object], *arguments: object) -> None:
        """Do something; note its mistakes, and go on, so that one run shows all.

        Once the budget is used up, that is what is wrong, and nothing else is tried.
        """
        if self.budget.left < 0:
            return
        try:
            act(*arguments)
        except DiagnosticError as problem:
            for diagnostic in problem.diagnostics:
                self.fail(diagnostic)
        except RecursionError:
            # From the innermost attempt: one further out has a place too, and no need to tell it.
            span = self._open[-1][2] if self._open else self._root.place
            self.fail(exceeded("values refer to each other over too many levels", span))

    def fail(self, diagnostic: Diagnostic) -> None:
        """Note a mistake or a warning, and go on."""
        is_error = diagnostic.severity is Severity.ERROR
        (self._mistakes if is_error else self._warnings)[diagnostic] = None

    def _stop_on_mistakes(self) -> None:
        if self._mistakes:
            raise DiagnosticError(*sorted(self._mistakes, key=_sort_place))

    @contextmanager
    def opened(self, address: str, what: str, span: Span) -> Iterator[None]:
        """Guard the evaluation of one part of a resource or file.

        Raises:
            DiagnosticError: Where it is entered twice (`cycle`).
        """
        part = (address, what, span)
        if part in self._open:
            around = self._open[self._open.index(part) :]
            # Reported from the same place wherever it was entered, so that it is reported once.
            start = around.index(min(around))
            links = [(a, w) for a, w, _ in (*around[start:], *around[:start])]
            raise DiagnosticError(cycle_diagnostic(links, links[0][0], around[start][2]))
        self._open.append(part)
        try:
            yield
        finally:
            self._open.pop()


def _sort_place(diagnostic: Diagnostic) -> tuple[str, int, int, str]:
    span = diagnostic.span or Span("", 0, 0)
    return span.file, span.line, span.column, diagnostic.message
