"""Posts plans on a pull request: the comment, the statuses, and the dismissal of old approvals.

Called by `cli`; `workflow.apply_posting` shares the overall status.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from provisioner.catalog.registry import Catalog
from provisioner.documents.ci import CiPlanDocument, PlanOutcome
from provisioner.engine.forge_port import (
    Comment,
    Forge,
    NewStatus,
    PullRequest,
    Status,
    StatusState,
)
from provisioner.model.diagnostic import Diagnostic
from provisioner.model.forge_error import ForgeError
from provisioner.workflow.ci_plan import (
    MARKER,
    Planning,
    PullRequestReview,
    describe_planning,
    newest_statuses,
    read_reviews,
    status_of,
)
from provisioner.workflow.forge_refusals import describe_unwritten
from provisioner.workflow.plan_review import CONTEXT, NamedAccounts
from provisioner.workflow.plan_snapshot import RememberedPlan, take_snapshot, write_snapshots
from provisioner.workflow.sticky_comment import find_comment, write_comment

PROMOTION_CHANGED = "promotion-changed"
"""The code of the diagnostic for a change that reverses the order of promotion."""

_DISMISSAL = "azsec: the plan is not the one that was approved any more."


@dataclass(frozen=True, slots=True)
class Posting:
    """The pull request where plans are posted; `named` are accounts that count like the own one."""

    forge: Forge
    pull_request: PullRequest
    catalog: Catalog
    named: NamedAccounts

    def post(
        self,
        document: CiPlanDocument,
        known: PullRequestReview,
        render: Callable[[int], str],
        url: str | None,
    ) -> tuple[CiPlanDocument, Sequence[Diagnostic]]:
        """Write the comment and the statuses; return the document with what became of them.

        The statuses that the forge refused are returned too. `render` returns the comment's text of
        at most so many characters. Raises ForgeError where the comment cannot be written.

        The statuses come last: a digest never is on the commit before the comment has its plan.
        Where there is nothing to report, only an existing comment is overwritten.
        """
        forge, pull_request = self.forge, self.pull_request
        # The order of promotion is reviewed too, since it is the order of the applies.
        is_noteworthy = any(entry.is_noteworthy for entry in document.environments) or any(
            diagnostic.code == PROMOTION_CHANGED for diagnostic in document.diagnostics
        )
        if is_noteworthy or find_comment(forge, pull_request, MARKER).own:
            written = write_plan_comment(
                forge, pull_request, render, _write_snapshots(document, known)
            )
            document = document.model_copy(update={"comment": written.url})
        return document.model_copy(update={"published": True}), self._set_statuses(document, url)

    def _set_statuses(self, document: CiPlanDocument, url: str | None) -> Sequence[Diagnostic]:
        refusals: list[Diagnostic] = []
        current = newest_statuses(self.forge, self.pull_request, frozenset({self.forge.account()}))
        for entry in document.environments:
            status = status_of(entry, url)
            # GitHub allows 500 content-creating requests an hour: no equal status is set again.
            if not _is_unchanged(current.get(entry.name), status):
                self._set_status(status, refusals)
        overall = overall_status(document, url)
        if refusals:
            description = f"{len(refusals)} of the statuses were not written: run the job again"
            overall = NewStatus(CONTEXT, StatusState.ERROR, description, url)
        self._set_status(overall, refusals)
        return refusals

    def _set_status(self, status: NewStatus, refusals: list[Diagnostic]) -> None:
        try:
            self.forge.set_status(self.pull_request, self.pull_request.head, status)
        except ForgeError as refusal:
            refusals.append(describe_unwritten(f"the status {status.context}", refusal))

    def dismiss(
        self, document: CiPlanDocument, known: PullRequestReview, plannings: Sequence[Planning]
    ) -> CiPlanDocument:
        """Dismiss the approvals of other plans; return the document without them.

        The differences from the plan that they approved stay in it. Raises ForgeError where the
        forge refuses.
        """
        void = {
            (approval.by, approval.commit)
            for entry in document.environments
            if entry.void
            for approval in known.review_of(entry.name).approvals
        }
        approvals = self.forge.approvals(self.pull_request)
        gone = [one for one in approvals if (one.by, one.commit) in void]
        # A dismissed approval no longer satisfies the branch protection: the pull request cannot be
        # merged with it.
        for approval in gone:
            self.forge.dismiss(self.pull_request, approval, _DISMISSAL)
        if not gone:
            return document
        by_name = {planning.name: planning for planning in plannings}
        reviews = read_reviews(
            self.forge,
            self.pull_request,
            list(by_name),
            self.named,
            ignored=frozenset(approval.id for approval in gone),
        )
        entries = tuple(
            describe_planning(
                by_name[entry.name],
                reviews[entry.name],
                known.remembered_of(entry.name),
                self.catalog,
            ).model_copy(update={"comparison": entry.comparison})
            for entry in document.environments
        )
        return document.model_copy(update={"environments": entries})


def write_plan_comment(
    forge: Forge, pull_request: PullRequest, render: Callable[[int], str], snapshots: str
) -> Comment:
    """Write azsec's comment with its snapshots; return it.

    Raises ForgeError where the forge refuses it.
    """
    room = forge.most_characters - len(MARKER) - len(snapshots) - 2
    body = f"{MARKER}\n{render(room)}\n{snapshots}"
    return write_comment(forge, pull_request, MARKER, body)


def _is_unchanged(current: Status | None, new: NewStatus) -> bool:
    return current is not None and (current.state, current.description) == (
        new.state,
        new.description,
    )


def _write_snapshots(document: CiPlanDocument, known: PullRequestReview) -> str:
    others = {entry.name for entry in document.others}
    snapshots = {name: one for name, one in known.remembered.items() if name in others}
    for entry in document.environments:
        if entry.plan is None:
            continue
        before = known.remembered_of(entry.name)
        posted = take_snapshot(entry.plan, document.base or "")
        approvals = known.review_of(entry.name).approvals
        approved = before.of(approvals[0].digest) if approvals else None
        # The approved plan is the one that stands: its snapshot is taken anew, since the comment
        # may have had no room for it.
        if approvals and approvals[0].digest == posted.digest:
            approved = posted
        snapshots[entry.name] = RememberedPlan(posted, approved)
    return write_snapshots(snapshots)


def overall_status(document: CiPlanDocument, url: str | None) -> NewStatus:
    """Return the overall status of all environments.

    Branch protection can require it, since it is set whichever environments a change affects.
    """
    statuses = [status_of(entry, url) for entry in document.environments]
    bad = sum(status.state is not StatusState.SUCCESS for status in statuses)
    changing = sum(entry.outcome is PlanOutcome.CHANGES for entry in document.environments)
    planned = sum(entry.plan is not None for entry in document.environments)
    description = f"{planned} planned, {changing} to apply"
    if not statuses:
        description = "no environment reads what the change touches"
    if any(one.code == PROMOTION_CHANGED for one in document.diagnostics):
        description += ", promotion.yaml changes the order"
    if document.unknown:
        description += f", {len(document.unknown)} not known"
    if document.others:
        description += f", {len(document.others)} by other jobs"
    bad += sum(not entry.went_well for entry in document.others)
    state = StatusState.FAILURE if bad else StatusState.SUCCESS
    if not bad and any(entry.is_pending for entry in document.others):
        state, description = StatusState.PENDING, f"{description}, not all of them done"
    return NewStatus(CONTEXT, state, f"{description}, {bad} not ready" if bad else description, url)
