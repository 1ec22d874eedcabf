"""Findings of network proofs: the outcome of a proof, and one finding for each breach.

Called by `evaluation`.
"""

from provisioner.controls.evaluation_context import EvaluationContext
from provisioner.controls.verdict import Finding, Verdict
from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.network.model.topology_reader import TYPES_READ
from provisioner.network.proofs import proof as network
from provisioner.network.proofs.proof import Breach, Proof, qualify
from provisioner.network.proofs.suite import Prove

VERDICTS = {
    network.Verdict.HOLDS: Verdict.PASS,
    network.Verdict.FAILS: Verdict.FAIL,
    network.Verdict.WAIVED: Verdict.WAIVED,
    network.Verdict.UNKNOWN: Verdict.UNKNOWN,
    network.Verdict.NOT_APPLICABLE: Verdict.NOT_APPLICABLE,
}
"""How a control ends that is a proof, by how the proof ends."""


def prove(statement: Prove, context: EvaluationContext) -> Proof:
    """Return a proof over a state; what could not be read is neither absent nor as declared."""
    like = context.like
    known = like.proofs.get(statement) if like is not None else None
    # A proof reads the topology alone: equal topologies have equal proofs, and comparing them
    # costs less than proving.
    if known is None or not context.has_topology_of_like:
        known = statement(context.topology)
    found = context.proofs[statement] = known
    hidden = context.unreadable_inputs(TYPES_READ)
    if not hidden:
        return found
    named = [(each.label, each.reason) for each in hidden]
    # Proved twice, without and with what could not be read: only what both show is certain.
    return qualify(found, statement(context.as_declared.topology), named)


def finding_of(control: str, breach: Breach, estate: Estate) -> Finding:
    """Return a breach as a finding on the resource that is to blame for it."""
    verdict = Verdict.FAIL if breach.certain else Verdict.UNKNOWN
    return Finding(control, verdict, _resource_of_breach(breach, estate), "", breach.message)


def _resource_of_breach(breach: Breach, estate: Estate) -> Resource:
    """Return the resource that an element of a breach names.

    A rule is named after the resource that contains it (`hub.networkRules open.any`).
    """
    for label in (breach.element, breach.element.partition(" ")[0]):
        named = parse_resource_id(label)
        found = estate.at(label) or (estate.get(named) if named else None)
        if found is not None:
            return found
    named = parse_resource_id(breach.element) or ResourceId("network/element", (breach.element,))
    return Resource(named, named.type, {}, None if named.scope else breach.element, breach.span)
