"""Wording, marks and counts of verdicts, shared by every report of controls."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from provisioner.documents.controls import (
    FAIL,
    VERDICTS,
    CheckDocument,
    ComplianceDocument,
    ControlDocument,
    RequirementDocument,
    ResultDocument,
)
from provisioner.reports.values import plain
from provisioner.reports.wording import joined

MARKS: Mapping[str, str] = {
    FAIL: "✗",
    "unknown": "?",
    "partial": "◐",
    "manual": "○",
    "waived": "~",
    "pass": "✓",
    "not applicable": "-",
}
"""The mark of each verdict, the worst first."""

LAYERS = ("network", "identity", "data", "runtime", "audit")
"""The layers of defence, from the outside in."""

_SEVERITIES = ("critical", "high", "medium", "low", "info")


def worst_first(results: Iterable[ResultDocument]) -> list[ResultDocument]:
    """Return results by the severity of their controls, the worst first."""
    return sorted(results, key=lambda result: _SEVERITIES.index(result.control.severity))


def totals_of(document: CheckDocument) -> str:
    """Return the number of controls, the number with each verdict, and the state.

    The number of passing controls is left out where a part of the state was unreadable.
    """
    shown = VERDICTS[1:] if document.census.unreadable else VERDICTS
    counts = joined(f"{document.summary[v]:,} {v}" for v in shown if document.summary[v])
    gap = "not all was read" if document.census.unreadable else ""
    return joined((f"{document.summary['total']:,}: {counts}", f"{document.state} state", gap))


def legend(verdicts: Iterable[str]) -> str:
    """Return the meanings of the marks of some verdicts, the worst first."""
    used = frozenset(verdicts)
    return "  ".join(f"{mark} {verdict}" for verdict, mark in MARKS.items() if verdict in used)


def refusals(document: CheckDocument) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each gate that refuses the plan, in words, with the ids of the controls."""
    words = {"controls": f"'controls' ({document.gate} and worse)", "proofs": "'proofs'"}
    for gate, said in words.items():
        ids = tuple(result.control.id for result in document.refused if result.gate == gate)
        if ids:
            yield said, ids


def state_of(document: ComplianceDocument) -> str:
    """Return which state a compliance report is judged on, and when that was read."""
    read = f", read {document.read_at}" if document.read_at else ""
    return f"judged on the {document.state} state{read}"


def compliance_totals(document: ComplianceDocument) -> str:
    """Return how many requirements pass, of those that apply, and how the others ended."""
    summary = document.summary
    apply = summary["total"] - summary["not applicable"]
    passing = f"{summary['pass']:,} of {apply:,} pass"
    gap = "not all was read" if document.census.unreadable else ""
    others = (v for v in MARKS if v != "pass" and summary[v])
    return joined((gap or passing, *(f"{summary[verdict]:,} {verdict}" for verdict in others)))


def answers_of(requirement: RequirementDocument) -> str:
    """Return the controls that decide the verdict of a requirement.

    A control is not named as an answer to itself.
    """
    if requirement.failing:
        return _other_controls(requirement, requirement.failing)
    if not requirement.unanswered:
        return _other_controls(requirement, requirement.controls)
    seen = _other_controls(requirement, requirement.seen)
    unseen = _other_controls(requirement, [entry.control for entry in requirement.unanswered])
    parts = (f"seen: {seen}" if seen else "", f"not seen: {unseen}" if unseen else "")
    return "; ".join(part for part in parts if part)


def _other_controls(requirement: RequirementDocument, controls: Iterable[str]) -> str:
    return ", ".join(plain(control) for control in controls if control != requirement.id)


def chapters(results: Sequence[ResultDocument]) -> dict[str, str]:
    """Return the titles of the chapters that have results, by their letters, in order."""
    return {result.control.chapter: result.control.chapter_title for result in results}


def matrix(results: Sequence[ResultDocument]) -> Mapping[tuple[str, str], tuple[int, int, int]]:
    """Return (passing, applicable, failing) by chapter and layer.

    Partial, unknown and waived controls are applicable and do not pass.
    """
    cells: dict[tuple[str, str], tuple[int, int, int]] = {}
    for result in results:
        if result.is_group or result.verdict == "not applicable":
            continue
        key = (result.control.chapter, result.control.layer)
        passing, applicable, failing = cells.get(key, (0, 0, 0))
        cells[key] = (
            passing + (result.verdict == "pass"),
            applicable + 1,
            failing + (result.verdict == FAIL),
        )
    return cells


def remedy_hint(control: ControlDocument) -> str:
    """Return where the remedy for a control is documented."""
    where = control.source or f"azsec controls show {control.id}"
    return f"`{where}` explains the remediation."
