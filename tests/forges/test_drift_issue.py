"""The issue of an environment over the nights: whoever closes it, and whatever drifts."""

from collections.abc import Iterator

import pytest

from provisioner.documents.ci import EnvironmentDriftDocument, IssueAction
from provisioner.documents.plan import ClusterObjectsDocument, UndeclaredDocument
from provisioner.engine.forge_port import Forge
from provisioner.forges.azure_devops import AzureDevOps
from provisioner.forges.github import GitHub
from provisioner.model.forge_error import ForgeError
from provisioner.reports.drift_issue_markdown import render_drift_issue, render_unseen
from provisioner.workflow.ci_drift import (
    Files,
    IssueText,
    close_issues_of_removed,
    findings_of,
    follow_drift,
    read_issues,
)
from tests.forges.azure_devops_server import PROJECT, AzureDevOpsServer
from tests.forges.azure_devops_server import REPOSITORY as AZURE_REPOSITORY
from tests.forges.azure_devops_server import TOKEN as AZURE_TOKEN
from tests.forges.github_server import REPOSITORY, TOKEN, GitHubServer
from tests.forges.server import Fault, Reply
from tests.reports import documents

DRIFTED = EnvironmentDriftDocument(
    name="prod", path="prod.yaml", drift=documents.DRIFT, findings=findings_of(documents.DRIFT)
)
NIGHT = "2026-11-30T03:00:00Z"
CLEAN = EnvironmentDriftDocument(name="prod", path="prod.yaml", drift=documents.EMPTY_DRIFT)


@pytest.fixture
def server() -> Iterator[GitHubServer]:
    opened = GitHubServer()
    yield opened
    opened.server.stop()


@pytest.fixture
def github(server: GitHubServer) -> Iterator[GitHub]:
    with GitHub.open(REPOSITORY, TOKEN, server.api, server.graphql) as opened:
        yield opened


def render(document: EnvironmentDriftDocument, room: int) -> IssueText:
    return IssueText(
        title=f"Drift in {document.name}",
        drifted=render_drift_issue(document, NIGHT, room) if document.found else "",
        repaired="repaired",
        changed="The findings changed.",
        unseen=render_unseen(document, NIGHT),
    )


def follow(forge: Forge, document: EnvironmentDriftDocument) -> EnvironmentDriftDocument:
    return follow_at(forge, document, f"environments/{document.path}")


def follow_at(
    forge: Forge, document: EnvironmentDriftDocument, path: str, *present: str
) -> EnvironmentDriftDocument:
    issues, _ = read_issues(forge)
    return follow_drift(forge, document, issues, render, path, present.__contains__)


def night(forge: Forge, document: EnvironmentDriftDocument) -> IssueAction:
    return follow(forge, document).action


def close_by_hand(server: GitHubServer) -> None:
    (issue,) = server.issues.values()
    issue["state"] = "closed"


def test_what_comes_back_after_it_was_closed_by_hand_is_reopened(server, github):
    assert night(github, DRIFTED) is IssueAction.OPENED
    close_by_hand(server)
    assert night(github, DRIFTED) is IssueAction.UNCHANGED, "closed while the findings are the same"
    night(github, CLEAN)
    assert night(github, DRIFTED) is IssueAction.REOPENED


def test_other_objects_in_the_cluster_are_other_findings(github):
    def found(*addresses: str) -> EnvironmentDriftDocument:
        cluster = ClusterObjectsDocument(declared=9, source="seen.json", drifted=addresses)
        drift = documents.EMPTY_DRIFT.model_copy(update={"cluster": cluster})
        return EnvironmentDriftDocument(
            name="prod", path="prod.yaml", drift=drift, findings=findings_of(drift)
        )

    assert night(github, found("app/Deployment/web")) is IssueAction.OPENED
    assert night(github, found("app/Deployment/web")) is IssueAction.UNCHANGED
    assert night(github, found("ClusterRoleBinding/everyone")) is IssueAction.UPDATED


def check(*undeclared: UndeclaredDocument, name: str = "prod") -> EnvironmentDriftDocument:
    drift = documents.EMPTY_DRIFT.model_copy(update={"undeclared": undeclared})
    return EnvironmentDriftDocument(
        name=name, path="prod.yaml", drift=drift, findings=findings_of(drift)
    )


