"""The statuses on a merged pull request: what an apply did, and what other jobs are still to do."""

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
    CONTEXT,
    NEEDS_PERMISSION,
    context_of,
    digest_in,
)


def overall_applied_status(document: CiApplyDocument, url: str | None) -> NewStatus:
    """Return the status of all environments together after an apply: pending, while other jobs of
    the same change are to come."""
    bad = [entry.name for entry in document.environments if not entry.went_well]
    bad += [entry.name for entry in document.others if not entry.went_well]
    waiting = [entry.name for entry in document.others if entry.went_well and not entry.is_done]
    if bad:
        state, told = StatusState.FAILURE, f"not applied: {', '.join(bad)}"
    elif waiting:
        state, told = StatusState.PENDING, f"not applied yet: {', '.join(waiting)}"
    else:
        state, told = StatusState.SUCCESS, "applied"
    return NewStatus(CONTEXT, state, told[:MOST_DESCRIPTION], url)


def describe_others(
    statuses: Mapping[str, Status], names: Collection[str]
) -> tuple[OtherJobDocument, ...]:
    """Return the environments of a change that are not among `names`, as their newest statuses say;
    `names` are those of the job that asks."""
    found = []
    for name, status in sorted(statuses.items()):
        digest = digest_in(status.description)
        told = status.description.removeprefix(digest or "").strip()
        well = status.state is StatusState.SUCCESS
        if name not in names:
            found.append(OtherJobDocument(name=name, digest=digest, told=told, went_well=well))
    return tuple(found)


def applied_status(entry: EnvironmentApplyDocument, url: str | None) -> NewStatus | None:
    """Return the status of an environment after an apply, None for one whose turn did not come. The
    digest of a refused plan is in it: whoever approves from now on approves that plan."""
    told = {
        ApplyVerdict.APPLIED: (StatusState.SUCCESS, f"{entry.digest} {APPLIED}"),
        ApplyVerdict.UNCHANGED: (StatusState.SUCCESS, f"{entry.digest} no changes"),
        ApplyVerdict.REFUSED: (StatusState.FAILURE, f"{entry.digest} not the approved plan"),
        ApplyVerdict.FAILED: (StatusState.ERROR, "the apply failed"),
    }.get(entry.verdict)
    if told is None:
        return None
    state, description = told
    if entry.unpermitted:
        # With the digest: a further approval of the same plan counts as well.
        description = f"{entry.digest} approved, not applied: {NEEDS_PERMISSION}"
    elif entry.verdict is ApplyVerdict.REFUSED and entry.plan is None:
        first = entry.diagnostics[0].message if entry.diagnostics else "refused"
        description = f"not applied: {first}"
    return NewStatus(context_of(entry.name), state, description[:MOST_DESCRIPTION], url)
