"""The state of an environment's drift issue between two checks, in markers of its body.

People may change labels and titles, so an issue is known by a marker and by its author. The marker
has the repository too: work items of Azure Boards belong to a project, which may have several.
Called by `workflow.ci_drift`.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from provisioner.documents.ci import EnvironmentDriftDocument
from provisioner.documents.drift import DriftDocument
from provisioner.documents.plan import UndeclaredDocument
from provisioner.engine.forge_port import Forge, Issue

_ENVIRONMENT = re.compile(r"<!-- azsec-drift (\S+) -->")
_ORIGIN = re.compile(r"^<!-- azsec-origin (\S+) (\S+) -->$", re.MULTILINE)
_FINDINGS = re.compile(r"<!-- azsec-findings (sha256:[0-9a-f]{64}|none) -->")
_MOVED = re.compile(r"^<!-- azsec-moved ([0-9a-f ]+) -->$", re.MULTILINE)
_UNSEEN = re.compile(r"^<!-- azsec-unseen ([0-9a-f]{16}) -->$", re.MULTILINE)
_KEY_LENGTH = 16
_MOST_MOVED = 500
"""The maximum of moved values in an issue: 8.5 kB of a body of at most 65,536 characters."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The file of an issue's environment.

    It is the repository, by the forge's name for it, and the path of the file from its root.
    """

    repository: str
    path: str


def issue_marker(environment: str) -> str:
    """Return the marker with which the body of an environment's issue begins."""
    return f"<!-- azsec-drift {environment} -->"


def findings_line(findings: str | None) -> str:
    """Return the marker line with the digest of the findings; None: there are no more findings."""
    return f"<!-- azsec-findings {findings or 'none'} -->"


def issue_head(
    environment: str, origin: Origin, findings: str | None, moved: Iterable[str] = ()
) -> str:
    """Return the markers that an issue's body begins with, a line each.

    `moved` are the keys of the values that somebody changed (`moved_keys`).
    """
    keys = sorted(set(moved))[:_MOST_MOVED]
    lines = (
        issue_marker(environment),
        f"<!-- azsec-origin {quote(origin.repository)} {quote(origin.path)} -->",
        findings_line(findings),
        *((f"<!-- azsec-moved {' '.join(keys)} -->",) if keys else ()),
    )
    return "".join(f"{line}\n" for line in lines)


def environment_of(issue: Issue) -> str | None:
    """Return the name of an issue's environment, None for any other issue."""
    seen = _ENVIRONMENT.match(issue.body)
    return seen[1] if seen else None


def origin_of(issue: Issue) -> Origin | None:
    """Return the file of an issue's environment; None where its body does not state it."""
    seen = _ORIGIN.search(issue.body)
    return Origin(unquote(seen[1]), unquote(seen[2])) if seen else None


def findings_in(issue: Issue) -> str | None:
    """Return the digest in an issue's body, None where it notes that there are no findings."""
    seen = _FINDINGS.search(issue.body)
    return None if seen is None or seen[1] == "none" else seen[1]


def own_issues(forge: Forge, issues: Sequence[Issue]) -> Sequence[Issue]:
    """Return the drift issues that the token's account wrote for this repository."""
    marked = [issue for issue in issues if environment_of(issue) is not None]
    account = forge.account() if marked else ""
    return [
        issue
        for issue in marked
        if issue.author == account and _stated_repository(issue) in (None, forge.repository)
    ]


def _stated_repository(issue: Issue) -> str | None:
    origin = origin_of(issue)
    return origin.repository if origin is not None else None


def find_issue(
    forge: Forge,
    environment: str,
    issues: Sequence[Issue],
    path: str,
    is_there: Callable[[str], bool],
) -> Issue | None:
    """Return the issue of an environment: azsec's own, the oldest, that of its file (`path`) first.

    One of another file counts by its name where that file is gone (`is_there`): it was renamed. A
    repository may hold several folders with environments, and names are unique in one of them.
    """
    own = own_issues(forge, issues)
    here = Origin(forge.repository, path)
    of_file = [issue for issue in own if origin_of(issue) == here]
    named = [issue for issue in own if environment_of(issue) == environment]
    moved = [
        issue
        for issue in named
        if (origin := origin_of(issue)) is None or not is_there(origin.path)
    ]
    same = [issue for issue in of_file if issue in named]
    # The file comes before the name: after a change of both there would otherwise be two issues.
    return next(iter((*same, *of_file, *moved)), None)


def moved_keys(drift: DriftDocument | None) -> Sequence[str]:
    """Return the keys of the values that somebody changed, by the logs."""
    entries = drift.undeclared if drift is not None else ()
    return [_value_key(entry) for entry in entries if entry.moved]


def still_moved(drift: DriftDocument | None, issue: Issue | None) -> Sequence[UndeclaredDocument]:
    """Return the values that were reported as changed by somebody, and that still stand.

    Of those the logs have no more of that change, nor a later write of the environment's own.
    """
    seen = _MOVED.search(issue.body) if issue is not None else None
    if drift is None or seen is None:
        return ()
    known = set(seen[1].split())
    return [
        entry
        for entry in drift.undeclared
        if entry.kept and not entry.moved and not entry.applied and _value_key(entry) in known
    ]


def keys_of(entries: Iterable[UndeclaredDocument]) -> Sequence[str]:
    """Return the keys of undeclared values."""
    return [_value_key(entry) for entry in entries]


def _value_key(entry: UndeclaredDocument) -> str:
    return _short_digest(f"{entry.id.lower()}\n{entry.field.path}")


def unseen_key(document: EnvironmentDriftDocument) -> str:
    """Return a digest of what a check could not read.

    Messages are not part of it: Azure's contain the request and the time.
    """
    drift = document.drift
    parts = [diagnostic.code for diagnostic in document.diagnostics]
    if drift is not None:
        parts += [diagnostic.code for diagnostic in drift.diagnostics]
        parts += [entry.listed or entry.id for entry in drift.census.unreadable]
        parts += [
            f"{_value_key(entry)} {entry.unread}" for entry in drift.undeclared if entry.unread
        ]
    return _short_digest("\n".join(sorted(parts)))


def has_note(issue: Issue, key: str | None = None) -> bool:
    """Return whether an issue notes that a check could not read everything, and what (`key`)."""
    seen = _UNSEEN.search(issue.body)
    return seen is not None and key in (None, seen[1])


def with_note(body: str, note: str, key: str, most: int) -> str:
    """Return an issue's body with a note at its end of what the last check could not read.

    The body has at most `most` characters; an older note is replaced.
    """
    seen = _UNSEEN.search(body)
    shortened = (body[: seen.start()] if seen else body).rstrip("\n")
    tail = f"\n\n<!-- azsec-unseen {key} -->\n{note}"
    # The note is why the issue is still open, so the end of the findings gives way. Cut at the end
    # of a line: a marker or a table row that is cut in two would be shown as text.
    if len(shortened) + len(tail) > most:
        shortened = shortened[: shortened.rindex("\n", 0, most - len(tail))]
    return shortened + tail


def _short_digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_KEY_LENGTH]
