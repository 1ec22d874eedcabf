"""Checks of `azsec ci plan` and `ci apply`: rival pull requests, and the order of promotion."""

from collections.abc import Sequence
from contextlib import suppress

from provisioner.blueprint.file_schemas import load_file
from provisioner.blueprint.promotion import PromotionFile
from provisioner.cli.ci_environments import PROMOTION, list_environments, name_of, read_stages
from provisioner.cli.git import CommittedFiles, is_ancestor, merges
from provisioner.cli.workspace import FileSources
from provisioner.engine.forge_port import (
    MOST_DESCRIPTION,
    Forge,
    Job,
    NewStatus,
    PullRequest,
    PullRequestState,
    StatusState,
)
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error, warning
from provisioner.model.forge_error import ForgeError
from provisioner.workflow.ci_posting import PROMOTION_CHANGED
from provisioner.workflow.plan_review import CONTEXT


def reason_against(pull_request: PullRequest, job: Job, commit: str) -> str | None:
    """Return why plans of `commit` are not posted on a pull request, None where they may be.

    Raises:
        DiagnosticError: Where a job of a pull request has not checked out its head.
    """
    if pull_request.state is PullRequestState.CLOSED:
        return "was closed without a merge, so nothing is posted on it"
    if pull_request.state is PullRequestState.MERGED:
        merged = pull_request.merged
        if merged is not None and is_ancestor(merged, commit):
            return None
        return "was merged meanwhile, so the plan of its branch is not posted"
    head = job.head if job.number == pull_request.number else None
    if head is not None and head != pull_request.head:
        return f"has a newer commit ({pull_request.head[:12]}), whose job posts its plans"
    if merges(commit, pull_request.head):
        return None
    if head is not None:
        raise DiagnosticError(_not_checked_out(pull_request))
    return f"has the head {pull_request.head[:12]}, which is not what is checked out"


def _not_checked_out(pull_request: PullRequest) -> Diagnostic:
    return error(
        "not-checked-out",
        f"the job is of pull request {pull_request.number}, and its head {pull_request.head[:12]} "
        "is not in what is checked out.",
        None,
        "Run the job on `pull_request`, whose checkout has it: `pull_request_target` checks out "
        "the target branch, and gives secrets to what others wrote.",
    )


def say_not_ready(
    forge: Forge, pull_request: PullRequest, reason: Diagnostic, url: str | None
) -> None:
    """Set the status of all environments to failed, as far as the job may."""
    told = f"not planned: {reason.message}"[:MOST_DESCRIPTION]
    with suppress(ForgeError):
        status = NewStatus(CONTEXT, StatusState.FAILURE, told, url)
        forge.set_status(pull_request, pull_request.head, status)


def find_rivals(forge: Forge, pull_request: PullRequest) -> Diagnostic | None:
    """Return why the statuses of a pull request would be those of another one too, None otherwise.

    An open pull request into another branch may have the same head, and the forge keeps statuses by
    commit. GitHub lists the open pull requests of a commit that is not in the default branch ("List
    pull requests associated with a commit").
    """
    if not forge.shares_statuses:
        return None
    others = [
        f"#{one.number} (into {one.base_branch})"
        for one in forge.pull_requests_of(pull_request.head)
        if one.state is PullRequestState.OPEN
        and one.number != pull_request.number
        and one.head == pull_request.head
        and one.base_branch != pull_request.base_branch
    ]
    if not others:
        return None
    return error(
        "shared-head",
        f"the head of #{pull_request.number} is that of {', '.join(others)} too, and {forge.name} "
        "keeps statuses by commit",
        None,
        "Close one of them, or push a commit to its branch, and run the job again.",
    )


def changes_order(base: str) -> bool:
    """Return whether the order of promotion differs from that at a commit.

    Raises DiagnosticError for an invalid file.
    """
    known = [name_of(path, FileSources()) for path in list_environments()]
    return read_stages(known) != _stages_at(base)


def describe_order(base: str | None) -> Diagnostic | None:
    """Return how a change affects the order of promotion, None where it does not.

    Raises DiagnosticError for an invalid file: an apply would stop at it after the merge.
    """
    known = [name_of(path, FileSources()) for path in list_environments()]
    now = read_stages(known)
    then = _stages_at(base) if base is not None else now
    if now == then:
        return None
    return warning(
        PROMOTION_CHANGED,
        f"{PROMOTION} changes the order in which environments are applied: "
        f"{_describe_stages(then)} becomes {_describe_stages(now)}",
        None,
        "Review it with the plans. Approvals of earlier commits do not count on merge.",
    )


def _stages_at(commit: str) -> Sequence[Sequence[str]] | None:
    try:
        file, _ = load_file(PromotionFile, PROMOTION, CommittedFiles(commit))
    except DiagnosticError:
        return None
    return file.stages


def _describe_stages(stages: Sequence[Sequence[str]] | None) -> str:
    if stages is None:
        return "the order of names"
    return ", then ".join(" and ".join(stage) for stage in stages)
