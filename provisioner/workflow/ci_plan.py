"""`azsec ci plan`: the plans of the environments that a pull request affects, for its review.

Called by `cli` and by the workflows of `azsec ci apply`, which read what was planned.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from provisioner.catalog.field import Disruption
from provisioner.catalog.registry import Catalog
from provisioner.documents.ci import (
    ComparisonDocument,
    EnvironmentPlanDocument,
    PlanOutcome,
    PullRequestDocument,
)
from provisioner.documents.document import DiagnosticDocument
from provisioner.documents.plan import Action, PlanDocument
from provisioner.engine.forge_port import (
    MOST_DESCRIPTION,
    Forge,
    NewStatus,
    PullRequest,
    Status,
    StatusState,
)
from provisioner.model.diagnostic import Diagnostic
from provisioner.plan.plan import Plan
from provisioner.workflow.plan_review import (
    CONTEXT,
    NEEDS_PERMISSION,
    NamedAccounts,
    Review,
    Trust,
    context_of,
    read_review,
)
from provisioner.workflow.plan_snapshot import RememberedPlan, compare_snapshot

MARKER = "<!-- azsec-plan -->"
"""The marker with which azsec's comment on a pull request begins."""


@dataclass(frozen=True, slots=True)
class Planning:
    """The result of planning one environment: a plan, or the errors why there is none.

    `is_removed` is true for an environment whose file the change deletes: the plan deletes all that
    it owns.
    """

    name: str
    path: str
    files: tuple[str, ...] = ()
    plan: Plan | None = None
    failures: tuple[Diagnostic, ...] = ()
    is_removed: bool = False


def describe_planning(
    planning: Planning, review: Review, remembered: RememberedPlan, catalog: Catalog
) -> EnvironmentPlanDocument:
    """Return the summary of one environment's plan for a reviewer."""
    outcome = _plan_outcome(planning)
    document = EnvironmentPlanDocument(
        name=planning.name,
        path=planning.path,
        outcome=outcome,
        files=planning.files,
        diagnostics=tuple(DiagnosticDocument.of(failure) for failure in planning.failures),
    )
    if planning.plan is None:
        return document
    plan = planning.plan.document
    needs_review = outcome in (PlanOutcome.CHANGES, PlanOutcome.REFUSED)
    return document.model_copy(
        update={
            "plan": plan,
            "disruption": worst_disruption(plan),
            "widens": _access_granting_changes(plan, catalog),
            "approval": review.approval_of(plan.digest),
            "uncounted": review.uncounted if needs_review else (),
            "void": needs_review and review.is_void(plan.digest),
            "comparison": compare_reviewed(plan, review, remembered) if needs_review else None,
        }
    )


def _plan_outcome(planning: Planning) -> PlanOutcome:
    plan = planning.plan
    if plan is None:
        return PlanOutcome.FAILED
    if planning.is_removed:
        return PlanOutcome.REMOVED if plan.document.summary.changes else PlanOutcome.UNCHANGED
    if not plan.can_apply() or plan.document.gates:
        return PlanOutcome.REFUSED
    return PlanOutcome.CHANGES if plan.document.summary.changes else PlanOutcome.UNCHANGED


def worst_disruption(plan: PlanDocument) -> str | None:
    """Return the worst disruption of running resources by a plan, None where it changes nothing."""
    found = [Disruption(change.disruption) for change in plan.changes]
    return max(found, key=lambda one: one.rank).value if found else None


_GRANTING_ACTIONS = (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.ADOPT)


def _access_granting_changes(plan: PlanDocument, catalog: Catalog) -> tuple[str, ...]:
    """Return the addresses of the changes that grant access (`ResourceType.grants_access`)."""
    return tuple(
        change.address
        for change in plan.changes
        if change.action in _GRANTING_ACTIONS
        # For a type outside the catalog it is unknown.
        and (known := catalog.find(change.type)) is not None
        and known.grants_access
    )


def compare_reviewed(
    plan: PlanDocument, review: Review, remembered: RememberedPlan
) -> ComparisonDocument | None:
    """Return the differences from the approved plan, None where there is none to compare with.

    Where no plan was approved, it compares with the one that was posted last.
    """
    newest = review.approvals[0].digest if review.approvals else None
    digest = newest or (remembered.posted.digest if remembered.posted else None)
    if digest is None:
        return None
    then = remembered.of(digest)
    same = digest == plan.digest
    return ComparisonDocument(
        with_="approved" if newest else "posted",
        digest=digest,
        same=same,
        moved=None if same or then is None else compare_snapshot(then, plan),
    )


def by_weight(entry: EnvironmentPlanDocument) -> tuple[int, int, int, str]:
    """Return the sort key of an environment: the lower, the more its plan needs review."""
    order = (
        PlanOutcome.FAILED,
        PlanOutcome.REMOVED,
        PlanOutcome.REFUSED,
        PlanOutcome.CHANGES,
        PlanOutcome.UNCHANGED,
    )
    rank = Disruption(entry.disruption).rank if entry.disruption else -1
    summary = entry.plan.summary if entry.plan else None
    lost = summary.delete + summary.replace if summary else 0
    # The comment of a forge is bounded in its length: what is cut off is what needs the least
    # review.
    return order.index(entry.outcome), -rank, -lost, entry.name


