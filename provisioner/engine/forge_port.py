"""Port of the service that hosts the repository, for `azsec ci`: GitHub or Azure DevOps.

The terms are those of both services' public API descriptions, GitHub's first (REST API 2022-11-28:
pulls, issues, statuses), Azure DevOps' in parentheses (REST API 7.1: Git, Work Item Tracking).
`provisioner.forges` implements it. No method decides anything: which comment is the sticky one,
whether an approval counts and which digest was approved is decided in `provisioner.workflow`, the
same for every forge.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class PullRequestState(StrEnum):
    """State of a pull request: open (Azure DevOps: `active`), merged (`completed`), or closed.

    Closed is without a merge (`abandoned`).
    """

    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request. Commits are full SHAs in lower case.

    `head` is the newest commit of its branch, `base` the commit of the target branch that the forge
    compares it with, and `merged` the commit that the merge made on the target branch, whichever
    way it was merged (None: it is not merged). `author` is an account as in `Approval.by`.
    """

    number: int
    state: PullRequestState
    head: str
    base: str
    base_branch: str
    merged: str | None
    author: str
    is_fork: bool
    url: str


@dataclass(frozen=True, slots=True)
class Approval:
    """An approval in force: neither dismissed, reset nor followed by another vote of its author.

    `commit` is the newest commit that the reviewer saw, and `at` the time of the approval by the
    forge's clock. `objection` is why the account's approval does not count by itself, None where it
    does: anyone may approve a pull request of a public repository. `id` is the one for `dismiss`.
    """

    id: str
    by: str
    commit: str
    at: datetime
    objection: str | None = None


class StatusState(StrEnum):
    """State of a commit status (Azure DevOps: `succeeded`, `failed`, `pending`, `error`)."""

    SUCCESS = "success"
    FAILURE = "failure"
    PENDING = "pending"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class NewStatus:
    """A status to set.

    `context` is `azsec/ENVIRONMENT` (Azure DevOps: genre `azsec`, name ENVIRONMENT), or `azsec` for
    all of them together (name `azsec` without a genre). `description` has at most MOST_DESCRIPTION
    characters.
    """

    context: str
    state: StatusState
    description: str
    url: str | None = None


MOST_DESCRIPTION = 140
"""GitHub's limit for the description of a commit status."""


@dataclass(frozen=True, slots=True)
class Status:
    """A status that was set. `creator` is the account that set it, as the forge attests."""

    context: str
    state: StatusState
    description: str
    commit: str
    creator: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on a pull request as a whole (Azure DevOps: the first comment of a thread)."""

    id: str
    author: str
    body: str
    at: datetime
    url: str


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue (Azure Boards: a work item, open unless its state is Completed or Removed).

    Completed and Removed are categories of states: the names of states are the process's.
    """

    id: str
    author: str
    title: str
    body: str
    is_open: bool
    url: str


@dataclass(frozen=True, slots=True)
class Job:
    """A CI job, as its environment variables describe it.

    `commit` is what was checked out, and `before` the commit that its branch had before (of a
    push; None where that is not known). For a pull request `number` is its number, `head` the
    commit of its branch that the checkout merges, and `base` a revision of the target branch that
    git knows. `branch` is the branch that a push or a schedule runs for (`main`), None for a tag
    or a pull request. `url` leads to the job. `summary` is the file whose Markdown the forge shows
    as the job's summary (GitHub), or a line that makes it show one (`summary_command`, with
    `{file}` in it: Azure Pipelines). `outputs` is the file that takes outputs for later steps
    (GitHub), and `output_command` the beginning of a line that does (`{name}` in it: Azure
    Pipelines).
    """

    commit: str
    before: str | None = None
    number: int | None = None
    head: str | None = None
    base: str | None = None
    branch: str | None = None
    url: str | None = None
    summary: str | None = None
    summary_command: str | None = None
    outputs: str | None = None
    output_command: str | None = None


class Forge(Protocol):
    """Talks to the service that hosts one repository, as the account of the job's token.

    Every method raises ForgeError where the service refuses, or does not answer. A list is read to
    its end, page by page; one that has no end within bounds is a ForgeError, never a part.
    """

    @property
    def name(self) -> str:
        """The name of the service in messages: `GitHub`, `Azure DevOps`."""

    @property
    def repository(self) -> str:
        """The name of the repository in issues (GitHub: OWNER/NAME; Azure DevOps: PROJECT/NAME)."""

    @property
    def most_characters(self) -> int:
        """The maximum length of a comment or issue body, in characters."""

    @property
    def shares_statuses(self) -> bool:
        """Whether a status belongs to a commit (GitHub) or to one pull request (Azure DevOps).

        One of a commit is shown by all pull requests with that head.
        """

    @property
    def states_target(self) -> bool:
        """Whether `base` of a merged pull request is the head of its target branch at the merge.

        It is on Azure DevOps; on GitHub it may be older.
        """

    def account(self) -> str:
        """Return the account of the token, in the form of `Comment.author` and `Status.creator`."""

    def pull_request(self, number: int) -> PullRequest:
        """Return a pull request as it is now."""

    def pull_requests_of(self, commit: str) -> Sequence[PullRequest]:
        """Return the pull requests that a commit belongs to, merged or not, in any order.

        For the commit that a merge left on the target branch that is the merged one, for a merge
        commit, a squash and a rebase alike.
        """

    def default_branch(self) -> str:
        """Return the name of the repository's default branch."""

    def branch_head(self, branch: str) -> str:
        """Return the commit at the head of a branch."""

    def approvals(self, pull_request: PullRequest) -> Sequence[Approval]:
        """Return the approvals in force, the author's own too, the oldest first."""

    def dismiss(self, pull_request: PullRequest, approval: Approval, reason: str) -> None:
        """Withdraw an approval (GitHub: dismiss the review; Azure DevOps: reset the vote)."""

    def statuses(self, pull_request: PullRequest, commit: str) -> Sequence[Status]:
        """Return every status ever set on a commit of a pull request, the newest first."""

    def set_status(self, pull_request: PullRequest, commit: str, status: NewStatus) -> Status:
        """Set a status; one of the same context stays in the history."""

    def comments(self, pull_request: PullRequest) -> Sequence[Comment]:
        """Return the comments on a pull request, everybody's, the oldest first."""

    def add_comment(self, pull_request: PullRequest, body: str) -> Comment:
        """Write a comment."""

    def edit_comment(self, pull_request: PullRequest, comment: Comment, body: str) -> Comment:
        """Replace the body of a comment. `is_missing` is true of the error for one that is gone."""

    def remove_comment(self, pull_request: PullRequest, comment: Comment) -> None:
        """Delete a comment; one that is gone already is deleted."""

    def issues(self, label: str) -> Sequence[Issue]:
        """Return the issues with a label (Azure Boards: a tag), closed too, the oldest first."""

    def own_issues(self) -> Sequence[Issue]:
        """Return the issues that the token's account created, the oldest first, closed ones too.

        The code of the error is `too-large` where they are too many to read.
        """

    def open_issue(self, title: str, body: str, label: str) -> Issue:
        """Open an issue with a label; a label that does not exist is created."""

    def edit_issue(self, issue: Issue, title: str, body: str, *, is_open: bool) -> Issue:
        """Replace title and body of an issue, and open or close it."""

    def add_issue_comment(self, issue: Issue, body: str) -> None:
        """Write a comment on an issue: what its subscribers are notified of."""
