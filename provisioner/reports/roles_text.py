"""Renders the least-privilege roles and CI credentials of an environment as text.

`roles_markdown` and `text` call it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.documents.roles import RolesDocument
from provisioner.reports.section_text import heading
from provisioner.reports.styled import BLANK, Line, Span, Style, line, wrap
from provisioner.reports.values import plain, plural
from provisioner.reports.wording import joined


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
        for left in role.left_out:
            rows = wrap(f"left out: {plain(left)}", width - 4)
            yield from (line("    ", Span(row, Style.WARNING)) for row in rows)
        yield BLANK
    for within in document.cluster_roles:
        for body in within.objects:
            yield from _cluster_role_lines(body, within.description, width)
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
    bodies = [body for each in document.cluster_roles for body in each.objects]
    told = [f"{plural(len(document.roles), 'role')} in Azure with {plural(actions, 'action')}"]
    if bodies:
        rules = sum(len(body["rules"]) for body in bodies)
        told.append(f"{plural(len(bodies), 'role')} in the cluster with {plural(rules, 'rule')}")
    yield line(Span("Roles  ", Style.BOLD), joined(told))


def _cluster_role_lines(body: Mapping[str, Any], description: str, width: int) -> Iterator[Line]:
    """Yield the lines of a role in the cluster: a line for each rule."""
    metadata = body["metadata"]
    within = f" in {metadata['namespace']}" if "namespace" in metadata else ""
    yield line("  ", Span(plain(f"{body['kind']} {metadata['name']}{within}"), Style.BOLD))
    yield line("    ", Span(plain(description), Style.DIM))
    for rule in body["rules"]:
        first, *rest = wrap(plain(describe_rule(rule)), width - 8)
        yield line("      ", first)
        yield from (line("        ", row) for row in rest)
    yield BLANK


def describe_rule(rule: Mapping[str, Any]) -> str:
    """Return a rule of Kubernetes RBAC in a line: verbs, resources, their group, and names."""
    verbs = ", ".join(rule.get("verbs", ()))
    what = ", ".join(rule.get("resources") or rule.get("nonResourceURLs") or ())
    groups = ", ".join(group or "core" for group in rule.get("apiGroups", ()))
    names = ", ".join(rule.get("resourceNames") or ())
    named = f" named {names}" if names else ""
    return f"{verbs}: {what} ({groups}){named}" if groups else f"{verbs}: {what}"
