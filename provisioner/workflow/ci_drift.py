"""`azsec ci drift`: keeps one issue per environment in step with the findings of its drift check.

An issue is opened, updated, reopened or closed; a repeated finding writes nothing. Called by `cli`.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from provisioner.documents.ci import EnvironmentDriftDocument, IssueAction
from provisioner.documents.document import DiagnosticDocument
from provisioner.documents.drift import DriftDocument
from provisioner.documents.plan import UndeclaredDocument
from provisioner.documents.proof import FAILS
from provisioner.engine.forge_port import Forge, Issue
from provisioner.model.diagnostic import Diagnostic, error, warning
from provisioner.model.forge_error import ForgeError
from provisioner.workflow.drift_issue import (
    Origin,
    environment_of,
    find_issue,
    findings_in,
    has_note,
    issue_head,
    keys_of,
    moved_keys,
    origin_of,
    own_issues,
    still_moved,
    unseen_key,
    with_note,
)
from provisioner.workflow.forge_refusals import describe_unwritten

LABEL = "azsec-drift"
"""The label (Azure Boards: the tag) of the issues, for people to filter by."""


def findings_of(drift: DriftDocument) -> str | None:
    """Return a digest of the findings that make a drift check fail, None where there are none.

    Who changed it and when is not part of it: events arrive in the logs hours later, and expire.
    """
    if not drift.found:
        return None
    cluster = drift.cluster
    found = {
        "drifted": [entry.to_json() for entry in drift.drifted],
        "undeclared": [_stable_finding(entry) for entry in drift.undeclared if entry.drifted],
        "tags": [entry.to_json() for entry in drift.tags] if drift.strict_tags else [],
        "additions": [entry.to_json() for entry in drift.additions],
        "controls": [[turn.control, turn.address] for turn in drift.security.refused],
        "proofs": [proof.control for proof in drift.proofs if proof.verdict == FAILS],
        "cluster": [] if cluster is None else [cluster.drifted, cluster.additions],
    }
    text = json.dumps(found, sort_keys=True)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _stable_finding(entry: UndeclaredDocument) -> dict[str, Any]:
    finding = entry.to_json()
    # Both depend on how far the logs reach on the day of the check.
    return {key: value for key, value in finding.items() if key not in ("applied", "unread")}


@dataclass(frozen=True, slots=True)
class IssueText:
    """The texts of an environment's issue.

    `drifted` is the body while there is drift and `repaired` the body once there is none; both come
    after the markers. `changed` is the comment where the findings changed, and `unseen` the one
    where a check could not read all of its scope.
    """

    title: str
    drifted: str
    repaired: str
    changed: str
    unseen: str


Render = Callable[[EnvironmentDriftDocument, int], IssueText]
"""Returns the text of an environment's issue, `drifted` of at most so many characters."""


def read_issues(forge: Forge) -> tuple[Sequence[Issue], Sequence[Diagnostic]]:
    """Return the open and closed issues that may be azsec's, the oldest first.

    Those are the issues with the label and the ones that the token's account created, since anybody
    can remove a label.

    Raises:
        ForgeError: Where the forge refuses a list.
    """
    found = {issue.id: issue for issue in forge.issues(LABEL)}
    diagnostics: list[Diagnostic] = []
    try:
        found |= {issue.id: issue for issue in forge.own_issues()}
    except ForgeError as refusal:
        # An account that people use, too, may have created more issues than azsec reads; the
        # labelled ones are enough then.
        if refusal.code != "too-large":
            raise
        diagnostics.append(
            warning(
                "issues-not-searched",
                f"drift issues are found by the label {LABEL} alone: {refusal.message}",
                None,
                "Leave the label on them, or post them with an account of azsec's own.",
            )
        )
    # As numbers: as texts, issue 10 would be older than issue 9.
    return sorted(found.values(), key=lambda issue: int(issue.id)), diagnostics


def follow_drift(
    forge: Forge,
    document: EnvironmentDriftDocument,
    issues: Sequence[Issue],
    render: Render,
    path: str,
    is_there: Callable[[str], bool],
) -> EnvironmentDriftDocument:
    """Open, update, reopen or close the issue of an environment, as its drift check requires.

    `path` is that of the environment's file from the repository's root; `is_there` returns whether
    a file exists at such a path.

    The issue is updated only where the findings differ. It is closed only by a check that read all
    of its scope and found nothing: where the logs that established a move have expired and the
    value still stands, the check did not read all. An issue that a person closed stays closed while
    the findings are the same; a check without findings is noted in it, so that it is reopened
    should they return. Raises ForgeError where the forge refuses a write.
    """
    issue = find_issue(forge, document.name, issues, path, is_there)
    aged = still_moved(document.drift, issue if issue is not None and issue.is_open else None)
    lost = [_move_aged_out(entry) for entry in aged if entry.unread is None]
    diagnostics = (*document.diagnostics, *map(DiagnosticDocument.of, lost))
    document = document.model_copy(update={"diagnostics": diagnostics})
    origin = Origin(forge.repository, path)
    moved = (*moved_keys(document.drift), *keys_of(aged))
    head = issue_head(document.name, origin, document.findings, moved)
    text = render(document, forge.most_characters - len(head))
    cleared = issue_head(document.name, origin, None) + text.repaired
    if document.found:
        if issue is None:
            opened = forge.open_issue(text.title, head + text.drifted, LABEL)
            # Where two jobs open an issue at once, the older one is kept.
            first = find_issue(forge, document.name, forge.issues(LABEL), path, is_there) or opened
            if first.id != opened.id:
                forge.edit_issue(opened, text.title, cleared, is_open=False)
            return _with_action(document, IssueAction.OPENED, first)
        return _keep_open(forge, document, issue, text, head + text.drifted)
    if issue is None:
        return document
    if not issue.is_open:
        # A person closed it with its findings: emptied, it is reopened should the same findings
        # return.
        if document.is_certain and findings_in(issue) is not None:
            forge.edit_issue(issue, text.title, cleared, is_open=False)
        return document
    if not document.is_certain:
        return _leave_open(forge, document, issue, text)
    # The comment comes last: if closing failed, each run would write it again.
    closed = forge.edit_issue(issue, text.title, cleared, is_open=False)
    forge.add_issue_comment(issue, text.changed)
    return _with_action(document, IssueAction.CLOSED, closed)


