"""Renders the effective access to an environment as Markdown (`azsec access`)."""

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
from provisioner.reports.markdown_escape import prose
from provisioner.reports.markdown_table import row, section, table_head


def render_access_markdown(document: AccessDocument) -> str:
    """Return the access paths as a table, the most privileged first, with what was unreadable."""
    text = f"### azsec access: {prose(document.environment.name, 200)}\n\n"
    question = asked(document)
    if question is not None:
        text += f"{prose(question)}\n\n"
    text += section(
        table_head(("what", "who", "role", "where", "notes")),
        (_row(grant, document) for grant in document.grants),
        len(document.grants),
        "path",
    )
    text += section(
        "**Deny assignments** (override every role assignment)\n\n",
        (f"- {prose(d.name)}: {prose(denied(d))}\n" for d in document.denials),
        len(document.denials),
        "deny assignment",
    )
    text += section(
        "**Not readable**\n\n",
        (f"- {prose(unread(told))}\n" for told in document.unreadable),
        len(document.unreadable),
        "read",
    )
    for told in document.diagnostics:
        text += f"- {told.severity}: {prose(told.message)} {prose(told.hint or '')}\n"
    return f"{text}\n{prose(scope_of_claim(document))}\n\n**{prose(verdict(document))}**\n"


def _row(grant: GrantDocument, document: AccessDocument) -> str:
    said = "; ".join(notes(grant, document.state))
    return row(
        prose(grant.capability),
        prose(who(grant.principal)),
        prose(grant.role.name),
        prose(grant.scope_name),
        prose(said),
    )
