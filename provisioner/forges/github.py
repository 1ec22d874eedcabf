"""GitHub client (also Enterprise Server): pull requests, reviews, statuses, comments and issues.

Names of fields and permissions are those of GitHub's public REST API description, version
2022-11-28 (github/rest-api-description).
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

from provisioner.engine.forge_port import (
    Approval,
    Comment,
    Issue,
    NewStatus,
    PullRequest,
    PullRequestState,
    Status,
    StatusState,
)
from provisioner.forges.github_refusals import of_issue, read_refusal, wait_of
from provisioner.forges.rest_client import Dialect, RestClient
from provisioner.model.forge_error import ForgeError

_Read = TypeVar("_Read")
_VERSION = "2022-11-28"
_MOST_PAGES = 50
"""Pages of 100 that a list may have: 5,000 comments on one pull request."""
_PAGE = 100
_NEXT = re.compile(r'<([^<>]+)>\s*;\s*rel="next"')
_MAY_WRITE = frozenset({"admin", "maintain", "write"})
_MAY_NOT_WRITE = "the account may not write to the repository"
_VOTES = frozenset({"APPROVED", "CHANGES_REQUESTED", "DISMISSED"})
"""States of reviews that replace an earlier approval of the same person; COMMENTED does not."""


class GitHub:
    """One repository on GitHub. A context manager: its connections end with it."""

    name = "GitHub"
    shares_statuses = True
    states_target = False
    most_characters = 65_536
    """The bound of the bodies of comments and issues: above it GitHub answers 422 ("Body is too
    long (maximum is 65536 characters)")."""

    def __init__(self, repository: str, client: RestClient, graphql: str) -> None:
        self.repository = repository
        self._client = client
        self._root = f"/repos/{quote(repository)}"
        self._graphql = graphql
        self._account: str | None = None

    @staticmethod
    def open(
        repository: str,
        token: str,
        api: str = "https://api.github.com",
        graphql: str = "https://api.github.com/graphql",
        sleep: Callable[[float], object] = time.sleep,
    ) -> "GitHub":
        """Return a client of a repository (`OWNER/NAME`).

        `api` and `graphql` are the bases of both APIs, as GITHUB_API_URL and GITHUB_GRAPHQL_URL
        name them in a job: on Enterprise Server they differ.
        """
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {token}",
            "X-GitHub-Api-Version": _VERSION,
        }
        dialect = Dialect("GitHub", api.rstrip("/"), headers, read_refusal, wait_of)
        return GitHub(repository, RestClient(dialect, sleep), graphql)

    def __enter__(self) -> "GitHub":
        return self

    def __exit__(self, *_raised: object) -> None:
        self._client.__exit__()

    def account(self) -> str:
        """Return the account that the token writes as (`github-actions[bot]`).

        The REST API refuses `GET /user` to the token of a job or an app ("Resource not accessible
        by integration"); the viewer of the GraphQL API is answered to all of them.

        Raises:
            ForgeError: where the answer has no viewer (`account-unknown`).
        """
        if self._account is None:
            answer = self._client.send("POST", self._graphql, body={"query": "{viewer{login}}"})
            viewer = ((answer.body or {}).get("data") or {}).get("viewer") or {}
            if not viewer.get("login"):
                raise ForgeError(
                    answer.status,
                    "account-unknown",
                    "GitHub does not say which account the token belongs to.",
                    "Use the token of the job (secrets.GITHUB_TOKEN), or of a GitHub App.",
                )
            self._account = str(viewer["login"])
        return self._account

    def pull_request(self, number: int) -> PullRequest:
        """Return a pull request as it is now."""
        path = f"/pulls/{number}"
        return _read(_pull_request, self._get(path), path)

    def pull_requests_of(self, commit: str) -> Sequence[PullRequest]:
        """Return the pull requests that a commit belongs to, merged or not, in any order.

        The list names the merged pull request of a merge commit, of a squash and of each commit of
        a rebase ("List pull requests associated with a commit").
        """
        path = f"/commits/{commit}/pulls"
        return [_read(_pull_request, entry, path) for entry in self._list(path)]

    def default_branch(self) -> str:
        """Return the name of the repository's default branch ("Get a repository")."""
        return _read(lambda entry: str(entry["default_branch"]), self._get(""), "")

    def branch_head(self, branch: str) -> str:
        """Return the commit that a branch has now ("Get a branch")."""
        path = f"/branches/{quote(branch, safe='')}"
        return _read(lambda entry: str(entry["commit"]["sha"]).lower(), self._get(path), path)

    def approvals(self, pull_request: PullRequest) -> Sequence[Approval]:
        """Return the approvals in force, the author's own too, the oldest first.

        The list has every review; the last one of a person that votes is the one in force.
        """
        path = f"/pulls/{pull_request.number}/reviews"
        latest = {
            _login(review): review for review in self._list(path) if review.get("state") in _VOTES
        }
        standing = [
            _read(_approval, review, path)
            for review in latest.values()
            if review["state"] == "APPROVED" and review.get("commit_id")
        ]
        found = [replace(one, objection=self._objection_to(one.by)) for one in standing]
        return sorted(found, key=lambda approval: approval.at)

    def _objection_to(self, login: str) -> str | None:
        """Return why an approval of an account does not count; None if it may push.

        Branch protection requires the same of a review. The endpoint answers 404 for an account
        that is no collaborator.

        Raises:
            ForgeError: Where GitHub refuses for another reason.
        """
        try:
            access = self._get(f"/collaborators/{quote(login, safe='')}/permission")
        except ForgeError as refusal:
            if refusal.is_missing:
                return _MAY_NOT_WRITE
            raise
        return None if access.get("permission") in _MAY_WRITE else _MAY_NOT_WRITE

    def dismiss(self, pull_request: PullRequest, approval: Approval, reason: str) -> None:
        """Dismiss the review of an approval."""
        path = f"/pulls/{pull_request.number}/reviews/{approval.id}/dismissals"
        self._client.send("PUT", self._root + path, body={"message": reason, "event": "DISMISS"})

    def statuses(self, pull_request: PullRequest, commit: str) -> Sequence[Status]:
        """Return every status ever set on a commit, the newest first."""
        path = f"/commits/{commit}/statuses"
        return [_read(partial(_status, commit=commit), entry, path) for entry in self._list(path)]

    def set_status(self, pull_request: PullRequest, commit: str, status: NewStatus) -> Status:
        """Set a status; one of the same context stays in the history."""
        body = {
            "context": status.context,
            "state": status.state.value,
            "description": status.description,
            **({"target_url": status.url} if status.url else {}),
        }
        return self._send_and_read(partial(_status, commit=commit), f"/statuses/{commit}", body)

    def comments(self, pull_request: PullRequest) -> Sequence[Comment]:
        """Return the comments on a pull request, everybody's, the oldest first."""
        path = f"/issues/{pull_request.number}/comments"
        found = [_read(_comment, entry, path) for entry in self._list(path)]
        return sorted(found, key=lambda comment: (comment.at, int(comment.id)))

    def add_comment(self, pull_request: PullRequest, body: str) -> Comment:
        """Write a comment."""
        path = f"/issues/{pull_request.number}/comments"
        return self._send_and_read(_comment, path, {"body": body})

    def edit_comment(self, pull_request: PullRequest, comment: Comment, body: str) -> Comment:
        """Replace the body of a comment. `is_missing` is true of the error for one that is gone."""
        path = f"/issues/comments/{comment.id}"
        return self._send_and_read(_comment, path, {"body": body}, method="PATCH")

    def remove_comment(self, pull_request: PullRequest, comment: Comment) -> None:
        """Delete a comment; one that does not exist counts as deleted.

        Raises:
            ForgeError: Where GitHub refuses for another reason.
        """
        try:
            self._client.send("DELETE", f"{self._root}/issues/comments/{comment.id}")
        except ForgeError as refusal:
            if not refusal.is_missing:
                raise

    def issues(self, label: str) -> Sequence[Issue]:
        """Return the issues with a label, open and closed, the oldest first."""
        return self._issues({"labels": label})

    def own_issues(self) -> Sequence[Issue]:
        """Return the issues that the token's account created, the oldest first.

        Open and closed ones ("List repository issues": creator).
        """
        account = self.account()
        return [one for one in self._issues({"creator": account}) if one.author == account]

    def _issues(self, wanted: Mapping[str, str]) -> Sequence[Issue]:
        query = {**wanted, "state": "all", "sort": "created", "direction": "asc"}
        # GitHub lists pull requests among the issues.
        found = [e for e in self._list("/issues", query) if "pull_request" not in e]
        return [_read(_issue, entry, "/issues") for entry in found]

    def open_issue(self, title: str, body: str, label: str) -> Issue:
        """Open an issue with a label; GitHub creates a label that does not exist."""
        content = {"title": title, "body": body, "labels": [label]}
        return self._send_and_read(_issue, "/issues", content)

    def edit_issue(self, issue: Issue, title: str, body: str, *, is_open: bool) -> Issue:
        """Replace title and body of an issue, and open or close it."""
        state = {"state": "open"} if is_open else {"state": "closed", "state_reason": "completed"}
        change = {"title": title, "body": body, **state}
        return self._send_and_read(_issue, f"/issues/{issue.id}", change, method="PATCH")

    def add_issue_comment(self, issue: Issue, body: str) -> None:
        """Write a comment on an issue: what its subscribers are notified of."""
        try:
            self._send_and_read(_comment, f"/issues/{issue.id}/comments", {"body": body})
        except ForgeError as refusal:
            # The same path comments on pull requests, which requires another permission.
            raise of_issue(refusal) from refusal

    def _get(self, path: str) -> Mapping[str, Any]:
        return _mapping(self._client.send("GET", self._root + path).body, path)

    def _send_and_read(
        self,
        make: Callable[[Mapping[str, Any]], _Read],
        path: str,
        body: Mapping[str, object],
        method: str = "POST",
    ) -> _Read:
        return _read(make, self._client.send(method, self._root + path, body=body).body, path)

    def _list(
        self, path: str, query: Mapping[str, str] | None = None
    ) -> Sequence[Mapping[str, Any]]:
        """Return all entries of a list, following the `Link` to the next page.

        Raises:
            ForgeError: for an answer that is no list, and for more than `_MOST_PAGES` pages.
        """
        found: list[Mapping[str, Any]] = []
        answer = self._client.send(
            "GET", self._root + path, query={"per_page": str(_PAGE), **(query or {})}
        )
        for _ in range(_MOST_PAGES):
            if not isinstance(answer.body, list):
                raise _unexpected(path)
            found += [_mapping(entry, path) for entry in answer.body]
            following = _NEXT.search(answer.headers.get("Link", ""))
            if following is None:
                return found
            answer = self._client.send("GET", following[1])
        raise ForgeError(
            0, "too-large", f"GitHub: the list {self._root}{path} has over {_MOST_PAGES} pages."
        )


