"""Azure Boards: work items as the issues of a drift check.

Fields and operations are those of the public REST API description, version 7.1 (Work Item
Tracking). A description is Markdown by `multilineFieldsFormat`, which Azure DevOps Services has
since July 2025; Azure DevOps Server would show it as text.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from provisioner.engine.forge_port import Issue
from provisioner.forges.azure_devops_shapes import (
    Json,
    account_of,
    hide_comments,
    mapping,
    read,
    show_comments,
    unexpected,
)
from provisioner.forges.rest_client import RestClient
from provisioner.model.forge_error import ForgeError

_API = "7.1"
_COMMENTS_API = "7.1-preview.4"
_PATCH = "application/json-patch+json"
_BATCH = 200
"""Work items that one read may name ("Get Work Items Batch", maximum 200)."""
_MOST = 5_000
_MOST_TITLE = 255
_TYPES = ("Issue", "Task")
"""The types that issues are made of, the first that the project has: the processes Basic, Agile and
CMMI have Issue, and Scrum has Task."""
_CLOSED = frozenset({"Completed", "Removed"})
_FIELDS = (
    "System.Id",
    "System.Title",
    "System.Description",
    "System.State",
    "System.CreatedBy",
    "System.Tags",
    "System.WorkItemType",
)


class AzureBoards:
    """The work items of one project."""

    def __init__(self, client: RestClient, project: str) -> None:
        self._client = client
        self._root = f"/{project}/_apis/wit"
        self._page = f"/{project}/_workitems/edit"
        self._states: dict[str, Sequence[Json]] = {}

    def issues(self, label: str, base: str) -> Sequence[Issue]:
        """Return the work items with a tag, open and closed, the oldest first.

        `base` is the URL of the collection.
        """
        # WIQL quotes a text with single quotes, doubled inside.
        tag = label.replace("'", "''")
        found = self._find(f"[System.Tags] CONTAINS '{tag}'", f"the tag {label!r}")
        # The operator CONTAINS also matches a part of another tag.
        return [self._issue(item, base) for item in found if label.lower() in _tags(item)]

    def own_issues(self, base: str) -> Sequence[Issue]:
        """Return the work items that the token's account created, the oldest first.

        Open and closed ones ("Query macros and variables": @Me).
        """
        found = self._find("[System.CreatedBy] = @Me", "the account of the token as their author")
        return [self._issue(item, base) for item in found]

    def _find(self, condition: str, what: str) -> Sequence[Json]:
        query = (
            "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project "
            f"AND {condition} ORDER BY [System.Id]"
        )
        path = f"{self._root}/wiql"
        answer = self._send("POST", path, {"$top": str(_MOST + 1)}, {"query": query})
        found = read(lambda: [int(entry["id"]) for entry in answer["workItems"]], path)
        if len(found) > _MOST:
            message = f"Azure DevOps: over {_MOST:,} work items have {what}."
            raise ForgeError(0, "too-large", message)
        items: list[Json] = []
        for start in range(0, len(found), _BATCH):
            wanted = {"ids": found[start : start + _BATCH], "fields": list(_FIELDS)}
            part = self._send("POST", f"{self._root}/workitemsbatch", {}, wanted)
            items += read(partial(_entries, part), path)
        return items

    def open_issue(self, title: str, body: str, label: str, base: str) -> Issue:
        """Create a work item with a tag."""
        kind = self._work_item_type()
        fields = {**_text(title, body), "/fields/System.Tags": label}
        path = f"{self._root}/workitems/${kind}"
        return self._issue(self._patch("POST", path, fields), base)

    def edit_issue(self, issue: Issue, title: str, body: str, base: str, *, is_open: bool) -> Issue:
        """Replace title and description of a work item, and open or close it."""
        path = f"{self._root}/workitems/{issue.id}"
        known = self._send("GET", path, {"fields": "System.WorkItemType,System.State"})
        kind = read(lambda: str(known["fields"]["System.WorkItemType"]), path)
        state = read(lambda: str(known["fields"]["System.State"]), path)
        fields = _text(title, body)
        if self._is_open(kind, state) != is_open:
            fields["/fields/System.State"] = self._state_name(kind, is_open=is_open)
        return self._issue(self._patch("PATCH", path, fields), base)

    def add_comment(self, issue: Issue, body: str) -> None:
        """Write a comment on a work item."""
        path = f"{self._root}/workItems/{issue.id}/comments"
        query = {"format": "markdown", "api-version": _COMMENTS_API}
        self._send("POST", path, query, {"text": hide_comments(body)})

    def _work_item_type(self) -> str:
        path = f"{self._root}/workitemtypes"
        answer = self._send("GET", path, {})
        known = read(lambda: {str(entry["name"]) for entry in answer["value"]}, path)
        found = next((kind for kind in _TYPES if kind in known), None)
        if found is None:
            raise ForgeError(
                0,
                "no-work-item-type",
                f"the project has no work item type {' or '.join(_TYPES)}.",
                "Add one of them to the process of the project.",
            )
        return found

    def _states_of(self, kind: str) -> Sequence[Json]:
        if kind not in self._states:
            path = f"{self._root}/workitemtypes/{kind}/states"
            answer = self._send("GET", path, {})
            self._states[kind] = read(partial(_entries, answer), path)
        return self._states[kind]

    def _is_open(self, kind: str, state: str) -> bool:
        """Return whether a state is open; one that its type no longer has counts as open."""
        categories = {str(entry["name"]): entry["category"] for entry in self._states_of(kind)}
        return categories.get(state) not in _CLOSED

    def _state_name(self, kind: str, *, is_open: bool) -> str:
        # The names of states are the process's; their categories are the same in every process.
        wanted = "Proposed" if is_open else "Completed"
        for entry in self._states_of(kind):
            if entry["category"] == wanted:
                return str(entry["name"])
        raise ForgeError(
            0,
            "no-work-item-state",
            f"the work item type {kind!r} has no state of the category {wanted}.",
        )

    def _issue(self, item: Json, base: str) -> Issue:
        def make() -> Issue:
            fields = item["fields"]
            kind, state = str(fields["System.WorkItemType"]), str(fields["System.State"])
            return Issue(
                id=str(item["id"]),
                author=account_of(fields["System.CreatedBy"]),
                title=str(fields["System.Title"]),
                body=show_comments(str(fields.get("System.Description") or "")),
                is_open=self._is_open(kind, state),
                url=f"{base}{self._page}/{item['id']}",
            )

        return read(make, f"{self._root}/workitems")

    def _patch(self, method: str, path: str, fields: dict[str, str]) -> Json:
        changes = [{"op": "add", "path": name, "value": value} for name, value in fields.items()]
        return self._send(method, path, {}, changes, _PATCH)

    def _send(
        self,
        method: str,
        path: str,
        query: dict[str, str],
        body: Any = None,  # noqa: ANN401  any JSON
        content: str = "application/json",
    ) -> Json:
        answer = self._client.send(
            method, path, query={"api-version": _API, **query}, body=body, content=content
        )
        if answer.body is None:
            raise unexpected(path)
        return mapping(answer.body, path)


def _text(title: str, body: str) -> dict[str, str]:
    return {
        "/fields/System.Title": title[:_MOST_TITLE],
        "/fields/System.Description": hide_comments(body),
        "/multilineFieldsFormat/System.Description": "Markdown",
    }


def _entries(answer: Json) -> Sequence[Json]:
    return list(answer["value"])


def _tags(item: Json) -> set[str]:
    tags = str((item.get("fields") or {}).get("System.Tags") or "")
    return {tag.strip().lower() for tag in tags.split(";")}
