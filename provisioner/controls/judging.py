"""Runs controls over a state, and says how each of them ended."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from provisioner.blueprint.waivers import Attestation, Waiver
from provisioner.controls.control import Control
from provisioner.controls.ground import Ground
from provisioner.controls.kinds import ASKED, CLUSTER
from provisioner.controls.rule import apply_rule
from provisioner.controls.verdict import Finding, Verdict, worst
from provisioner.controls.waivers import covers
from provisioner.model.estate import Estate, Resource


@dataclass(frozen=True, slots=True)
class Result:
    """How one control ended.

    `why` says it where there are no findings. `outstanding` is the evidence that Azure Resource
    Manager cannot give and nobody attested, "" where there is none; `attestation` is the one that
    gives it.
    """

    control: Control
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    why: str = ""
    outstanding: str = ""
    attestation: Attestation | None = None


def judge(
    controls: Sequence[Control],
    ground: Ground,
    waivers: Sequence[Waiver] = (),
    attestations: Sequence[Attestation] = (),
) -> tuple[Result, ...]:
    """Return the result of every control, in their order.

    What a waiver covers is waived. What only a cluster, a log, a directory or a person can answer
    is unknown, until somebody attests it.
    """
    attested = {attestation.control: attestation for attestation in attestations}
    told = {
        control.id: _judge(control, ground, waivers, attested.get(control.id))
        for control in controls
    }
    return tuple(_with_parts(told[control.id], controls, told) for control in controls)


def find(control: Control, ground: Ground) -> tuple[Finding, ...]:
    """Return what the rules of one control find: one finding a property, the worst of it; all that
    is as bad stands in its evidence.

    A resource that could not be read is unknown to every rule that would look at it, and so is a
    failure that would be none if it were as declared.
    """
    found = [seen for rule in control.rules for seen in apply_rule(control.id, rule, ground)]
    kinds = {kind.lower() for rule in control.rules for kind in rule.reads}
    hidden = [(r, reason) for r, reason in ground.unreadable if r.type.lower() in kinds]
    if hidden and ground.declared is not None:
        found = _qualify(control, found, ground, ground.declared, hidden)
    for resource, reason in hidden:
        why = f"it could not be read: {reason}"
        found.append(Finding(control.id, Verdict.UNKNOWN, resource, "", why))
    by_key: dict[tuple[str, str, str], Finding] = {}
    for seen in found:
        known = by_key.get(seen.key)
        by_key[seen.key] = seen if known is None else _join(known, seen)
    return tuple(by_key.values())


def _qualify(
    control: Control,
    found: Sequence[Finding],
    ground: Ground,
    declared: Estate,
    hidden: Sequence[tuple[Resource, str]],
) -> list[Finding]:
    """Return the findings in which a failure that depends on what could not be read is unknown."""
    instead = replace(ground, estate=declared, unreadable=(), declared=None, derived={})
    failing = {
        seen.key
        for rule in control.rules
        for seen in apply_rule(control.id, rule, instead)
        if seen.verdict is Verdict.FAIL
    }
    named = ", ".join(resource.label for resource, _ in hidden[:_MOST_HIDDEN])
    why = f"it depends on what could not be read: {named}"
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
    ground: Ground,
    waivers: Sequence[Waiver],
    attestation: Attestation | None,
) -> Result:
    findings = tuple(_waive(seen, waivers) for seen in find(control, ground))
    outstanding = "" if attestation else control.evidence
    if not control.is_verifiable and control.evidence:
        if not ground.subjects(CLUSTER):
            # What others than Azure answer is about what runs in a cluster.
            return Result(control, Verdict.NOT_APPLICABLE, (), "there is no cluster")
        verdict = Verdict.PASS if attestation else Verdict.UNKNOWN
        why = f"attested by {attestation.by}" if attestation else f"needs {control.evidence}"
        return Result(control, verdict, (), why, outstanding, attestation)
    verdict = worst(seen.verdict for seen in findings)
    why = "" if findings else _nothing(control)
    if not findings and any(rule.on in ASKED for rule in control.rules):
        verdict, why = Verdict.UNKNOWN, "only Azure can say: `azsec check --actual` asks"
    if verdict is Verdict.NOT_APPLICABLE:
        outstanding = ""
    return Result(control, verdict, findings, why, outstanding, attestation)


def _nothing(control: Control) -> str:
    kinds = dict.fromkeys(rule.on for rule in control.rules)
    return f"there is nothing that it is about: {', '.join(kinds)}" if kinds else ""


def _waive(seen: Finding, waivers: Iterable[Waiver]) -> Finding:
    if seen.verdict is not Verdict.FAIL:
        return seen
    waived = any(covers(waiver, seen) for waiver in waivers)
    return replace(seen, verdict=Verdict.WAIVED) if waived else seen


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
    if any(seen.verdict is partly for seen in result.findings):
        return replace(result, verdict=partly)
    return replace(result, verdict=partly, why=f"by its parts {', '.join(names)}")


def _is_unreadable(result: Result) -> bool:
    return result.verdict is Verdict.UNKNOWN and bool(result.findings)
