"""Evaluation of controls on a state: a result, with its verdict and findings, for each control.

Called by `workflow.security_evaluation` and `workflow.report`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from provisioner.blueprint.waivers import Attestation, Waiver
from provisioner.controls.cluster_findings import observe
from provisioner.controls.cluster_objects.view import describe_scope
from provisioner.controls.control import Control, Mode
from provisioner.controls.evaluation_context import EvaluationContext
from provisioner.controls.proofs import VERDICTS, finding_of, prove
from provisioner.controls.resource_types import ASKED, CLUSTER, STATED_NAMESPACE
from provisioner.controls.rule_findings import (
    MOST_NAMED,
    find,
    unreadable_inputs_of,
    worst_by_property,
)
from provisioner.controls.verdict import Finding, Verdict, worst
from provisioner.controls.waivers import AcceptedAccess, covers
from provisioner.documents.census import UNREADABLE
from provisioner.network.proofs import proof as network
from provisioner.network.proofs.proof import Proof, waive
from provisioner.plan.accepted_additions import Accepted

WaiverOf: TypeAlias = Callable[[Finding], Waiver | None]
"""Returns what accepts a finding that fails, None where nothing does."""


class UnknownReason(StrEnum):
    """Why a control is unknown, what says most against it first."""

    UNREADABLE = UNREADABLE
    AZURE_ALONE = "need check --of actual"
    LATER = "known after apply"
    NO_FACTS = "need facts of types outside the catalog"
    NOT_READ = "need a network or a load balancer that was not read"
    CLUSTER = "need the cluster"
    DIRECTORY = "need the directory"
    LOGS = "need logs"
    PERSON = "need a person"


_UNKNOWN_IN_ARM = (
    UnknownReason.UNREADABLE,
    UnknownReason.LATER,
    UnknownReason.NO_FACTS,
    UnknownReason.NOT_READ,
)
"""Why what Azure Resource Manager shows gives no answer."""

_UNKNOWN_REASON_BY_MODE = {
    Mode.CLUSTER: UnknownReason.CLUSTER,
    Mode.DIRECTORY: UnknownReason.DIRECTORY,
    Mode.LOGS: UnknownReason.LOGS,
    Mode.PERSON: UnknownReason.PERSON,
}


@dataclass(frozen=True, slots=True)
class Result:
    """Result of one control on a state.

    `why` says it where there are no findings. `outstanding` is the evidence that Azure Resource
    Manager cannot give and nobody attested, "" where there is none; `attestation` is the one that
    gives it. `unknown_reason` is why it is unknown, None where it is not. `proof` is the network
    proof that it is, None for all others, and `breaches` the findings of each of its breaches:
    `findings` have one for each resource.
    """

    control: Control
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    why: str = ""
    outstanding: str = ""
    attestation: Attestation | None = None
    unknown_reason: UnknownReason | None = None
    proof: Proof | None = None
    breaches: tuple[Finding, ...] = ()

    @property
    def is_fully_met(self) -> bool:
        """Whether it passes or is waived, and nothing of it is left to be shown."""
        return self.verdict in (Verdict.PASS, Verdict.WAIVED) and not self.outstanding

    @property
    def ending(self) -> str:
        """Return its verdict, or `partial` where it passes on only part of its subjects.

        Every report states it so.
        """
        return PARTIAL if self.verdict is Verdict.PASS and self.outstanding else self.verdict.value


PARTIAL = "partial"
"""How a control ended that passes in part, while nobody has shown the rest."""


def judge(
    controls: Sequence[Control],
    context: EvaluationContext,
    waivers: Sequence[Waiver] = (),
    attestations: Sequence[Attestation] = (),
    accepted: Sequence[Accepted] = (),
) -> tuple[Result, ...]:
    """Return the result of every control, in their order.

    What a waiver covers is waived, and what is about a role assignment that is `accepted`. What
    only a cluster, a log, a directory or a person can answer is unknown, until somebody attests it.
    """
    attested = {attestation.control: attestation for attestation in attestations}
    access = AcceptedAccess.of(accepted, context.estate)

    def waiver_of(seen: Finding) -> Waiver | None:
        covering = (waiver for waiver in waivers if covers(waiver, seen))
        return next(covering, None) or access.waiver_of(seen)

    results = {
        control.id: _judge_control(control, context, waiver_of, attested.get(control.id))
        for control in controls
    }
    return tuple(
        _with_verdict_of_parts(results[control.id], controls, results) for control in controls
    )


def _judge_control(
    control: Control,
    context: EvaluationContext,
    waiver_of: WaiverOf,
    attestation: Attestation | None,
) -> Result:
    if control.proof is not None:
        return _judge_proof(control, prove(control.proof, context), context, waiver_of)
    result = _judge_by_rules(control, context, waiver_of, attestation)
    return _with_cluster_findings(result, context, waiver_of)


def _with_cluster_findings(
    result: Result, context: EvaluationContext, waiver_of: WaiverOf
) -> Result:
    """Return a result with the findings on the cluster's objects, where they were read.

    They go before what somebody attested, and take the place of what was outstanding.
    """
    rule, view = result.control.observed, context.view
    if rule is None or view is None or result.verdict is Verdict.NOT_APPLICABLE:
        return result
    missing = rule.missing(view.contents)
    if missing:
        # Only a refused list makes the cluster unreadable; one that nobody made is still to be
        # observed.
        is_refused = result.unknown_reason is UnknownReason.CLUSTER and "could not list" in missing
        return replace(
            result,
            why=f"{result.why}; {view.contents.source}: {missing}" if result.why else result.why,
            unknown_reason=UnknownReason.UNREADABLE if is_refused else result.unknown_reason,
        )
    (cluster,) = context.estate.of_type(CLUSTER)
    scope = rule.scope(view.contents)
    if scope is not None:
        rule = rule.within(scope)
    seen = worst_by_property(observe(result.control.id, rule, view, cluster))
    if scope is not None and not seen:
        covered = f"{view.contents.source}: {describe_scope(rule, view.contents)}"
        return replace(result, why=f"{result.why}; {covered}" if result.why else result.why)
    # The API server may refuse one kind of object to the reader of a cluster (RBAC is by kind).
    # What was listed can prove a failure then, and no longer a pass.
    unread = rule.unread(view.contents)
    if unread:
        seen = tuple(each for each in seen if each.verdict is not Verdict.PASS)
    findings = (*result.findings, *(_waive_finding(each, waiver_of) for each in seen))
    # What only the cluster was to answer is answered; what else is unknown stays so.
    has_other_part = result.findings or result.unknown_reason in _UNKNOWN_IN_ARM
    verdicts = [each.verdict for each in findings]
    if has_other_part and result.unknown_reason not in _UNKNOWN_REASON_BY_MODE.values():
        verdicts.append(result.verdict)
    if unread:
        verdicts.append(Verdict.UNKNOWN)
    verdict = worst(verdicts)
    is_refused = bool(unread) and verdict is Verdict.UNKNOWN
    return replace(
        result,
        verdict=verdict,
        findings=findings,
        why=f"{view.contents.source}: {unread}" if is_refused else "",
        outstanding="",
        unknown_reason=(UnknownReason.UNREADABLE if is_refused else result.unknown_reason)
        if verdict is Verdict.UNKNOWN
        else None,
    )


def _judge_by_rules(
    control: Control,
    context: EvaluationContext,
    waiver_of: WaiverOf,
    attestation: Attestation | None,
) -> Result:
    """Return the result of a control by what Azure shows and the environment says."""
    findings = tuple(_waive_finding(seen, waiver_of) for seen in find(control, context))
    outstanding = "" if attestation else control.evidence
    is_observed = control.is_verifiable and any(not _is_stated(seen) for seen in findings)
    if control.evidence and not is_observed and (findings or not control.is_verifiable):
        return _judge_by_evidence(control, context, findings, attestation)
    verdict = worst(seen.verdict for seen in findings)
    why = "" if findings else _why_not_applicable(control, context)
    unknown_reason: UnknownReason | None = None
    if verdict is Verdict.UNKNOWN:
        unknown_reason = (
            UnknownReason.UNREADABLE
            if unreadable_inputs_of(control, context)
            else UnknownReason.LATER
        )
    # What Azure alone states (registered resource providers, offered Kubernetes versions) has no
    # form in a blueprint: before apply, its absence proves nothing.
    if not findings and any(rule.on in ASKED for rule in control.rules):
        why = "known only in the actual state: run `azsec check --of actual`"
        unknown_reason = UnknownReason.AZURE_ALONE
        verdict = Verdict.UNKNOWN
    if verdict is Verdict.NOT_APPLICABLE:
        outstanding = ""
    return Result(control, verdict, findings, why, outstanding, attestation, unknown_reason)


def _judge_by_evidence(
    control: Control,
    context: EvaluationContext,
    findings: tuple[Finding, ...],
    attestation: Attestation | None,
) -> Result:
    """Return the result of a control of which Azure shows nothing.

    What the environment declares of its cluster may fail it, and does not prove it.
    """
    outstanding = "" if attestation else control.evidence
    # What others than Azure answer is about what runs in a cluster.
    hidden = () if context.subjects(CLUSTER) else context.unreadable_inputs(_CLUSTER_ALONE)
    if not context.subjects(CLUSTER) and not hidden:
        return Result(control, Verdict.NOT_APPLICABLE, (), "there is no cluster")
    verdict = worst(seen.verdict for seen in findings)
    # A declaration can be wrong before anybody applies it; that it is right does not show that
    # the cluster followed it.
    if verdict in (Verdict.FAIL, Verdict.WAIVED):
        return Result(control, verdict, findings, "", outstanding, attestation)
    if attestation:
        why = f"attested by {attestation.by}"
        return Result(control, Verdict.PASS, findings, why, outstanding, attestation)
    if hidden:
        # A cluster that may not be read is not an absent one.
        why = f"whether there is a cluster is unknown: {hidden[0].label}: {hidden[0].evidence}"
        return Result(
            control, Verdict.UNKNOWN, findings, why, outstanding, None, UnknownReason.UNREADABLE
        )
    by = next(
        _UNKNOWN_REASON_BY_MODE[mode] for mode in control.modes if mode in _UNKNOWN_REASON_BY_MODE
    )
    why = f"evidence required: {control.evidence}"
    return Result(control, Verdict.UNKNOWN, findings, why, outstanding, None, by)


_CLUSTER_ALONE = frozenset({CLUSTER.lower()})


def _is_stated(seen: Finding) -> bool:
    return seen.resource.type == STATED_NAMESPACE


def _judge_proof(
    control: Control, found: Proof, context: EvaluationContext, waiver_of: WaiverOf
) -> Result:
    findings = [
        _waive_finding(finding_of(control.id, breach, context.estate), waiver_of)
        for breach in found.breaches
    ]
    # A proof holds again once each of its breaches is waived, so that the gate and the control
    # cannot disagree about it.
    waived = {
        breach
        for breach, seen in zip(found.breaches, findings, strict=True)
        if seen.verdict is Verdict.WAIVED
    }
    proof = waive(found, waived.__contains__)
    unknown_reason = None
    if proof.verdict is network.Verdict.UNKNOWN:
        unknown_reason = (
            UnknownReason.UNREADABLE
            if unreadable_inputs_of(control, context)
            else _unknown_reason_of(proof, context)
        )
    return Result(
        control,
        VERDICTS[proof.verdict],
        worst_by_property(findings),
        "" if findings else found.scope,
        unknown_reason=unknown_reason,
        proof=proof,
        breaches=tuple(findings),
    )


def _unknown_reason_of(proof: Proof, context: EvaluationContext) -> UnknownReason:
    """Return why a proof is unknown: what stands in the network has no facts, or was not read."""
    elements = {breach.element for breach in proof.breaches}
    unjudged = [each for each in context.topology.unjudged if each.label in elements]
    if not unjudged:
        return UnknownReason.LATER
    return (
        UnknownReason.NOT_READ if all(each.reason for each in unjudged) else UnknownReason.NO_FACTS
    )


def _why_not_applicable(control: Control, context: EvaluationContext) -> str:
    """Return why a control has nothing to judge, with the types that no control judges."""
    kinds = dict.fromkeys(rule.on for rule in control.rules)
    if not kinds:
        return ""
    outside = context.types_without_facts
    names = [*outside[:MOST_NAMED], *(["…"] if len(outside) > MOST_NAMED else [])]
    unjudged = (
        (f"; types outside the catalog are not evaluated: {', '.join(names)}") if outside else ""
    )
    return f"no resource of the evaluated types: {', '.join(kinds)}{unjudged}"


def _waive_finding(seen: Finding, waiver_of: WaiverOf) -> Finding:
    if seen.verdict is not Verdict.FAIL:
        return seen
    waiver = waiver_of(seen)
    return seen if waiver is None else replace(seen, verdict=Verdict.WAIVED, waiver=waiver)


def _with_verdict_of_parts(
    result: Result, controls: Sequence[Control], results: Mapping[str, Result]
) -> Result:
    """Return the result of a control with that of its parts: it ends as the worst of them does.

    What nobody has answered yet says nothing against an item of which other parts are known.
    """
    if "." in result.control.id and not result.control.same_as:
        return result  # A part has no parts of its own.
    parts = [results[part.id] for part in result.control.parts_in(controls)]
    if not parts:
        return result
    verdicts = [part.verdict for part in parts]
    if result.control.rules or result.control.evidence:
        verdicts.append(result.verdict)
    unanswered = (Verdict.UNKNOWN, Verdict.NOT_APPLICABLE)
    # An item of the outline joins parts that are answered by different means (ARM, the cluster, a
    # person). One open part would otherwise make nearly every item unknown.
    answered = [v for v in verdicts if v not in unanswered] or verdicts
    combined = worst(answered)
    # A part that Azure refused to show is not an open one: the item must not pass by the rest.
    if any(_is_unreadable(part) for part in parts) and combined is not Verdict.FAIL:
        combined = Verdict.UNKNOWN
    names = [part.control.id for part in parts if part.verdict is combined]
    is_own_verdict = any(seen.verdict is combined for seen in result.findings)
    why = result.why if is_own_verdict else f"by its parts {', '.join(names)}"
    unknown_reason = min(
        (p.unknown_reason for p in (result, *parts) if p.unknown_reason),
        key=list(UnknownReason).index,
        default=None,
    )
    open_parts = [
        part.control.id
        for part in parts
        if part.verdict is Verdict.UNKNOWN
        or (part.outstanding and part.verdict is not Verdict.FAIL)
    ]
    outstanding = result.outstanding
    if open_parts and combined in (Verdict.PASS, Verdict.WAIVED):
        outstanding = outstanding or f"an answer to {', '.join(open_parts)}"
    return replace(
        result,
        verdict=combined,
        why=why,
        outstanding=outstanding,
        unknown_reason=unknown_reason if combined is Verdict.UNKNOWN else None,
    )


def _is_unreadable(result: Result) -> bool:
    return result.unknown_reason in _UNKNOWN_IN_ARM