KEPT = next(entry for entry in documents.DRIFT.undeclared if entry.kept)
MOVED = KEPT.model_copy(update={"moved": True})
UNREAD = KEPT.model_copy(
    update={"moved": False, "unread": "Resource Graph could not be queried (AuthorizationFailed)"}
)
AGED = KEPT.model_copy(update={"moved": False})
APPLIED = AGED.model_copy(update={"applied": True})


@pytest.mark.parametrize(
    ("later", "said"),
    [
        pytest.param(UNREAD, "AuthorizationFailed", id="the log was refused"),
        pytest.param(AGED, "do not reach back to the change", id="the log aged out"),
    ],
)
def test_a_move_that_the_logs_do_not_tell_any_more_is_not_repaired(server, github, later, said):
    assert night(github, check(MOVED)) is IssueAction.OPENED

    left = follow(github, check(later))
    assert (left.action, left.is_certain) == (IssueAction.LEFT_OPEN, False)
    (issue,) = server.issues.values()
    assert issue["state"] == "open"
    assert "Not closed" in issue["body"]
    assert said in issue["body"]
    (comment,) = server.comments[issue["number"]]
    assert said in comment["body"]

    assert night(github, check(later)) is IssueAction.LEFT_OPEN
    assert len(server.comments[issue["number"]]) == 1, "what is the same is said once"
    assert night(github, check(MOVED)) is IssueAction.UNCHANGED
    assert "Not closed" not in issue["body"]
    assert night(github, check(APPLIED)) is IssueAction.CLOSED


def test_a_move_that_aged_out_is_remembered_beside_other_drift(server, github):
    night(github, check(MOVED))
    other = check(AGED)
    assert other.drift is not None
    drift = other.drift.model_copy(update={"drifted": documents.DRIFT.drifted})
    both = other.model_copy(update={"drift": drift, "findings": findings_of(drift)})

    assert night(github, both) is IssueAction.UPDATED
    (issue,) = server.issues.values()
    assert "do not reach back" in issue["body"]
    assert night(github, check(AGED)) is IssueAction.LEFT_OPEN
    assert night(github, check()) is IssueAction.CLOSED


def test_a_check_that_could_not_be_made_says_so_in_the_open_issue(server, github):
    night(github, DRIFTED)
    broken = EnvironmentDriftDocument(name="broken", path="prod.yaml")

    assert night(github, broken) is IssueAction.LEFT_OPEN, "found by its file"
    (issue,) = server.issues.values()
    assert "no check could be made" in issue["body"]
    assert issue["title"] == "Drift in prod"


def test_an_issue_is_found_without_its_label(server, github):
    assert night(github, DRIFTED) is IssueAction.OPENED
    (issue,) = server.issues.values()
    issue["labels"] = []

    assert night(github, DRIFTED) is IssueAction.UNCHANGED
    assert night(github, CLEAN) is IssueAction.CLOSED
    assert len(server.issues) == 1


def test_a_marker_that_somebody_else_wrote_is_no_issue_of_azsec(server, github):
    night(github, DRIFTED)
    (issue,) = server.issues.values()
    issue["user"] = {"login": "mallory"}

    assert night(github, CLEAN) is IssueAction.NONE
    assert issue["state"] == "open"


def test_more_issues_than_can_be_read_leave_those_with_the_label(server, github):
    night(github, DRIFTED)
    (issue,) = server.issues.values()
    for number in range(1_000, 1_060):
        server.issues[number] = {**issue, "number": number, "labels": [], "body": "other"}
    server.page = 1

    issues, (told,) = read_issues(github)
    assert (len(issues), told.code) == (1, "issues-not-searched")


def left(forge: Forge, *present: str, entries: tuple[EnvironmentDriftDocument, ...] = ()):
    issues, _ = read_issues(forge)

    def explain(name: str, path: str) -> str:
        return f"{path} of {name} is gone."

    files = Files(present.__contains__)
    return [told.code for told in close_issues_of_removed(forge, issues, entries, files, explain)]


