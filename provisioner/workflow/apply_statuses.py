"""Commit statuses of a merged pull request: the results of an apply, and the jobs still to run.

Pure functions, called by `workflow.apply_posting` and `cli`.
"""

from collections.abc import Collection, Mapping

from provisioner.documents.ci import (
    ApplyVerdict,
    CiApplyDocument,
    EnvironmentApplyDocument,
    OtherJobDocument,
)
from provisioner.engine.forge_port import MOST_DESCRIPTION, NewStatus, Status, StatusState
from provisioner.workflow.plan_review import (
    APPLIED,
    APPLYING,
    CONTEXT,
    NEEDS_PERMISSION,
    context_of,
    digest_in,
)

FAILED = "the apply failed"
"""The text after the digest in the status of a plan whose apply failed."""


def overall_applied_status(document: CiApplyDocument, url: str | None) -> NewStatus:
    """Return the overall status of all environments after an apply.

    It is pending while other jobs of the same change are to come.
    """
    bad = [entry.name for entry in document.environments if not entry.went_well]
    bad += [entry.name for entry in document.others if not entry.went_well]
    waiting = [entry.name for entry in document.others if entry.went_well and not entry.is_done]
    if bad:
        state, description = StatusState.FAILURE, f"not applied: {', '.join(bad)}"
    elif waiting:
        state, description = StatusState.PENDING, f"not applied yet: {', '.join(waiting)}"
    else:
        state, description = StatusState.SUCCESS, "applied"
    return NewStatus(CONTEXT, state, description[:MOST_DESCRIPTION], url)


def describe_others(
    statuses: Mapping[str, Status], names: Collection[str]
) -> tuple[OtherJobDocument, ...]:
    """Return the newest statuses of a change's environments that are not among `names`.

    `names` are the environments of the calling job.
    """
    found = []
    for name, status in sorted(statuses.items()):
        digest = digest_in(status.description)
        description = status.description.removeprefix(digest or "").strip()
        well = status.state in (StatusState.SUCCESS, StatusState.PENDING)
        if name not in names:
            pending = status.state is StatusState.PENDING
            found.append(
                OtherJobDocument(
                    name=name, digest=digest, told=description, went_well=well, is_pending=pending
                )
            )
    return tuple(found)


def claimed_status(environment: str, digest: str, url: str | None) -> NewStatus:
    """Return the status that uses up the approvals of a plan before it is applied.

    Its description does not begin with the digest: an approval during the apply covers no plan.
    """
    return NewStatus(context_of(environment), StatusState.PENDING, f"{APPLYING} {digest}", url)


def offers_digest(entry: EnvironmentApplyDocument) -> bool:
    """Return whether the status of an environment offers the digest of a refused plan.

    Whoever approves from then on approves that plan.
    """
    is_refused = entry.verdict is ApplyVerdict.REFUSED and entry.plan is not None
    # A plan that lacks only a permission was approved, so it was shown before.
    return is_refused and not entry.unpermitted


def unshown_status(entry: EnvironmentApplyDocument, url: str | None) -> NewStatus:
    """Return the status of a refused plan that the comment does not show.

    It has no digest, so that nobody approves a plan that they were not shown.
    """
    description = "not the approved plan, and the comment that shows it was not written"
    return NewStatus(context_of(entry.name), StatusState.FAILURE, description, url)


def applied_status(entry: EnvironmentApplyDocument, url: str | None) -> NewStatus | None:
    """Return the status of an environment after an apply, None for one that was not reached.

    It has the digest of a refused plan: whoever approves from now on approves that plan.
    """
    # The digest of a failed apply: the plan was shown, and needs a new approval.
    failed = f"{entry.digest} {FAILED}" if entry.apply is not None else FAILED
    state_and_text = {
        ApplyVerdict.APPLIED: (StatusState.SUCCESS, f"{entry.digest} {APPLIED}"),
        ApplyVerdict.UNCHANGED: (StatusState.SUCCESS, f"{entry.digest} no changes"),
        ApplyVerdict.REFUSED: (StatusState.FAILURE, f"{entry.digest} not the approved plan"),
        ApplyVerdict.FAILED: (StatusState.ERROR, failed),
    }.get(entry.verdict)
    if state_and_text is None:
        return None
    state, description = state_and_text
    if entry.unpermitted:
        # The digest lets a further approval of the same plan count as well.
        description = f"{entry.digest} approved, not applied: {NEEDS_PERMISSION}"
    elif entry.verdict is ApplyVerdict.REFUSED and entry.plan is None:
        first = entry.diagnostics[0].message if entry.diagnostics else "refused"
        description = f"not applied: {first}"
    return NewStatus(context_of(entry.name), state, description[:MOST_DESCRIPTION], url)
