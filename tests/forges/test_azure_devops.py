"""The adapter of Azure DevOps, against a server with the shapes of its API."""

import time

import pytest
from markdown_it import MarkdownIt

from provisioner.engine.forge_port import NewStatus, PullRequestState, StatusState
from provisioner.forges.azure_devops import AzureDevOps
from provisioner.forges.azure_devops_shapes import hide_comments, show_comments
from provisioner.forges.azure_pipelines_job import (
    is_azure_pipelines_job,
    open_azure_devops,
    read_azure_pipelines_job,
)
from provisioner.model.forge_error import ForgeError
from tests.forges.azure_devops_server import (
    BUILD,
    MOST_CHARACTERS,
    PROJECT,
    REPOSITORY,
    TEAM,
    TOKEN,
    AzureDevOpsServer,
    person,
    refusal,
)
from tests.forges.server import Reply

HEAD, NEWER, BASE, MERGE = "a" * 40, "b" * 40, "c" * 40, "d" * 40
ADA, BOB = "ada@contoso.com", "bob@contoso.com"
VOTE_OF_ADA = {
    "CodeReviewThreadType": "VoteUpdate",
    "CodeReviewVoteResult": "10",
}


@pytest.fixture
def server():
    with AzureDevOpsServer() as running:
        yield running


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def forge(server, pauses):
    with AzureDevOps.open(server.collection, PROJECT, REPOSITORY, TOKEN, pauses.append) as opened:
        yield opened


def test_a_pull_request_is_read(server, forge):
    number = server.open_pull_request(HEAD, BASE)
    server.push(number, NEWER)

    found = forge.pull_request(number)

    assert (found.head, found.base, found.base_branch) == (NEWER, BASE, "main")
    assert (found.state, found.merged, found.is_fork) == (PullRequestState.OPEN, None, False)
    assert found.author == "grace@contoso.com"
    assert found.url == f"{server.collection}{PROJECT}/_git/infrastructure/pullrequest/{number}"


def test_a_fork_and_an_abandoned_one_are_told(server, forge):
    number = server.open_pull_request(HEAD, BASE, fork=True)
    server.abandon(number)

    found = forge.pull_request(number)

    assert found.is_fork
    assert found.state is PullRequestState.CLOSED
    # What stands as the merge is a trial.
    assert found.merged is None


@pytest.mark.parametrize(
    "commit", [pytest.param(MERGE, id="merge commit"), pytest.param(HEAD, id="brought by a rebase")]
)
def test_the_pull_request_of_a_merge_is_found(server, forge, commit):
    number = server.open_pull_request(HEAD, BASE)
    server.complete(number, MERGE)

    (found,) = forge.pull_requests_of(commit)

    assert (found.number, found.merged) == (number, MERGE)
    assert not forge.pull_requests_of("f" * 40)


def test_an_approval_covers_the_iteration_at_the_time_of_the_vote(server, forge):
    number = server.open_pull_request(HEAD, BASE)
    server.vote(number, ADA, 10)
    server.push(number, NEWER)
    server.vote(number, BOB, 5, dashes=False)

    first, second = forge.approvals(forge.pull_request(number))

    assert (first.by, first.commit) == (ADA, HEAD)
    assert (second.by, second.commit) == (BOB, NEWER)
    assert first.at < second.at


@pytest.mark.parametrize(
    "votes",
    [
        pytest.param([10, -5], id="waits for the author by now"),
        pytest.param([10, 0], id="reset"),
        pytest.param([-10], id="rejected"),
    ],
)
def test_a_vote_that_was_taken_back_approves_nothing(server, forge, votes):
    number = server.open_pull_request(HEAD, BASE)
    for vote in votes:
        server.vote(number, ADA, vote)

    assert not forge.approvals(forge.pull_request(number))


@pytest.mark.parametrize("blocking", [True, False])
def test_a_vote_counts_where_a_policy_of_the_branch_requires_it(server, forge, blocking):
    number = server.open_pull_request(HEAD, BASE)
    server.require_reviewers([TEAM, person(ADA)["id"].upper()], blocking=blocking)
    server.vote(number, ADA, 10)
    server.vote(number, BOB, 10, groups=[TEAM])
    server.vote(number, "mallory@contoso.com", 10)

    found = {one.by: one.objection for one in forge.approvals(forge.pull_request(number))}

    assert found["mallory@contoso.com"] is not None, "readers may vote, too"
    assert {by for by, objection in found.items() if objection is None} == (
        {ADA, BOB} if blocking else set()
    )


