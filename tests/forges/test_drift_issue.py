"""The issue of an environment over the nights: whoever closes it, and whatever drifts."""

from collections.abc import Iterator

import pytest

from provisioner.documents.ci import EnvironmentDriftDocument, IssueAction
from provisioner.documents.plan import ClusterObjectsDocument
from provisioner.forges.github import GitHub
from provisioner.workflow.ci_drift import (
    LABEL,
    IssueText,
    findings_line,
    findings_of,
    follow_drift,
    issue_marker,
)
from tests.forges.github_server import REPOSITORY, TOKEN, GitHubServer
from tests.reports import documents

DRIFTED = EnvironmentDriftDocument(
    name="prod", path="prod.yaml", drift=documents.DRIFT, findings=findings_of(documents.DRIFT)
)
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


def render(document: EnvironmentDriftDocument) -> IssueText:
    head = issue_marker(document.name)
    return IssueText(
        title="Drift in prod",
        drifted=f"{head}\n{findings_line(document.findings)}\n",
        repaired=f"{head}\n{findings_line(None)}\n",
        changed="The findings changed.",
    )


def night(github: GitHub, document: EnvironmentDriftDocument) -> IssueAction:
    return follow_drift(github, document, github.issues(LABEL), render).action


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
