"""`--explain ADDRESS` of plan and show: the files, git commits and Azure logs behind one change."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.cli.git import blame_line
from provisioner.documents.explanation import ExplanationDocument
from provisioner.model.resource_id import ResourceId
from provisioner.model.span import Span
from provisioner.workflow.explanation import Ask, explain_change

if TYPE_CHECKING:
    from provisioner.cli.session import Session
    from provisioner.documents.attribution import AttributionDocument
    from provisioner.documents.plan import ResourceChangeDocument
    from provisioner.plan.plan import Plan


def explain(
    session: "Session", plan: "Plan", address: str, *, asks_azure: bool
) -> ExplanationDocument:
    """Return why a plan changes the resource at an address, by the current files.

    With `asks_azure` Azure's logs are queried for who changed it.
    """
    session.take_values(plan)
    desired = session.load(plan.request.path, plan.document.environment.cloud)
    ask = _history_query(session, plan) if asks_azure else None
    return explain_change(plan, desired, address, _line_at, blame_line, ask)


def _line_at(span: Span) -> str:
    try:
        lines: Sequence[str] = Path(span.file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    return lines[span.line - 1].strip() if span.line <= len(lines) else ""


def _history_query(session: "Session", plan: "Plan") -> Ask:
    from provisioner.attribution.statements import Target
    from provisioner.attribution.window import read_window
    from provisioner.workflow.attribution import attribute_targets

    def ask(change: "ResourceChangeDocument") -> "AttributionDocument | None":
        resource = ResourceId.parse(change.id)
        target = Target(resource, paths=tuple(field.path for field in change.fields))
        client = session.connect(plan.document.environment)
        window = read_window(None, datetime.now(UTC))
        found, _ = attribute_targets((target,), window, session.catalog, client)
        return found.get(resource.key)

    return ask