def test_who_is_marked_as_required_on_the_pull_request_alone_approves_nothing(server, forge):
    number = server.open_pull_request(HEAD, BASE)
    server.vote(number, BOB, 10, groups=[TEAM])

    (found,) = forge.approvals(forge.pull_request(number))

    assert found.objection is not None


def test_a_forged_thread_moves_no_vote(server, forge):
    number = server.open_pull_request(HEAD, BASE)
    server.vote(number, ADA, 10)
    server.push(number, NEWER)
    (genuine,) = forge.approvals(forge.pull_request(number))
    forged = {**VOTE_OF_ADA, "CodeReviewVotedByTfId": genuine.id}
    server.write_thread(number, "mallory@contoso.com", "Ada voted 10", forged)

    (found,) = forge.approvals(forge.pull_request(number))

    assert (found.commit, found.at) == (HEAD, genuine.at)


def test_a_vote_is_reset(server, forge):
    number = server.open_pull_request(HEAD, BASE)
    server.vote(number, ADA, 10)
    pull_request = forge.pull_request(number)
    (approval,) = forge.approvals(pull_request)

    forge.dismiss(pull_request, approval, "the plan is another one")

    assert not forge.approvals(pull_request)


def test_statuses_stand_on_the_iteration_of_their_commit(server, forge):
    number = server.open_pull_request(HEAD, BASE)
    pull_request = forge.pull_request(number)
    forge.set_status(pull_request, HEAD, NewStatus("azsec/prod", StatusState.PENDING, "planning"))
    forge.set_status(pull_request, HEAD, NewStatus("azsec/prod", StatusState.SUCCESS, "sha256:1"))
    server.push(number, NEWER)
    forge.set_status(pull_request, NEWER, NewStatus("azsec", StatusState.FAILURE, "sha256:2"))

    told = [(s.context, s.state, s.description) for s in forge.statuses(pull_request, HEAD)]

    assert told == [
        ("azsec/prod", StatusState.SUCCESS, "sha256:1"),
        ("azsec/prod", StatusState.PENDING, "planning"),
    ]
    (newer,) = forge.statuses(pull_request, NEWER)
    assert (newer.context, newer.creator) == ("azsec", forge.account())
    assert [s["iterationId"] for s in server.statuses(number)] == [1, 1, 2]
    assert server.statuses(number)[0]["context"] == {"name": "prod", "genre": "azsec"}


def test_a_status_of_a_merge_stands_on_the_commit(server, forge):
    number = server.open_pull_request(HEAD, BASE)
    server.complete(number, MERGE)
    pull_request = forge.pull_request(number)

    forge.set_status(pull_request, MERGE, NewStatus("azsec/dev", StatusState.ERROR, "no plan"))

    (found,) = forge.statuses(pull_request, MERGE)
    assert found.state is StatusState.ERROR
    assert not server.statuses(number)


def test_a_comment_is_written_found_and_edited(server, forge):
    number = server.open_pull_request(HEAD, BASE)
    pull_request = forge.pull_request(number)
    server.vote(number, ADA, 10)
    server.write_thread(number, ADA, "looks good")
    body = "<!-- azsec-plan -->\n### Plans\n<!-- azsec-snapshot eJw/+a== -->"

    written = forge.add_comment(pull_request, body)

    told = forge.comments(pull_request)
    assert [c.author for c in told] == [ADA, forge.account()]
    assert told[1] == written
    assert (written.body, written.url) == (
        body,
        f"{pull_request.url}?discussionId={written.id.split('/')[0]}",
    )
    # Azure DevOps shows HTML comments in mails, and an active thread would block the merge.
    (thread,) = (t for t in server.threads(number) if t["comments"][0]["author"] == BUILD)
    assert "<!--" not in thread["comments"][0]["content"]
    assert "status" not in thread
    assert forge.edit_comment(pull_request, written, "<!-- azsec-plan -->\nless").body.endswith(
        "less"
    )


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("<!-- a -->\n### Plans\n<sub>The job</sub>\n<!-- b -->", id="around a text"),
        pytest.param("<!-- a -->\n<!-- b -->\ntext", id="two at the beginning"),
        pytest.param("text\n\n<!-- a -->\n\nmore", id="between empty lines"),
        pytest.param("text `<!-- a -->` text", id="in a text: none"),
    ],
)
def test_markers_are_shown_nowhere_and_come_back(body):
    hidden = hide_comments(body)
    shown = MarkdownIt().render(hidden)

    assert show_comments(hidden) == body
    assert "[//]" not in shown
    assert ("a --" in shown) == ("`" in body)


