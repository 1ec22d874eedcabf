"""Proves the network of an environment's state, and says what that means for a plan."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from provisioner.blueprint.environment import Environment
from provisioner.blueprint.graph import DesiredGraph
from provisioner.catalog.registry import Catalog
from provisioner.documents.proof import GateDocument
from provisioner.model.actual import ActualState
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, Severity
from provisioner.model.estate import Estate
from provisioner.network.dns_reading import RECORDS
from provisioner.network.proof import Proof, Verdict, qualify
from provisioner.network.proving import proof_diagnostics, proof_documents, prove_topology
from provisioner.network.topology import Opening, Topology
from provisioner.network.topology_reading import NOTHING_UNREAD, TYPES_READ, read_topology
from provisioner.plan.assembly import Judgement
from provisioner.plan.estates import desired_estate
from provisioner.plan.unreadable import declared_instead, unreadable_resources

_RECORDS = frozenset(name.lower() for name in RECORDS)


def prove_environment(
    estate: Estate, environment: Environment, unread: Mapping[str, str] = NOTHING_UNREAD
) -> tuple[Proof, ...]:
    """Return every proof over a state of an environment. `unread` says by key of the DNS zones
    whose records could not be read why."""
    return prove_topology(topology_of(estate, environment, unread))


def prove_state(
    estate: Estate,
    environment: Environment,
    graph: DesiredGraph,
    state: ActualState,
    catalog: Catalog,
) -> tuple[Proof, ...]:
    """Return every proof over a state that was read of Azure, or planned from one: what could not
    be read is neither absent nor as declared."""
    unread = {
        record.id.parent.key: record.reason
        for record in state.unreadable
        if record.id.parent is not None and record.id.type.lower() in _RECORDS
    }
    proofs = prove_environment(estate, environment, unread)
    hidden = [
        (resource.label, reason)
        for resource, reason in unreadable_resources(graph, state)
        if resource.type.lower() in TYPES_READ
    ]
    if not hidden:
        return proofs
    declared = declared_instead(estate, graph, state, catalog)
    instead = prove_environment(declared, environment, unread)
    return tuple(qualify(one, other, hidden) for one, other in zip(proofs, instead, strict=True))


def topology_of(
    estate: Estate, environment: Environment, unread: Mapping[str, str] = NOTHING_UNREAD
) -> Topology:
    """Return the network of a state of an environment."""
    openings = (Opening(egress.fqdns, egress.ports) for egress in environment.egress)
    return read_topology(estate, environment.cloud_names, openings, unread)


def check_desired(
    environment: Environment, graph: DesiredGraph, catalog: Catalog
) -> tuple[Diagnostic, ...]:
    """Return what the proofs over an environment's desired state warn of.

    Raises DiagnosticError with every counter-example, unless the gate only warns.
    """
    told = proof_diagnostics(prove_environment(desired_estate(graph, catalog), environment))
    wrong = [diagnostic for diagnostic in told if diagnostic.severity is Severity.ERROR]
    if wrong and environment.proofs_block:
        raise DiagnosticError(*wrong)
    return tuple(replace(diagnostic, severity=Severity.WARNING) for diagnostic in told)


def judge(proofs: Sequence[Proof], environment: Environment) -> Judgement:
    """Return what proofs mean for a plan: one that fails refuses it, unless the gate only warns."""
    failed = [proof for proof in proofs if proof.verdict is Verdict.FAILS]
    gates = [
        GateDocument(
            gate="proofs",
            reason=f"{proof.name}: it is not true that {proof.claim}",
            hint="Correct the blueprint; `azsec plan` names what is to blame.",
        )
        for proof in failed
        if environment.proofs_block
    ]
    return Judgement(proof_documents(proofs), gates=tuple(gates))
