"""The words, marks and counts that every report of controls uses."""

from collections.abc import Mapping, Sequence

from provisioner.documents.controls import (
    FAIL,
    CheckDocument,
    ControlDocument,
    FindingDocument,
    ResultDocument,
    WaiverDocument,
)
from provisioner.reports.wording import joined

MARKS: Mapping[str, str] = {
    FAIL: "✗",
    "unknown": "?",
    "waived": "~",
    "pass": "✓",
    "not applicable": "-",
}
"""The mark of each verdict, the worst first."""

LAYERS = ("network", "identity", "data", "runtime", "audit")
"""The layers of defence, from the outside in."""

_FINE = ("pass", "waived")
_JUDGED = (FAIL, "waived", "pass")


def totals_of(document: CheckDocument) -> str:
    """Return how many controls ended in which way, and of which state."""
    counts = (
        f"{document.count(verdict):,} {verdict}" if document.count(verdict) else ""
        for verdict in ("pass", "fail", "waived", "unknown", "not applicable")
    )
    return joined((*counts, f"{document.state} state"))


def chapters(results: Sequence[ResultDocument]) -> dict[str, str]:
    """Return the titles of the chapters that have results, by their letters, in order."""
    return {result.control.chapter: result.control.chapter_title for result in results}


def matrix(results: Sequence[ResultDocument]) -> Mapping[tuple[str, str], tuple[int, int, int]]:
    """Return (fine, judged, failing) by chapter and layer. What is not known was not judged."""
    cells: dict[tuple[str, str], tuple[int, int, int]] = {}
    for result in results:
        if result.is_group or result.verdict not in _JUDGED:
            continue
        key = (result.control.chapter, result.control.layer)
        fine, judged, failing = cells.get(key, (0, 0, 0))
        cells[key] = (
            fine + (result.verdict in _FINE),
            judged + 1,
            failing + (result.verdict == FAIL),
        )
    return cells


def waiver_of(
    result: ResultDocument, seen: FindingDocument, waivers: Sequence[WaiverDocument]
) -> WaiverDocument | None:
    """Return the waiver that accepts a finding, or None."""
    if seen.verdict != "waived" or seen.address is None:
        return None
    address = seen.address
    return next(
        (
            waiver
            for waiver in waivers
            if waiver.control == result.control.id
            and (
                address == waiver.scope
                or address.startswith((f"{waiver.scope}.", f"{waiver.scope}["))
            )
        ),
        None,
    )


def remedy_hint(control: ControlDocument) -> str:
    """Return where to read what satisfies a control."""
    return f"`azsec controls show {control.id}` says what satisfies it."
