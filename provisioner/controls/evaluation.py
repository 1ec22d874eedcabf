"""Evaluation of controls on a state: a result, with its verdict and findings, for each control.

Called by `workflow.security_evaluation` and `workflow.report`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from provisioner.blueprint.waivers import Attestation, Waiver
from provisioner.controls.cluster_findings import observe
from provisioner.controls.cluster_objects.view import describe_scope
from provisioner.controls.control import Control, Mode
from provisioner.controls.evaluation_context import EvaluationContext, Hidden
from provisioner.controls.proofs import VERDICTS, finding_of, prove
from provisioner.controls.resource_types import ASKED, CLUSTER, STATED_NAMESPACE
from provisioner.controls.rule import apply_rule
from provisioner.controls.shared_findings import shared_findings
from provisioner.controls.verdict import Finding, Verdict, worst
from provisioner.controls.waivers import AcceptedAccess, covers
from provisioner.documents.census import UNREADABLE
from provisioner.network.model.topology_reader import TYPES_READ
from provisioner.network.proofs import proof as network
from provisioner.network.proofs.proof import Proof, waive
from provisioner.plan.accepted_additions import Accepted

WaiverOf: TypeAlias = Callable[[Finding], Waiver | None]
"""Returns what accepts a finding that fails, None where nothing does."""


class Unseen(StrEnum):
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


_UNSEEN_IN_AZURE = (Unseen.UNREADABLE, Unseen.LATER, Unseen.NO_FACTS, Unseen.NOT_READ)
"""Why what Azure Resource Manager shows gives no answer."""

_UNSEEN_BY = {
    Mode.CLUSTER: Unseen.CLUSTER,
    Mode.DIRECTORY: Unseen.DIRECTORY,
    Mode.LOGS: Unseen.LOGS,
    Mode.PERSON: Unseen.PERSON,
}


@dataclass(frozen=True, slots=True)
class Result:
    """Result of one control on a state.

    `why` says it where there are no findings. `outstanding` is the evidence that Azure Resource
    Manager cannot give and nobody attested, "" where there is none; `attestation` is the one that
    gives it. `unseen` is why it is unknown, None where it is not. `proof` is the network proof that
    it is, None for all others, and `breaches` the findings of each of its breaches: `findings` have
    one for each resource.
    """

    control: Control
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    why: str = ""
    outstanding: str = ""
    attestation: Attestation | None = None
    unseen: Unseen | None = None
    proof: Proof | None = None
    breaches: tuple[Finding, ...] = ()

    @property
    def is_whole(self) -> bool:
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
    ground: EvaluationContext,
    waivers: Sequence[Waiver] = (),
    attestations: Sequence[Attestation] = (),
    accepted: Sequence[Accepted] = (),
) -> tuple[Result, ...]:
    """Return the result of every control, in their order.

    What a waiver covers is waived, and what is about a role assignment that is `accepted`. What
    only a cluster, a log, a directory or a person can answer is unknown, until somebody attests it.
    """
    attested = {attestation.control: attestation for attestation in attestations}
    access = AcceptedAccess.of(accepted, ground.estate)

    def waiver_of(seen: Finding) -> Waiver | None:
        covering = (waiver for waiver in waivers if covers(waiver, seen))
        return next(covering, None) or access.waiver_of(seen)

    told = {
        control.id: _judge(control, ground, waiver_of, attested.get(control.id))
        for control in controls
    }
    return tuple(_with_parts(told[control.id], controls, told) for control in controls)


def find(control: Control, ground: EvaluationContext) -> tuple[Finding, ...]:
    """Return the findings of the rules of one control: one for each property, the worst of it.

    All that is as bad is in its evidence. What could not be read, a resource or a whole list, is
    unknown to every rule that reads it, and so is a failure that would be none if it were as
    declared.
    """
    found = shared_findings(control, ground)
    if found is None:
        found = _find(control, ground)
    ground.findings[control.id] = (control, found)
    return found


def _find(control: Control, ground: EvaluationContext) -> tuple[Finding, ...]:
    rules = (*control.rules, *control.in_cluster)
    found = [seen for rule in rules for seen in apply_rule(control.id, rule, ground)]
    hidden = _hidden_from(control, ground)
    if hidden and ground.declared is not None:
        found = _qualify(control, found, ground, hidden)
    found += [
        Finding(control.id, Verdict.UNKNOWN, each.resource, "", each.evidence) for each in hidden
    ]
    return _one_a_property(found)


def _one_a_property(found: Iterable[Finding]) -> tuple[Finding, ...]:
    by_key: dict[tuple[str, str, str], Finding] = {}
    for seen in found:
        known = by_key.get(seen.key)
        by_key[seen.key] = seen if known is None else _join(known, seen)
    return tuple(by_key.values())


def _hidden_from(control: Control, ground: EvaluationContext) -> tuple[Hidden, ...]:
    """Return what a control would look at and could not be read."""
    if control.proof is not None:
        return ground.hidden_of(TYPES_READ)
    return ground.hidden_of(frozenset(kind.lower() for kind in _types_read(control, ground)))


def _types_read(control: Control, ground: EvaluationContext) -> Iterator[str]:
    """Yield what the rules that are about something look at."""
    for rule in control.rules:
        if rule.clouds and ground.cloud not in rule.clouds:
            continue
        yield rule.on
        if ground.subjects(rule.on):
            yield from rule.reads


def _qualify(
    control: Control,
    found: Sequence[Finding],
    ground: EvaluationContext,
    hidden: Sequence[Hidden],
) -> list[Finding]:
    """Return the findings in which a failure that depends on what could not be read is unknown."""
    failing = {
        seen.key
        for rule in control.rules
        for seen in apply_rule(control.id, rule, ground.as_declared)
        if seen.verdict is Verdict.FAIL
    }
    named = ", ".join(each.label for each in hidden[:_MOST_HIDDEN])
    why = f"it depends on resources that could not be read: {named}"
    return [
        replace(seen, verdict=Verdict.UNKNOWN, evidence=why)
        if seen.verdict is Verdict.FAIL and seen.key not in failing
        else seen
        for seen in found
    ]


_MOST_HIDDEN = 3


def _join(known: Finding, seen: Finding) -> Finding:
    """Return the worse of two findings of one property, or what both say against it."""
    if seen.verdict is not known.verdict:
        return min(known, seen, key=lambda finding: finding.verdict.rank)
    told = known.evidence.split("; ")
    if seen.verdict is Verdict.PASS or seen.evidence in told:
        return known
    return replace(known, evidence="; ".join((*told, seen.evidence)))


def _judge(
    control: Control,
    ground: EvaluationContext,
    waiver_of: WaiverOf,
    attestation: Attestation | None,
) -> Result:
    if control.proof is not None:
        return _judge_proof(control, prove(control.proof, ground), ground, waiver_of)
    told = _judge_told(control, ground, waiver_of, attestation)
    return _with_observed(told, ground, waiver_of)


def _with_observed(told: Result, ground: EvaluationContext, waiver_of: WaiverOf) -> Result:
    """Return a result with the findings on the cluster's objects, where they were read.

    They go before what somebody attested, and take the place of what was outstanding.
    """
    rule, view = told.control.observed, ground.view
    if rule is None or view is None or told.verdict is Verdict.NOT_APPLICABLE:
        return told
    missing = rule.missing(view.contents)
    if missing:
        is_refused = told.unseen is Unseen.CLUSTER and "could not list" in missing
        return replace(
            told,
            why=f"{told.why}; {view.contents.source}: {missing}" if told.why else told.why,
            unseen=Unseen.UNREADABLE if is_refused else told.unseen,
        )
    (cluster,) = ground.estate.of_type(CLUSTER)
    scope = rule.scope(view.contents)
    if scope is not None:
        rule = rule.within(scope)
    seen = _one_a_property(observe(told.control.id, rule, view, cluster))
    if scope is not None and not seen:
        covered = f"{view.contents.source}: {describe_scope(rule, view.contents)}"
        return replace(told, why=f"{told.why}; {covered}" if told.why else told.why)
    unread = rule.unread(view.contents)
    if unread:
        seen = tuple(each for each in seen if each.verdict is not Verdict.PASS)
    findings = (*told.findings, *(_waive(each, waiver_of) for each in seen))
    # What only the cluster was to answer is answered; what else is unknown stays so.
    rests = told.findings or told.unseen in _UNSEEN_IN_AZURE
    verdicts = [each.verdict for each in findings]
    if rests and told.unseen not in _UNSEEN_BY.values():
        verdicts.append(told.verdict)
    if unread:
        verdicts.append(Verdict.UNKNOWN)
    verdict = worst(verdicts)
    is_refused = bool(unread) and verdict is Verdict.UNKNOWN
    return replace(
        told,
        verdict=verdict,
        findings=findings,
        why=f"{view.contents.source}: {unread}" if is_refused else "",
        outstanding="",
        unseen=(Unseen.UNREADABLE if is_refused else told.unseen)
        if verdict is Verdict.UNKNOWN
        else None,
    )


def _judge_told(
    control: Control,
    ground: EvaluationContext,
    waiver_of: WaiverOf,
    attestation: Attestation | None,
) -> Result:
    """Return the result of a control by what Azure shows and the environment says."""
    findings = tuple(_waive(seen, waiver_of) for seen in find(control, ground))
    outstanding = "" if attestation else control.evidence
    is_observed = control.is_verifiable and any(not _is_stated(seen) for seen in findings)
    if control.evidence and not is_observed and (findings or not control.is_verifiable):
        return _judge_unobserved(control, ground, findings, attestation)
    verdict = worst(seen.verdict for seen in findings)
    why = "" if findings else _nothing(control, ground)
    unseen: Unseen | None = None
    if verdict is Verdict.UNKNOWN:
        unseen = Unseen.UNREADABLE if _hidden_from(control, ground) else Unseen.LATER
    if not findings and any(rule.on in ASKED for rule in control.rules):
        why = "known only in the actual state: run `azsec check --of actual`"
        unseen = Unseen.AZURE_ALONE
        verdict = Verdict.UNKNOWN
    if verdict is Verdict.NOT_APPLICABLE:
        outstanding = ""
    return Result(control, verdict, findings, why, outstanding, attestation, unseen)


def _judge_unobserved(
    control: Control,
    ground: EvaluationContext,
    findings: tuple[Finding, ...],
    attestation: Attestation | None,
) -> Result:
    """Return the result of a control of which Azure shows nothing.

    What the environment declares of its cluster may fail it, and does not prove it.
    """
    outstanding = "" if attestation else control.evidence
    # What others than Azure answer is about what runs in a cluster.
    hidden = () if ground.subjects(CLUSTER) else ground.hidden_of(_CLUSTER_ALONE)
    if not ground.subjects(CLUSTER) and not hidden:
        return Result(control, Verdict.NOT_APPLICABLE, (), "there is no cluster")
    verdict = worst(seen.verdict for seen in findings)
    if verdict in (Verdict.FAIL, Verdict.WAIVED):
        return Result(control, verdict, findings, "", outstanding, attestation)
    if attestation:
        why = f"attested by {attestation.by}"
        return Result(control, Verdict.PASS, findings, why, outstanding, attestation)
    if hidden:
        # A cluster that may not be read is not an absent one.
        why = f"whether there is a cluster is unknown: {hidden[0].label}: {hidden[0].evidence}"
        return Result(control, Verdict.UNKNOWN, findings, why, outstanding, None, Unseen.UNREADABLE)
    by = next(_UNSEEN_BY[mode] for mode in control.modes if mode in _UNSEEN_BY)
    why = f"evidence required: {control.evidence}"
    return Result(control, Verdict.UNKNOWN, findings, why, outstanding, None, by)


_CLUSTER_ALONE = frozenset({CLUSTER.lower()})


def _is_stated(seen: Finding) -> bool:
    return seen.resource.type == STATED_NAMESPACE


def _judge_proof(
    control: Control, found: Proof, ground: EvaluationContext, waiver_of: WaiverOf
) -> Result:
    findings = [
        _waive(finding_of(control.id, breach, ground.estate), waiver_of)
        for breach in found.breaches
    ]
    waived = {
        breach
        for breach, seen in zip(found.breaches, findings, strict=True)
        if seen.verdict is Verdict.WAIVED
    }
    proof = waive(found, waived.__contains__)
    unseen = None
    if proof.verdict is network.Verdict.UNKNOWN:
        unseen = Unseen.UNREADABLE if _hidden_from(control, ground) else _unseen_of(proof, ground)
    return Result(
        control,
        VERDICTS[proof.verdict],
        _one_a_property(findings),
        "" if findings else found.scope,
        unseen=unseen,
        proof=proof,
        breaches=tuple(findings),
    )


def _unseen_of(proof: Proof, ground: EvaluationContext) -> Unseen:
    """Return why a proof is unknown: what stands in the network has no facts, or was not read."""
    elements = {breach.element for breach in proof.breaches}
    unjudged = [each for each in ground.topology.unjudged if each.label in elements]
    if not unjudged:
        return Unseen.LATER
    return Unseen.NOT_READ if all(each.reason for each in unjudged) else Unseen.NO_FACTS


def _nothing(control: Control, ground: EvaluationContext) -> str:
    """Return why a control has nothing to judge, with the types that no control judges."""
    kinds = dict.fromkeys(rule.on for rule in control.rules)
    if not kinds:
        return ""
    outside = ground.types_without_facts
    names = [*outside[:_MOST_HIDDEN], *(["…"] if len(outside) > _MOST_HIDDEN else [])]
    unjudged = (
        (f"; types outside the catalog are not evaluated: {', '.join(names)}") if outside else ""
    )
    return f"no resource of the evaluated types: {', '.join(kinds)}{unjudged}"


def _waive(seen: Finding, waiver_of: WaiverOf) -> Finding:
    if seen.verdict is not Verdict.FAIL:
        return seen
    waiver = waiver_of(seen)
    return seen if waiver is None else replace(seen, verdict=Verdict.WAIVED, waiver=waiver)


def _with_parts(result: Result, controls: Sequence[Control], told: Mapping[str, Result]) -> Result:
    """Return the result of a control with that of its parts: it ends as the worst of them does.

    What nobody has answered yet says nothing against an item of which other parts are known.
    """
    if "." in result.control.id and not result.control.same_as:
        return result  # A part has no parts of its own.
    parts = [told[part.id] for part in result.control.parts_in(controls)]
    if not parts:
        return result
    verdicts = [part.verdict for part in parts]
    if result.control.rules or result.control.evidence:
        verdicts.append(result.verdict)
    open_ones = (Verdict.UNKNOWN, Verdict.NOT_APPLICABLE)
    answered = [v for v in verdicts if v not in open_ones] or verdicts
    partly = worst(answered)
    if any(_is_unreadable(part) for part in parts) and partly is not Verdict.FAIL:
        partly = Verdict.UNKNOWN
    names = [part.control.id for part in parts if part.verdict is partly]
    by_itself = any(seen.verdict is partly for seen in result.findings)
    why = result.why if by_itself else f"by its parts {', '.join(names)}"
    unseen = min(
        (p.unseen for p in (result, *parts) if p.unseen), key=list(Unseen).index, default=None
    )
    open_parts = [
        part.control.id
        for part in parts
        if part.verdict is Verdict.UNKNOWN
        or (part.outstanding and part.verdict is not Verdict.FAIL)
    ]
    outstanding = result.outstanding
    if open_parts and partly in (Verdict.PASS, Verdict.WAIVED):
        outstanding = outstanding or f"an answer to {', '.join(open_parts)}"
    return replace(
        result,
        verdict=partly,
        why=why,
        outstanding=outstanding,
        unseen=unseen if partly is Verdict.UNKNOWN else None,
    )


def _is_unreadable(result: Result) -> bool:
    return result.unseen in _UNSEEN_IN_AZURE