def test_the_issue_of_a_deleted_environment_is_closed_with_a_statement(server, github):
    night(github, DRIFTED)
    (issue,) = server.issues.values()

    assert left(github, "environments/prod.yaml") == [], "its file is there, if not to be read"
    assert left(github, entries=(CLEAN,)) == [], "another file has its name now"
    assert issue["state"] == "open"
    assert left(github) == ["environment-gone"]
    assert issue["state"] == "closed"
    assert "environments/prod.yaml of prod is gone" in issue["body"]
    assert left(github) == []


def test_an_issue_that_does_not_say_of_which_file_it_is_is_reported(server, github):
    night(github, DRIFTED)
    (issue,) = server.issues.values()
    marker, _, rest = issue["body"].partition("\n")
    issue["body"] = f"{marker}\n{rest.partition(chr(10))[2]}"

    assert left(github) == ["issue-without-environment"]
    assert issue["state"] == "open"


def test_an_environment_with_another_name_keeps_the_issue_of_its_file(server, github):
    night(github, DRIFTED)
    renamed = DRIFTED.model_copy(update={"name": "prod-eu"})

    followed = follow(github, renamed)
    assert followed.action is IssueAction.UNCHANGED
    (issue,) = server.issues.values()
    assert issue["title"] == "Drift in prod-eu"
    assert left(github, "environments/prod.yaml", entries=(followed,)) == []


def test_work_items_of_another_repository_of_the_project_are_left_alone():
    with (
        AzureDevOpsServer() as server,
        AzureDevOps.open(server.collection, PROJECT, "other", AZURE_TOKEN) as other,
        AzureDevOps.open(server.collection, PROJECT, AZURE_REPOSITORY, AZURE_TOKEN) as forge,
    ):
        assert night(other, DRIFTED) is IssueAction.OPENED
        assert left(forge) == []
        assert night(forge, DRIFTED) is IssueAction.OPENED
        for item in server.work_items.values():
            item["fields"]["System.Tags"] = ""
        assert night(forge, CLEAN) is IssueAction.CLOSED
        assert [one.is_open for one in read_issues(forge)[0]] == [True, False]
        assert left(other) == ["environment-gone"]


def test_two_folders_with_an_environment_of_one_name_have_an_issue_each(server, github):
    paths = ("a/environments/prod.yaml", "b/environments/prod.yaml")
    assert follow_at(github, DRIFTED, paths[0], *paths).action is IssueAction.OPENED
    assert follow_at(github, CLEAN, paths[1], *paths).action is IssueAction.NONE
    assert follow_at(github, DRIFTED, paths[1], *paths).action is IssueAction.OPENED
    assert follow_at(github, CLEAN, paths[0], *paths).action is IssueAction.CLOSED
    assert [issue["state"] for issue in server.issues.values()] == ["closed", "open"]

    # The folder b was moved to c, and its issue is not opened anew.
    moved = follow_at(github, DRIFTED, "c/environments/prod.yaml", paths[0])
    assert moved.action is IssueAction.UNCHANGED
    assert len(server.issues) == 2


def test_a_comment_that_is_refused_is_not_repeated_each_night(server, github):
    night(github, DRIFTED)
    gone = Reply(410, {"message": "This issue was deleted"})
    server.server.faults.append(Fault("PATCH", r"/issues/\d+$", gone))
    with pytest.raises(ForgeError, match="deleted"):
        night(github, CLEAN)
    assert server.comments == {}
    locked = Reply(403, {"message": "Unable to create comment because issue is locked."})
    server.server.faults.append(Fault("POST", r"/comments$", locked))
    with pytest.raises(ForgeError) as refused:
        night(github, CLEAN)
    assert refused.value.hint == "Unlock the conversation."
    assert [issue["state"] for issue in server.issues.values()] == ["closed"]
    assert night(github, CLEAN) is IssueAction.NONE


def test_a_comment_on_an_issue_takes_another_permission_than_one_on_a_pull_request(server, github):
    night(github, DRIFTED)
    denied = Reply(403, {"message": "Resource not accessible by integration"})
    server.server.faults.append(Fault("POST", r"/comments$", denied))
    with pytest.raises(ForgeError) as refused:
        night(github, CLEAN)
    assert "`issues: write`" in str(refused.value.hint)
