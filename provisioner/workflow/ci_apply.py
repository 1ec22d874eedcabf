"""`azsec ci apply`: applies the approved digest of each environment on merge, or nothing.

Each environment is planned again after the merge, and applied only where that plan has the digest
that was approved. Called by `cli`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from provisioner.attribution.statements import Target
from provisioner.documents.apply import ApplyDocument, Outcome
from provisioner.documents.attribution import AttributionDocument, AttributionVerdict
from provisioner.documents.ci import (
    ApplyVerdict,
    CiApplyDocument,
    ComparisonDocument,
    EnvironmentApplyDocument,
    MovedChangeDocument,
    MovedFieldDocument,
    OtherJobDocument,
)
from provisioner.documents.document import DiagnosticDocument
from provisioner.documents.plan import (
    Action,
    FieldChangeDocument,
    PlanDocument,
    ResourceChangeDocument,
)
from provisioner.engine.forge_port import (
    Forge,
    PullRequest,
    PullRequestState,
)
from provisioner.model.azure_error import AzureError
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, GateError, error
from provisioner.model.resource_id import ResourceId
from provisioner.plan.plan import Plan
from provisioner.workflow.ci_plan import compare_reviewed
from provisioner.workflow.plan_review import Review, context_of
from provisioner.workflow.plan_snapshot import RememberedPlan, take_snapshot, write_snapshots

_MOST_MOVED = 200
"""The maximum of fields that a refusal lists; the plan has all of them."""


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment of a merged pull request, with functions that are bound to its cloud.

    `plan` plans it for an apply. `apply` applies a plan, and calls its second argument under the
    lock, before the first write. `find` returns the id of the resource at an address, `attribute`
    who changed resources since a time, `moved_files` which files that it reads changed on the
    target branch since a commit. `permitted` are the digests of the plans that may delete and
    replace.

    `plan` and `apply` raise DiagnosticError and AzureError.
    """

    name: str
    path: str
    plan: Callable[[], Plan]
    apply: Callable[[Plan, Callable[[], None]], ApplyDocument]
    find: Callable[[str], ResourceId | None]
    attribute: Callable[[Sequence[Target], datetime], Mapping[str, AttributionDocument]]
    moved_files: Callable[[str], tuple[str, ...]]
    permitted: frozenset[str] = frozenset()


def find_merged(forge: Forge, commit: str) -> PullRequest:
    """Return the merged pull request whose merge left `commit` on its target branch.

    Raises:
        DiagnosticError: Where there is none (`no-merged-pull-request`): a commit pushed past a pull
            request was not reviewed.
    """
    found = forge.pull_requests_of(commit)
    merged = [one for one in found if one.state is PullRequestState.MERGED]
    # A forge also lists pull requests that only contain the commit, such as a later one that was
    # branched from it. Only the pull request whose merge made the commit was reviewed for it.
    exact = [one for one in merged if one.merged == commit]
    if len(exact) == 1:
        return exact[0]
    others = ", ".join(f"#{one.number} ({one.state.value})" for one in found)
    raise DiagnosticError(
        error(
            "no-merged-pull-request",
            f"{forge.name} knows no pull request whose merge is the commit {commit[:12]}"
            + (f"; it belongs to {others}." if others else "."),
            None,
            "Only what was reviewed in a pull request is applied: check out the commit that the "
            "merge left on the target branch, or open a pull request for what was pushed past one.",
        )
    )


def apply_reviewed(
    environment: Environment,
    review: Review,
    remembered: RememberedPlan,
    claim: Callable[[str, str], None],
) -> EnvironmentApplyDocument:
    """Plan an environment again and apply the plan, if it is an approved one.

    `claim` uses up the approvals of the environment's digest. It raises DiagnosticError where it
    cannot, and then nothing is applied.
    """
    result = EnvironmentApplyDocument(
        name=environment.name,
        path=environment.path,
        verdict=ApplyVerdict.FAILED,
        approval=review.approvals[0] if review.approvals else None,
        uncounted=review.uncounted,
    )
    try:
        plan = environment.plan()
        return _apply_approved(environment, plan, review, remembered, result, claim)
    except GateError as refusal:
        return _with_verdict(result, ApplyVerdict.REFUSED, refusal.diagnostics)
    except DiagnosticError as failure:
        return _with_verdict(result, ApplyVerdict.FAILED, failure.diagnostics)
    except AzureError as failure:
        return _with_verdict(result, ApplyVerdict.FAILED, [error("azure", f"{failure}.")])


