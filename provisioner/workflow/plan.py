"""`azsec plan` and `azsec destroy`: desired against actual, before anything is written."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from provisioner.blueprint.composition import compose
from provisioner.blueprint.environment import Environment, load_environment
from provisioner.blueprint.files import Sources
from provisioner.blueprint.graph import DesiredGraph
from provisioner.blueprint.ignores import check_ignores
from provisioner.catalog.registry import Catalog
from provisioner.documents.document import EnvironmentDocument
from provisioner.documents.plan import Action
from provisioner.engine.ports import Reader
from provisioner.model.actual import ActualState
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error, nearest, warning
from provisioner.model.estate import Estate
from provisioner.network.address_checks import check_addresses
from provisioner.network.wiring_checks import check_wiring
from provisioner.plan.assembly import Judgement, Target, assemble_plan, is_at, select_changes
from provisioner.plan.changes import Changes, decide_changes
from provisioner.plan.estates import actual_estate, known_estate, planned_estate
from provisioner.plan.plan import Plan, with_diagnostics
from provisioner.plan.rotation import rotate
from provisioner.plan.terms import Terms
from provisioner.workflow.judging import (
    check_acceptances,
    check_desired_waivers,
    judge_change,
    judge_state,
)
from provisioner.workflow.preflight import Preflight
from provisioner.workflow.proving import judge, prove_environment, topology_of
from provisioner.workflow.reading import Reading, read_environment


@dataclass(frozen=True, slots=True)
class Desired:
    """An environment as its files describe it, and the cloud that it is meant for now."""

    environment: Environment
    graph: DesiredGraph
    cloud: str
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def document(self) -> EnvironmentDocument:
        """The environment as documents name it."""
        return EnvironmentDocument(
            name=self.environment.name,
            blueprint=self.environment.blueprint,
            cloud=self.cloud,
            auth=self.environment.auth,
            tenant_id=self.environment.tenant_id,
            subscriptions=dict(self.environment.subscriptions),
        )


@dataclass(frozen=True, slots=True)
class Scope:
    """What a plan is limited to: addresses (none: everything), and the terms of it."""

    terms: Terms
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with what was read for it. `asked` counts the requests of its preflight."""

    plan: Plan
    state: ActualState
    changes: Changes
    asked: int = 0

    @property
    def calls(self) -> int:
        """How many requests the plan took."""
        return self.state.calls + self.asked


def load_desired(
    path: str, catalog: Catalog, sources: Sources, today: date, cloud: str | None = None
) -> Desired:
    """Read and compose an environment; `cloud` goes before the one that its file names.

    `today` is the day by which what the environment lets go expires. Raises DiagnosticError with
    everything that is wrong.
    """
    environment = load_environment(path, sources)
    graph = compose(environment, catalog, sources)
    told = (
        *check_ignores(environment.ignores, graph, catalog, today),
        *check_acceptances(environment, graph, today),
    )
    return Desired(environment, graph, cloud or environment.cloud, told)


def plan_environment(
    desired: Desired,
    catalog: Catalog,
    reader: Reader,
    targets: Sequence[str] = (),
    *,
    adopt_defaults: bool = False,
    preflight: Preflight | None = None,
) -> Planned:
    """Return the plan that makes the environment what its blueprint says.

    `targets` limits it to those addresses and what they wait for; `adopt_defaults` puts back what
    was moved off the services' defaults where the blueprint is silent; `preflight` adds what would
    fail (None where nobody will apply it, for drift). Raises AzureError where nothing can be read,
    and DiagnosticError for a target that does not exist, a waiver that waives nothing, or a
    blueprint without resources: deleting everything takes `azsec destroy`.
    """
    if not any(resource.managed for resource in desired.graph):
        raise DiagnosticError(
            error(
                "empty-blueprint",
                f"{desired.environment.blueprint} describes no resources.",
                None,
                "To delete the environment, run `azsec destroy`.",
            )
        )
    for wanted in targets:
        if not any(is_at(address, wanted) for address in desired.graph.resources):
            raise DiagnosticError(
                error(
                    "unknown-target",
                    f"there is no resource at {wanted!r}.",
                    None,
                    nearest(wanted, list(desired.graph.resources)),
                )
            )
    check_desired_waivers(desired.environment, desired.graph, catalog)
    terms = Terms(desired.environment.name, desired.environment.ignores, adopt_defaults)
    planned = _plan(desired, desired.graph, catalog, reader, Scope(terms, tuple(targets)))
    return _check(planned, desired, catalog, preflight)


