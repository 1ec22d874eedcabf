"""Renders the effect of a plan or of drift on the controls as text.

`check_markdown`, `drift_text` and `plan_text` call it.
"""

from collections.abc import Iterable, Iterator, Sequence

from provisioner.documents.controls import SecurityDeltaDocument, TurnDocument
from provisioner.reports.styled import BLANK, Line, Span, Style, line, wrap
from provisioner.reports.values import plain, plural
from provisioner.reports.wording import and_more, joined

_MOST = 10
_MOST_PLACES = 3
_MOST_NAMED = 6


def turn_lines(security: SecurityDeltaDocument | None, width: int) -> Iterator[Line]:
    """Yield the section of newly failing controls that the gate covers, the worst first.

    Each has its finding, place and reason. Controls below the gate are named in the total, and
    network proofs in the section of breaches.
    """
    refused = [turn for turn in (security.refused if security else ()) if turn.gate != "proofs"]
    if not refused:
        return
    yield line("  ", Span("newly failing", Style.BLOCKED), " · controls that this breaks")
    controls = list(dict.fromkeys(turn.control for turn in refused))
    for control in controls[:_MOST]:
        first, *more = [turn for turn in refused if turn.control == control]
        told = f"{plain(control)}  {first.emoji} {plain(first.severity)}"
        yield line("    ", Span(told, Style.BLOCKED), f" · {plain(first.title)}")
        for turn in (first, *more[: _MOST_PLACES - 1]):
            rows = wrap(f"{plain(turn.address)}: {plain(turn.evidence)}", width - 8)
            yield from (line(" " * 8, row) for row in rows)
        if len(more) >= _MOST_PLACES:
            hidden = and_more(len(more) - _MOST_PLACES + 1, "property")
            yield line(" " * 8, Span(hidden, Style.DIM))
    if len(controls) > _MOST:
        yield line("    ", Span(and_more(len(controls) - _MOST, "control"), Style.DIM))
    hint = "`azsec controls show ID` explains the reason and the remediation."
    yield line("    ", Span(hint, Style.DIM))
    yield BLANK


def security_total(security: SecurityDeltaDocument | None) -> str:
    """Return how many controls change their verdict, and which, by the gate that refuses them.

    "" where nothing was evaluated or nothing changes.
    """
    if security is None or not (security.failing or security.passing):
        return ""
    failing = _control_ids(security.failing)
    refused = (
        (f"at or above {plain(security.gate or '')}", "controls"),
        ("of network proofs", "proofs"),
        ("not refused by a gate", None),
    )
    groups = [
        _count_with_ids(words, _control_ids(turn for turn in security.failing if turn.gate == gate))
        for words, gate in refused
    ]
    told = f"{len(failing)} newly fail: {', '.join(filter(None, groups))}" if failing else ""
    return joined((told, _count_with_ids("now pass", _control_ids(security.passing))))


def total_lines(security: SecurityDeltaDocument | None, width: int) -> Iterator[Line]:
    """Yield the line with the number of controls whose verdict changes."""
    told = security_total(security)
    if not told:
        return
    style = Style.BLOCKED if security and security.failing else Style.PLAIN
    for number, row in enumerate(wrap(told, width - 9)):
        yield line(Span("Controls " if number == 0 else " " * 9, Style.BOLD), Span(row, style))


def count_newly_failing(security: SecurityDeltaDocument) -> str:
    """Return how many controls newly fail and are refused by `gates.controls`; may be ""."""
    count = len(_control_ids(turn for turn in security.failing if turn.gate == "controls"))
    verb = "fails" if count == 1 else "fail"
    at = f"at or above {plain(security.gate or '')}"
    return f"{plural(count, 'control')} newly {verb} {at}" if count else ""


def _control_ids(turns: Iterable[TurnDocument]) -> list[str]:
    return list(dict.fromkeys(turn.control for turn in turns))


def _count_with_ids(words: str, ids: Sequence[str]) -> str:
    if not ids:
        return ""
    more = f", … {len(ids) - _MOST_NAMED} more" if len(ids) > _MOST_NAMED else ""
    return f"{len(ids)} {words} ({', '.join(map(plain, ids[:_MOST_NAMED]))}{more})"