def _apply_approved(
    environment: Environment,
    plan: Plan,
    review: Review,
    remembered: RememberedPlan,
    result: EnvironmentApplyDocument,
    claim: Callable[[str, str], None],
) -> EnvironmentApplyDocument:
    document = plan.document
    result = result.model_copy(update={"digest": document.digest})
    # Nothing would be written, so no approval is needed, and none is used up.
    if plan.can_apply() and not document.gates and not document.summary.changes:
        return result.model_copy(update={"verdict": ApplyVerdict.UNCHANGED, "plan": document})
    approval = review.approval_of(document.digest)
    if approval is None:
        return _describe_refusal(environment, document, review, remembered, result)
    result = result.model_copy(update={"approval": approval})
    deleted = document.deleted
    # The approval of a pull request does not permit deletes: a reviewer may overlook a line of a
    # long comment. The run is given the digest by hand (ADR 0033).
    if deleted and document.digest not in environment.permitted:
        result = result.model_copy(update={"plan": document, "unpermitted": deleted})
        return _with_verdict(
            result, ApplyVerdict.REFUSED, [_not_permitted(document.digest, deleted)]
        )
    # Approvals are used up under the environment's lock and before the first write, so that two
    # jobs cannot apply with one approval. An apply that began and wrote nothing takes a new one,
    # too (ADR 0033).
    applied = environment.apply(plan, lambda: claim(environment.name, document.digest))
    failed = applied.count(Outcome.FAILED) or applied.has_errors or applied.interrupted
    verdict = ApplyVerdict.FAILED if failed else ApplyVerdict.APPLIED
    return result.model_copy(update={"verdict": verdict, "apply": applied})


def _not_permitted(digest: str, deleted: Sequence[str]) -> Diagnostic:
    named = ", ".join(deleted[:5])
    more = f" and {len(deleted) - 5} more" if len(deleted) > 5 else ""
    return error(
        "delete-not-permitted",
        f"the approved plan deletes or replaces {named}{more}, which this run was not permitted.",
        None,
        f"If that is meant, run the apply pipeline by hand with the number of this pull request "
        f"and with allow-delete {digest}.",
    )


def _with_verdict(
    result: EnvironmentApplyDocument, verdict: ApplyVerdict, diagnostics: Sequence[Diagnostic]
) -> EnvironmentApplyDocument:
    reported = tuple(DiagnosticDocument.of(diagnostic) for diagnostic in diagnostics)
    return result.model_copy(
        update={"verdict": verdict, "diagnostics": result.diagnostics + reported}
    )


def _describe_refusal(
    environment: Environment,
    plan: PlanDocument,
    review: Review,
    remembered: RememberedPlan,
    result: EnvironmentApplyDocument,
) -> EnvironmentApplyDocument:
    """Return the refusal of a plan without approval, with what differs from the reviewed one."""
    result = result.model_copy(update={"plan": plan})
    if not review.approvals:
        return _with_verdict(
            result, ApplyVerdict.REFUSED, [_not_approved(environment.name, review)]
        )
    comparison = compare_reviewed(plan, review, remembered)
    newest = review.approvals[0]
    then = remembered.of(newest.digest)
    if comparison is not None and then is not None:
        files = environment.moved_files(then.base)
        comparison = comparison.model_copy(update={"files": files})
    moved = _find_moved(environment, plan, comparison, datetime.fromisoformat(newest.at))
    result = result.model_copy(update={"comparison": comparison, "moved": moved})
    return _with_verdict(
        result,
        ApplyVerdict.REFUSED,
        [
            error(
                "plan-moved",
                f"{environment.name}: the plan is now {plan.digest}; {newest.by} approved "
                f"{newest.digest} at {newest.at}.",
                None,
                "Put back what moved and run the job again; or review the new plan, approve the "
                "pull request once more, and run the job again.",
            )
        ],
    )


def _not_approved(name: str, review: Review) -> Diagnostic:
    against = "; ".join(f"{one.by}: {one.reason}" for one in review.uncounted[:5])
    seen = f" These approvals do not count: {against}." if against else ""
    if review.posted is None:
        return error(
            "plan-not-posted",
            f"{name}: no plan was posted on the pull request: the status {context_of(name)} with "
            f"a digest is missing on its head.{seen}",
            None,
            "Run `azsec ci plan` on the pull request, approve it, and run this job again.",
        )
    return error(
        "plan-not-approved",
        f"{name}: there is no approval of the plan {review.posted} that was posted.{seen}",
        None,
        "Approve the pull request once its status has the digest, and run this job again.",
    )


def _find_moved(
    environment: Environment,
    plan: PlanDocument,
    comparison: ComparisonDocument | None,
    since: datetime,
) -> tuple[MovedFieldDocument, ...]:
    """Return how the plan differs from the approved one, property by property, and who changed it.

    Attributions are of writes in Azure since the approval. Where no change differs, or where the
    comment does not have the approved changes, it returns those whose resources were written since:
    a plan's digest also covers what it observed beside its changes.
    """
    changes = {change.address: change for change in plan.changes}
    moved = comparison.moved if comparison is not None else None
    has_fields = bool(moved)
    if not moved:
        then = None if moved is None else "the same"
        moved = tuple(
            MovedChangeDocument(address=each, then=then, now=one.action.value)
            for each, one in changes.items()
        )
    ids = {one.address: _find_resource_id(one.address, changes, environment) for one in moved}
    targets = [
        Target(
            resource,
            missing=has_fields and one.now == Action.CREATE and one.then is None,
            paths=tuple(field.path for field in _moved_fields(changes.get(one.address), one)),
        )
        for one in moved
        if (resource := ids[one.address]) is not None
    ]
    attributions = environment.attribute(targets, since)
    rows: list[MovedFieldDocument] = []
    for one in moved:
        resource = ids[one.address]
        wrote = attributions.get(resource.key) if resource else None
        change = changes.get(one.address) if has_fields else None
        if has_fields or (wrote is not None and wrote.writers):
            rows += _moved_field_documents(one, change, resource, wrote)
    return tuple(rows[:_MOST_MOVED])