def plan_destroy(
    desired: Desired,
    catalog: Catalog,
    reader: Reader,
    targets: Sequence[str] = (),
    *,
    preflight: Preflight | None = None,
) -> Planned:
    """Return the plan that deletes everything the environment owns: a plan of an empty graph.

    All that `preflight` has to ask about it is whether the caller may delete.
    """
    terms = Terms(desired.environment.name)
    planned = _plan(desired, DesiredGraph({}, {}), catalog, reader, Scope(terms, tuple(targets)))
    return _check(planned, desired, catalog, preflight)


def _check(
    planned: Planned, desired: Desired, catalog: Catalog, preflight: Preflight | None
) -> Planned:
    if preflight is None:
        return planned
    told, asked = preflight.check(planned.plan, desired.graph, planned.state, catalog)
    plan = with_diagnostics(planned.plan, told) if told else planned.plan
    return replace(planned, plan=plan, asked=asked)


def _plan(
    desired: Desired,
    graph: DesiredGraph,
    catalog: Catalog,
    reader: Reader,
    scope: Scope,
) -> Planned:
    environment = desired.environment
    reading = read_environment(
        desired.graph,
        catalog,
        environment.name,
        sorted(set(environment.subscriptions.values())),
        reader,
    )
    _check_subscriptions(environment, reading)
    changes = decide_changes(graph, reading.state, reading.inventory, catalog, scope.terms)
    changes = rotate(changes, graph, reading.state, catalog, environment.name)
    told = [*desired.diagnostics, *changes.diagnostics, *_warn_of_gaps(reading, desired.graph)]
    if graph.resources:
        known = known_estate(graph, reading.state, catalog)
        told += (*check_addresses(known), *check_wiring(topology_of(known, environment)))
    changes = replace(changes, diagnostics=tuple(told))
    if scope.targets:
        changes = select_changes(changes, graph, Target(scope.targets))
    judgement = Judgement()
    if graph.resources:
        outcome = planned_estate(changes, reading.state, graph, catalog)
        judgement = judge(prove_environment(outcome, environment), environment)
        if any(change.action not in _NOTHING_DONE for change in changes.resources):
            # Where nothing is done nothing turns.
            judgement = _judge_controls(judgement, outcome, desired, reading.state, catalog)
    plan = assemble_plan(desired.document, graph, changes, reading.state, catalog, judgement)
    return Planned(plan, reading.state, changes)


_NOTHING_DONE = (Action.NO_OP, Action.BLOCKED)


def _judge_controls(
    judgement: Judgement, outcome: Estate, desired: Desired, state: ActualState, catalog: Catalog
) -> Judgement:
    """Add what the change from the actual state means for the controls."""
    environment, graph = desired.environment, desired.graph
    found = actual_estate(state, graph, catalog)
    before = judge_state(found, graph, environment, catalog, state)
    after = judge_state(outcome, graph, environment, catalog, state)
    change = judge_change(before, after, environment)
    return replace(judgement, security=change.security, gates=(*judgement.gates, *change.gates))


def _warn_of_gaps(reading: Reading, graph: DesiredGraph) -> list[Diagnostic]:
    """Say which refused lists would show only what left the blueprint: those of types that it does
    not have, and those of everything. Of the others, what it has is unreadable, and blocked."""
    stated = {resource.type.name for resource in graph}
    return [
        warning(
            "cannot-list",
            f"{answer.read.path} cannot be listed: {answer.refused}.",
            None,
            "What left the blueprint, and what azsec did not make, may be overlooked.",
        )
        for answer in reading.refused
        if answer.read.type not in stated
    ]


def _check_subscriptions(environment: Environment, reading: Reading) -> None:
    """Raise DiagnosticError for each subscription of the environment that Azure does not know."""
    unknown: dict[str, str] = {}
    for answer in reading.refused:
        if answer.refused is not None and answer.refused.code in _NO_SUBSCRIPTION:
            unknown[answer.read.path.split("/")[2].lower()] = str(answer.refused)
    if unknown:
        raise DiagnosticError(
            *(
                error(
                    "subscription-not-found",
                    f"Azure does not show the subscription {alias!r} ({guid}): {unknown[guid]}.",
                    environment.node.find(("subscriptions", alias)).span,
                    "Correct the GUID and the tenant, or give the credential Reader on it.",
                )
                for alias, guid in environment.subscriptions.items()
                if guid in unknown
            )
        )


_NO_SUBSCRIPTION = frozenset({"SubscriptionNotFound", "InvalidSubscriptionId"})
