"""Documents of controls, results and deltas, from which every output is rendered.

Called by `workflow.check`, `workflow.security_evaluation` and `azsec controls`.
"""

from collections.abc import Callable, Iterable, Sequence
from textwrap import dedent
from typing import TypeAlias

from provisioner.blueprint.file_schemas import span_of
from provisioner.blueprint.graph import DesiredGraph
from provisioner.blueprint.waivers import Attestation, Waiver
from provisioner.controls.control import Control
from provisioner.controls.evaluation import Result, UnknownReason
from provisioner.controls.gate import Gate
from provisioner.controls.posture_change import PostureChange, VerdictChange
from provisioner.controls.registry import CHAPTERS
from provisioner.controls.verdict import Finding
from provisioner.documents.census import UnknownControlsDocument
from provisioner.documents.controls import (
    AttestationDocument,
    ControlDocument,
    FindingDocument,
    MappingsDocument,
    ResultDocument,
    SecurityDeltaDocument,
    TurnDocument,
    WaiverDocument,
)
from provisioner.documents.proof import BreachWaiverDocument, ProofDocument
from provisioner.model.property_path import split_steps
from provisioner.model.secret_values import mask_secrets
from provisioner.network.proofs.suite import proof_document

PlaceOf: TypeAlias = Callable[[Finding], str | None]
"""Returns the place of a finding's property in the blueprint: file:line:column, or None."""


def places_in(graph: DesiredGraph) -> PlaceOf:
    """Return what finds places in a blueprint: that of the property, or of the nearest above it."""

    def place(seen: Finding) -> str | None:
        stated = graph.by_id.get(seen.resource.id.key)
        if stated is None:
            return str(seen.resource.span) if seen.resource.span else None
        # A path in a map or of the cluster is no path of the blueprint: the place of the resource
        # stands for it.
        steps = split_steps(seen.path) if seen.path else None
        if steps is None:
            return str(stated.span)
        return str(span_of(stated.node, *(step.strip("[]") for step in steps)))

    return place


def control_document(control: Control) -> ControlDocument:
    """Return the document of a control."""
    return ControlDocument(
        id=control.id,
        title=control.title,
        severity=control.severity.value,
        emoji=control.severity.emoji,
        chapter=control.chapter,
        chapter_title=control.custom_chapter or CHAPTERS[control.chapter],
        layer=control.layer.value,
        item=control.item,
        rationale=control.rationale,
        synonyms=control.synonyms,
        remediation=dedent(control.remediation).strip("\n"),
        modes=tuple(mode.value for mode in control.modes),
        # What is listed is what a judge can read at all (ADR 0015), so the list cannot be out of
        # date.
        reads=tuple(dict.fromkeys(f"{kind} {path}" for kind, path in control.reads)),
        evidence=control.evidence,
        objects=control.observed.resources if control.observed else (),
        limits=control.limits,
        mappings=MappingsDocument(
            cis=control.mappings.cis,
            policies=control.mappings.policies,
            checkov=control.mappings.checkov,
            psrule=control.mappings.psrule,
        ),
        unmapped=control.unmapped,
        source=control.source,
    )


def result_documents(
    results: Iterable[Result], gate: Gate, place: PlaceOf
) -> tuple[ResultDocument, ...]:
    """Return the documents of results."""
    return tuple(
        ResultDocument(
            control=control_document(result.control),
            verdict=result.ending,
            gate=gate.refusing(result.control),
            why=result.why,
            outstanding=result.outstanding,
            findings=tuple(_finding_document(seen, place) for seen in result.findings),
            attestation=_attestation_document(result.attestation),
        )
        for result in results
    )


def _finding_document(seen: Finding, place: PlaceOf) -> FindingDocument:
    return FindingDocument(
        verdict=seen.verdict.value,
        address=seen.resource.address,
        id=seen.resource.id.text,
        type=seen.resource.type,
        path=seen.path,
        evidence=mask_secrets(seen.evidence),
        place=place(seen),
        waiver=_waiver_document(seen.waiver) if seen.waiver is not None else None,
    )


def _attestation_document(attestation: Attestation | None) -> AttestationDocument | None:
    if attestation is None:
        return None
    return AttestationDocument(
        control=attestation.control,
        by=attestation.by,
        on=attestation.on.isoformat(),
        expires=attestation.expires.isoformat(),
        evidence=attestation.evidence,
    )


def waiver_documents(waivers: Sequence[Waiver]) -> tuple[WaiverDocument, ...]:
    """Return the documents of waivers."""
    return tuple(map(_waiver_document, waivers))


def _waiver_document(waiver: Waiver) -> WaiverDocument:
    return WaiverDocument(
        control=waiver.control,
        scope=waiver.scope,
        reason=waiver.reason,
        owner=waiver.owner,
        expires=waiver.expires.isoformat(),
        place=str(waiver.span),
    )


def unknown_documents(results: Iterable[Result]) -> tuple[UnknownControlsDocument, ...]:
    """Return the controls that are unknown, by reason; those that only have parts do not count."""
    found: dict[str, list[str]] = {}
    for result in results:
        # An item without means of its own is unknown by its parts, which are listed themselves.
        if result.unknown_reason is not None and result.control.modes:
            found.setdefault(result.unknown_reason.value, []).append(result.control.id)
    return tuple(
        UnknownControlsDocument(reason=reason, controls=tuple(found[reason]))
        for reason in map(str, UnknownReason)
        if reason in found
    )


def proof_documents(results: Iterable[Result]) -> tuple[ProofDocument, ...]:
    """Return the documents of the network proofs among some results."""
    return tuple(_proof_document(result) for result in results if result.proof is not None)


def _proof_document(result: Result) -> ProofDocument:
    """Return the document of a proof; where its waivers stand is nothing to a plan."""
    assert result.proof is not None
    document = proof_document(result.proof, result.control.id)
    breaches = tuple(
        breach.model_copy(update={"waiver": _breach_waiver(seen.waiver)}) if seen.waiver else breach
        for breach, seen in zip(document.breaches, result.breaches, strict=True)
    )
    return document.model_copy(update={"breaches": breaches})


def _breach_waiver(waiver: Waiver) -> BreachWaiverDocument:
    return BreachWaiverDocument(
        reason=waiver.reason, owner=waiver.owner, expires=waiver.expires.isoformat()
    )


def delta_document(delta: PostureChange, gate: Gate) -> SecurityDeltaDocument:
    """Return the document of the changed verdicts, with what the gate refuses.

    It says where by address and property alone: a line that moves is nothing to a plan.
    """
    return SecurityDeltaDocument(
        gate=gate.least.value if gate.least else None,
        failing=tuple(_turn_document(turn, gate) for turn in delta.failing),
        passing=tuple(_turn_document(turn, gate) for turn in delta.passing),
    )


def _turn_document(turn: VerdictChange, gate: Gate) -> TurnDocument:
    control = turn.control
    return TurnDocument(
        control=control.id,
        title=control.title,
        severity=control.severity.value,
        emoji=control.severity.emoji,
        address=turn.finding.resource.label,
        path=turn.finding.path,
        evidence=mask_secrets(turn.finding.evidence),
        remediation=dedent(control.remediation).strip("\n"),
        is_new=turn.is_new,
        gate=gate.refusing(control),
    )
