"""The one comment of azsec: whoever else writes, edits, deletes, or runs at the same time."""

from collections.abc import Iterator

import pytest

from provisioner.forges.github import GitHub
from provisioner.workflow.sticky_comment import find_comment, write_comment
from tests.forges.github_server import BOT, REPOSITORY, TOKEN, GitHubServer
from tests.forges.server import Fault

MARKER = "<!-- azsec-plan -->"
ONE, TWO = f"{MARKER}\none", f"{MARKER}\ntwo"


@pytest.fixture
def server() -> Iterator[GitHubServer]:
    opened = GitHubServer()
    opened.open_pull("a" * 40, "b" * 40, "ada")
    yield opened
    opened.server.stop()


@pytest.fixture
def github(server: GitHubServer) -> Iterator[GitHub]:
    with GitHub.open(REPOSITORY, TOKEN, server.api, server.graphql) as opened:
        yield opened


def bodies(server: GitHubServer, login: str = BOT) -> list[str]:
    return [one["body"] for one in server.comments.get(1, []) if one["user"]["login"] == login]


def test_it_is_written_once_and_then_over(server, github):
    pull = github.pull_request(1)
    write_comment(github, pull, MARKER, ONE)
    write_comment(github, pull, MARKER, TWO)
    assert bodies(server) == [TWO]


def test_it_is_found_behind_a_hundred_others(server, github):
    pull = github.pull_request(1)
    for number in range(120):
        server.comment(1, "grace", f"comment {number}")
    write_comment(github, pull, MARKER, ONE)
    write_comment(github, pull, MARKER, TWO)
    assert bodies(server) == [TWO]


def test_a_comment_of_others_with_the_marker_is_left_alone_and_named(server, github):
    server.comment(1, "other-bot[bot]", ONE)
    pull = github.pull_request(1)
    write_comment(github, pull, MARKER, TWO)
    found = find_comment(github, pull, MARKER)
    assert bodies(server, "other-bot[bot]") == [ONE]
    assert [one.body for one in found.own] == [TWO]
    (told,) = found.report()
    assert "other-bot[bot]" in told.message


def test_a_quoted_marker_is_no_marker(server, github):
    server.comment(1, BOT, f"> {ONE}")
    write_comment(github, github.pull_request(1), MARKER, TWO)
    assert bodies(server) == [f"> {ONE}", TWO]


def test_of_two_jobs_that_write_at_once_the_older_comment_stays(server, github):
    pull = github.pull_request(1)

    def another_job() -> None:
        server.comment(1, BOT, ONE)

    # Between this job's list, which shows none, and its write.
    server.server.faults.append(Fault("POST", "/comments$", None, before=another_job))
    kept = write_comment(github, pull, MARKER, TWO)
    assert bodies(server) == [TWO]
    assert kept.id == str(server.comments[1][0]["id"])


def test_one_that_somebody_deletes_meanwhile_is_written_anew(server, github):
    pull = github.pull_request(1)
    write_comment(github, pull, MARKER, ONE)

    def somebody() -> None:
        server.comments[1].clear()

    server.server.faults.append(Fault("PATCH", "/comments/", None, before=somebody))
    write_comment(github, pull, MARKER, TWO)
    assert bodies(server) == [TWO]


def test_one_whose_marker_somebody_edited_away_is_nobodys(server, github):
    pull = github.pull_request(1)
    write_comment(github, pull, MARKER, ONE)
    server.comments[1][0]["body"] = "gone"
    write_comment(github, pull, MARKER, TWO)
    assert bodies(server) == ["gone", TWO]
