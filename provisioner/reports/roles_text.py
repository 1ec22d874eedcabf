"""The text of the roles of an environment."""

from collections.abc import Iterator

from provisioner.documents.roles import RolesDocument
from provisioner.reports.section_text import heading
from provisioner.reports.styled import BLANK, Line, Span, Style, line, wrap
from provisioner.reports.values import plain, plural


def render_roles_text(document: RolesDocument, width: int = 100) -> Iterator[Line]:
    """Yield the lines: each role with its scope and actions, then the credentials."""
    yield from heading("roles", document.environment, width)
    for role in document.roles:
        yield line("  ", Span(plain(role.name), Style.BOLD))
        yield line("    ", Span(plain(role.description), Style.DIM))
        yield line("    assign at  ", plain(role.scope))
        yield from (line("      ", plain(action)) for action in role.actions)
        if role.condition:
            yield line("    on the condition that only these roles are assigned")
            yield from (line("      ", row) for row in wrap(plain(role.condition), width - 6))
        yield BLANK
    for found in document.credentials:
        yield line(
            "  ",
            Span(plain(found.name), Style.BOLD),
            f"  federated credential, {found.purpose.value}",
        )
        yield line("    issuer    ", plain(found.issuer))
        yield line("    subject   ", plain(found.subject))
        yield line("    audience  ", ", ".join(map(plain, found.audiences)))
        yield BLANK
    actions = len({action for role in document.roles for action in role.actions})
    roles = plural(len(document.roles), "role")
    yield line(Span("Roles  ", Style.BOLD), f"{roles} · {plural(actions, 'action')}")