@dataclass(frozen=True, slots=True)
class PullRequestReview:
    """A pull request when its plans are posted: the reviews by environment, and azsec's comment.

    Of the comment it has what it remembers.
    """

    reviews: Mapping[str, Review]
    remembered: Mapping[str, RememberedPlan]

    def review_of(self, environment: str) -> Review:
        """Return the review of an environment."""
        return self.reviews.get(environment, Review())

    def remembered_of(self, environment: str) -> RememberedPlan:
        """Return the snapshots of an environment in the comment."""
        return self.remembered.get(environment, RememberedPlan())


def read_reviews(
    forge: Forge,
    pull_request: PullRequest,
    environments: Sequence[str],
    named: NamedAccounts,
    *,
    ignored: frozenset[str] = frozenset(),
) -> Mapping[str, Review]:
    """Return the review of each environment.

    `ignored` are the ids of approvals that were just dismissed.
    """
    trust = Trust(named.accounts | {forge.account()}, pull_request.author, named.approvers)
    approvals = [one for one in forge.approvals(pull_request) if one.id not in ignored]
    # An approval covers the digest that stood on its commit before it was given (ADR 0033): that
    # may be an older one.
    commits = {pull_request.head, *(approval.commit for approval in approvals)}
    statuses = {commit: forge.statuses(pull_request, commit) for commit in sorted(commits)}
    return {
        name: read_review(name, approvals, statuses.__getitem__, pull_request.head, trust)
        for name in environments
    }


def posted_environments(
    forge: Forge, pull_request: PullRequest, accounts: frozenset[str]
) -> frozenset[str]:
    """Return the names of the environments for which a trusted account posted a plan."""
    return frozenset(newest_statuses(forge, pull_request, accounts))


def newest_statuses(
    forge: Forge, pull_request: PullRequest, accounts: frozenset[str]
) -> Mapping[str, Status]:
    """Return the newest status that a trusted account set for each environment, by its name."""
    prefix = context_of("")
    found: dict[str, Status] = {}
    for status in forge.statuses(pull_request, pull_request.head):
        if status.context.startswith(prefix) and status.creator in accounts:
            # Forges answer the newest status first; anybody with write access may set one of the
            # same context, so that only those of trusted accounts are looked at.
            found.setdefault(status.context.removeprefix(prefix), status)
    return found


def status_of(entry: EnvironmentPlanDocument, url: str | None) -> NewStatus:
    """Return the status of an environment.

    Its description begins with the digest where the plan may be approved.
    """
    state, description = _state_and_description(entry)
    return NewStatus(context_of(entry.name), state, description[:MOST_DESCRIPTION], url)


def _state_and_description(entry: EnvironmentPlanDocument) -> tuple[StatusState, str]:
    plan = entry.plan
    if plan is None:
        first = entry.diagnostics[0].message if entry.diagnostics else "no plan"
        return StatusState.ERROR, f"no plan: {first}"
    if entry.outcome is PlanOutcome.REMOVED:
        return StatusState.FAILURE, "its file is deleted, and its resources are not destroyed"
    if entry.outcome is PlanOutcome.REFUSED:
        return StatusState.FAILURE, f"the plan cannot be applied: {refusal_reason(plan)}"
    if entry.outcome is PlanOutcome.UNCHANGED:
        return StatusState.SUCCESS, f"{plan.digest} no changes"
    count = plan.summary.changes
    description = f"{plan.digest} {count} change{'' if count == 1 else 's'}, {entry.disruption}"
    if entry.void:
        return StatusState.FAILURE, f"{description}: not the approved plan"
    return (
        StatusState.SUCCESS,
        f"{description}, {NEEDS_PERMISSION}" if plan.deleted else description,
    )


def refusal_reason(plan: PlanDocument) -> str:
    """Return why a plan cannot be applied, in a few words."""
    if plan.summary.blocked:
        return f"{plan.summary.blocked} blocked"
    if plan.gates:
        return "refused by " + ", ".join(f"gate {gate.gate}" for gate in plan.gates)
    return "it has errors"


def pending_statuses(environments: Sequence[str], url: str | None) -> Sequence[NewStatus]:
    """Return the statuses while plans are made.

    They have no digest: whoever approves meanwhile has not seen the plan that is being made.
    """
    return _statuses_for_all(environments, StatusState.PENDING, "planning", url)


def unposted_statuses(environments: Sequence[str], url: str | None) -> Sequence[NewStatus]:
    """Return the statuses where the comment could not be written, so that no plan was shown."""
    description = "not posted: the comment with the plan was not written"
    return _statuses_for_all(environments, StatusState.ERROR, description, url)


def cancelled_statuses(environments: Sequence[str], url: str | None) -> Sequence[NewStatus]:
    """Return the statuses after a job that was cancelled before its plans were made."""
    return _statuses_for_all(environments, StatusState.ERROR, "no plan: the job was cancelled", url)


def _statuses_for_all(
    environments: Sequence[str], state: StatusState, description: str, url: str | None
) -> Sequence[NewStatus]:
    contexts = [*(context_of(name) for name in environments), CONTEXT]
    return [NewStatus(context, state, description, url) for context in contexts]


def describe_pull_request(pull_request: PullRequest) -> PullRequestDocument:
    """Return the document of a pull request."""
    return PullRequestDocument(
        number=pull_request.number,
        url=pull_request.url,
        head=pull_request.head,
        base_branch=pull_request.base_branch,
    )
