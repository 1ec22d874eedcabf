"""A forge as seen by one folder of a repository: statuses and a comment of its own.

A repository may hold several folders with environments, each with its own jobs
(`working-directory`). Environment names are unique in one folder, so statuses and the comment are
named after the folder, and each folder sees its own alone. The repository's root has the plain
names. Called by `cli` for all commands of `azsec ci`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from provisioner.engine.forge_port import (
    Approval,
    Comment,
    Forge,
    Issue,
    NewStatus,
    PullRequest,
    Status,
)
from provisioner.workflow.ci_plan import MARKER
from provisioner.workflow.plan_review import CONTEXT


def in_folder(forge: Forge, folder: str) -> Forge:
    """Return a forge as a folder sees it, by its path from the repository's root ("" for that)."""
    label = quote(folder.strip("/"))
    return FolderForge(forge, label) if label else forge


@dataclass(frozen=True, slots=True)
class FolderForge:
    """A forge with the statuses `azsec:FOLDER` and `azsec:FOLDER/ENVIRONMENT`.

    Its comment has a marker with the folder. `label` is the folder's path as in a URL.
    """

    forge: Forge
    label: str

    @property
    def _context_prefix(self) -> str:
        return f"{CONTEXT}:{self.label.replace('/', ':')}"

    @property
    def _comment_head(self) -> str:
        return f"{MARKER.removesuffix(' -->')} {self.label} -->\nIn the folder `{self.label}`:\n"

    def _plain_context(self, context: str) -> str | None:
        """Return the plain name of a status of this folder, None for any other."""
        mine = self._context_prefix
        if context == mine or context.startswith(f"{mine}/"):
            return CONTEXT + context.removeprefix(mine)
        return None

    def _marked_body(self, body: str) -> str:
        start = f"{MARKER}\n"
        return self._comment_head + body.removeprefix(start) if body.startswith(start) else body

    def _plain_comment(self, comment: Comment) -> Comment:
        rest = comment.body.removeprefix(self._comment_head)
        return comment if rest == comment.body else replace(comment, body=f"{MARKER}\n{rest}")

    def set_status(self, pull_request: PullRequest, commit: str, status: NewStatus) -> Status:
        """Set a status of the folder."""
        context = self._context_prefix + status.context.removeprefix(CONTEXT)
        made = self.forge.set_status(pull_request, commit, replace(status, context=context))
        return replace(made, context=status.context)

    def statuses(self, pull_request: PullRequest, commit: str) -> Sequence[Status]:
        """Return the statuses of the folder by their plain names, the newest first."""
        return [
            replace(one, context=context)
            for one in self.forge.statuses(pull_request, commit)
            if (context := self._plain_context(one.context)) is not None
        ]

    def comments(self, pull_request: PullRequest) -> Sequence[Comment]:
        """Return the comments but those of other folders, the oldest first."""
        found = self.forge.comments(pull_request)
        # The plain marker is that of the comment of the repository's root.
        return [self._plain_comment(one) for one in found if not one.body.startswith(MARKER)]

    def add_comment(self, pull_request: PullRequest, body: str) -> Comment:
        """Write a comment."""
        return self._plain_comment(self.forge.add_comment(pull_request, self._marked_body(body)))

    def edit_comment(self, pull_request: PullRequest, comment: Comment, body: str) -> Comment:
        """Replace the body of a comment."""
        return self._plain_comment(
            self.forge.edit_comment(pull_request, comment, self._marked_body(body))
        )

    @property
    def most_characters(self) -> int:
        """How many characters the body of a comment or issue may have."""
        return self.forge.most_characters - len(self._comment_head)

    @property
    def name(self) -> str:
        """Its name for people: `GitHub`, `Azure DevOps`."""
        return self.forge.name

    @property
    def repository(self) -> str:
        """The repository, by a name that distinguishes its issues (GitHub: OWNER/NAME)."""
        return self.forge.repository

    @property
    def shares_statuses(self) -> bool:
        """Whether all pull requests with the same head show a status.

        On GitHub a status is one of a commit, on Azure DevOps one of a pull request.
        """
        return self.forge.shares_statuses

    @property
    def states_target(self) -> bool:
        """Whether `base` of a merged pull request is what its target branch had at the merge.

        It is on Azure DevOps; on GitHub it may be older.
        """
        return self.forge.states_target

    def account(self) -> str:
        """Return the account that the token writes as.

        It is given as in `Comment.author` and `Status.creator`.
        """
        return self.forge.account()

    def pull_request(self, number: int) -> PullRequest:
        """Return a pull request as it is now."""
        return self.forge.pull_request(number)

    def pull_requests_of(self, commit: str) -> Sequence[PullRequest]:
        """Return the pull requests that a commit belongs to, merged or not, in any order."""
        return self.forge.pull_requests_of(commit)

    def default_branch(self) -> str:
        """Return the name of the repository's default branch."""
        return self.forge.default_branch()

    def branch_head(self, branch: str) -> str:
        """Return the commit that a branch has now."""
        return self.forge.branch_head(branch)

    def approvals(self, pull_request: PullRequest) -> Sequence[Approval]:
        """Return the approvals in force, the author's own too, the oldest first."""
        return self.forge.approvals(pull_request)

    def dismiss(self, pull_request: PullRequest, approval: Approval, reason: str) -> None:
        """Dismiss an approval (GitHub: dismiss the review; Azure DevOps: reset the vote)."""
        self.forge.dismiss(pull_request, approval, reason)

    def remove_comment(self, pull_request: PullRequest, comment: Comment) -> None:
        """Delete a comment; one that no longer exists is no error."""
        self.forge.remove_comment(pull_request, comment)

    def issues(self, label: str) -> Sequence[Issue]:
        """Return the issues with a label, open and closed, the oldest first.

        On Azure Boards a label is a tag.
        """
        return self.forge.issues(label)

    def own_issues(self) -> Sequence[Issue]:
        """Return the issues that the token's account made, open and closed, the oldest first."""
        return self.forge.own_issues()

    def open_issue(self, title: str, body: str, label: str) -> Issue:
        """Open an issue with a label, which is created where it does not exist."""
        return self.forge.open_issue(title, body, label)

    def edit_issue(self, issue: Issue, title: str, body: str, *, is_open: bool) -> Issue:
        """Replace title and body of an issue, and open or close it."""
        return self.forge.edit_issue(issue, title, body, is_open=is_open)

    def add_issue_comment(self, issue: Issue, body: str) -> None:
        """Write a comment on an issue, of which its subscribers are notified."""
        self.forge.add_issue_comment(issue, body)
