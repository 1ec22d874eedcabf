"""GitHub's adapter against a server of recorded shapes: what is read, written and refused."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from provisioner.engine.forge_port import NewStatus, PullRequestState, StatusState
from provisioner.forges.github import GitHub
from provisioner.forges.github_job import open_github, read_github_job
from provisioner.model.forge_error import ForgeError
from tests.forges.github_server import BOT, MOST, REPOSITORY, TOKEN, GitHubServer
from tests.forges.server import Fault, Reply

HEAD, BASE = "a" * 40, "b" * 40


@pytest.fixture
def server() -> Iterator[GitHubServer]:
    opened = GitHubServer()
    yield opened
    opened.server.stop()


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def github(server: GitHubServer, slept: list[float]) -> Iterator[GitHub]:
    with GitHub.open(REPOSITORY, TOKEN, server.api, server.graphql, slept.append) as opened:
        yield opened


def _pull(server: GitHubServer, **more: bool) -> int:
    return server.open_pull(HEAD, BASE, "ada", **more)


def test_a_pull_request_is_read_in_our_terms(server, github):
    found = github.pull_request(_pull(server))
    assert (found.state, found.head, found.base, found.merged) == (
        PullRequestState.OPEN,
        HEAD,
        BASE,
        None,
    )
    assert not found.is_fork
    assert found.author == "ada"


def test_a_fork_and_a_deleted_fork_are_forks(server, github):
    number = _pull(server, fork=True)
    assert github.pull_request(number).is_fork
    server.pulls[number]["head"]["repo"] = None
    assert github.pull_request(number).is_fork


def test_the_merged_pull_request_of_a_commit_is_found(server, github):
    number = _pull(server)
    assert github.pull_requests_of("c" * 40) == []
    server.merge(number, "c" * 40)
    (found,) = github.pull_requests_of("c" * 40)
    assert (found.state, found.merged) == (PullRequestState.MERGED, "c" * 40)


def test_a_closed_pull_request_is_not_merged(server, github):
    number = _pull(server)
    server.close(number)
    assert github.pull_request(number).state is PullRequestState.CLOSED


def test_only_the_last_vote_of_a_person_stands(server, github):
    number = _pull(server)
    pull = github.pull_request(number)
    server.review(number, "grace")
    server.review(number, "grace", "COMMENTED")
    server.review(number, "mallory")
    (grace, mallory) = github.approvals(pull)
    assert (grace.by, grace.commit, grace.objection) == ("grace", HEAD, None)
    assert mallory.objection, "whoever may only read approves nothing"
    server.review(number, "grace", "CHANGES_REQUESTED")
    assert [one.by for one in github.approvals(pull)] == ["mallory"]


def test_a_dismissed_approval_does_not_stand(server, github):
    number = _pull(server)
    server.review(number, "grace")
    pull = github.pull_request(number)
    github.dismiss(pull, github.approvals(pull)[0], "another plan")
    assert github.approvals(pull) == []


def test_every_page_of_a_list_is_read(server, github):
    number = _pull(server)
    server.page = 2
    for text in "abcde":
        server.comment(number, "grace", text)
    found = github.comments(github.pull_request(number))
    assert [one.body for one in found] == list("abcde")


def test_a_link_to_another_host_is_not_followed(server, github):
    number = _pull(server)
    link = {"Link": '<https://example.com/comments?page=2>; rel="next"'}
    server.server.faults.append(Fault("GET", "/comments", Reply(200, [], link)))
    with pytest.raises(ForgeError, match=r"link to example\.com, which is not followed"):
        github.comments(github.pull_request(number))


def test_statuses_keep_their_history_the_newest_first(server, github):
    pull = github.pull_request(_pull(server))
    for text in ("first", "second"):
        github.set_status(pull, HEAD, NewStatus("azsec/dev", StatusState.SUCCESS, text))
    found = github.statuses(pull, HEAD)
    assert [one.description for one in found] == ["second", "first"]
    assert {one.creator for one in found} == {BOT}
    assert found[0].at > found[1].at


def test_the_account_of_a_job_is_the_viewer_of_the_graphql_api(github):
    assert github.account() == BOT


def test_an_issue_opens_closes_and_is_found_with_its_label(server, github):
    _pull(server)
    opened = github.open_issue("Drift in dev", "body", "azsec-drift")
    github.open_issue("Another", "body", "other")
    closed = github.edit_issue(opened, "Drift in dev", "none", is_open=False)
    assert not closed.is_open
    assert [one.id for one in github.issues("azsec-drift")] == [opened.id], "open and closed ones"


def test_a_pull_request_is_no_issue(server, github):
    number = _pull(server)
    server.pulls[number]["labels"] = [{"name": "azsec-drift"}]
    assert github.issues("azsec-drift") == []


LIMITS = {
    "429 with Retry-After": (
        Reply(429, {"message": "Too many requests"}, {"Retry-After": "7"}),
        [7.0],
    ),
    "403 of a secondary limit with Retry-After": (
        Reply(403, {"message": "You have exceeded a secondary rate limit."}, {"Retry-After": "9"}),
        [9.0],
    ),
    "403 of a secondary limit without a time: a minute, as GitHub asks": (
        Reply(403, {"message": "You have exceeded a secondary rate limit."}),
        [60.0],
    ),
    "503 names no time": (Reply(503, {"message": "Unavailable"}), [0.5]),
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_is_waited_for_and_a_write_sent_again(server, github, slept, name):
    reply, expected = LIMITS[name]
    pull = github.pull_request(_pull(server))
    server.server.faults.append(Fault("POST", "/comments$", reply))
    github.add_comment(pull, "text")
    assert slept == expected
    assert len(server.comments[pull.number]) == 1


def test_the_primary_limit_is_waited_for_until_its_reset(server, github, slept):
    reset = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time()) + 30)}
    reply = Reply(403, {"message": "API rate limit exceeded"}, reset)
    number = _pull(server)
    server.server.faults.append(Fault("GET", "/pulls/", reply))
    github.pull_request(number)
    assert 25 < slept[0] <= 31


def test_a_limit_that_lasts_an_hour_is_an_error(server, github, slept):
    reply = Reply(429, {"message": "API rate limit exceeded"}, {"Retry-After": "3600"})
    server.server.faults.append(Fault("GET", "/pulls/", reply))
    with pytest.raises(ForgeError) as refusal:
        github.pull_request(_pull(server))
    assert refusal.value.code == "rate-limited"
    assert slept == []


def test_a_read_is_sent_again_where_the_service_failed_and_a_write_is_not(server, github, slept):
    number = _pull(server)
    server.server.faults.append(Fault("GET", "/pulls/", Reply(502)))
    pull = github.pull_request(number)
    assert slept == [0.5]
    server.server.faults.append(Fault("POST", "/comments$", Reply(502)))
    with pytest.raises(ForgeError):
        github.add_comment(pull, "text")


PERMISSIONS = {
    "statuses": ("statuses", lambda g, p: g.set_status(p, HEAD, _STATUS), "statuses: write"),
    "comments": ("pull-requests", lambda g, p: g.add_comment(p, "x"), "pull-requests: write"),
    "issues": ("issues", lambda g, _p: g.open_issue("x", "x", "x"), "issues: write"),
}
_STATUS = NewStatus("azsec/dev", StatusState.SUCCESS, "text")


@pytest.mark.parametrize("name", PERMISSIONS)
def test_a_missing_permission_is_named(server, github, name):
    permission, act, expected = PERMISSIONS[name]
    pull = github.pull_request(_pull(server))
    server.permissions[permission] = "read"
    with pytest.raises(ForgeError, match="Resource not accessible by integration") as refusal:
        act(github, pull)
    assert refusal.value.is_forbidden
    assert f"`{expected}`" in (refusal.value.hint or "")


def test_a_comment_of_the_greatest_length_is_taken_and_a_longer_one_refused(server, github):
    pull = github.pull_request(_pull(server))
    assert github.most_characters == MOST
    github.add_comment(pull, "x" * MOST)
    with pytest.raises(ForgeError, match="Body is too long") as refusal:
        github.add_comment(pull, "x" * (MOST + 1))
    assert refusal.value.status == 422


def test_a_comment_that_was_deleted_is_missing(server, github):
    pull = github.pull_request(_pull(server))
    comment = github.add_comment(pull, "text")
    github.remove_comment(pull, comment)
    github.remove_comment(pull, comment)
    with pytest.raises(ForgeError) as refusal:
        github.edit_comment(pull, comment, "other")
    assert refusal.value.is_missing


def test_a_wrong_token_is_told_without_it(server):
    github = GitHub.open(REPOSITORY, "ghp_wrong", server.api, server.graphql)
    with github, pytest.raises(ForgeError) as refusal:
        github.pull_request(1)
    assert refusal.value.code == "token-refused"
    assert "ghp_wrong" not in f"{refusal.value} {refusal.value.hint}"


def test_an_answer_of_another_shape_is_no_traceback(server, github):
    server.server.faults.append(Fault("GET", "/pulls/", Reply(200, {"number": 1})))
    with pytest.raises(ForgeError, match="has not the shape of its API"):
        github.pull_request(1)


def test_nobody_at_home_is_told(server, slept):
    server.server.stop()
    github = GitHub.open(REPOSITORY, TOKEN, server.api, server.graphql, slept.append)
    with github, pytest.raises(ForgeError, match="cannot be reached"):
        github.open_issue("x", "x", "x")
    assert slept == [], "whether a write was done is not known"
    with github, pytest.raises(ForgeError, match="cannot be reached"):
        github.pull_request(1)
    assert len(slept) == 4


JOB = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_SHA": HEAD}


def test_a_job_without_a_token_is_told_where_it_is_given():
    with pytest.raises(ForgeError, match="GITHUB_TOKEN is not set") as refusal:
        open_github(JOB)
    assert "github.token" in (refusal.value.hint or "")


EVENTS = {
    "pull request": (
        {"pull_request": {"number": 7, "head": {"sha": HEAD}, "base": {"sha": BASE}}},
        {"number": 7, "head": HEAD, "base": BASE},
    ),
    "push": ({"before": BASE, "after": HEAD}, {"before": BASE}),
    "the first push of a branch has nothing before": ({"before": "0" * 40}, {}),
    "schedule": ({}, {}),
    "an event of another shape": ({"pull_request": "x", "before": None}, {}),
}


@pytest.mark.parametrize("name", EVENTS)
def test_a_job_knows_its_event(name):
    event, expected = EVENTS[name]
    job = read_github_job(JOB, event)
    assert job == replace(read_github_job(JOB, {}), **expected)


def test_the_head_of_a_branch_is_read_by_its_whole_name(server, github):
    server.heads |= {"release": "A" * 40, "release-1": "b" * 40, "team/a b": "c" * 40}
    assert github.branch_head("release") == "a" * 40
    assert github.branch_head("team/a b") == "c" * 40


@pytest.mark.parametrize(
    ("reply", "missing"),
    [
        pytest.param(None, True, id="deleted"),
        pytest.param(
            Reply(301, {"message": "Moved Permanently"}, {"Location": "/branches/main"}),
            False,
            id="renamed: the redirect is not followed",
        ),
        pytest.param(Reply(200, {"name": "old"}), False, id="another shape"),
    ],
)
def test_a_branch_without_a_head_is_an_error_and_never_another_branch(
    server, github, reply, missing
):
    server.heads["main"] = "d" * 40
    if reply is not None:
        server.server.faults.append(Fault("GET", "/branches/old$", reply))
    with pytest.raises(ForgeError) as raised:
        github.branch_head("old")
    assert raised.value.is_missing is missing
