"""GitHub's REST API on loopback, as far as azsec speaks it.

Fields, statuses and messages are those of GitHub's public API description (version 2022-11-28) and
of answers that users quote: 403 "Resource not accessible by integration" for a token without the
permission, 422 "Validation Failed" with "Body is too long (maximum is 65536 characters)", the two
rate limits, and pages by `Link`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from tests.forges.server import Call, Clock, ForgeServer, Reply

REPOSITORY = "contoso/platform"
BOT = "github-actions[bot]"
TOKEN = "ghs_of-the-job"
MOST = 65_536
_DENIED = {"message": "Resource not accessible by integration", "status": "403"}
_ABSENT = {"message": "Not Found", "status": "404"}
_TOO_LONG = {
    "message": "Validation Failed",
    "errors": [
        {
            "resource": "IssueComment",
            "code": "unprocessable",
            "field": "data",
            "message": f"Body is too long (maximum is {MOST} characters)",
        }
    ],
    "status": "422",
}


def _user(login: str) -> dict[str, Any]:
    kind = "Bot" if login.endswith("[bot]") else "User"
    return {"login": login, "id": abs(hash(login)) % 10**8, "type": kind, "site_admin": False}


@dataclass
class GitHubServer:
    """The state of one repository, and the server in front of it.

    `permissions` is what the job's token may do (`permissions:` of a workflow); `writers` are the
    people who may push; `page` is the most entries of a page, whatever a request asks for.
    """

    permissions: dict[str, str] = field(
        default_factory=lambda: {
            "contents": "read",
            "pull-requests": "write",
            "statuses": "write",
            "issues": "write",
            "metadata": "read",
        }
    )
    writers: set[str] = field(default_factory=lambda: {"ada", "grace"})
    account: str = BOT
    page: int = 100
    pulls: dict[int, dict[str, Any]] = field(default_factory=dict)
    heads: dict[str, str] = field(default_factory=dict)
    associated: dict[str, list[int]] = field(default_factory=dict)
    reviews: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    statuses: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    issues: dict[int, dict[str, Any]] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    numbers: int = 0

    def __post_init__(self) -> None:
        self.server = ForgeServer(self._answer)

    @property
    def api(self) -> str:
        """The base of the REST API, as on an Enterprise Server: with a path."""
        return f"{self.server.url}/api/v3"

    @property
    def graphql(self) -> str:
        return f"{self.server.url}/api/graphql"

    def next_number(self) -> int:
        self.numbers += 1
        return self.numbers

    # What people do.

    def open_pull(self, head: str, base: str, author: str, *, fork: bool = False) -> int:
        number = self.next_number()
        home = {"full_name": REPOSITORY}
        origin = {"full_name": "else/platform"} if fork else home
        self.pulls[number] = {
            "number": number,
            "state": "open",
            "title": "A change",
            "user": _user(author),
            "head": {
                "sha": head,
                "ref": "change",
                "repo": origin,
            },
            "base": {"sha": base, "ref": "main", "repo": home},
            "merged_at": None,
            "merge_commit_sha": "0" * 40,
            "html_url": f"https://github.com/{REPOSITORY}/pull/{number}",
        }
        return number

    def push(self, number: int, head: str) -> None:
        self.pulls[number]["head"]["sha"] = head

    def review(self, number: int, login: str, state: str = "APPROVED") -> int:
        identifier = 1_000 + self.next_number()
        self.reviews.setdefault(number, []).append(
            {
                "id": identifier,
                "user": _user(login),
                "body": "",
                "state": state,
                "commit_id": self.pulls[number]["head"]["sha"],
                "submitted_at": self.clock.now(),
                "author_association": "MEMBER",
            }
        )
        return identifier

    def merge(self, number: int, commit: str) -> None:
        pull = self.pulls[number]
        pull |= {"state": "closed", "merged_at": self.clock.now(), "merge_commit_sha": commit}
        self.associated.setdefault(commit, []).append(number)
        self.heads[pull["base"]["ref"]] = commit

    def close(self, number: int) -> None:
        self.pulls[number]["state"] = "closed"

    def comment(self, number: int, login: str, body: str) -> dict[str, Any]:
        now = self.clock.now()
        identifier = 5_000 + self.next_number()
        made = {
            "id": identifier,
            "user": _user(login),
            "body": body,
            "created_at": now,
            "updated_at": now,
            "html_url": f"https://github.com/{REPOSITORY}/pull/{number}#issuecomment-{identifier}",
        }
        self.comments.setdefault(number, []).append(made)
        return made

    def status(self, commit: str, login: str, body: Mapping[str, Any]) -> dict[str, Any]:
        made = {
            "id": 9_000 + self.next_number(),
            "state": body["state"],
            "context": body.get("context", "default"),
            "description": body.get("description"),
            "target_url": body.get("target_url"),
            "creator": _user(login),
            "created_at": self.clock.now(),
        }
        self.statuses.setdefault(commit, []).insert(0, made)
        return made

    # What the API answers.

    def _answer(self, call: Call) -> Reply:
        if call.headers.get("authorization") != f"Bearer {TOKEN}":
            return Reply(401, {"message": "Bad credentials", "status": "401"})
        if call.path == "/api/graphql":
            return Reply(200, {"data": {"viewer": {"login": self.account}}})
        path = unquote(call.path.removeprefix(f"/api/v3/repos/{REPOSITORY}"))
        for method, pattern, permission, handle in self._routes():
            found = re.fullmatch(pattern, path)
            if method == call.method and found is not None:
                if not self._permits(permission, call.method):
                    return Reply(403, _DENIED)
                return handle(call, *found.groups())
        return Reply(404, _ABSENT)

    def _permits(self, permission: str, method: str) -> bool:
        granted = self.permissions.get(permission, "none")
        return granted == "write" or (granted == "read" and method == "GET")

    def _routes(self) -> list[tuple[str, str, str, Callable[..., Reply]]]:
        return [
            ("GET", r"/pulls/(\d+)", "pull-requests", self._get_pull),
            ("GET", r"/commits/(\w+)/pulls", "pull-requests", self._pulls_of),
            # A token always has metadata: read.
            ("GET", r"", "metadata", self._repository),
            ("GET", r"/branches/(.+)", "contents", self._branch),
            ("GET", r"/pulls/(\d+)/reviews", "pull-requests", self._list_reviews),
            ("PUT", r"/pulls/(\d+)/reviews/(\d+)/dismissals", "pull-requests", self._dismiss),
            ("GET", r"/collaborators/([^/]+)/permission", "contents", self._permission),
            ("GET", r"/commits/(\w+)/statuses", "statuses", self._list_statuses),
            ("POST", r"/statuses/(\w+)", "statuses", self._set_status),
            ("GET", r"/issues/(\d+)/comments", "pull-requests", self._list_comments),
            ("POST", r"/issues/(\d+)/comments", "pull-requests", self._add_comment),
            ("PATCH", r"/issues/comments/(\d+)", "pull-requests", self._edit_comment),
            ("DELETE", r"/issues/comments/(\d+)", "pull-requests", self._remove_comment),
            ("GET", r"/issues", "issues", self._list_issues),
            ("POST", r"/issues", "issues", self._open_issue),
            ("PATCH", r"/issues/(\d+)", "issues", self._edit_issue),
        ]

    def _get_pull(self, _call: Call, number: str) -> Reply:
        pull = self.pulls.get(int(number))
        return Reply(200, pull) if pull else Reply(404, _ABSENT)

    def _repository(self, _call: Call) -> Reply:
        return Reply(200, {"full_name": REPOSITORY, "default_branch": "main"})

    def _branch(self, _call: Call, name: str) -> Reply:
        sha = self.heads.get(name)
        found = {"name": name, "commit": {"sha": sha}, "protected": False}
        return Reply(200, found) if sha else Reply(404, {"message": "Branch not found"})

    def _pulls_of(self, call: Call, commit: str) -> Reply:
        brought = [n for n, pull in self.pulls.items() if pull["head"]["sha"] == commit]
        found = dict.fromkeys([*self.associated.get(commit, []), *brought])
        return self._paged(call, [self.pulls[number] for number in found])

    def _list_reviews(self, call: Call, number: str) -> Reply:
        return self._paged(call, self.reviews.get(int(number), []))

    def _dismiss(self, call: Call, number: str, identifier: str) -> Reply:
        found = next(r for r in self.reviews[int(number)] if r["id"] == int(identifier))
        found["state"] = "DISMISSED"
        return Reply(200, found)

    def _permission(self, _call: Call, login: str) -> Reply:
        name = "write" if login in self.writers else "read"
        return Reply(200, {"permission": name, "role_name": name, "user": _user(login)})

    def _list_statuses(self, call: Call, commit: str) -> Reply:
        return self._paged(call, self.statuses.get(commit, []))

    def _set_status(self, call: Call, commit: str) -> Reply:
        if len(call.body.get("description") or "") > 140:
            return Reply(422, {"message": "Validation Failed", "errors": [], "status": "422"})
        return Reply(201, self.status(commit, self.account, call.body))

    def _list_comments(self, call: Call, number: str) -> Reply:
        return self._paged(call, self.comments.get(int(number), []))

    def _add_comment(self, call: Call, number: str) -> Reply:
        if len(call.body["body"]) > MOST:
            return Reply(422, _TOO_LONG)
        return Reply(201, self.comment(int(number), self.account, call.body["body"]))

    def _edit_comment(self, call: Call, identifier: str) -> Reply:
        found = self._find_comment(identifier)
        if found is None:
            return Reply(404, _ABSENT)
        if len(call.body["body"]) > MOST:
            return Reply(422, _TOO_LONG)
        found |= {"body": call.body["body"], "updated_at": self.clock.now()}
        return Reply(200, found)

    def _remove_comment(self, _call: Call, identifier: str) -> Reply:
        found = self._find_comment(identifier)
        if found is None:
            return Reply(404, _ABSENT)
        for comments in self.comments.values():
            if found in comments:
                comments.remove(found)
        return Reply(204)

    def _find_comment(self, identifier: str) -> dict[str, Any] | None:
        every = (one for comments in self.comments.values() for one in comments)
        return next((one for one in every if one["id"] == int(identifier)), None)

    def _list_issues(self, call: Call) -> Reply:
        wanted, state = call.query.get("labels"), call.query.get("state", "open")
        creator = call.query.get("creator")
        pulls = [{"labels": [], **pull, "pull_request": {}} for pull in self.pulls.values()]
        found = [
            issue
            for issue in [*self.issues.values(), *pulls]
            if (not wanted or wanted in [label["name"] for label in issue["labels"]])
            and state in ("all", issue["state"])
            and creator in (None, issue["user"]["login"])
        ]
        return self._paged(call, found)

    def _open_issue(self, call: Call) -> Reply:
        number = self.next_number()
        self.issues[number] = {
            "number": number,
            "title": call.body["title"],
            "body": call.body["body"],
            "state": "open",
            "user": _user(self.account),
            "labels": [{"name": name} for name in call.body.get("labels", [])],
            "created_at": self.clock.now(),
            "html_url": f"https://github.com/{REPOSITORY}/issues/{number}",
        }
        return Reply(201, self.issues[number])

    def _edit_issue(self, call: Call, number: str) -> Reply:
        issue = self.issues.get(int(number))
        if issue is None:
            return Reply(404, _ABSENT)
        issue |= {key: call.body[key] for key in ("title", "body", "state") if key in call.body}
        return Reply(200, issue)

    def _paged(self, call: Call, entries: list[Any]) -> Reply:
        size = min(int(call.query.get("per_page", "30")), self.page)
        page = int(call.query.get("page", "1"))
        shown = entries[(page - 1) * size : page * size]
        headers = {}
        if page * size < len(entries):
            kept = {**call.query, "page": str(page + 1)}
            query = "&".join(f"{name}={value}" for name, value in kept.items())
            headers["Link"] = f'<{self.server.url}{call.path}?{query}>; rel="next"'
        return Reply(200, shown, headers)