def _pull_request(entry: Mapping[str, Any]) -> PullRequest:
    merged = bool(entry.get("merged_at"))
    closed = PullRequestState.MERGED if merged else PullRequestState.CLOSED
    head, base = entry["head"], entry["base"]
    # `repo` is null once the fork is deleted.
    origin = (head.get("repo") or {}).get("full_name")
    return PullRequest(
        number=int(entry["number"]),
        state=PullRequestState.OPEN if entry["state"] == "open" else closed,
        head=str(head["sha"]).lower(),
        base=str(base["sha"]).lower(),
        base_branch=str(base["ref"]),
        # Before the merge `merge_commit_sha` is the commit of a test merge.
        merged=str(entry["merge_commit_sha"]).lower() if merged else None,
        author=_login(entry),
        is_fork=origin != base["repo"]["full_name"],
        url=str(entry["html_url"]),
    )


def _approval(entry: Mapping[str, Any]) -> Approval:
    return Approval(
        id=str(entry["id"]),
        by=_login(entry),
        commit=str(entry["commit_id"]).lower(),
        at=_moment(entry["submitted_at"]),
    )


def _status(entry: Mapping[str, Any], commit: str) -> Status:
    return Status(
        context=str(entry["context"]),
        state=StatusState(entry["state"]),
        description=str(entry.get("description") or ""),
        commit=commit,
        creator=str((entry.get("creator") or {}).get("login") or ""),
        at=_moment(entry["created_at"]),
    )