def _find_resource_id(
    address: str, changes: Mapping[str, ResourceChangeDocument], environment: Environment
) -> ResourceId | None:
    change = changes.get(address)
    return ResourceId.parse(change.id) if change else environment.find(address.partition(" ")[0])


def _moved_fields(
    change: ResourceChangeDocument | None, moved: MovedChangeDocument
) -> list[FieldChangeDocument]:
    if change is None or change.action is Action.CREATE:
        return []
    paths = set(moved.paths)
    return [field for field in change.fields if not paths or field.path in paths]


def _moved_field_documents(
    moved: MovedChangeDocument,
    change: ResourceChangeDocument | None,
    resource: ResourceId | None,
    who: AttributionDocument | None,
) -> list[MovedFieldDocument]:
    row = MovedFieldDocument(
        address=moved.address,
        id=resource.text if resource else "",
        action=moved.now or "none",
        reviewed=moved.then,
        who=None if who is None or who.verdict is AttributionVerdict.NOT_LOGGED else who,
    )
    fields = _moved_fields(change, moved)
    return [row.model_copy(update={"field": field}) for field in fields] or [row]


def not_run(name: str, path: str, because: str) -> EnvironmentApplyDocument:
    """Return the document of an environment that was not reached."""
    result = EnvironmentApplyDocument(name=name, path=path, verdict=ApplyVerdict.NOT_RUN)
    reason = error("not-run", f"{name} comes after {because}, which did not end well.")
    return _with_verdict(result, ApplyVerdict.NOT_RUN, [reason])


def not_yet(name: str, path: str, other: OtherJobDocument) -> EnvironmentApplyDocument:
    """Return the document of an environment that waits for one that another job has not applied."""
    result = EnvironmentApplyDocument(name=name, path=path, verdict=ApplyVerdict.NOT_RUN)
    reason = error(
        "promotion-order",
        f"{name} comes after {other.name} in promotion.yaml, and {other.name} is not applied: "
        f"{other.told}.",
        None,
        f"Apply {other.name} first, then run this job again.",
    )
    return _with_verdict(result, ApplyVerdict.NOT_RUN, [reason])


def refuse(name: str, path: str, reason: Diagnostic) -> EnvironmentApplyDocument:
    """Return the document of an environment that is refused before it is planned."""
    result = EnvironmentApplyDocument(name=name, path=path, verdict=ApplyVerdict.REFUSED)
    return _with_verdict(result, ApplyVerdict.REFUSED, [reason])


def fail(name: str, path: str, reason: Diagnostic) -> EnvironmentApplyDocument:
    """Return the document of an environment that could not be planned."""
    result = EnvironmentApplyDocument(name=name, path=path, verdict=ApplyVerdict.FAILED)
    return _with_verdict(result, ApplyVerdict.FAILED, [reason])


def describe_removal(name: str, path: str, plan: Plan | None) -> EnvironmentApplyDocument:
    """Return the document of an environment whose file a merge deleted.

    `plan` is the plan of its destruction, None where none could be made.
    """
    result = EnvironmentApplyDocument(name=name, path=path, verdict=ApplyVerdict.REFUSED)
    if plan is not None and not plan.document.summary.changes:
        return result.model_copy(update={"verdict": ApplyVerdict.UNCHANGED})
    left = "what it owns"
    if plan is not None:
        count = plan.document.summary.changes
        left = f"{count} resource{'' if count == 1 else 's'} of it"
    return _with_verdict(
        result,
        ApplyVerdict.REFUSED,
        [
            error(
                "environment-removed",
                f"{path} is deleted, and {left} stays in Azure: a merge destroys nothing.",
                None,
                f"Restore the file, run `azsec destroy {name}`, and delete it again.",
            )
        ],
    )


def remember_applied(document: CiApplyDocument, remembered: Mapping[str, RememberedPlan]) -> str:
    """Return what the comment remembers after an apply: approved and refused plans."""
    result = dict(remembered)
    for entry in document.environments:
        if entry.plan is None:
            continue
        before = remembered.get(entry.name, RememberedPlan())
        approved = before.of(entry.approval.digest) if entry.approval else None
        result[entry.name] = RememberedPlan(
            take_snapshot(entry.plan, document.base or ""), approved
        )
    return write_snapshots(result)
