"""Wording of the differences between two plans, shared by text and Markdown."""

from collections.abc import Iterator, Mapping

from provisioner.documents.plan import FieldChangeDocument
from provisioner.documents.plan_diff import (
    ChangeDifferenceDocument,
    DifferenceKind,
    FieldDifferenceDocument,
    PlanDiffDocument,
    PlanSideDocument,
)
from provisioner.reports.values import plain, plural, show_value
from provisioner.reports.wording import HARMLESS, SIGNS, and_more, counts, joined

KIND_SIGNS: Mapping[DifferenceKind, str] = {
    DifferenceKind.ADDED: "+",
    DifferenceKind.REMOVED: "-",
    DifferenceKind.CHANGED: "~",
}

KIND_WORDS: Mapping[DifferenceKind, str] = {
    DifferenceKind.ADDED: "newly planned",
    DifferenceKind.REMOVED: "no longer planned",
    DifferenceKind.CHANGED: "planned differently",
}
"""The second plan's action on a resource, compared with the first plan's."""

_INPUTS = {
    "request": "the options of the plan",
    "environment": "the environment's file",
    "controls": "the files of custom controls",
    "modules": "the modules from git",
    "blueprint": "the desired resources",
    "catalog": "azsec's API versions",
    "state": "Azure",
    "cluster": "the cluster",
}
_NOTHING = "no change"
_MOST_PARTS = 5


def name_of_side(side: PlanSideDocument) -> str:
    """Return the counts of one of the plans."""
    told = [f"{number:,} {action}" for action, number in counts(side.summary)]
    if side.destroys:
        told.insert(0, "destroys the environment")
    return joined(told) or "no changes"


def verdict(document: PlanDiffDocument) -> str:
    """Return whether the approval of one plan is an approval of the other."""
    if document.same:
        return "The plans are the same: one digest, one approval."
    return "The plans differ: an approval of the first does not cover the second."


def causes(document: PlanDiffDocument) -> str:
    """Return which inputs of the plans differ, in words; "" where no difference is known."""
    known = [_INPUTS[name] for name in document.inputs if name in _INPUTS]
    if not known:
        return ""
    named = f"{', '.join(known[:-1])} and {known[-1]}" if len(known) > 1 else known[0]
    return f"Changed between the plans: {named}."


def summary(document: PlanDiffDocument) -> str:
    """Return how many resources are planned differently."""
    told = []
    for kind, words in KIND_WORDS.items():
        count = sum(change.kind is kind for change in document.changes)
        if count:
            told.append(f"{plural(count, 'resource')} {words}")
    return joined(told) or "no resource is planned differently"


def planned_before_and_after(change: ChangeDifferenceDocument) -> tuple[str, str]:
    """Return the action of each of the plans on a resource, in words."""
    told = []
    for side in (change.before, change.after):
        if side is None:
            told.append(_NOTHING)
            continue
        disruption = "" if side.disruption == HARMLESS else plain(side.disruption)
        reason = plain(side.reason or "")
        told.append(joined((f"{SIGNS[side.action]} {side.action}", disruption, reason)))
    return told[0], told[1]


def field_before_and_after(field: FieldDifferenceDocument) -> tuple[str, str]:
    """Return what each of the plans does to a property.

    That is the value that it is set to, or, where only Azure's current value differs, both values.
    """
    one, other = field.before, field.after
    both = one is not None and other is not None and one.after == other.after
    return _value_words(one, both=both), _value_words(other, both=both)


def _value_words(field: FieldChangeDocument | None, *, both: bool) -> str:
    if field is None:
        return _NOTHING
    goal = "removed" if field.after is None else show_value(field.after)
    return f"{show_value(field.before)} -> {goal}" if both else goal


def other_lines(document: PlanDiffDocument) -> Iterator[tuple[DifferenceKind, str]]:
    """Yield the differences beside resources, each with its kind: controls, proofs, gates."""
    for turn in document.controls:
        refused = f" (refused by the gate '{plain(turn.gate)}')" if turn.gate else ""
        verb = "newly fails" if turn.turns == "fail" else "now passes"
        told = f"control {plain(turn.control)} {verb} for {plain(turn.address)}"
        yield turn.kind, f"{told}: {plain(turn.title)}{refused}"
    for proof in document.proofs:
        one, other = plain(proof.before or "not proved"), plain(proof.after or "not proved")
        yield DifferenceKind.CHANGED, f"proof {plain(proof.name)}: {one} -> {other}"
    for gate in document.gates:
        kind = DifferenceKind.CHANGED
        if gate.before is None or gate.after is None:
            kind = DifferenceKind.ADDED if gate.before is None else DifferenceKind.REMOVED
        reason = plain(gate.after or gate.before or "")
        yield kind, f"refused by the gate '{plain(gate.gate)}': {reason}"


def request_lines(document: PlanDiffDocument) -> Iterator[tuple[DifferenceKind, str]]:
    """Yield the requests that differ, and at which paths."""
    for step in document.steps:
        shown = [plain(part) for part in step.parts[:_MOST_PARTS]]
        if len(step.parts) > _MOST_PARTS:
            shown.append(and_more(len(step.parts) - _MOST_PARTS, "path"))
        told = f": {', '.join(shown)}" if shown else ""
        yield step.kind, f"{step.verb} {plain(step.address)}{told}"


def beside_lines(document: PlanDiffDocument) -> Iterator[str]:
    """Yield the remaining differences: reads, other parts, and what no digest covers."""
    if document.observed:
        yield f"read differently in Azure: {', '.join(map(plain, document.observed))}"
    if document.parts:
        yield f"other parts of the plan: {', '.join(map(plain, document.parts))}"
    for addition in document.additions:
        yield f"added since outside of the blueprint, not part of the digest: {plain(addition)}"
    for told in document.diagnostics:
        yield f"{told.severity}, outside of the digest: {plain(told.message)}"
