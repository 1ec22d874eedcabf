"""Judges states of an environment by the controls, and says what that means for a plan."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from provisioner.blueprint.environment import Environment
from provisioner.blueprint.graph import DesiredGraph
from provisioner.catalog.registry import Catalog
from provisioner.controls.attestations import check_attestations
from provisioner.controls.control import Severity
from provisioner.controls.delta import Turn, compare_results, gated
from provisioner.controls.ground import survey
from provisioner.controls.judging import Result, judge
from provisioner.controls.registry import all_controls, controls_by_id
from provisioner.controls.telling import delta_document
from provisioner.controls.waivers import check_used, check_waivers
from provisioner.documents.controls import SecurityDeltaDocument
from provisioner.documents.proof import GateDocument
from provisioner.model.actual import ActualState
from provisioner.model.diagnostic import Diagnostic, DiagnosticError
from provisioner.model.estate import Estate
from provisioner.plan.estates import desired_estate

GATE = "controls"


@dataclass(frozen=True, slots=True)
class Change:
    """What a change of state means for the controls, and the gates that refuse it for that."""

    security: SecurityDeltaDocument
    gates: tuple[GateDocument, ...]


def check_waivers_and_attestations(
    environment: Environment, graph: DesiredGraph, today: date
) -> tuple[Diagnostic, ...]:
    """Return what is to be said of waivers and attestations that hold for a few days more.

    Raises DiagnosticError for those that cannot hold.
    """
    if not (environment.waivers or environment.attestations):
        return ()
    known = controls_by_id()
    return (
        *check_waivers(environment.waivers, known, list(graph.resources), today),
        *check_attestations(environment.attestations, known, today),
    )


def judge_state(
    estate: Estate,
    graph: DesiredGraph,
    environment: Environment,
    catalog: Catalog,
    state: ActualState | None = None,
) -> tuple[Result, ...]:
    """Return what every control says of an estate of an environment; `state` is what was read of
    Azure, where it was read."""
    ground = survey(estate, graph, catalog, environment.cloud_names, state)
    return judge(all_controls(), ground, environment.waivers, environment.attestations)


def judge_change(
    before: Sequence[Result], after: Sequence[Result], environment: Environment
) -> Change:
    """Return what turns between two states, and what of it the environment's gate refuses."""
    delta = compare_results(before, after)
    least = Severity(environment.controls_gate) if environment.controls_gate else None
    return Change(
        delta_document(delta, environment.controls_gate),
        tuple(_gates(gated(delta, least))),
    )


def check_waivers_used(results: Sequence[Result], environment: Environment) -> None:
    """Raise DiagnosticError for each waiver that waives nothing of what was found."""
    found = [seen for result in results for seen in result.findings]
    unused = check_used(environment.waivers, found)
    if unused:
        raise DiagnosticError(*unused)


def check_desired_waivers(environment: Environment, graph: DesiredGraph, catalog: Catalog) -> None:
    """Raise DiagnosticError for each waiver that waives nothing of the desired state."""
    if environment.waivers:
        estate = desired_estate(graph, catalog)
        check_waivers_used(judge_state(estate, graph, environment, catalog), environment)


def _gates(refused: Sequence[Turn]) -> Iterator[GateDocument]:
    """Yield a gate for each control that newly fails, with the first of its findings."""
    for control in {turn.control.id: turn.control for turn in refused}.values():
        first, *more = [turn.finding for turn in refused if turn.control is control]
        others = f", and {len(more)} more" if more else ""
        yield GateDocument(
            gate=GATE,
            reason=(
                f"{control.id} ({control.severity}) newly fails: {first.resource.label}: "
                f"{first.evidence}{others}"
            ),
            hint=(
                f"`azsec controls show {control.id}` says what satisfies it; `waivers:` of the "
                "environment accepts it for a time."
            ),
        )
