"""The life of a change in a repository that is hosted somewhere: branches, reviews and jobs.

`Life` drives git and a `Host`, which is one forge with a server on loopback: a story is written for
both forges with the same acts.
"""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from tests.forges.github_server import REPOSITORY, TOKEN, GitHubServer

_GIT = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_AUTHOR_DATE": "2026-11-30T12:00:00Z",
    "GIT_COMMITTER_DATE": "2026-11-30T12:00:00Z",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
}


class Host(Protocol):
    """One forge, as the people and the jobs of a story see it."""

    def open_pull(self, head: str, base: str, author: str) -> None:
        """Open the story's pull request."""

    def push(self, head: str) -> None:
        """Push a commit to the branch of the pull request."""

    def approve(self, login: str) -> None:
        """Approve the pull request, as its head is now."""

    def merge(self, commit: str) -> None:
        """Complete the pull request; `commit` is what is on main then."""

    def environ(self, trigger: str, commit: str, before: str) -> Mapping[str, str]:
        """Return the variables of a job: of the `pull request`, of a `push` to main, or one that
        runs by `schedule`."""

    def comment(self) -> str:
        """Return azsec's comment, "" where there is none."""

    def statuses(self) -> str:
        """Return the newest status of each context on the head, a line each."""

    def issues(self) -> str:
        """Return every issue of azsec: state, title and body."""

    def stop(self) -> None:
        """Stop the server."""


class GitHubHost:
    """The story's repository on GitHub."""

    def __init__(self, folder: Path) -> None:
        self.server = GitHubServer()
        self._event = folder / "event.json"
        self._number = 0

    def open_pull(self, head: str, base: str, author: str) -> None:
        self._number = self.server.open_pull(head, base, author)

    def push(self, head: str) -> None:
        self.server.push(self._number, head)

    def approve(self, login: str) -> None:
        self.server.review(self._number, login)

    def merge(self, commit: str) -> None:
        self.server.merge(self._number, commit)

    def environ(self, trigger: str, commit: str, before: str) -> Mapping[str, str]:
        pull = self.server.pulls.get(self._number)
        event = {
            "pull request": {"pull_request": pull},
            "push": {"before": before, "after": commit},
            "schedule": {},
        }[trigger]
        self._event.write_text(json.dumps(event), encoding="utf-8")
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_SHA": commit,
            "GITHUB_REF": f"refs/pull/{self._number}/merge"
            if trigger == "pull request"
            else "refs/heads/main",
            "GITHUB_EVENT_PATH": str(self._event),
            "GITHUB_API_URL": self.server.api,
            "GITHUB_GRAPHQL_URL": self.server.graphql,
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_RUN_ID": "42",
            "GITHUB_STEP_SUMMARY": str(self._event.with_name("summary.md")),
            "GITHUB_TOKEN": TOKEN,
        }

    def comment(self) -> str:
        found = self.server.comments.get(self._number, [])
        own = [one["body"] for one in found if one["user"]["login"] == self.server.account]
        assert len(own) <= 1, own
        return "".join(own)

    def statuses(self) -> str:
        head = self.server.pulls[self._number]["head"]["sha"]
        newest: dict[str, str] = {}
        for one in reversed(self.server.statuses.get(head, [])):
            newest[one["context"]] = f"{one['context']} {one['state']}: {one['description']}\n"
        return "".join(newest[context] for context in sorted(newest))

    def issues(self) -> str:
        told = ""
        for issue in self.server.issues.values():
            told += f"{issue['state']}: {issue['title']}\n\n{issue['body']}\n"
            for comment in self.server.comments.get(issue["number"], []):
                told += f"\n> {comment['body'].strip()}\n"
        return told

    def stop(self) -> None:
        self.server.server.stop()


class Life:
    """A repository in the current folder, and its host. The acts are lines of a story."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self._branch = "main"
        self._before = ""
        for words in (("init", "--quiet", "-b", "main"), ("add", "-A")):
            self.git(*words)
        self.git("commit", "--quiet", "--allow-empty", "-m", "Begin")
        # The built-in Azure and the event of a job are no part of the repository.
        exclude = Path(".git/info/exclude")
        exclude.write_text(".azsec/\n*.json\n*.sarif\n*.xml\nsummary.md\n", encoding="utf-8")

    def git(self, *words: str) -> str:
        """Run git in the current folder; return what it prints."""
        result = subprocess.run(
            ["git", *words],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, **_GIT},
        )
        return result.stdout.strip()

    def act(self, line: str) -> None:
        """Do what a line says: `branch NAME`, `commit MESSAGE`, `open pull request`, `USER
        approves`, `merge by merge|squash|rebase`, `main moves on: MESSAGE`."""
        match line.split():
            case ["branch", name]:
                self.git("switch", "--quiet", "-c", name, "main")
                self._branch = name
            case ["commit", *words]:
                self.git("add", "-A")
                self.git("commit", "--quiet", "-m", " ".join(words))
                if self._is_open:
                    self.host.push(self.head)
            case ["open", "pull", "request"]:
                self.host.open_pull(self.head, self.git("rev-parse", "main"), "ada")
                self._is_open = True
            case [login, "approves"]:
                self.host.approve(login)
            case ["merge", "by", way]:
                self._merge(way)
            case _:
                raise AssertionError(f"no such act: {line}")

    _is_open = False

    @property
    def head(self) -> str:
        """The commit of the branch."""
        return self.git("rev-parse", self._branch)

    def _merge(self, way: str) -> None:
        self._before = self.git("rev-parse", "main")
        if way == "rebase":
            # The commits of the branch, made anew on main.
            self.git("switch", "--quiet", "main")
            self.git("cherry-pick", "--no-ff", f"main..{self._branch}")
        else:
            self.git("switch", "--quiet", "main")
            words = ("--squash",) if way == "squash" else ("--no-ff", "--no-commit")
            self.git("merge", "--quiet", *words, self._branch)
            self.git("commit", "--quiet", "-m", "Merge the change")
        self._branch, self._is_open = "main", False
        self.host.merge(self.head)

    @contextmanager
    def job(self, trigger: str) -> Iterator[None]:
        """Check out what a job has, and set its variables."""
        if trigger == "pull request" and self._is_open:
            self.git("switch", "--quiet", "--detach", "main")
            self.git("merge", "--quiet", "--no-ff", "-m", "Trial merge", self._branch)
        commit = self.git("rev-parse", "HEAD")
        variables = self.host.environ(trigger, commit, self._before)
        saved = {name: os.environ.get(name) for name in variables}
        os.environ |= variables
        try:
            yield
        finally:
            for name, value in saved.items():
                os.environ.pop(name)
                if value is not None:
                    os.environ[name] = value
            self.git("switch", "--quiet", self._branch)
