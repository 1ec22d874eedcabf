"""The story's repository in Azure Repos, as people and the jobs of Azure Pipelines see it."""

from collections.abc import Mapping
from pathlib import Path

from provisioner.forges.azure_devops_shapes import show_comments
from tests.forges.azure_devops_server import (
    BUILD,
    PROJECT,
    REPOSITORY,
    TEAM,
    TOKEN,
    AzureDevOpsServer,
)

_STATES = {"succeeded": "success", "failed": "failure", "pending": "pending", "error": "error"}


def _address(login: str) -> str:
    return f"{login}@contoso.com"


class AzureDevOpsHost:
    """One repository of Azure Repos, its pull request, and the work items of its project."""

    def __init__(self, folder: Path) -> None:
        self.server = AzureDevOpsServer()
        self.server.require_reviewers([TEAM])
        self._folder = folder
        self._number = 0
        self._head = ""

    def open_pull(self, head: str, base: str, author: str) -> None:
        self._number = self.server.open_pull_request(head, base, _address(author))
        self._head = head

    def push(self, head: str) -> None:
        self.server.push(self._number, head)
        self._head = head

    def approve(self, login: str) -> None:
        self.server.vote(self._number, _address(login), 10, groups=[TEAM])

    def merge(self, commit: str) -> None:
        self.server.complete(self._number, commit)

    def environ(self, trigger: str, commit: str, before: str) -> Mapping[str, str]:
        review = {
            "BUILD_REASON": "PullRequest",
            "SYSTEM_PULLREQUEST_PULLREQUESTID": str(self._number),
            "SYSTEM_PULLREQUEST_SOURCECOMMITID": self._head,
            "SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main",
        }
        others = {"push": "IndividualCI", "schedule": "Schedule"}
        return {
            # The tests themselves may run in a job of GitHub Actions.
            "GITHUB_ACTIONS": "",
            "TF_BUILD": "True",
            "SYSTEM_COLLECTIONURI": self.server.collection,
            "SYSTEM_TEAMPROJECT": PROJECT,
            "BUILD_REPOSITORY_ID": REPOSITORY,
            "BUILD_REPOSITORY_PROVIDER": "TfsGit",
            "BUILD_SOURCEVERSION": commit,
            "BUILD_SOURCEBRANCH": f"refs/pull/{self._number}/merge"
            if trigger == "pull request"
            else "refs/heads/main",
            "BUILD_BUILDID": "42",
            "AGENT_TEMPDIRECTORY": str(self._folder),
            "SYSTEM_ACCESSTOKEN": TOKEN,
            **(review if trigger == "pull request" else {"BUILD_REASON": others[trigger]}),
        }

    def comment(self) -> str:
        own = [
            show_comments(thread["comments"][0]["content"])
            for thread in self.server.threads(self._number)
            if thread["comments"][0]["author"] == BUILD
            and not thread["comments"][0].get("isDeleted")
        ]
        assert len(own) <= 1, own
        return "".join(own)

    def statuses(self) -> str:
        newest: dict[str, str] = {}
        last = max(entry["iterationId"] for entry in self.server.statuses(self._number))
        for one in self.server.statuses(self._number):
            genre, name = one["context"].get("genre"), one["context"]["name"]
            context = f"{genre}/{name}" if genre else name
            if one["iterationId"] == last:
                newest[context] = f"{context} {_STATES[one['state']]}: {one['description']}\n"
        return "".join(newest[context] for context in sorted(newest))

    def issues(self) -> str:
        told = ""
        for number, item in self.server.work_items.items():
            fields = item["fields"]
            state = "closed" if fields["System.State"] == "Closed" else "open"
            body = show_comments(fields["System.Description"])
            told += f"{state}: {fields['System.Title']}\n\n{body}\n"
            for comment in self.server.work_item_comments.get(number, []):
                told += f"\n> {show_comments(comment).strip()}\n"
        return told

    def stop(self) -> None:
        self.server.server.stop()
