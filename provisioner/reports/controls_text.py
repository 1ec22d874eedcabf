"""Renders the control catalog as text: the list, or one control with all of its details.

`text` calls it.
"""

from collections.abc import Iterator

from provisioner.documents.controls import ControlDocument, ControlsDocument
from provisioner.reports.styled import BLANK, Line, Span, Style, line, wrap
from provisioner.reports.values import plural

_MODES = {
    "A": "Azure Resource Manager",
    "K": "Kubernetes API",
    "G": "Microsoft Graph",
    "L": "log query",
    "M": "attestation",
}


def render_controls_text(document: ControlsDocument, width: int = 100) -> Iterator[Line]:
    """Yield a line for each control, by chapter.

    A single control is rendered with all details, unless it is the result of a search.
    """
    if len(document.controls) == 1 and not document.search:
        yield from _control_lines(document.controls[0], width)
        return
    chapter = ""
    for control in document.controls:
        if control.chapter != chapter:
            if chapter:
                yield BLANK
            chapter = control.chapter
            yield line(Span(control.chapter_title, Style.BOLD))
        indent = "    " if "." in control.id else "  "
        modes = "".join(control.modes)
        head = f"{indent}{control.id:{14 - len(indent)}}{control.severity:10}{modes:4}"
        first, *rest = wrap(control.title, width - len(head))
        yield line(head, first)
        yield from (line(" " * len(head), row) for row in rest)
    if document.controls:
        yield BLANK
    yield line(Span("Controls  ", Style.BOLD), _summary_sentence(document))
    used = {mode for control in document.controls for mode in control.modes}
    legend = " · ".join(f"{mode} {source}" for mode, source in _MODES.items() if mode in used)
    if legend:
        yield line(Span("Sources   ", Style.BOLD), legend)


def _summary_sentence(document: ControlsDocument) -> str:
    found, total = len(document.controls), plural(document.total, "control")
    answered = sum("A" in control.modes for control in document.controls)
    by = f"{answered} evaluated from Azure Resource Manager"
    if not document.search:
        return f"{total} · {by}"
    if found:
        return f"{found} of {total} match {document.search!r} · {by}"
    near = f" Similar words: {', '.join(document.near)}." if document.near else ""
    return f"none of {total} matches {document.search!r}.{near}"


def _control_lines(control: ControlDocument, width: int) -> Iterator[Line]:
    told = f" · {control.emoji} {control.severity} · {control.layer}"
    yield line(Span(control.id, Style.BOLD), told)
    yield line(Span(control.title, Style.BOLD))
    yield from (line(row) for row in wrap(control.rationale, width))
    yield BLANK
    if control.source:
        yield line("  chapter   ", control.chapter_title)
        yield line("  stated in ", control.source)
    else:
        yield line("  outline   ", f"{control.chapter_title}: {control.item}")
    modes = ", ".join(_MODES[mode] for mode in control.modes) or "its parts"
    for label, text in (
        ("synonyms", ", ".join(control.synonyms)),
        ("source", modes),
        ("evidence", control.evidence),
        ("objects", ", ".join(control.objects)),
        ("limits", control.limits),
    ):
        if text:
            yield from _labelled_lines(label, text, width)
    for number, read in enumerate(control.reads):
        yield line("  reads     " if number == 0 else " " * 12, read)
    mappings = control.mappings
    for label, entries in (
        ("CIS", mappings.cis),
        ("policy", mappings.policies),
        ("checkov", mappings.checkov),
        ("PSRule", mappings.psrule),
    ):
        if entries:
            yield from _labelled_lines(label, ", ".join(entries), width)
    if control.unmapped:
        yield from _labelled_lines("mappings", f"none: {control.unmapped}", width)
    if control.remediation:
        yield BLANK
        yield line(Span("Remediation", Style.BOLD))
        yield from (line("  ", row) for row in control.remediation.splitlines())


def _labelled_lines(label: str, text: str, width: int) -> Iterator[Line]:
    for number, row in enumerate(wrap(text, width - 12)):
        yield line(f"  {label:10}" if number == 0 else " " * 12, row)
