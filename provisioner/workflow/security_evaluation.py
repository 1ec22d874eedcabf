"""The evaluation of a state by all controls, network proofs among them, and the gate's decision.

`validate`, `plan`, `check`, `drift` and the frameworks report what is decided here, and decide
nothing themselves, so that they cannot contradict each other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from provisioner.blueprint.environment import Environment
from provisioner.blueprint.graph import DesiredGraph
from provisioner.catalog.registry import Catalog
from provisioner.controls.attestations import check_attestations
from provisioner.controls.chapters.proofs import CONTROLS as PROOFS
from provisioner.controls.control import Control
from provisioner.controls.custom import (
    check_control_paths,
    check_control_types,
    check_controls,
    controls_with,
)
from provisioner.controls.declared_namespaces import namespace_addresses
from provisioner.controls.documents import delta_document, proof_documents, unknown_documents
from provisioner.controls.evaluation import Result, judge
from provisioner.controls.evaluation_context import EvaluationContext, survey
from provisioner.controls.gate import CONTROLS_GATE, PROOFS_GATE, Gate, gate_of
from provisioner.controls.posture_change import PostureChange, VerdictChange, compare_results
from provisioner.controls.verdict import Verdict
from provisioner.controls.waivers import check_used, check_waivers, rests_on_cluster
from provisioner.documents.census import CensusDocument
from provisioner.documents.controls import SecurityDeltaDocument
from provisioner.documents.proof import GateDocument, ProofDocument
from provisioner.engine.timings import measure_phase
from provisioner.model.actual import ActualState
from provisioner.model.cluster_contents import ClusterContents
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, Severity
from provisioner.model.estate import Estate
from provisioner.network.proofs.proof import Proof
from provisioner.network.proofs.suite import proof_diagnostics
from provisioner.plan.accepted_additions import Accepted
from provisioner.plan.estates import desired_estate


@dataclass(frozen=True, slots=True)
class SecurityEvaluation:
    """The result of every control on one state, and the gate of its environment.

    `accepted` are the additions in it that the environment accepts, `contents` what was read of its
    cluster.
    """

    results: tuple[Result, ...]
    gate: Gate
    accepted: tuple[Accepted, ...] = ()
    contents: ClusterContents | None = None

    @property
    def proofs(self) -> tuple[Proof, ...]:
        """The network proofs, in the order of the output."""
        return tuple(result.proof for result in self.results if result.proof is not None)

    @property
    def proof_documents(self) -> tuple[ProofDocument, ...]:
        """The documents of the network proofs."""
        return proof_documents(self.results)

    @property
    def refused(self) -> tuple[Result, ...]:
        """The failed controls that the gate refuses, without those that only have parts."""
        return tuple(
            result
            for result in self.results
            if result.verdict is Verdict.FAIL
            and result.control.modes
            and self.gate.refusing(result.control)
        )

    @property
    def gates(self) -> tuple[GateDocument, ...]:
        """A gate for each network proof that fails, new or not, where `gates:` lets it refuse."""
        return tuple(
            GateDocument(
                gate=PROOFS_GATE,
                reason=f"{result.proof.name}: it is not true that {result.proof.claim}",
                hint="Correct the blueprint; `azsec plan` names what is to blame.",
            )
            for result in self.refused
            if result.proof is not None
        )

    def complete(self, census: CensusDocument) -> CensusDocument:
        """Return a census with the controls that are unknown."""
        return census.model_copy(update={"unknown": unknown_documents(self.results)})


@dataclass(frozen=True, slots=True)
class PostureChanges:
    """The controls whose result differs between two states, and the gates that refuse it."""

    security: SecurityDeltaDocument
    gates: tuple[GateDocument, ...]


def evaluate_state(
    estate: Estate,
    graph: DesiredGraph,
    environment: Environment,
    catalog: Catalog,
    state: ActualState | None = None,
    accepted: Sequence[Accepted] = (),
) -> SecurityEvaluation:
    """Return the judgement of an estate of an environment by all controls.

    `state` is what was read from Azure, if it was read, and `accepted` the additions in it that the
    environment accepts.
    """
    with measure_phase("controls and proofs"):
        context = survey(estate, graph, catalog, environment, state)
        return evaluate_context(context, environment, accepted)


def evaluate_transition(
    estates: tuple[Estate, Estate],
    graph: DesiredGraph,
    environment: Environment,
    catalog: Catalog,
    state: ActualState,
    accepted: Sequence[Accepted] = (),
) -> tuple[SecurityEvaluation, SecurityEvaluation]:
    """Return the judgements of the estate read from Azure (`state`), and of the one after changes.

    Where a control reads the same in both, it is evaluated once. `accepted` are the additions that
    the environment accepts in the second.
    """
    with measure_phase("controls and proofs"):
        before, after = (survey(each, graph, catalog, environment, state) for each in estates)
        outcome = evaluate_context(after, environment, accepted)
        # `like` takes over what a control found where nothing that it reads differs between the two
        # states: after one changed property of 5,000 resources both evaluations take 1.4 s instead
        # of 4.3 s (ADR 0041).
        return evaluate_context(replace(before, like=after), environment), outcome


def evaluate_context(
    context: EvaluationContext, environment: Environment, accepted: Sequence[Accepted] = ()
) -> SecurityEvaluation:
    """Return the judgement of an evaluation context by all controls.

    Unlike an estate, the context may have the contents of the cluster.
    """
    return _evaluate_controls(controls_with(environment.controls), context, environment, accepted)


def evaluate_origin(
    later: SecurityEvaluation,
    estate: Estate,
    graph: DesiredGraph,
    environment: Environment,
    catalog: Catalog,
) -> SecurityEvaluation:
    """Return the judgement of the desired state from which an evaluated one drifted.

    Additions accepted there are accepted here. A network proof is made again only where it fails
    now: the question is whether the failure is new.
    """
    passing = {result.control.id for result in later.results if result.verdict is not Verdict.FAIL}
    controls = [
        control
        for control in controls_with(environment.controls)
        if control.proof is None or control.id not in passing
    ]
    context = survey(estate, graph, catalog, environment)
    return _evaluate_controls(controls, context, environment, later.accepted)


def evaluate_network(
    estate: Estate,
    graph: DesiredGraph,
    environment: Environment,
    catalog: Catalog,
    state: ActualState | None = None,
) -> SecurityEvaluation:
    """Return the judgement of an estate by the network proofs alone."""
    return _evaluate_controls(
        PROOFS, survey(estate, graph, catalog, environment, state), environment
    )


def _evaluate_controls(
    controls: Sequence[Control],
    context: EvaluationContext,
    environment: Environment,
    accepted: Sequence[Accepted] = (),
) -> SecurityEvaluation:
    results = judge(controls, context, environment.waivers, environment.attestations, accepted)
    contents = context.view.contents if context.view else None
    return SecurityEvaluation(results, gate_of(environment), tuple(accepted), contents)


def compare_evaluations(before: SecurityEvaluation, after: SecurityEvaluation) -> PostureChanges:
    """Return the changed results between two judgements of one environment, and the gates."""
    delta = compare_results(before.results, after.results)
    gates = (*after.gates, *_control_gates(delta, after.gate))
    return PostureChanges(delta_document(delta, after.gate), gates)


def check_desired_network(
    environment: Environment, graph: DesiredGraph, catalog: Catalog
) -> tuple[Diagnostic, ...]:
    """Return the warnings of the network proofs over an environment's desired state.

    Raises:
        DiagnosticError: Where a proof fails, with every breach, unless the gate only warns.
    """
    estate = desired_estate(graph, catalog)
    judgement = evaluate_network(estate, graph, environment, catalog)
    diagnostics = proof_diagnostics(judgement.proofs)
    wrong = [diagnostic for diagnostic in diagnostics if diagnostic.severity is Severity.ERROR]
    if wrong and judgement.gates:
        raise DiagnosticError(*wrong)
    return tuple(replace(diagnostic, severity=Severity.WARNING) for diagnostic in diagnostics)


def check_custom_controls(environment: Environment, graph: DesiredGraph, catalog: Catalog) -> None:
    """Check that the custom controls of an environment can be evaluated.

    Raises DiagnosticError for reserved ids, unknown recommendations of CIS, and unknown types.
    """
    if environment.controls:
        check_controls(environment.controls)
        known = {each.name for each in catalog} | {each.type.name for each in graph}
        check_control_types(environment.controls, sorted(known))
        check_control_paths(environment.controls, catalog)


def check_waivers_and_attestations(
    environment: Environment, graph: DesiredGraph, today: date
) -> tuple[Diagnostic, ...]:
    """Return warnings of waivers and attestations that expire within a few days.

    Raises DiagnosticError for those that cannot hold.
    """
    if not (environment.waivers or environment.attestations):
        return ()
    known = {control.id: control for control in controls_with(environment.controls)}
    addresses = [*graph.resources, *namespace_addresses(environment.kubernetes)]
    return (
        *check_waivers(environment.waivers, known, addresses, today),
        *check_attestations(environment.attestations, known, today),
    )


def check_waivers_used(judgement: SecurityEvaluation, environment: Environment) -> None:
    """Check that each waiver waives something that was found.

    Waivers of findings that only the cluster shows are checked only where its contents were read.

    Raises:
        DiagnosticError: Where one waives nothing, for each such waiver.
    """
    found = [seen for result in judgement.results for seen in (result.breaches or result.findings)]
    stated = namespace_addresses(environment.kubernetes)
    known = {control.id: control for control in controls_with(environment.controls)}
    unused = check_used(
        [
            waiver
            for waiver in environment.waivers
            # Without the cluster's contents such a waiver would be refused as unused in every plan.
            if judgement.contents or not rests_on_cluster(waiver, known, stated)
        ],
        found,
    )
    if unused:
        raise DiagnosticError(*unused)


def check_desired_waivers(environment: Environment, graph: DesiredGraph, catalog: Catalog) -> None:
    """Check that each waiver waives a finding in the desired state.

    Raises DiagnosticError for those that do not. Only the controls that waivers name are evaluated:
    all of them take a tenth of a plan's time.
    """
    if environment.waivers:
        waived = {waiver.control for waiver in environment.waivers}
        controls = [
            control for control in controls_with(environment.controls) if control.id in waived
        ]
        context = survey(desired_estate(graph, catalog), graph, catalog, environment)
        check_waivers_used(_evaluate_controls(controls, context, environment), environment)


def _control_gates(delta: PostureChange, gate: Gate) -> Iterator[GateDocument]:
    """Yield a gate for each control that newly fails, with the first of its findings."""
    refused = [change for change in delta.failing if gate.refusing(change.control) == CONTROLS_GATE]
    for control in {change.control.id: change.control for change in refused}.values():
        first, *more = _findings_of(refused, control)
        others = f", and {len(more)} more" if more else ""
        yield GateDocument(
            gate=CONTROLS_GATE,
            reason=(
                f"{control.id} ({control.severity}) newly fails: {first.finding.resource.label}: "
                f"{first.finding.evidence}{others}"
            ),
            hint=(
                f"`{_explaining_command(control)}` explains the remediation; `waivers:` of the "
                "environment accepts it for a time."
            ),
        )


def _explaining_command(control: Control) -> str:
    return control.source or f"azsec controls show {control.id}"


def _findings_of(turns: Sequence[VerdictChange], control: Control) -> list[VerdictChange]:
    return [change for change in turns if change.control is control]
