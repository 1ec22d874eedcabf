"""The suite of network proofs, and their results as documents and diagnostics."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from provisioner.documents.proof import BreachDocument, ProofDocument
from provisioner.model.diagnostic import Diagnostic, error, warning
from provisioner.network.model.topology import Topology
from provisioner.network.proofs.api_server import prove_api_server
from provisioner.network.proofs.egress import prove_egress
from provisioner.network.proofs.firewall_allowances import prove_allowances
from provisioner.network.proofs.inbound import prove_inbound
from provisioner.network.proofs.private_services import prove_private_services
from provisioner.network.proofs.proof import Proof, Verdict
from provisioner.network.proofs.remote_access import prove_remote_access
from provisioner.network.proofs.segmentation import prove_segmentation

Prove: TypeAlias = Callable[[Topology], Proof]
"""Proves one statement over a network."""

PROOFS: tuple[Prove, ...] = (
    prove_egress,
    prove_allowances,
    prove_inbound,
    prove_segmentation,
    prove_remote_access,
    prove_api_server,
    prove_private_services,
)


def prove_topology(topology: Topology) -> tuple[Proof, ...]:
    """Return every proof over a network, in the order of reports."""
    return tuple(proof(topology) for proof in PROOFS)


def proof_document(proof: Proof, control: str) -> ProofDocument:
    """Return a proof as documents hold it; `control` is the id of the control that it is."""
    return ProofDocument(
        control=control,
        name=proof.name,
        claim=proof.claim,
        verdict=proof.verdict.value,
        scope=proof.scope,
        breaches=tuple(
            BreachDocument(
                element=breach.element,
                message=breach.message,
                hint=breach.hint,
                certain=breach.certain,
                waived=breach.waived,
            )
            for breach in proof.breaches
        ),
    )


def proof_diagnostics(proofs: Sequence[Proof]) -> tuple[Diagnostic, ...]:
    """Return failed proofs as errors, and unknown ones as warnings.

    There is one for each breach that is not waived.
    """
    diagnostics = []
    for proof in proofs:
        if proof.verdict not in (Verdict.FAILS, Verdict.UNKNOWN):
            continue
        for breach in (breach for breach in proof.breaches if not breach.waived):
            make = error if breach.certain else warning
            # A code for each proof, by its name: diagnostics are documented and filtered by code.
            code = f"{proof.name.replace(' ', '-')}-not-proved"
            diagnostics.append(make(code, breach.message, breach.span, breach.hint))
    return tuple(diagnostics)
