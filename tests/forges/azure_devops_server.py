"""A server with the shapes of Azure DevOps' REST API 7.1, on loopback.

The shapes (names of fields, threads of votes, refusals) are those of the public API description
and of the samples on its pages; ids and names are made up. `AzureDevOpsServer` keeps one repository
with its pull requests and the project's work items. What people do in the portal are its methods:

    server.open_pull_request(head, base)     server.push(number, head)
    server.vote(number, "ada@contoso.com", 10)     server.complete(number, merge_commit)

`server.refuse(method, part, status, ...)` answers the next requests whose path has a part with a
refusal; `server.page` is how many entries a list answers at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import unquote

from tests.forges.server import Call, Clock, Fault, ForgeServer, Reply

TOKEN = "job-token"
PROJECT = "platform"
REPOSITORY = "3411ebc1-d5aa-464f-9615-0b527bc66719"
SERVICE = {
    "displayName": "Microsoft.VisualStudio.Services.TFS",
    "id": "00000002-0000-8888-8000-000000000000",
}
BUILD = {
    "displayName": "platform Build Service (contoso)",
    "uniqueName": "Build\\f57c1f8a-8a5c-4cbd-a9bb-46c3a7b7b86b",
    "id": "41113706-4320-4083-9150-925feb93fc22",
}
PROJECT_ID = "7ba6a1c8-2f4e-4a2b-b6a1-0a3c3c2f6d10"
TEAM = "0c2a9d62-92d1-4b8d-8c8e-4f6d5a0a3c55"
REQUIRED_REVIEWERS = "fd2167ab-b0be-447a-8ec8-39368250530e"
MINIMUM_REVIEWERS = "fa4e907d-c16b-4a4c-9dfa-4906e5d171dd"
MOST_CHARACTERS = 150_000


def person(address: str) -> dict[str, Any]:
    """Return the identity of a person, by an address."""
    number = sum(address.encode()) * 7919
    return {
        "displayName": address.split("@")[0].title(),
        "uniqueName": address,
        "id": f"d6245f20-2af8-44f4-9451-{number:012x}",
    }


def _policy(kind: str, settings: dict[str, Any], *, blocking: bool = True) -> dict[str, Any]:
    """Return the evaluation of a policy, as "Evaluations - List" shows it."""
    return {
        "status": "queued",
        "configuration": {
            "id": 7,
            "isEnabled": True,
            "isBlocking": blocking,
            "type": {"id": kind},
            "settings": settings,
        },
    }


class RefusedError(Exception):
    def __init__(self, reply: Reply) -> None:
        super().__init__(reply)
        self.reply = reply


def refusal(
    status: int,
    message: str,
    type_key: str = "VssServiceException",
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """Return a refusal as Azure DevOps words it."""
    body = {"$id": "1", "message": message, "typeKey": type_key, "errorCode": 0}
    return Reply(status, body, headers or {})


SIGN_IN = "<html><title>Azure DevOps Services | Sign In</title></html>"


@dataclass
class _PullRequest:
    number: int
    base: str
    author: dict[str, Any]
    fork: bool
    status: str = "active"
    merge: str | None = None
    iterations: list[dict[str, Any]] = field(default_factory=list)
    reviewers: dict[str, dict[str, Any]] = field(default_factory=dict)
    threads: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[dict[str, Any]] = field(default_factory=list)


class AzureDevOpsServer:
    def __init__(self, process: str = "Agile") -> None:
        self.page = 1000
        self.types = {"Agile": "Issue", "Scrum": "Task"}[process]
        self.work_items: dict[int, dict[str, Any]] = {}
        self.work_item_comments: dict[int, list[str]] = {}
        self.heads: dict[str, str] = {}
        self.policies: list[dict[str, Any]] = [
            _policy(MINIMUM_REVIEWERS, {"minimumApproverCount": 1, "scope": []})
        ]
        self.commit_statuses: dict[str, list[dict[str, Any]]] = {}
        self._pulls: dict[int, _PullRequest] = {}
        self._ids = count(140)
        self._clock = Clock()
        self.server = ForgeServer(self._serve)
        self.collection = f"{self.server.url}/contoso/"

    def __enter__(self) -> "AzureDevOpsServer":
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()

    # What people do.

    def open_pull_request(
        self, head: str, base: str, author: str = "grace@contoso.com", *, fork: bool = False
    ) -> int:
        number = len(self._pulls) + 1
        self._pulls[number] = _PullRequest(number, base, person(author), fork)
        self.push(number, head)
        return number

    def push(self, number: int, head: str) -> None:
        pull = self._pulls[number]
        pull.iterations.append(
            {
                "id": len(pull.iterations) + 1,
                "createdDate": self._tick(),
                "updatedDate": self._tick(),
                "author": pull.author,
                "sourceRefCommit": {"commitId": head},
                "targetRefCommit": {"commitId": pull.base},
            }
        )

    def require_reviewers(self, ids: list[str], *, blocking: bool = True) -> None:
        """Add a branch policy: automatically included reviewers."""
        settings = {"requiredReviewerIds": ids, "minimumApproverCount": 1, "scope": []}
        self.policies.append(_policy(REQUIRED_REVIEWERS, settings, blocking=blocking))

    def vote(
        self,
        number: int,
        address: str,
        vote: int,
        *,
        dashes: bool = True,
        groups: Sequence[str] = (),
    ) -> None:
        """Vote, also for the groups that the voter is in, which are reviewers then."""
        pull, voter = self._pulls[number], person(address)
        pull.reviewers[address] = {**voter, "vote": vote, "hasDeclined": False, "isFlagged": False}
        if groups:
            pull.reviewers[address]["votedFor"] = [
                {"id": group, "isContainer": True, "vote": vote} for group in groups
            ]
            for group in groups:
                entry = {"id": group, "isContainer": True, "vote": vote, "isRequired": True}
                pull.reviewers[group] = {"displayName": "team", "uniqueName": "vstfs:///", **entry}
        spelled = voter["id"] if dashes else voter["id"].replace("-", "")
        properties = {
            "CodeReviewThreadType": "VoteUpdate",
            "CodeReviewVotedByDisplayName": voter["displayName"],
            "CodeReviewVotedByTfId": spelled,
            "CodeReviewVoteResult": str(vote),
        }
        content = f"{voter['displayName']} voted {vote}"
        self._thread_of(pull, SERVICE, content, "system", properties)

    def write_thread(
        self, number: int, address: str, content: str, properties: Mapping[str, str] | None = None
    ) -> None:
        """Open a thread as somebody who may comment, with whatever properties they choose."""
        self._thread_of(self._pulls[number], person(address), content, "text", properties or {})

    def complete(self, number: int, merge: str) -> None:
        self._pulls[number].status, self._pulls[number].merge = "completed", merge
        self.heads["refs/heads/main"] = merge

    def abandon(self, number: int) -> None:
        self._pulls[number].status = "abandoned"

    def threads(self, number: int) -> list[dict[str, Any]]:
        return [t for t in self._pulls[number].threads if t["comments"][0]["commentType"] == "text"]

    def statuses(self, number: int) -> list[dict[str, Any]]:
        return self._pulls[number].statuses

    def delete_comment(self, number: int, thread: int) -> None:
        (found,) = (t for t in self._pulls[number].threads if t["id"] == thread)
        found["comments"][0].update(isDeleted=True, content=None)

    def refuse(self, method: str, part: str, *replies: Reply) -> None:
        self.server.faults += [Fault(method, part, reply) for reply in replies]

    # What the API answers.

    def _answer(self, method: str, path: str, query: Mapping[str, str], body: Any) -> Any:
        if path == "/_apis/connectionData":
            account = {"$type": "System.String", "$value": BUILD["uniqueName"].split("\\")[1]}
            user = {"id": BUILD["id"], "providerDisplayName": BUILD["displayName"]}
            return {"authenticatedUser": {**user, "properties": {"Account": account}}}
        git = f"/{PROJECT}/_apis/git/repositories/{REPOSITORY}/"
        if f"{path}/" == git:
            return {"id": REPOSITORY, "name": "infrastructure", "defaultBranch": "refs/heads/main"}
        if path.startswith(git):
            return self._git(method, path.removeprefix(git).split("/"), query, body)
        if path == f"/{PROJECT}/_apis/policy/evaluations":
            number = query["artifactId"].rpartition("/")[2]
            expected = f"vstfs:///CodeReview/CodeReviewId/{PROJECT_ID}/{number}"
            if query["artifactId"] != expected:
                raise RefusedError(refusal(404, "no such artifact"))
            return self._list(self.policies, query)
        boards = f"/{PROJECT}/_apis/wit/"
        if path.startswith(boards):
            return self._boards(method, path.removeprefix(boards).split("/"), query, body)
        raise _missing("TF401019", "The Git repository does not exist.", "GitRepositoryNotFound")

    def _git(self, method: str, parts: list[str], query: Mapping[str, str], body: Any) -> Any:
        match method, parts:
            case "POST", ["pullrequestquery"]:
                return {
                    "queries": body["queries"],
                    "results": list(map(self._find, body["queries"])),
                }
            case "GET", ["refs"]:
                refs = [{"name": name, "objectId": sha} for name, sha in self.heads.items()]
                wanted = f"refs/{query['filter']}"
                return self._list([ref for ref in refs if ref["name"].startswith(wanted)], query)
            case "POST", ["commits", commit, "statuses"]:
                return self._status(self.commit_statuses.setdefault(commit, []), body)
            case "GET", ["commits", commit, "statuses"]:
                return self._list(self.commit_statuses.get(commit, []), query)
            case _, ["pullRequests", number, *rest]:
                if int(number) not in self._pulls:
                    text = f"The requested pull request was not found: {number}."
                    raise _missing("TF401180", text, "GitPullRequestNotFoundException")
                return self._pull_request(method, self._pulls[int(number)], rest, query, body)
        raise RefusedError(refusal(404, "no such path"))

    def _pull_request(
        self, method: str, pull: _PullRequest, parts: list[str], query: Mapping[str, str], body: Any
    ) -> Any:
        lists = {
            "iterations": pull.iterations,
            "reviewers": list(pull.reviewers.values()),
            "threads": pull.threads,
            "statuses": pull.statuses,
        }
        match method, parts:
            case "GET", []:
                return self._shape(pull)
            case "GET", [name]:
                return self._list(lists[name], query)
            case "PATCH", ["reviewers"]:
                votes = {entry["id"]: entry["vote"] for entry in body}
                for reviewer in pull.reviewers.values():
                    reviewer["vote"] = votes.get(reviewer["id"], reviewer["vote"])
                return None
            case "POST", ["threads"]:
                content = _checked(body["comments"][0]["content"])
                return self._thread_of(pull, BUILD, content, "text", {})
            case "POST", ["statuses"]:
                return self._status(pull.statuses, body)
            case _, ["threads", thread, "comments", _number]:
                return self._comment(method, pull, int(thread), body)
        raise RefusedError(refusal(404, "no such path"))

    def _comment(self, method: str, pull: _PullRequest, thread: int, body: Any) -> Any:
        found = next((one for one in pull.threads if one["id"] == thread), None)
        if found is None or found["comments"][0].get("isDeleted"):
            text = "The comment does not exist."
            missing = "GitPullRequestCommentThreadCommentNotFoundException"
            raise RefusedError(refusal(400, text, missing))
        comment = found["comments"][0]
        if method == "DELETE":
            comment.update(isDeleted=True, content=None)
            return None
        comment.update(content=_checked(body["content"]), lastUpdatedDate=self._tick())
        return comment

    def _shape(self, pull: _PullRequest) -> dict[str, Any]:
        last = pull.iterations[-1]["sourceRefCommit"]
        return {
            "pullRequestId": pull.number,
            "status": pull.status,
            "createdBy": pull.author,
            "targetRefName": "refs/heads/main",
            "sourceRefName": "refs/heads/change",
            "lastMergeSourceCommit": last,
            "lastMergeTargetCommit": {"commitId": pull.base},
            "lastMergeCommit": {"commitId": pull.merge or "e" * 40},
            "reviewers": list(pull.reviewers.values()),
            "repository": {
                "project": {"id": PROJECT_ID, "name": PROJECT},
                "id": REPOSITORY,
                "webUrl": f"{self.collection}{PROJECT}/_git/infrastructure",
            },
            **({"forkSource": {"name": "refs/heads/change"}} if pull.fork else {}),
        }

    def _find(self, query: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for commit in query["items"]:
            for pull in self._pulls.values():
                commits = {one["sourceRefCommit"]["commitId"] for one in pull.iterations}
                merges = {pull.merge} if query["type"] == "lastMergeCommit" else commits
                if commit in merges and pull.status == "completed":
                    found.setdefault(commit, []).append(self._shape(pull))
        return found

    def _status(self, statuses: list[dict[str, Any]], body: Any) -> dict[str, Any]:
        entry = {**body, "id": len(statuses) + 1, "createdBy": BUILD, "creationDate": self._tick()}
        statuses.append(entry)
        return entry

    def _thread_of(
        self,
        pull: _PullRequest,
        author: Mapping[str, Any],
        content: str,
        kind: str,
        properties: Mapping[str, str],
    ) -> dict[str, Any]:
        now = self._tick()
        comment = {
            "id": 1,
            "parentCommentId": 0,
            "author": author,
            "content": content,
            "publishedDate": now,
            "lastUpdatedDate": now,
            "commentType": kind,
        }
        thread = {
            "id": next(self._ids),
            "publishedDate": now,
            "lastUpdatedDate": now,
            "comments": [comment],
            "properties": {
                name: {"$type": "System.String", "$value": value}
                for name, value in properties.items()
            },
            "isDeleted": False,
        }
        pull.threads.append(thread)
        return thread

    def _boards(self, method: str, parts: list[str], query: Mapping[str, str], body: Any) -> Any:
        match method, parts:
            case "GET", ["workitemtypes", *rest]:
                pairs = (("New", "Proposed"), ("Active", "InProgress"), ("Closed", "Completed"))
                states = [{"name": name, "category": what} for name, what in pairs]
                return {"value": states if rest else [{"name": "Epic"}, {"name": self.types}]}
            case "POST", ["wiql"]:
                _, _, tag = body["query"].partition("CONTAINS '")
                mine = "[System.CreatedBy] = @Me" in body["query"]
                found = [
                    number
                    for number, item in self.work_items.items()
                    if (item["fields"]["System.CreatedBy"] == BUILD if mine else True)
                    and (not tag or tag.split("'")[0] in _tags(item))
                ]
                return {"queryType": "flat", "workItems": [{"id": number} for number in found]}
            case "POST", ["workitemsbatch"]:
                return {"value": [self.work_items[number] for number in body["ids"]]}
            case "POST", ["workItems", number, "comments"]:
                assert query["format"] == "markdown"
                self.work_item_comments.setdefault(int(number), []).append(body["text"])
                return {"id": 1, "text": body["text"]}
            case _, ["workitems", which]:
                return self._work_item(method, which, body)
        raise RefusedError(refusal(404, "no such path"))

    def _work_item(self, method: str, which: str, body: Any) -> dict[str, Any]:
        if method == "GET":
            return self.work_items[int(which)]
        if method == "PATCH":
            return self._patch(int(which), body)
        number = next(self._ids)
        fields = {
            "System.Id": number,
            "System.WorkItemType": which.removeprefix("$"),
            "System.State": "New",
            "System.CreatedBy": BUILD,
        }
        self.work_items[number] = {"id": number, "fields": fields}
        return self._patch(number, body)

    def _patch(self, number: int, changes: Any) -> dict[str, Any]:
        item = self.work_items[number]
        for change in changes:
            _, what, name = change["path"].split("/")
            item.setdefault(what, {})[name] = change["value"]
        return item

    def _list(self, entries: list[Any], query: Mapping[str, str]) -> dict[str, Any]:
        start = int(query.get("continuationToken", "0"))
        part = entries[start : start + self.page]
        following = start + self.page if start + self.page < len(entries) else None
        return {"count": len(part), "value": part, "_token": following}

    def _tick(self) -> str:
        return self._clock.now()

    def _serve(self, call: Call) -> Reply:
        path = unquote(call.path).removeprefix("/contoso")
        if call.headers.get("authorization") != f"Bearer {TOKEN}":
            return Reply(203, page=SIGN_IN)
        if "api-version" not in call.query:
            return refusal(400, "no api-version", "VssVersionNotSpecifiedException")
        try:
            answer = self._answer(call.method, path, call.query, call.body)
        except RefusedError as refused:
            return refused.reply
        following = answer.pop("_token", None) if isinstance(answer, dict) else None
        headers = {} if following is None else {"x-ms-continuationtoken": str(following)}
        return Reply(200, answer, headers)


def _missing(code: str, message: str, type_key: str) -> RefusedError:
    return RefusedError(refusal(404, f"{code}: {message}", type_key))


def _checked(content: str) -> str:
    if len(content) > MOST_CHARACTERS:
        text = (
            "A discussion comment cannot be longer than 150000 characters.\r\n"
            "Parameter name: comment.Content"
        )
        raise RefusedError(refusal(400, text, "ArgumentException"))
    return content


def _tags(item: Mapping[str, Any]) -> str:
    return str(item["fields"].get("System.Tags", ""))
