"""Renders the effective access to an environment as text, the most privileged first.

`text` calls it.
"""

from collections.abc import Iterator
from itertools import groupby

from provisioner.documents.access import AccessDocument, GrantDocument
from provisioner.reports.access_wording import (
    asked,
    denied,
    notes,
    scope_of_claim,
    unread,
    verdict,
    who,
)
from provisioner.reports.section_text import heading, render_diagnostics, totals
from provisioner.reports.styled import BLANK, Line, Span, Style, line, wrap
from provisioner.reports.values import plain

_WIDEST_WHO = 60
_WIDEST_ROLE = 48


def render_access_text(document: AccessDocument, width: int = 100) -> Iterator[Line]:
    """Yield the lines: access paths by permission, deny assignments, and what was unreadable."""
    yield from heading("access", document.environment, width)
    question = asked(document)
    if question is not None:
        yield line("  ", Span(question, Style.BOLD))
        yield BLANK
    for capability, grants in groupby(document.grants, key=lambda grant: grant.capability):
        yield line("  ", Span(capability, Style.BOLD))
        yield from _grant_lines(list(grants), document, width)
        yield BLANK
    if document.denials:
        yield line("  ", Span("deny assignments", Style.BOLD), " · override every role assignment")
        for denial in document.denials:
            first, *rest = wrap(f"{plain(denial.name)}  {denied(denial)}", width - 6)
            yield line("    ", first)
            yield from (line("      ", row) for row in rest)
        yield BLANK
    if document.unreadable:
        yield line("  ", Span("not readable", Style.WARNING))
        for told in document.unreadable:
            yield from (line("    ", row) for row in wrap(unread(told), width - 4))
        yield BLANK
    yield from render_diagnostics(document.diagnostics, width)
    yield from (line("  ", Span(r, Style.DIM)) for r in wrap(scope_of_claim(document), width - 2))
    yield from totals("Access", verdict(document), None, width)


def _grant_lines(
    grants: list[GrantDocument], document: AccessDocument, width: int
) -> Iterator[Line]:
    """Yield two lines for each access path: principal and role, then scope and notes."""
    column = min(max(len(who(grant.principal)) for grant in grants), _WIDEST_WHO)
    roles = min(max(len(plain(grant.role.name)) for grant in grants), _WIDEST_ROLE)
    for grant in grants:
        told = f"    {who(grant.principal):{column}}  {plain(grant.role.name):{roles}}"
        place = f"at {plain(grant.scope_name)}"
        if len(told) + 2 + len(place) <= width:
            yield line(f"{told}  {place}")
        else:
            yield line(told.rstrip())
            yield from (line("      ", row) for row in wrap(place, width - 6))
        said = " · ".join(notes(grant, document.state))
        yield from (line("      ", Span(row, Style.WARNING)) for row in wrap(said, width - 6))
