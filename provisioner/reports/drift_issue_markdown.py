"""Renders the drift issue of an environment: drift, who caused it, how to repair or accept it.

`azsec ci drift` opens and updates the issue with it.
"""

from collections.abc import Iterator, Sequence

from provisioner.documents.census import UnreadableDocument
from provisioner.documents.ci import CiDriftDocument, EnvironmentDriftDocument
from provisioner.documents.document import DiagnosticDocument
from provisioner.documents.drift import DriftDocument
from provisioner.documents.proof import FAILS
from provisioner.model.diagnostic import Severity
from provisioner.reports.markdown import render_drift_markdown
from provisioner.reports.markdown_escape import code, prose
from provisioner.reports.wording import joined, no_drift

_BADGE_LABEL = "drift"


def issue_title(document: EnvironmentDriftDocument) -> str:
    """Return the title of an environment's issue."""
    return f"Drift in {document.name}"


def render_drift_issue(document: EnvironmentDriftDocument, checked_at: str, limit: int) -> str:
    """Return the body of an issue while there is drift, of at most `limit` characters."""
    assert document.drift is not None
    advice = _advice(document, document.drift)
    text = render_drift_markdown(document.drift)
    rule = "azsec closes this issue once a check that saw everything finds nothing."
    tail = f"\nChecked at {checked_at}. {rule}\n"
    advice += _not_seen(document.diagnostics)
    room = limit - len(advice) - len(tail) - 60
    if len(text) > room:
        text = text[: text.rindex("\n", 0, room)] + "\n\n… the rest has no room here.\n"
    return f"{advice}{text}{tail}"


def render_repaired_issue(document: EnvironmentDriftDocument, checked_at: str) -> str:
    """Return the body of an issue once there is no drift any more."""
    drift = document.drift
    told = no_drift(drift) if drift is not None else "Not checked."
    return f"{prose(told, 500)}\n\nChecked at {checked_at}.\n"


def render_unseen(document: EnvironmentDriftDocument, checked_at: str) -> str:
    """Return why a check without drift does not close the issue: what it could not read."""
    drift = document.drift
    reasons = list(document.diagnostics)
    told = "no check could be made" if drift is None else ""
    rows: list[str] = []
    if drift is not None:
        reasons += drift.diagnostics
        rows += (f"{code(one.listed or one.id)}: {prose(one.reason)}" for one in _unreadable(drift))
        rows += (
            f"{code(one.address)}: whether {code(one.field.path)} was changed is not known, "
            f"{prose(one.unread, 300)}"
            for one in drift.undeclared
            if one.unread
        )
        told = "the check found no drift, and did not see everything"
    rows += (_reason(one) for one in reasons if one.severity is Severity.ERROR)
    shown = "".join(f"\n- {row}" for row in rows[:_MOST_REASONS])
    more = len(rows) - _MOST_REASONS
    rest = f"\n- … and {more:,} more" if more > 0 else ""
    return f"**Not closed:** {told} ({checked_at}).\n{shown}{rest}\n"


_MOST_REASONS = 10


def _unreadable(drift: DriftDocument) -> Sequence[UnreadableDocument]:
    return drift.census.unreadable


def _not_seen(diagnostics: Sequence[DiagnosticDocument]) -> str:
    rows = "".join(f"- {_reason(one)}\n" for one in diagnostics[:_MOST_REASONS])
    return f"{rows}\n" if rows else ""


def _reason(diagnostic: DiagnosticDocument) -> str:
    hint = f" {diagnostic.hint}" if diagnostic.hint else ""
    return prose(f"{diagnostic.message}{hint}", 500)


def render_left_issue(environment: str, path: str, checked_at: str) -> str:
    """Return the statement that closes the issue of an environment whose file is gone."""
    return (
        f"The repository has no {code(path)} any more ({checked_at}), so the environment "
        f"{code(environment)} is not checked any more. Its resources may still exist in Azure. To "
        "delete them, restore the file and run "
        f"{code(f'azsec destroy {environment}')}.\n"
    )


def render_issue_change(document: EnvironmentDriftDocument, checked_at: str) -> str:
    """Return the comment on an issue whose findings changed: its subscribers are notified of it."""
    drift = document.drift
    if drift is None or not drift.found:
        told = no_drift(drift) if drift is not None else "Not checked."
        return f"{prose(told, 500)} Checked at {checked_at}.\n"
    return f"The findings changed at {checked_at}: {joined(_counts(drift))}.\n"


def _counts(drift: DriftDocument) -> Iterator[str]:
    """Yield how many there are of each kind of finding."""
    cluster = drift.cluster
    numbers = (
        (len(drift.drifted), "resource drifted", "resources drifted"),
        (len(drift.additions), "addition", "additions"),
        (sum(entry.drifted for entry in drift.undeclared), "undeclared value", "undeclared values"),
        (len(drift.tags) if drift.strict_tags else 0, "tag drifted", "tags drifted"),
        (len(drift.security.refused), "control newly fails", "controls newly fail"),
        (
            sum(proof.verdict == FAILS for proof in drift.proofs),
            "network proof fails",
            "network proofs fail",
        ),
        (
            len(cluster.drifted) + len(cluster.additions) if cluster else 0,
            "object in the cluster",
            "objects in the cluster",
        ),
    )
    yield from (
        f"{number:,} {one if number == 1 else more}" for number, one, more in numbers if number
    )


def _advice(document: EnvironmentDriftDocument, drift: DriftDocument) -> str:
    name = document.name
    told = f"**To repair:** {code(f'azsec apply {name}')} writes what the blueprint declares.\n"
    accept = "state in the blueprint what is in Azure, or suppress the change with `ignore:`"
    if drift.additions:
        accept += "; additions are accepted with `accepted:`"
    return (
        f"{told}\n**To accept:** {accept}, in {code(document.path)}, and "
        f"{code(f'azsec plan {name}')} shows that nothing is left to change.\n\n"
    )


def render_badge(document: CiDriftDocument) -> dict[str, object]:
    """Return the drift of all environments as a badge.

    It is the JSON of an endpoint badge of Shields ("Endpoint Badge": schemaVersion, label, message,
    color).
    """
    drifted = sum(entry.found for entry in document.environments)
    unsure = sum(not entry.found and not entry.is_certain for entry in document.environments)
    count = len(document.environments)
    if drifted:
        message, color = f"{drifted} of {count} drifted", "red"
    elif unsure:
        message, color = f"{unsure} of {count} unknown", "yellow"
    else:
        message, color = f"none in {count}", "brightgreen"
    return {"schemaVersion": 1, "label": _BADGE_LABEL, "message": message, "color": color}
