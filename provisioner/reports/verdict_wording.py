"""The words, marks and counts that every report of controls uses."""

from collections.abc import Iterator, Mapping, Sequence

from provisioner.documents.controls import (
    FAIL,
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

_JUDGED = (FAIL, "waived", "pass")


def totals_of(document: CheckDocument) -> str:
    """Return how many controls ended in which way, of how many, and of which state.

    How many pass is not said where something of the state could not be read.
    """
    told = ("pass", "fail", "waived", "unknown", "not applicable")
    shown = told[1:] if document.census.unreadable else told
    counts = [f"{document.count(v):,} {v}" for v in shown if document.count(v)]
    total = sum(map(document.count, told))
    gap = "not all was read" if document.census.unreadable else ""
    return joined((*counts, f"of {total:,}", f"{document.state} state", gap))


def refusals(document: CheckDocument) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each gate that refuses something, in words, with the ids of the controls."""
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
    apply = len(document.requirements) - document.count("not applicable")
    passing = f"{document.count('pass'):,} of {apply:,} pass"
    gap = "not all was read" if document.census.unreadable else ""
    others = (v for v in (*MARKS,) if v != "pass" and document.count(v))
    return joined(
        (gap or passing, *(f"{document.count(verdict):,} {verdict}" for verdict in others))
    )


def answers_of(requirement: RequirementDocument) -> str:
    """Return the controls that answer a requirement: those that decide how it ended."""
    if requirement.failing:
        return ", ".join(map(plain, requirement.failing))
    if not requirement.unanswered:
        return ", ".join(map(plain, requirement.controls))
    seen = f"seen: {', '.join(map(plain, requirement.seen))}" if requirement.seen else ""
    unseen = ", ".join(f"{plain(e.control)}" for e in requirement.unanswered)
    return "; ".join(part for part in (seen, f"not seen: {unseen}") if part)


def chapters(results: Sequence[ResultDocument]) -> dict[str, str]:
    """Return the titles of the chapters that have results, by their letters, in order."""
    return {result.control.chapter: result.control.chapter_title for result in results}


def matrix(results: Sequence[ResultDocument]) -> Mapping[tuple[str, str], tuple[int, int, int]]:
    """Return (passing, judged, failing) by chapter and layer. What is not known was not judged;
    what is waived was, and does not pass."""
    cells: dict[tuple[str, str], tuple[int, int, int]] = {}
    for result in results:
        if result.is_group or result.verdict not in _JUDGED:
            continue
        key = (result.control.chapter, result.control.layer)
        passing, judged, failing = cells.get(key, (0, 0, 0))
        cells[key] = (
            passing + (result.verdict == "pass"),
            judged + 1,
            failing + (result.verdict == FAIL),
        )
    return cells


def remedy_hint(control: ControlDocument) -> str:
    """Return where to read what satisfies a control."""
    return f"`azsec controls show {control.id}` says what satisfies it."
