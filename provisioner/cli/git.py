"""Queries of the working copy's git repository: commits, changed files, contents and blame.

The commands of `azsec ci` and `azsec fleet`, and `--explain`, call it.
"""

import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from provisioner.documents.explanation import CommitDocument
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.model.source_location import is_local
from provisioner.model.span import Span

_SECONDS = 60


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A file that a change touches: its path from the working directory, and whether it is gone."""

    path: str
    is_deleted: bool


def head_commit() -> str:
    """Return the commit that is checked out. Raises DiagnosticError where there is none."""
    return _git("rev-parse", "HEAD").strip()


def find_commit(revision: str) -> str:
    """Return the commit that a revision names.

    Raises DiagnosticError for one unknown to git.
    """
    if revision.startswith("-"):
        raise _unknown_revision(revision)
    found = _try("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    if found is None:
        raise _unknown_revision(revision)
    return found.strip()


def _unknown_revision(revision: str) -> DiagnosticError:
    return DiagnosticError(
        error(
            "unknown-revision",
            f"git does not know the revision {revision!r} here.",
            None,
            "A job checks out one commit alone: fetch the history (`fetch-depth: 0` of "
            "actions/checkout, `fetchDepth: 0` of an Azure Pipelines checkout), or state another "
            "revision.",
        )
    )


def parent_of(commit: str) -> str | None:
    """Return the first parent of a commit, None where it has none or git does not have it."""
    found = _try("rev-parse", "--verify", "--quiet", f"{commit}^1^{{commit}}")
    return found.strip() if found else None


def merged_commit(commit: str) -> str | None:
    """Return the second parent of a commit, None for one that is not a merge."""
    found = _try("rev-parse", "--verify", "--quiet", f"{commit}^2^{{commit}}")
    return found.strip() if found else None


def has_commit(commit: str) -> bool:
    """Return whether git has a commit."""
    return _try("cat-file", "-e", f"{commit}^{{commit}}") is not None


def has_file(commit: str, path: str) -> bool:
    """Return whether a commit has a file, by its path from the repository's root."""
    return _try("cat-file", "-e", f"{commit}:{path}") is not None


def folder_here() -> str:
    """Return the path of the working directory from the repository's root.

    "" for the root itself and outside of a repository.
    """
    return (_try("rev-parse", "--show-prefix") or "").rstrip("\n").rstrip("/")


def is_shallow() -> bool:
    """Return whether the clone is shallow: git lacks ancestors of the commits that it has."""
    return _git("rev-parse", "--is-shallow-repository").strip() == "true"


def is_ancestor(commit: str, other: str) -> bool:
    """Return whether a commit is another one or in its history, as far as git has it."""
    return _try("merge-base", "--is-ancestor", commit, other) is not None


def merges(commit: str, other: str) -> bool:
    """Return whether a commit has another one in its history, as far as git has it.

    Parents that a shallow clone cut off count.
    """
    told = (_try("cat-file", "commit", commit) or "").partition("\n\n")[0]
    return f"parent {other}" in told.splitlines() or is_ancestor(other, commit)


def changed_files(base: str, head: str | None) -> list[ChangedFile]:
    """Return the files that differ between `head` and its merge base with `base`, in order.

    Without a `head` they are those of the working tree, what is not committed and what git does not
    track included, but for what it ignores. A renamed file is a deleted one and a new one.

    Raises DiagnosticError for a revision that git does not know: one that begins with a dash would
    be an option.
    """
    base = find_commit(base)
    top = Path(_git("rev-parse", "--show-toplevel").rstrip("\n"))
    listed = ("--name-status", "-z", "--no-renames")
    if head is not None:
        told = _git("diff", *listed, f"{base}...{find_commit(head)}", "--")
    else:
        told = _git("diff", *listed, "--merge-base", base, "--")
    fields = told.split("\0")[:-1]
    found = [
        ChangedFile(str(top / path), status == "D")
        for status, path in zip(fields[::2], fields[1::2], strict=True)
    ]
    if head is None:
        new = _git("-C", str(top), "ls-files", "--others", "--exclude-standard", "-z")
        found += [ChangedFile(str(top / path), False) for path in new.split("\0")[:-1]]
    return found


def read_at(commit: str, path: str) -> str:
    """Return the text of a file at a commit.

    Raises:
        DiagnosticError: Where the commit has no such file.
    """
    found = _try("show", f"{commit}:./{path}")
    if found is None:
        raise DiagnosticError(
            error("file-not-found", f"there is no file {path!r} in commit {commit[:12]}.")
        )
    return found


def blame_line(span: Span) -> CommitDocument | str:
    """Return the commit that last changed the line of a span; where git does not know, why.

    Never raises: an explanation is complete without it. The format is that of `git blame
    --porcelain`: a line `HASH OLD NEW COUNT`, then `key value` lines; the hash of uncommitted lines
    is all zeros (git-blame(1)).
    """
    if not is_local(span.file):
        return "the file is not in this repository"
    where, line = Path(span.file), str(span.line)
    try:
        found = _try(
            "-C",
            str(where.parent),
            "blame",
            "--porcelain",
            "-L",
            f"{line},{line}",
            "--",
            where.name,
        )
    except DiagnosticError as problem:
        return problem.diagnostics[0].message.rstrip(".")
    if not found:
        return "git has no history of this file"
    first, *rest = found.splitlines()
    facts = dict(entry.partition(" ")[::2] for entry in rest if not entry.startswith("\t"))
    commit = first.partition(" ")[0]
    moment = datetime.fromtimestamp(int(facts.get("author-time", "0")), UTC)
    is_committed = commit.strip("0") != ""
    return CommitDocument(
        commit=commit if is_committed else None,
        author=facts.get("author", "") if is_committed else "",
        at=f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        subject=facts.get("summary", "") if is_committed else "",
    )


class CommittedFiles:
    """The files of a commit, by their paths from the working directory."""

    def __init__(self, commit: str) -> None:
        self._commit = commit

    def read_text(self, path: str) -> str:
        """Return the text of a file. Raises DiagnosticError where there is none."""
        return read_at(self._commit, path)


def _git(*arguments: str) -> str:
    result = _run(arguments)
    if result.returncode:
        said = result.stderr.strip() or f"exit code {result.returncode}"
        raise DiagnosticError(
            error(
                "git-failed",
                f"git {arguments[0]}: {said}.",
                None,
                "Run azsec in a clone of the repository.",
            )
        )
    return result.stdout


def _try(*arguments: str) -> str | None:
    result = _run(arguments)
    return None if result.returncode else result.stdout


def _run(arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # arguments are a list, and no shell reads them
            ["git", *arguments],
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=_SECONDS,
        )
    except FileNotFoundError:
        raise DiagnosticError(
            error("git-missing", "there is no git on this machine.", None, "Install git.")
        ) from None
    except subprocess.TimeoutExpired:
        message = f"git {arguments[0]} took longer than {_SECONDS} seconds."
        raise DiagnosticError(error("git-failed", message)) from None