def test_a_comment_that_somebody_deleted_is_missing(server, forge):
    number = server.open_pull_request(HEAD, BASE)
    pull_request = forge.pull_request(number)
    written = forge.add_comment(pull_request, "text")
    server.delete_comment(number, int(written.id.split("/")[0]))

    assert not forge.comments(pull_request)
    with pytest.raises(ForgeError) as raised:
        forge.edit_comment(pull_request, written, "more")
    assert raised.value.is_missing
    forge.remove_comment(pull_request, written)


def test_a_comment_has_the_size_that_azure_devops_takes(server, forge):
    number = server.open_pull_request(HEAD, BASE)
    pull_request = forge.pull_request(number)
    assert forge.most_characters == MOST_CHARACTERS

    forge.add_comment(pull_request, "x" * MOST_CHARACTERS)
    with pytest.raises(ForgeError, match="cannot be longer than 150000"):
        forge.add_comment(pull_request, "x" * (MOST_CHARACTERS + 1))


def test_lists_are_read_to_their_end(server, forge):
    number = server.open_pull_request(HEAD, BASE)
    pull_request = forge.pull_request(number)
    for index in range(7):
        forge.add_comment(pull_request, f"comment {index}")
    server.page = 3

    assert [c.body for c in forge.comments(pull_request)] == [f"comment {i}" for i in range(7)]


@pytest.mark.parametrize("process", ["Agile", "Scrum"])
def test_a_work_item_follows_the_findings(process):
    with (
        AzureDevOpsServer(process) as server,
        AzureDevOps.open(server.collection, PROJECT, REPOSITORY, TOKEN) as forge,
    ):
        body = "<!-- azsec-drift prod -->\n| a | b |"
        opened = forge.open_issue("azsec: drift in prod", body, "azsec-drift")
        (found,) = forge.issues("azsec-drift")
        assert found == opened
        assert (found.is_open, found.body, found.author) == (True, body, forge.account())

        closed = forge.edit_issue(found, found.title, "repaired", is_open=False)
        forge.add_issue_comment(closed, "<!-- azsec -->\nrepaired by a@b")
        reopened = forge.edit_issue(closed, "again", body, is_open=True)

        assert (closed.is_open, reopened.is_open) == (False, True)
        assert reopened.title == "again"
        (item,) = server.work_items.values()
        assert item["fields"]["System.State"] == "New"
        assert item["multilineFieldsFormat"] == {"System.Description": "Markdown"}
        assert server.work_item_comments[item["id"]] == ["[//]: # (azsec)\nrepaired by a@b"]
        assert opened.url == f"{server.collection}{PROJECT}/_workitems/edit/{opened.id}"


def test_a_tag_that_holds_another_is_no_match(server, forge):
    forge.open_issue("other", "body", "azsec-drift-archive")

    assert not forge.issues("azsec-drift")


NO_PERMISSION = refusal(
    403,
    "TF401027: You need the Git 'PullRequestContribute' permission to perform this action. "
    "Details: identity 'Build\\f57c1f8a', scope 'repository'.",
    "GitNeedsPermissionException",
)


@pytest.mark.parametrize(
    ("reply", "code", "hint"),
    [
        pytest.param(
            NO_PERMISSION, "permission-missing", "'Contribute to pull requests'", id="permission"
        ),
        pytest.param(
            refusal(401, "TF400813: The user '' is not authorized to access this resource."),
            "token-refused",
            "System.AccessToken",
            id="no token",
        ),
        pytest.param(
            Reply(302, headers={"Location": "https://example.org/_signin"}),
            "token-refused",
            "System.AccessToken",
            id="sent to the page to sign in",
        ),
        pytest.param(
            refusal(404, "TF401180: The requested pull request was not found.", "NotFound"),
            "TF401180",
            "resources:",
            id="not found, or not to be seen",
        ),
        pytest.param(
            refusal(409, "TF401181: The pull request cannot be edited due to its state."),
            "TF401181",
            None,
            id="closed meanwhile",
        ),
    ],
)
def test_a_refusal_says_what_to_do(server, forge, reply, code, hint):
    pull_request = forge.pull_request(server.open_pull_request(HEAD, BASE))
    server.refuse("POST", "/threads", reply)

    with pytest.raises(ForgeError) as raised:
        forge.add_comment(pull_request, "text")

    assert raised.value.code == code
    assert hint is None or hint in (raised.value.hint or "")
    assert raised.value.is_forbidden == (code in ("permission-missing", "token-refused"))


