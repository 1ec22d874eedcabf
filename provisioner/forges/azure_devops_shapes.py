"""Azure DevOps JSON mapped to the types of the forge port, and Markdown for its pages.

Names of fields are those of the public REST API description, version 7.1 (Git: GitPullRequest,
GitPullRequestIteration, GitPullRequestCommentThread, GitStatus; MicrosoftDocs/vsts-rest-api-specs).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from provisioner.engine.forge_port import (
    Approval,
    Comment,
    PullRequest,
    PullRequestState,
    Status,
    StatusState,
)
from provisioner.model.forge_error import ForgeError

Json = Mapping[str, Any]
_Read = TypeVar("_Read")

_STATES = {
    "active": PullRequestState.OPEN,
    "completed": PullRequestState.MERGED,
    "abandoned": PullRequestState.CLOSED,
}
_APPROVED = 5
"""The least vote that approves: 10 approved, 5 approved with suggestions, 0 no vote, -5 waiting for
the author, -10 rejected."""
_REQUIRED_REVIEWERS = "fd2167ab-b0be-447a-8ec8-39368250530e"
"""The type of the policy "Automatically included reviewers" ("Policy Configurations", types)."""
_NOT_REQUIRED = "no policy of the branch requires the approval of the account, or of its group"

_SERVICE = "00000002-0000-8888-8000-000000000000"
"""The identity of Azure DevOps itself (shown as a service of Visual Studio), which writes the
threads that record votes. On Azure DevOps Server it is a group, which nobody can sign in as."""

_STATUSES = {
    "succeeded": StatusState.SUCCESS,
    "failed": StatusState.FAILURE,
    "pending": StatusState.PENDING,
    "error": StatusState.ERROR,
    "notSet": StatusState.PENDING,
}
STATUS_NAMES = {
    StatusState.SUCCESS: "succeeded",
    StatusState.FAILURE: "failed",
    StatusState.PENDING: "pending",
    StatusState.ERROR: "error",
}

_HTML_COMMENT = re.compile(r"(\A|\n)<!-- ([^\n()]*) -->(?=\n|\Z)")
_HIDDEN_LINE = re.compile(r"(\A|\n)\n?\[//\]: # \(([^\n()]*)\)(?=\n|\Z)")


def hide_comments(body: str) -> str:
    """Return Markdown whose HTML comments are link reference definitions, which are not rendered.

    Azure DevOps shows HTML comments in the mails about a pull request (oxsecurity/megalinter#2521),
    and removes them from what is written on a work item. A definition is one only after an empty
    line (CommonMark: it cannot interrupt a paragraph), so each but the first gets one.
    """
    return _HTML_COMMENT.sub(
        lambda found: f"{found[1] * 2}[//]: # ({found[2]})",
        body,
    )


def show_comments(body: str) -> str:
    """Return Markdown as it was before `hide_comments`."""
    return _HIDDEN_LINE.sub(r"\1<!-- \2 -->", body)


def account_of(identity: Json) -> str:
    """Return the account of an identity: its address where it has one (a person), else its id."""
    unique = str(identity.get("uniqueName") or "")
    return unique.lower() if "@" in unique else plain_id(identity.get("id"))


def plain_id(value: object) -> str:
    """Return a GUID in lower case without dashes: properties of threads have both spellings."""
    return str(value or "").lower().replace("-", "")


def read_pull_request(entry: Json, iterations: Sequence[Json]) -> PullRequest:
    """Return a pull request, with the head of the last of its `iterations`.

    `lastMergeSourceCommit` lags: it changes only once Azure DevOps has tried the merge again.
    """
    state = _STATES[entry["status"]]
    merged = entry.get("lastMergeCommit") or {}
    source = iterations[-1]["sourceRefCommit"] if iterations else entry["lastMergeSourceCommit"]
    number = int(entry["pullRequestId"])
    return PullRequest(
        number=number,
        state=state,
        head=str(source["commitId"]).lower(),
        base=str(entry["lastMergeTargetCommit"]["commitId"]).lower(),
        base_branch=str(entry["targetRefName"]).removeprefix("refs/heads/"),
        # Before it is completed this is the commit of a trial merge.
        merged=str(merged["commitId"]).lower() if state is PullRequestState.MERGED else None,
        author=account_of(entry["createdBy"]),
        is_fork=entry.get("forkSource") is not None,
        url=f"{entry['repository']['webUrl']}/pullrequest/{number}",
    )


def read_required_reviewers(evaluations: Sequence[Json]) -> frozenset[str]:
    """Return the ids of the people and groups whose approval a policy of the branch requires.

    Whoever may edit a pull request can also mark a reviewer as required (`isRequired` of its
    reviewers): only the policies, which it takes "Edit policies" to write, say who may approve.
    """
    return frozenset(
        plain_id(reviewer)
        for evaluation in evaluations
        for policy in [evaluation["configuration"]]
        if str(policy["type"]["id"]).lower() == _REQUIRED_REVIEWERS
        if policy["isEnabled"] and policy["isBlocking"]
        for reviewer in policy["settings"]["requiredReviewerIds"]
    )


def read_approvals(
    reviewers: Sequence[Json],
    threads: Sequence[Json],
    iterations: Sequence[Json],
    required: frozenset[str],
) -> Sequence[Approval]:
    """Return the approvals in force, the oldest first.

    A reviewer's entry has the vote but no time. Azure DevOps writes a thread at each vote: what the
    reviewer saw is the newest iteration of that moment. A vote without such a thread approves
    nothing, since nobody can say what it approved. A group's vote is that of its member, who has an
    entry too (`votedFor` names the groups). Whether the voter may push is not known: readers of a
    repository may vote, too ("Set Git repository permissions", default permissions), and the
    evaluated permissions that the API has ("Permissions - Has Permissions") are those of its caller
    alone. So a vote counts by itself where a policy requires it: `required` has the ids.
    """
    found = []
    for reviewer in reviewers:
        if int(reviewer["vote"]) < _APPROVED or reviewer.get("isContainer"):
            continue
        at = _voted_at(plain_id(reviewer["id"]), threads)
        seen = [one for one in iterations if at and moment(one["createdDate"]) <= at]
        if at and seen:
            commit = str(seen[-1]["sourceRefCommit"]["commitId"]).lower()
            by = account_of(reviewer)
            groups = reviewer.get("votedFor") or ()
            voices = {plain_id(one["id"]) for one in (reviewer, *groups)}
            objection = None if voices & required else _NOT_REQUIRED
            found.append(Approval(str(reviewer["id"]), by, commit, at, objection))
    return sorted(found, key=lambda approval: approval.at)


def _voted_at(reviewer: str, threads: Sequence[Json]) -> datetime | None:
    """Return the time of a reviewer's last vote if it approves; None without a record of it.

    Anyone who may comment may create threads with any properties: only threads that Azure DevOps
    itself wrote count.
    """
    votes = [
        thread
        for thread in threads
        if _property(thread, "CodeReviewThreadType") == "VoteUpdate"
        and plain_id(_property(thread, "CodeReviewVotedByTfId")) == reviewer
        and _is_of_service(thread)
    ]
    if not votes:
        return None
    last = max(votes, key=lambda thread: moment(thread["publishedDate"]))
    result = _property(last, "CodeReviewVoteResult")
    return moment(last["publishedDate"]) if int(result or 0) >= _APPROVED else None


def _is_of_service(thread: Json) -> bool:
    comments = thread.get("comments") or [{}]
    author = comments[0].get("author") or {}
    return comments[0].get("commentType") == "system" and (
        author.get("id") == _SERVICE or author.get("isContainer") is True
    )


def _property(thread: Json, name: str) -> str:
    entry = (thread.get("properties") or {}).get(name)
    return str(entry.get("$value")) if isinstance(entry, Mapping) else ""


def read_comment(thread: Json, page: str) -> Comment | None:
    """Return the first comment of a thread; None if it is deleted or written by Azure DevOps.

    `page` is the URL of the pull request.
    """
    comments = thread.get("comments") or []
    if thread.get("isDeleted") or not comments:
        return None
    first = comments[0]
    if first.get("isDeleted") or first.get("commentType") == "system":
        return None
    return Comment(
        id=f"{thread['id']}/{first['id']}",
        author=account_of(first["author"]),
        body=show_comments(str(first.get("content") or "")),
        at=moment(first["publishedDate"]),
        url=f"{page}?discussionId={thread['id']}",
    )


def read_status(entry: Json, commit: str) -> Status:
    """Return a status of a commit; a state that azsec never sets counts as an error."""
    context = entry["context"]
    genre, name = str(context.get("genre") or ""), str(context["name"])
    return Status(
        context=f"{genre}/{name}" if genre else name,
        state=_STATUSES.get(entry["state"], StatusState.ERROR),
        description=str(entry.get("description") or ""),
        commit=commit,
        creator=account_of(entry["createdBy"]),
        at=moment(entry["creationDate"]),
    )


def moment(text: object) -> datetime:
    """Return a time of Azure DevOps: UTC, with up to seven decimals of a second."""
    return datetime.fromisoformat(str(text))


def mapping(value: object, path: str) -> Json:
    """Return `value` if it is a JSON object. Raises ForgeError for another type."""
    if not isinstance(value, Mapping):
        raise unexpected(path)
    return value


def unexpected(path: str) -> ForgeError:
    """Return the error for an answer that does not have the shape of the API."""
    return ForgeError(
        0, "unexpected-answer", f"Azure DevOps' answer to {path} has not the shape of its API."
    )


def read(make: Callable[[], _Read], path: str) -> _Read:
    """Return what `make` reads. Raises ForgeError for an answer of another shape."""
    try:
        return make()
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        raise unexpected(path) from None
