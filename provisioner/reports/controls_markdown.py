"""Controls as Markdown: docs/controls.md is written by this."""

from collections.abc import Iterator, Sequence

from provisioner.documents.controls import ControlDocument, ControlsDocument
from provisioner.reports.markdown_escape import code, prose
from provisioner.reports.markdown_table import row, table_head

_MODES = {
    "A": "Azure Resource Manager",
    "K": "Kubernetes API",
    "G": "Microsoft Graph",
    "L": "log query",
    "M": "attestation",
}


def render_controls_markdown(document: ControlsDocument) -> str:
    """Return controls as Markdown: a table for each chapter, then each with all there is to say."""
    text = ""
    for chapter in dict.fromkeys(control.chapter for control in document.controls):
        inside = [control for control in document.controls if control.chapter == chapter]
        text += f"## {chapter}: {prose(inside[0].chapter_title)}\n\n"
        if len(inside) > 1:
            text += _table(inside)
        text += "".join(_whole(control) for control in inside)
    if document.search and not document.controls:
        near = f" Similar words: {prose(', '.join(document.near))}." if document.near else ""
        text = f"None of {document.total} controls matches {code(document.search)}.{near}\n"
    return text


def _table(controls: Sequence[ControlDocument]) -> str:
    rows = (
        row(
            f"[{control.id}](#{_anchor(control.id)})",
            f"{control.emoji} {control.severity}",
            prose(control.title, 200),
            "".join(control.modes) or "parts",
        )
        for control in controls
    )
    return table_head(("control", "severity", "title", "source")) + "".join(rows) + "\n"


def _whole(control: ControlDocument) -> str:
    lines = [
        f"### {control.id}",
        "",
        f"**{prose(control.title, 300)}** · {control.emoji} {control.severity} · {control.layer} · "
        f"{code(control.source) if control.source else prose(control.item, 200)}",
        "",
        prose(control.rationale),
        "",
        *_facts(control),
    ]
    if control.remediation:
        lines += ["", "```yaml" if "A" in control.modes else "```text", control.remediation, "```"]
    return "\n".join(lines) + "\n\n"


def _facts(control: ControlDocument) -> Iterator[str]:
    modes = ", ".join(_MODES[mode] for mode in control.modes)
    yield f"- Source: {modes or 'its parts'}."
    if control.synonyms:
        yield f"- Synonyms: {prose(', '.join(control.synonyms))}."
    if control.evidence:
        yield f"- Evidence: {prose(control.evidence)}."
    if control.objects:
        objects = ", ".join(map(code, control.objects))
        yield f"- `azsec check --observation` reads {objects}."
    if control.limits:
        yield f"- Limits: {prose(control.limits)}"
    if control.reads:
        yield f"- Reads {', '.join(code(read) for read in control.reads)}."
    mappings = control.mappings
    for label, entries in (
        ("CIS AKS 1.8", mappings.cis),
        ("Azure Policy", mappings.policies),
        ("checkov", mappings.checkov),
        ("PSRule", mappings.psrule),
    ):
        if entries:
            yield f"- {label}: {', '.join(code(entry) for entry in entries)}."
    if control.unmapped:
        yield f"- No mapping: {prose(control.unmapped)}"


def _anchor(name: str) -> str:
    """The anchor that Markdown hosts make of a heading."""
    return name.lower().replace(".", "")