def test_a_token_that_is_not_taken_is_told(server):
    with (
        AzureDevOps.open(server.collection, PROJECT, REPOSITORY, "expired") as forge,
        pytest.raises(ForgeError) as raised,
    ):
        forge.account()

    assert raised.value.code == "token-refused"
    assert "expired" not in str(raised.value)


def test_a_rate_limit_is_waited_for(server, forge, pauses):
    number = server.open_pull_request(HEAD, BASE)
    reset = str(int(time.time()) + 30)
    server.refuse(
        "GET",
        f"/pullRequests/{number}",
        refusal(429, "TF400733: The request has been canceled.", headers={"Retry-After": "7"}),
        refusal(
            429, "TF400733: The request has been canceled.", headers={"X-RateLimit-Reset": reset}
        ),
    )

    assert forge.pull_request(number).number == number
    assert pauses[0] == 7
    assert 25 < pauses[1] <= 30


JOB = {
    "TF_BUILD": "True",
    "SYSTEM_COLLECTIONURI": "https://dev.azure.com/contoso/",
    "SYSTEM_TEAMPROJECT": "Shared Platform",
    "BUILD_REPOSITORY_ID": REPOSITORY,
    "BUILD_REPOSITORY_PROVIDER": "TfsGit",
    "BUILD_SOURCEVERSION": MERGE,
    "BUILD_BUILDID": "77",
    "AGENT_TEMPDIRECTORY": "/agent/_temp",
}
REVIEW = {"SYSTEM_PULLREQUEST_PULLREQUESTID": "22", "SYSTEM_PULLREQUEST_SOURCECOMMITID": HEAD}


def test_a_job_knows_its_pull_request():
    told = read_azure_pipelines_job({**JOB, **REVIEW})

    assert is_azure_pipelines_job(JOB)
    assert (told.number, told.head, told.commit) == (22, HEAD, MERGE)
    assert told.url == "https://dev.azure.com/contoso/Shared%20Platform/_build/results?buildId=77"
    assert told.summary == "/agent/_temp/azsec-summary.md"
    assert told.summary_command is not None
    assert told.summary_command.format(file="a.md") == "##vso[task.uploadsummary]a.md"


def test_a_job_of_a_push_has_no_pull_request():
    told = read_azure_pipelines_job(JOB)

    assert (told.number, told.head, told.base) == (None, None, None)


@pytest.mark.parametrize(
    ("environ", "code"),
    [
        pytest.param(JOB, "token-missing", id="no token"),
        pytest.param(
            {**JOB, "BUILD_REPOSITORY_PROVIDER": "GitHub"}, "repository-elsewhere", id="on GitHub"
        ),
        pytest.param({"TF_BUILD": "True"}, "repository-unknown", id="no variables"),
    ],
)
def test_a_job_that_cannot_write_says_why(environ, code):
    with pytest.raises(ForgeError) as raised:
        open_azure_devops(environ)

    assert raised.value.code == code


def test_the_head_of_a_branch_is_read_among_those_that_begin_like_it(server, forge):
    server.heads |= {f"refs/heads/release-{number}": "e" * 40 for number in range(5)}
    server.heads["refs/heads/release"] = NEWER.upper()
    server.heads["refs/heads/team/a b"] = HEAD
    server.page = 2

    assert forge.branch_head("release") == NEWER
    assert forge.branch_head("team/a b") == HEAD


def test_a_deleted_branch_and_a_repository_that_is_not_there_are_missing(server, forge):
    server.heads["refs/heads/release-1"] = HEAD
    with pytest.raises(ForgeError, match="has no branch release") as raised:
        forge.branch_head("release")
    assert raised.value.is_missing

    server.refuse("GET", "/refs", refusal(404, "TF401019: the repository does not exist."))
    with pytest.raises(ForgeError) as raised:
        forge.branch_head("main")
    assert raised.value.is_missing


def test_the_head_of_a_branch_is_read_from_nowhere_else(server, forge):
    away = {"Location": f"{server.collection}_signin"}
    server.refuse("GET", "/refs", Reply(302, headers=away))
    with pytest.raises(ForgeError) as raised:
        forge.branch_head("main")
    assert raised.value.code == "token-refused"
