"""Findings of the rules of a control over a state: one for each property of a resource.

Called by `evaluation`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from provisioner.controls.control import Control
from provisioner.controls.evaluation_context import EvaluationContext, UnreadableInput
from provisioner.controls.rule import apply_rule
from provisioner.controls.shared_findings import shared_findings
from provisioner.controls.verdict import Finding, Verdict
from provisioner.network.model.topology_reader import TYPES_READ

MOST_NAMED = 3
"""How many resources or types a sentence names at most."""


def find(control: Control, context: EvaluationContext) -> tuple[Finding, ...]:
    """Return the findings of the rules of one control: one for each property, the worst of it.

    All that is as bad is in its evidence. What could not be read, a resource or a whole list, is
    unknown to every rule that reads it, and so is a failure that would be none if it were as
    declared.
    """
    found = shared_findings(control, context)
    if found is None:
        found = _apply_rules(control, context)
    context.findings[control.id] = (control, found)
    return found


def _apply_rules(control: Control, context: EvaluationContext) -> tuple[Finding, ...]:
    rules = (*control.rules, *control.in_cluster)
    found = [seen for rule in rules for seen in apply_rule(control.id, rule, context)]
    hidden = unreadable_inputs_of(control, context)
    # Where Azure refused to list the private endpoints, a vault looks as if it had none: a rule
    # may fail for the absence of what it could not read.
    if hidden and context.declared is not None:
        found = _unknown_where_unreadable(control, found, context, hidden)
    found += [
        Finding(control.id, Verdict.UNKNOWN, each.resource, "", each.evidence) for each in hidden
    ]
    return worst_by_property(found)


def worst_by_property(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return one finding for each property: the worst, or the evidence of all that are as bad."""
    # A rule that loops over a list (ranges, receivers, DNAT rules) yields an observation for each
    # entry of one property. Waivers and reports name the property once.
    by_key: dict[tuple[str, str, str], Finding] = {}
    for seen in found:
        key = seen.key
        known = by_key.get(key)
        by_key[key] = seen if known is None else _join_findings(known, seen)
    return tuple(by_key.values())


def unreadable_inputs_of(
    control: Control, context: EvaluationContext
) -> tuple[UnreadableInput, ...]:
    """Return what a control would look at and could not be read."""
    if control.proof is not None:
        return context.unreadable_inputs(TYPES_READ)
    return context.unreadable_inputs(
        frozenset(kind.lower() for kind in _types_read(control, context))
    )


def _types_read(control: Control, context: EvaluationContext) -> Iterator[str]:
    """Yield what the rules that are about something look at."""
    for rule in control.rules:
        if rule.clouds and context.cloud not in rule.clouds:
            continue
        yield rule.on
        if context.subjects(rule.on):
            yield from rule.reads


def _unknown_where_unreadable(
    control: Control,
    found: Sequence[Finding],
    context: EvaluationContext,
    hidden: Sequence[UnreadableInput],
) -> list[Finding]:
    """Return the findings in which a failure that depends on what could not be read is unknown."""
    # The same rules over the estate with the unreadable resources as the blueprint declares them:
    # what fails there fails whatever Azure would have answered.
    failing = {
        seen.key
        for rule in control.rules
        for seen in apply_rule(control.id, rule, context.as_declared)
        if seen.verdict is Verdict.FAIL
    }
    named = ", ".join(each.label for each in hidden[:MOST_NAMED])
    why = f"it depends on resources that could not be read: {named}"
    return [
        replace(seen, verdict=Verdict.UNKNOWN, evidence=why)
        if seen.verdict is Verdict.FAIL and seen.key not in failing
        else seen
        for seen in found
    ]


def _join_findings(known: Finding, seen: Finding) -> Finding:
    """Return the worse of two findings of one property, or the evidence of both."""
    if seen.verdict is not known.verdict:
        return min(known, seen, key=lambda finding: finding.verdict.rank)
    stated = known.evidence.split("; ")
    if seen.verdict is Verdict.PASS or seen.evidence in stated:
        return known
    return replace(known, evidence="; ".join((*stated, seen.evidence)))
