"""The merge that `azsec ci apply` runs for: its pull request, its changes, and newer commits.

A plan is applied only while its commit is what the target branch has. `cli.ci_apply` calls it.
"""

from collections.abc import Sequence

from provisioner.cli.ci_environments import select_touched
from provisioner.cli.git import has_commit, is_ancestor, is_shallow, merged_commit, parent_of
from provisioner.cli.workspace import load_catalog
from provisioner.engine.forge_port import Forge, Job, PullRequest, PullRequestState
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error
from provisioner.workflow.ci_apply import find_merged


def find_merge(forge: Forge, job: Job, commit: str, number: int | None) -> PullRequest:
    """Return the pull request whose merge is to be applied: that of `commit`, or the one named.

    Raises DiagnosticError too where there is none, and where its merge is not part of `commit`.

    Raises:
        DiagnosticError: Where it was merged into another branch than the one that the job runs for:
            what was reviewed for one branch was not reviewed for another.
    """
    found = (
        find_merged(forge, commit) if number is None else _pull_request_named(forge, commit, number)
    )
    if job.branch == found.base_branch:
        return found
    here = f"the branch {job.branch}" if job.branch else "no branch (a tag, or a pull request)"
    raise DiagnosticError(
        error(
            "other-branch",
            f"pull request {found.number} was merged into {found.base_branch}, and this job runs "
            f"for {here}.",
            None,
            f"Open a pull request into {job.branch or 'the branch'} that is applied from, have it "
            "reviewed, and merge it.",
        )
    )


def _pull_request_named(forge: Forge, commit: str, number: int) -> PullRequest:
    found = forge.pull_request(number)
    merged = found.merged
    is_here = merged is not None and is_ancestor(merged, commit)
    if found.state is PullRequestState.MERGED and is_here:
        return found
    raise DiagnosticError(
        error(
            "not-merged",
            f"pull request {found.number} is {found.state.value}, or its merge is not part of "
            f"{commit[:12]}.",
            None,
            "Check out the target branch after the merge.",
        )
    )


def find_before(forge: Forge, pull_request: PullRequest, before: str | None, commit: str) -> str:
    """Return the commit that the target branch had before the merge.

    `before` is what the job states of it. Where the job does not state it, a merge commit has it as
    its first parent. A squash leaves one commit and a rebase as many as it moved, which git cannot
    distinguish: the forge reports which commit it merged into, or which commits are the pull
    request's.

    Raises ForgeError where the forge refuses.

    Raises:
        DiagnosticError: Where it is not known, or git does not have it: what the merge changed is
            then not known.
    """
    merged = pull_request.merged or commit
    if before is not None and is_ancestor(before, commit) and not is_ancestor(merged, before):
        return before
    is_cut = before is not None and not has_commit(before) and is_shallow()
    found = None if is_cut else _find_target(forge, pull_request, merged)
    if found is not None:
        return found
    raise DiagnosticError(
        error(
            "no-base",
            f"git does not have the commit before {commit[:12]} here, so what the merge changed is "
            "not known.",
            None,
            "Fetch the history: `fetch-depth: 0` of actions/checkout, `fetchDepth: 0` of an Azure "
            "Pipelines checkout.",
        )
    )


_MOST_COMMITS = 250
"""More than GitHub merges by rebase (100 commits)."""


def _find_target(forge: Forge, pull_request: PullRequest, merged: str) -> str | None:
    """Return the commit that a merge was made on, None where that cannot be determined."""
    parent = parent_of(merged)
    if parent is None or merged_commit(merged) is not None:
        return parent
    if forge.states_target:
        return pull_request.base if is_ancestor(pull_request.base, parent) else None
    for _ in range(_MOST_COMMITS):
        if all(one.number != pull_request.number for one in forge.pull_requests_of(parent)):
            return parent
        earlier = parent_of(parent)
        if earlier is None:
            return None
        parent = earlier
    return None


def find_earliest(pull_request: PullRequest, base: str) -> str:
    """Return the commit that the forge compares the pull request with, otherwise `base`.

    It differs where the merge may have left more than one commit behind `base` (a rebase).
    """
    merged, stated = pull_request.merged, pull_request.base
    if merged is None or merged_commit(merged) is not None:
        return base
    return stated if is_ancestor(stated, base) else base


def find_newer(
    forge: Forge, pull_request: PullRequest, commit: str, path: str
) -> Diagnostic | None:
    """Return why an environment must not be applied from `commit`, None where it may.

    Either the target branch has later commits that touch what the environment reads, or git does
    not have them.
    """
    branch = pull_request.base_branch
    head = forge.branch_head(branch)
    if head == commit:
        return None
    files = _changed_since(commit, head, path)
    if files is not None and not files:
        return None
    if files:
        told = f"touches files that {path} reads ({', '.join(files[:5])})"
    else:
        told = "is not known here to follow it"
    return error(
        "branch-moved",
        f"{branch} is at {head[:12]}, past the checked out {commit[:12]}, and {told}.",
        None,
        f"The job of the newest merge applies both. To apply this one, check out {branch} and run "
        f"`azsec ci apply --pull-request {pull_request.number}`.",
    )


def _changed_since(commit: str, head: str, path: str) -> Sequence[str] | None:
    """Return the changed files that an environment reads, None where git lacks the commits."""
    if not has_commit(head) or not is_ancestor(commit, head):
        return None
    found = select_touched([path], commit, head, load_catalog(), all_named=True)
    return [file for one in found.touched for file in one.files]
