"""Default environment variables of a GitHub Actions job, and the event that triggered it."""

from collections.abc import Mapping
from typing import Any

from provisioner.engine.forge_port import Job
from provisioner.forges.github import GitHub
from provisioner.model.forge_error import ForgeError

TOKEN = "GITHUB_TOKEN"
"""Not a default variable: the job passes it, `env: {GITHUB_TOKEN: "${{ github.token }}"}`."""

EVENT = "GITHUB_EVENT_PATH"
"""The file with the webhook payload of the event that triggered the job."""


def is_github_job(environ: Mapping[str, str]) -> bool:
    """Return whether this process is part of a job of GitHub Actions (GITHUB_ACTIONS)."""
    return environ.get("GITHUB_ACTIONS") == "true"


def read_github_job(environ: Mapping[str, str], event: Mapping[str, Any]) -> Job:
    """Return the job that the variables and `event`, the content of the file EVENT, describe.

    The events of a pull request (`pull_request`, `pull_request_review`) check out the commit that
    merges its head into its base; a push has the previous commit of the branch in `before`, which
    is all zeros for a new branch.
    """
    pull_request = _mapping(event.get("pull_request"))
    number = pull_request.get("number")
    base = _mapping(pull_request.get("base"))
    head = _mapping(pull_request.get("head"))
    before = str(event.get("before") or "")
    return Job(
        commit=environ.get("GITHUB_SHA", ""),
        before=before if before.strip("0") else None,
        number=number if isinstance(number, int) else None,
        head=str(head["sha"]).lower() if "sha" in head else None,
        base=str(base["sha"]).lower() if "sha" in base else None,
        branch=_branch_of(environ.get("GITHUB_REF", "")),
        url=_url_of(environ),
        summary=environ.get("GITHUB_STEP_SUMMARY") or None,
        outputs=environ.get("GITHUB_OUTPUT") or None,
    )


def _branch_of(ref: str) -> str | None:
    prefix = "refs/heads/"
    return ref.removeprefix(prefix) if ref.startswith(prefix) else None


def open_github(environ: Mapping[str, str]) -> GitHub:
    """Return the client of the job's repository.

    Raises:
        ForgeError: without a token (`token-missing`) or a repository (`repository-unknown`).
    """
    repository = environ.get("GITHUB_REPOSITORY", "")
    if repository.count("/") != 1:
        raise ForgeError(
            0,
            "repository-unknown",
            "GITHUB_REPOSITORY does not name a repository.",
            "Set it to OWNER/NAME; a job of GitHub Actions has it.",
        )
    token = environ.get(TOKEN, "")
    if not token:
        raise ForgeError(
            0,
            "token-missing",
            f"the variable {TOKEN} is not set, so nothing can be read from or written to GitHub.",
            f'Pass it to the step: `env: {{{TOKEN}: "${{{{ github.token }}}}"}}`, with '
            "`pull-requests: write` and `statuses: write` in `permissions:` of the job.",
        )
    server = environ.get("GITHUB_API_URL") or "https://api.github.com"
    graphql = environ.get("GITHUB_GRAPHQL_URL") or f"{server.rstrip('/')}/graphql"
    return GitHub.open(repository, token, server, graphql)


def _url_of(environ: Mapping[str, str]) -> str | None:
    server, run = environ.get("GITHUB_SERVER_URL"), environ.get("GITHUB_RUN_ID")
    repository = environ.get("GITHUB_REPOSITORY")
    if not (server and run and repository):
        return None
    return f"{server}/{repository}/actions/runs/{run}"


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