def _comment(entry: Mapping[str, Any]) -> Comment:
    return Comment(
        id=str(entry["id"]),
        author=_login(entry),
        body=str(entry.get("body") or ""),
        at=_moment(entry["created_at"]),
        url=str(entry["html_url"]),
    )


def _issue(entry: Mapping[str, Any]) -> Issue:
    return Issue(
        id=str(entry["number"]),
        author=_login(entry),
        title=str(entry["title"]),
        body=str(entry.get("body") or ""),
        is_open=entry["state"] == "open",
        url=str(entry["html_url"]),
    )


def _login(entry: Mapping[str, Any]) -> str:
    """Return the account that wrote something; GitHub shows one that was deleted as `ghost`."""
    return str((entry.get("user") or {}).get("login") or "ghost")


def _moment(text: object) -> datetime:
    return datetime.fromisoformat(str(text))


def _mapping(value: object, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _unexpected(path)
    return value


def _unexpected(path: str) -> ForgeError:
    return ForgeError(
        0, "unexpected-answer", f"GitHub's answer to {path} has not the shape of its API."
    )


def _read(make: Callable[[Mapping[str, Any]], _Read], entry: object, path: str) -> _Read:
    """Return what `make` reads from an entry. Raises ForgeError for one of another shape."""
    try:
        return make(_mapping(entry, path))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise _unexpected(path) from None