@dataclass(frozen=True, slots=True)
class Files:
    """The files of the repository, by their paths from its root.

    It has whether a file exists, the folder of the checked environments (""), and why a missing
    file does not show that an environment is gone (None: it does).
    """

    is_there: Callable[[str], bool]
    folder: str = ""
    doubt: Callable[[], str | None] = lambda: None


def close_issues_of_removed(
    forge: Forge,
    issues: Sequence[Issue],
    entries: Sequence[EnvironmentDriftDocument],
    files: Files,
    explain: Callable[[str, str], str],
) -> Iterator[Diagnostic]:
    """Close the open issues of environments that the repository no longer has; yield diagnostics.

    `explain` returns the comment for a name and the path that the file had. `entries` are all
    environments in the folder; one that cannot be read exists all the same. An issue that the forge
    does not close is reported, and the others are closed.
    """
    names = {entry.name for entry in entries}
    followed = {entry.issue for entry in entries}
    for issue in own_issues(forge, issues):
        name, origin = environment_of(issue), origin_of(issue)
        if not issue.is_open or name is None or issue.url in followed:
            continue
        is_here = origin is None or folder_of(origin.path) == files.folder
        if is_here and name in names:
            continue
        if origin is None:
            yield warning(
                "issue-without-environment",
                f"{issue.url} is of an environment {name}, which no file of environments/ has.",
                None,
                "Close it: it does not say which file it is of, so azsec leaves it open.",
            )
        elif not files.is_there(origin.path):
            yield _close_issue(forge, issue, name, origin, files.doubt(), explain)


def _close_issue(
    forge: Forge,
    issue: Issue,
    name: str,
    origin: Origin,
    doubt: str | None,
    explain: Callable[[str, str], str],
) -> Diagnostic:
    if doubt is not None:
        return warning(
            "environment-not-here",
            f"{issue.url} stays open: {origin.path}, the file of environment {name}, is not here, "
            f"and {doubt}.",
            None,
            "A check of the default branch closes it, where the file is gone there.",
        )
    comment = explain(name, origin.path)
    body = issue_head(name, origin, None) + comment
    try:
        forge.edit_issue(issue, issue.title, body, is_open=False)
        forge.add_issue_comment(issue, comment)
    except ForgeError as refusal:
        return describe_unwritten(f"the issue {issue.url}", refusal)
    return warning(
        "environment-gone",
        f"{issue.url} was closed: {origin.path}, the file of environment {name}, is gone.",
        None,
        "Nothing checks what is left of it in Azure: see that it was destroyed.",
    )


def folder_of(path: str) -> str:
    """Return the folder in which `environments/` lies, "" for the repository's root."""
    folder = PurePosixPath(path).parent.parent.as_posix()
    return "" if folder == "." else folder


def _move_aged_out(entry: UndeclaredDocument) -> Diagnostic:
    return error(
        "move-aged-out",
        f"{entry.address} has {entry.field.path} off its default, and Azure's logs do not reach "
        "back to the change that set it.",
        None,
        "Set it back, or state it in the blueprint.",
    )


def _keep_open(
    forge: Forge, document: EnvironmentDriftDocument, known: Issue, text: IssueText, body: str
) -> EnvironmentDriftDocument:
    if findings_in(known) == document.findings:
        # The note of a check that could not read all no longer holds, or the environment was
        # renamed.
        if known.is_open and (has_note(known) or environment_of(known) != document.name):
            forge.edit_issue(known, text.title, body, is_open=True)
        return _with_action(document, IssueAction.UNCHANGED, known)
    edited = forge.edit_issue(known, text.title, body, is_open=True)
    forge.add_issue_comment(known, text.changed)
    action = IssueAction.UPDATED if known.is_open else IssueAction.REOPENED
    return _with_action(document, action, edited)


def _leave_open(
    forge: Forge, document: EnvironmentDriftDocument, known: Issue, text: IssueText
) -> EnvironmentDriftDocument:
    """Leave an issue open, and note once in it what could not be read.

    It is noted again only when that differs.
    """
    key = unseen_key(document)
    if not has_note(known, key):
        body = with_note(known.body, text.unseen, key, forge.most_characters)
        known = forge.edit_issue(known, known.title, body, is_open=True)
        forge.add_issue_comment(known, text.unseen)
    return _with_action(document, IssueAction.LEFT_OPEN, known)


def _with_action(
    document: EnvironmentDriftDocument, action: IssueAction, issue: Issue
) -> EnvironmentDriftDocument:
    return document.model_copy(update={"action": action, "issue": issue.url})
