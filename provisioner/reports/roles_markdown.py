"""Renders the least-privilege roles and CI credentials of an environment as Markdown.

`cli/output.py` calls it.
"""

from collections.abc import Mapping
from typing import Any

from provisioner.documents.roles import RoleDocument, RolesDocument
from provisioner.reports.markdown_escape import code, prose
from provisioner.reports.roles_text import describe_rule


def render_roles_markdown(document: RolesDocument) -> str:
    """Return the roles of an environment as Markdown: a list of actions for each."""
    head = f"### azsec roles: {prose(document.environment.name, 200)}\n\n"
    text = head + "\n".join(_role(role) for role in document.roles)
    for within in document.cluster_roles:
        text += "".join(_cluster_role(body, within.description) for body in within.objects)
    for found in document.credentials:
        audiences = ", ".join(code(audience) for audience in found.audiences)
        text += (
            f"\n**{prose(found.name)}**: federated credential of the identity for "
            f"{found.purpose.value}\n\n- issuer {code(found.issuer)}\n"
            f"- subject {code(found.subject, 400)}\n- audience {audiences}\n"
        )
    return text


def _cluster_role(body: Mapping[str, Any], description: str) -> str:
    metadata = body["metadata"]
    where = f" in {code(metadata['namespace'])}" if "namespace" in metadata else ""
    rules = "".join(f"- {code(describe_rule(rule), 1000)}\n" for rule in body["rules"])
    name = f"**{prose(body['kind'])} {code(metadata['name'])}**{where}"
    return f"\n{name}: {prose(description)}\n\n{rules}"


def _role(role: RoleDocument) -> str:
    actions = "".join(f"- {code(action)}\n" for action in role.actions)
    condition = f"\nOn the condition:\n\n{code(role.condition, 4000)}\n" if role.condition else ""
    left_out = "".join(f"\n**Left out:** {prose(told, 600)}\n" for told in role.left_out)
    return (
        f"**{prose(role.name)}**: {prose(role.description)} Assign it at {code(role.scope, 400)}."
        f"\n\n{actions}{condition}{left_out}"
    )
