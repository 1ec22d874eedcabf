"""`azsec ci drift`: one issue for each environment, which follows what its drift check finds."""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from provisioner.documents.ci import EnvironmentDriftDocument, IssueAction
from provisioner.documents.drift import DriftDocument
from provisioner.documents.proof import FAILS
from provisioner.engine.forge_port import Forge, Issue

LABEL = "azsec-drift"
"""The label (Azure Boards: the tag) of the issues, by which they are found again."""

_FINDINGS = re.compile(r"<!-- azsec-findings (sha256:[0-9a-f]{64}|none) -->")


def issue_marker(environment: str) -> str:
    """Return what the body of an environment's issue begins with."""
    return f"<!-- azsec-drift {environment} -->"


def findings_line(findings: str | None) -> str:
    """Return the line of an issue's body that names what was found; None: nothing any more."""
    return f"<!-- azsec-findings {findings or 'none'} -->"


def findings_of(drift: DriftDocument) -> str | None:
    """Return a digest of what makes a drift check fail, None where nothing does.

    Who did it and when is no part of it: logs fill up hours later, and age out.
    """
    if not drift.found:
        return None
    cluster = drift.cluster
    found = {
        "drifted": [entry.to_json() for entry in drift.drifted],
        "undeclared": [entry.to_json() for entry in drift.undeclared if entry.drifted],
        "tags": [entry.to_json() for entry in drift.tags] if drift.strict_tags else [],
        "additions": [entry.to_json() for entry in drift.additions],
        "controls": [[turn.control, turn.address] for turn in drift.security.refused],
        "proofs": [proof.control for proof in drift.proofs if proof.verdict == FAILS],
        "cluster": [] if cluster is None else [cluster.drifted, cluster.additions],
    }
    text = json.dumps(found, sort_keys=True)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


@dataclass(frozen=True, slots=True)
class IssueText:
    """How the issue of an environment reads: while there is drift, once there is none, and what is
    said to its subscribers where the findings changed."""

    title: str
    drifted: str
    repaired: str
    changed: str


def find_issue(forge: Forge, environment: str, issues: Sequence[Issue]) -> Issue | None:
    """Return the issue of an environment: azsec's own with the marker, the oldest one."""
    marker = issue_marker(environment)
    marked = [issue for issue in issues if issue.body.startswith(marker)]
    if not marked:
        return None
    account = forge.account()
    return next((issue for issue in marked if issue.author == account), None)


def follow_drift(
    forge: Forge,
    document: EnvironmentDriftDocument,
    issues: Sequence[Issue],
    render: Callable[[EnvironmentDriftDocument], IssueText],
) -> EnvironmentDriftDocument:
    """Open, update, reopen or close the issue of an environment, as its check asks for.

    It is updated only where the findings are others, and closed only by a check that saw all of
    its scope and found nothing. One that a person closed stays closed while the findings are the
    same; a check that finds none is noted in it, so that it is opened again should they come back.
    Raises ForgeError.
    """
    known = find_issue(forge, document.name, issues)
    text = render(document)
    if document.found:
        return _keep_open(forge, document, known, text)
    if known is None:
        return document
    if not known.is_open:
        if document.is_certain and _findings_in(known) is not None:
            forge.edit_issue(known, text.title, text.repaired, is_open=False)
        return document
    if not document.is_certain:
        return _told(document, IssueAction.LEFT_OPEN, known)
    forge.add_issue_comment(known, text.changed)
    return _told(
        document,
        IssueAction.CLOSED,
        forge.edit_issue(known, text.title, text.repaired, is_open=False),
    )


def _keep_open(
    forge: Forge, document: EnvironmentDriftDocument, known: Issue | None, text: IssueText
) -> EnvironmentDriftDocument:
    if known is None:
        opened = forge.open_issue(text.title, text.drifted, LABEL)
        # Of two jobs that open one at once, the older issue stays.
        first = find_issue(forge, document.name, forge.issues(LABEL)) or opened
        if first.id != opened.id:
            forge.edit_issue(opened, text.title, text.repaired, is_open=False)
        return _told(document, IssueAction.OPENED, first)
    if _findings_in(known) == document.findings:
        return _told(document, IssueAction.UNCHANGED, known)
    edited = forge.edit_issue(known, text.title, text.drifted, is_open=True)
    forge.add_issue_comment(known, text.changed)
    action = IssueAction.UPDATED if known.is_open else IssueAction.REOPENED
    return _told(document, action, edited)


def _findings_in(issue: Issue) -> str | None:
    """Return the digest that an issue's body has, None where it notes that nothing was found."""
    seen = _FINDINGS.search(issue.body)
    return None if seen is None or seen[1] == "none" else seen[1]


def _told(
    document: EnvironmentDriftDocument, action: IssueAction, issue: Issue
) -> EnvironmentDriftDocument:
    return document.model_copy(update={"action": action, "issue": issue.url})
