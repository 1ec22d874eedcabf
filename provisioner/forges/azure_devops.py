"""Azure DevOps client: pull requests, votes, statuses and threads of Azure Repos.

Names of fields are those of the public REST API description, version 7.1.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from urllib.parse import quote

from provisioner.engine.forge_port import (
    Approval,
    Comment,
    Issue,
    NewStatus,
    PullRequest,
    Status,
)
from provisioner.forges.azure_boards import AzureBoards
from provisioner.forges.azure_devops_refusals import read_refusal, wait_of
from provisioner.forges.azure_devops_shapes import (
    STATUS_NAMES,
    Json,
    account_of,
    hide_comments,
    mapping,
    read,
    read_approvals,
    read_comment,
    read_pull_request,
    read_required_reviewers,
    read_status,
    unexpected,
)
from provisioner.forges.rest_client import Dialect, RestClient
from provisioner.model.forge_error import ForgeError

_API = "7.1"
_CONNECTION_API = "7.1-preview.1"
_EVALUATIONS_API = "7.1-preview.1"
_MOST_PAGES = 50
_CONTINUATION = "x-ms-continuationtoken"


class AzureDevOps:
    """One repository of Azure Repos. A context manager: its connections end with it."""

    name = "Azure DevOps"
    shares_statuses = False
    states_target = True
    """lastMergeTargetCommit: the head of the target branch when the last merge was made ("Pull
    Requests - Get Pull Request")."""
    most_characters = 150_000
    """The bound of a comment: above it Azure DevOps answers "A discussion comment cannot be longer
    than 150000 characters." (runatlantis/atlantis#1585). Descriptions of work items have more."""

    def __init__(self, collection: str, project: str, repository: str, client: RestClient) -> None:
        self.repository = f"{project}/{repository}"
        self._client = client
        self._base = collection.rstrip("/")
        self._project = quote(project)
        self._git = f"/{self._project}/_apis/git/repositories/{quote(repository)}"
        self._boards = AzureBoards(client, quote(project))
        self._account: str | None = None

    @staticmethod
    def open(
        collection: str,
        project: str,
        repository: str,
        token: str,
        sleep: Callable[[float], object] = time.sleep,
    ) -> "AzureDevOps":
        """Return a client of a repository, by its id or name, in a project.

        `collection` is the URL of the organization (SYSTEM_COLLECTIONURI).
        """
        headers = {
            "Accept": "application/json",
            "Authorization": f"Bearer {token}",
            # With it a refused token is answered with 401, and not with the sign-in page.
            "X-TFS-FedAuthRedirect": "Suppress",
        }
        base = collection.rstrip("/")
        dialect = Dialect("Azure DevOps", base, headers, read_refusal, wait_of)
        return AzureDevOps(base, project, repository, RestClient(dialect, sleep))

    def __enter__(self) -> "AzureDevOps":
        return self

    def __exit__(self, *_raised: object) -> None:
        self._client.__exit__()

    def account(self) -> str:
        """Return the account of the token: the project's build service for the token of a job."""
        if self._account is None:
            path = "/_apis/connectionData"
            found = self._get(path, {"api-version": _CONNECTION_API})
            user = read(lambda: mapping(found["authenticatedUser"], path), path)
            account = (user.get("properties") or {}).get("Account") or {}
            self._account = account_of(
                {"id": user.get("id"), "uniqueName": str(account.get("$value") or "")}
            )
        return self._account

    def pull_request(self, number: int) -> PullRequest:
        """Return a pull request as it is now."""
        path = f"{self._git}/pullRequests/{number}"
        entry, iterations = self._get(path), self._iterations(number)
        return read(lambda: read_pull_request(entry, iterations), path)

    def pull_requests_of(self, commit: str) -> Sequence[PullRequest]:
        """Return the pull requests that a commit belongs to, merged or not, in any order.

        The query covers those whose merge created the commit, and those that contain it ("Pull
        Request Query": lastMergeCommit, commit).
        """
        path = f"{self._git}/pullrequestquery"
        kinds = ("lastMergeCommit", "commit")
        body = {"queries": [{"type": kind, "items": [commit]} for kind in kinds]}
        answer = self._send("POST", path, body)
        numbers = read(
            lambda: sorted(
                {
                    int(entry["pullRequestId"])
                    for result in answer["results"]
                    for entries in result.values()
                    for entry in entries
                }
            ),
            path,
        )
        return [self.pull_request(number) for number in numbers]

    def default_branch(self) -> str:
        """Return the name of the repository's default branch ("Repositories - Get Repository")."""
        found = self._get(self._git)
        return read(lambda: str(found["defaultBranch"]), self._git).removeprefix("refs/heads/")

    def branch_head(self, branch: str) -> str:
        """Return the head of a branch ("Refs - List", whose filter is a prefix of names).

        Raises:
            ForgeError: where there is no branch of the name (404 `not-found`).
        """
        path, name = f"{self._git}/refs", f"refs/heads/{branch}"
        found = self._list(path, {"filter": f"heads/{branch}"})
        heads = read(lambda: [str(e["objectId"]).lower() for e in found if e["name"] == name], path)
        if not heads:
            raise ForgeError(404, "not-found", f"Azure DevOps has no branch {branch}.")
        return heads[0]

    def approvals(self, pull_request: PullRequest) -> Sequence[Approval]:
        """Return the approvals in force, the author's own too, the oldest first."""
        path = f"{self._git}/pullRequests/{pull_request.number}"
        required = self._required_reviewers(pull_request)
        reviewers = self._list(f"{path}/reviewers")
        threads = self._list(f"{path}/threads")
        iterations = self._iterations(pull_request.number)
        return read(lambda: read_approvals(reviewers, threads, iterations, required), path)

    def _required_reviewers(self, pull_request: PullRequest) -> frozenset[str]:
        """Return the ids of the reviewers that the policies of the branch require.

        "Evaluations - List" names a pull request by the id of its project, not by its name.
        """
        entry = self._get(f"{self._git}/pullRequests/{pull_request.number}")
        project = read(lambda: str(entry["repository"]["project"]["id"]), self._git)
        path = f"/{self._project}/_apis/policy/evaluations"
        artifact = f"vstfs:///CodeReview/CodeReviewId/{project}/{pull_request.number}"
        wanted = {"artifactId": artifact, "api-version": _EVALUATIONS_API}
        found = self._list(path, wanted)
        return read(lambda: read_required_reviewers(found), path)

    def dismiss(self, pull_request: PullRequest, approval: Approval, reason: str) -> None:
        """Reset the vote of an approval ("Update Pull Request Reviewers").

        The API takes no reason with a vote: the sticky comment has it.
        """
        path = f"{self._git}/pullRequests/{pull_request.number}/reviewers"
        self._send("PATCH", path, [{"id": approval.id, "vote": 0}])

    def statuses(self, pull_request: PullRequest, commit: str) -> Sequence[Status]:
        """Return every status ever set on a commit, the newest first."""
        iterations = self._iterations_at(pull_request, commit)
        path = self._statuses_path(pull_request, commit, iterations)
        found = [
            read(partial(read_status, entry, commit), path)
            for entry in self._list(path)
            if not iterations or entry.get("iterationId") in iterations
        ]
        return sorted(found, key=lambda status: status.at, reverse=True)

    def set_status(self, pull_request: PullRequest, commit: str, status: NewStatus) -> Status:
        """Set a status; one of the same context stays in the history.

        It is set on the newest iteration whose head is the commit, else on the commit itself.
        """
        iterations = self._iterations_at(pull_request, commit)
        path = self._statuses_path(pull_request, commit, iterations)
        genre, _, name = status.context.rpartition("/")
        body = {
            "state": STATUS_NAMES[status.state],
            "description": status.description,
            "context": {"name": name, **({"genre": genre} if genre else {})},
            **({"targetUrl": status.url} if status.url else {}),
            **({"iterationId": iterations[-1]} if iterations else {}),
        }
        answer = self._send("POST", path, body)
        return read(lambda: read_status(answer, commit), path)

    def comments(self, pull_request: PullRequest) -> Sequence[Comment]:
        """Return the comments that open a thread, everybody's, the oldest first."""
        path = f"{self._git}/pullRequests/{pull_request.number}/threads"
        threads = self._list(path)
        found = [
            comment
            for thread in threads
            if (comment := read(partial(read_comment, thread, pull_request.url), path))
        ]
        return sorted(found, key=lambda comment: (comment.at, int(comment.id.split("/")[0])))

    def add_comment(self, pull_request: PullRequest, body: str) -> Comment:
        """Open a thread with a comment, without a thread status.

        An active thread would have to be resolved before a merge where the branch has the policy
        "Check for comment resolution".

        Raises ForgeError where the answer is no thread with a comment.
        """
        path = f"{self._git}/pullRequests/{pull_request.number}/threads"
        comment = {"parentCommentId": 0, "content": hide_comments(body), "commentType": "text"}
        thread = self._send("POST", path, {"comments": [comment]})
        found = read(lambda: read_comment(thread, pull_request.url), path)
        if found is None:
            raise unexpected(path)
        return found

    def edit_comment(self, pull_request: PullRequest, comment: Comment, body: str) -> Comment:
        """Replace the body of a comment.

        Raises:
            ForgeError: `is_missing` is true for a comment that is deleted; Azure DevOps answers 200
                for it, with `isDeleted`.
        """
        path = self._comment_path(pull_request, comment)
        answer = self._send("PATCH", path, {"content": hide_comments(body)})
        if answer.get("isDeleted"):
            raise ForgeError(404, "not-found", f"the comment {comment.url} is deleted.")
        thread = {"id": comment.id.split("/")[0], "comments": [answer]}
        found = read(lambda: read_comment(thread, pull_request.url), path)
        if found is None:
            raise unexpected(path)
        return found

    def remove_comment(self, pull_request: PullRequest, comment: Comment) -> None:
        """Delete a comment; one that does not exist counts as deleted.

        Raises:
            ForgeError: Where Azure DevOps refuses for another reason.
        """
        try:
            path = self._comment_path(pull_request, comment)
            self._client.send("DELETE", path, query={"api-version": _API})
        except ForgeError as refusal:
            if not refusal.is_missing:
                raise

    def issues(self, label: str) -> Sequence[Issue]:
        """Return the work items with a tag, open and closed, the oldest first."""
        return self._boards.issues(label, self._base)

    def own_issues(self) -> Sequence[Issue]:
        """Return the work items that the token's account created, the oldest first."""
        account = self.account()
        return [one for one in self._boards.own_issues(self._base) if one.author == account]

    def open_issue(self, title: str, body: str, label: str) -> Issue:
        """Create a work item with a tag; Azure Boards creates a tag that does not exist."""
        return self._boards.open_issue(title, body, label, self._base)

    def edit_issue(self, issue: Issue, title: str, body: str, *, is_open: bool) -> Issue:
        """Replace title and description of a work item, and open or close it."""
        return self._boards.edit_issue(issue, title, body, self._base, is_open=is_open)

    def add_issue_comment(self, issue: Issue, body: str) -> None:
        """Write a comment on a work item: what its followers are notified of."""
        self._boards.add_comment(issue, body)

    def _iterations(self, number: int) -> Sequence[Json]:
        """Return the pushes to a pull request, the oldest first."""
        path = f"{self._git}/pullRequests/{number}/iterations"
        found = self._list(path)
        return read(lambda: sorted(found, key=lambda entry: int(entry["id"])), path)

    def _iterations_at(self, pull_request: PullRequest, commit: str) -> Sequence[int]:
        path = f"{self._git}/pullRequests/{pull_request.number}/iterations"
        found = self._iterations(pull_request.number)
        return read(
            lambda: [
                int(entry["id"])
                for entry in found
                if str(entry["sourceRefCommit"]["commitId"]).lower() == commit
            ],
            path,
        )

    def _statuses_path(
        self, pull_request: PullRequest, commit: str, iterations: Sequence[int]
    ) -> str:
        if iterations:
            return f"{self._git}/pullRequests/{pull_request.number}/statuses"
        return f"{self._git}/commits/{commit}/statuses"

    def _comment_path(self, pull_request: PullRequest, comment: Comment) -> str:
        thread, _, number = comment.id.partition("/")
        root = f"{self._git}/pullRequests/{pull_request.number}/threads"
        return f"{root}/{thread}/comments/{number}"

    def _get(self, path: str, query: Mapping[str, str] | None = None) -> Json:
        answer = self._client.send("GET", path, query={"api-version": _API, **(query or {})})
        return mapping(answer.body, path)

    def _send(self, method: str, path: str, body: object) -> Json:
        answer = self._client.send(method, path, query={"api-version": _API}, body=body)
        # Resetting a vote is answered without a body.
        return mapping({} if answer.body is None else answer.body, path)

    def _list(self, path: str, wanted: Mapping[str, str] | None = None) -> Sequence[Json]:
        """Return all entries of a list (`value`), following the continuation token.

        Raises:
            ForgeError: for an answer without a list, and for more than `_MOST_PAGES` pages.
        """
        found: list[Json] = []
        first = {"api-version": _API, **(wanted or {})}
        query = first
        for _ in range(_MOST_PAGES):
            answer = self._client.send("GET", path, query=query)
            entries = mapping(answer.body, path).get("value")
            if not isinstance(entries, list):
                raise unexpected(path)
            found += [mapping(entry, path) for entry in entries]
            token = answer.headers.get(_CONTINUATION, "")
            if not token:
                return found
            query = {**first, "continuationToken": token}
        raise ForgeError(
            0, "too-large", f"Azure DevOps: the list {path} has over {_MOST_PAGES} pages."
        )
