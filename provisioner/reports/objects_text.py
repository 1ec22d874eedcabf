"""Renders the part of a plan about the cluster's objects, as text and as Markdown.

`drift_text`, `markdown` and `plan_text` call it.
"""

from collections.abc import Iterator

from provisioner.documents.plan import ClusterObjectsDocument
from provisioner.reports.markdown_escape import prose
from provisioner.reports.styled import Line, Span, Style, line, wrap
from provisioner.reports.values import plain, plural
from provisioner.reports.wording import NOT_VERIFIED, and_more, joined

_MOST = 10


def objects_lines(document: ClusterObjectsDocument | None, width: int) -> Iterator[Line]:
    """Yield the lines about the objects in the cluster; none where the environment has none."""
    if document is None:
        return
    head, *rest = wrap(_summary(document), width - 9)
    yield line(Span(f"{'Objects':9}", Style.BOLD), head)
    for row in rest:
        yield line(" " * 9, row)
    for sign, addresses in (("~", document.drifted), ("+", document.additions)):
        for address in addresses[:_MOST]:
            yield line(" " * 9, Span(f"{sign} {plain(address)}", Style.UPDATE))
        if len(addresses) > _MOST:
            yield line(" " * 9, and_more(len(addresses) - _MOST, "object"))


def objects_paragraph(document: ClusterObjectsDocument | None) -> str:
    """Return the paragraph about the objects in the cluster; "" where the environment has none."""
    if document is None:
        return ""
    named = [*document.drifted, *document.additions]
    more = f": {', '.join(named[:_MOST])}" if named else ""
    return f"{prose(f'Objects: {_summary(document)}{more}', 2_000)}\n\n"


def count_objects(document: ClusterObjectsDocument | None) -> str:
    """Return how many objects in the cluster are not as declared; "" where none is known to be."""
    if document is None or not document.found:
        return ""
    return f"{plural(len(document.drifted) + len(document.additions), 'object')} in the cluster"


def _summary(document: ClusterObjectsDocument) -> str:
    declared = f"{plural(document.declared, 'object')} in the cluster"
    if document.source is None:
        why = f": {plain(document.refused)}" if document.refused else ""
        return f"{declared}: not observed{why}"
    return f"{declared}, seen {document.age} from {plain(document.source)}: " + joined(
        (
            f"{document.in_sync:,} in sync",
            f"{document.not_compared:,} not compared" if document.not_compared else "",
            f"{len(document.drifted):,} drifted" if document.drifted else "",
            plural(len(document.additions), "addition") if document.additions else "",
            f"not listed: {plain(', '.join(document.unreadable))}" if document.unreadable else "",
            f"left out: {plain(', '.join(document.left_out))}" if document.left_out else "",
            "" if document.verified else NOT_VERIFIED,
        )
    )
