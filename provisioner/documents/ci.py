"""Outcomes of `azsec ci`: plans under review, applies by digest, drift issues."""

from enum import StrEnum
from typing import Literal

from provisioner.documents.apply import ApplyDocument
from provisioner.documents.attribution import AttributionDocument
from provisioner.documents.document import FORMAT_VERSION, DiagnosticDocument, Document
from provisioner.documents.drift import DriftDocument
from provisioner.documents.plan import FieldChangeDocument, PlanDocument
from provisioner.model.diagnostic import Severity


class PlanOutcome(StrEnum):
    """How planning one environment ended.

    CHANGES    there is something to apply, and apply may
    REFUSED    there is something to apply, and it cannot be: blocked, an error, a gate
    UNCHANGED  nothing has to change
    REMOVED    its file is deleted, and resources of it are left in Azure
    FAILED     no plan could be made
    """

    CHANGES = "changes"
    REFUSED = "refused"
    UNCHANGED = "unchanged"
    REMOVED = "removed"
    FAILED = "failed"


class ApprovalDocument(Document):
    """A digest that somebody approved: who, when (ISO 8601, UTC), and on which commit."""

    digest: str
    by: str
    at: str
    commit: str


class UncountedApprovalDocument(Document):
    """An approval that approves no plan, and why."""

    by: str
    reason: str


class MovedChangeDocument(Document):
    """A change of a plan that differs from the reviewed one.

    `then` and `now` are the plan's actions on the resource (null: none), `paths` the properties
    whose change differs.
    """

    address: str
    then: str | None = None
    now: str | None = None
    paths: tuple[str, ...] = ()


class ComparisonDocument(Document):
    """What differs from an earlier plan, as far as azsec's comment on the pull request says.

    `with_` is `approved` or `posted`, `digest` that plan's. `same` is true where both plans have
    one digest. `moved` is None where the comment does not hold enough to tell. `files` are files
    that changed on the target branch since, where that was looked at.
    """

    with_: Literal["approved", "posted"]
    digest: str
    same: bool
    moved: tuple[MovedChangeDocument, ...] | None = None
    files: tuple[str, ...] = ()


class EnvironmentPlanDocument(Document):
    """One environment under review.

    `files` are the changed files that it reads (empty where all environments were asked for).
    `widens` are the addresses whose change grants access or opens a way to somebody.
    `approval` is the newest approval of this very digest; `void` tells that there are approvals and
    none of them is of this digest.
    """

    name: str
    path: str
    outcome: PlanOutcome
    files: tuple[str, ...] = ()
    plan: PlanDocument | None = None
    disruption: str | None = None
    widens: tuple[str, ...] = ()
    approval: ApprovalDocument | None = None
    uncounted: tuple[UncountedApprovalDocument, ...] = ()
    void: bool = False
    comparison: ComparisonDocument | None = None
    diagnostics: tuple[DiagnosticDocument, ...] = ()

    @property
    def is_noteworthy(self) -> bool:
        """Whether a reviewer has something to look at."""
        return self.outcome is not PlanOutcome.UNCHANGED


class PullRequestDocument(Document):
    """The pull request that a run is about: `head` and `base` are commits."""

    number: int
    url: str
    head: str
    base_branch: str


class OtherJobDocument(Document):
    """An environment of the same change that another job plans or applies, by its latest status.

    `told` is the status description without the digest, `is_pending` whether the job still runs.
    """

    name: str
    digest: str | None
    told: str
    went_well: bool
    is_pending: bool = False

    @property
    def is_done(self) -> bool:
        """Whether its job applied it, or had nothing to apply."""
        return self.went_well and self.told in ("applied", "no changes")


class CiPlanDocument(Document):
    """The plans of all environments that a change touches, the worst first.

    `commit` is what was planned, `base` the commit that it is compared with (None:
    `--all-environments`).
    `untouched` are the names of the environments that the change does not touch, `unknown` of those
    that cannot be composed, so that it is not known (`diagnostics` say why), `changed_files`
    how many files it changes, `others` the environments that other jobs plan. `published` tells
    whether the pull request was written to, `comment` is the address of azsec's comment on it
    (None: there is nothing to say).
    """

    kind: Literal["azsec/ci-plan"] = "azsec/ci-plan"
    format_version: str = FORMAT_VERSION
    pull_request: PullRequestDocument | None = None
    commit: str
    base: str | None = None
    changed_files: int = 0
    environments: tuple[EnvironmentPlanDocument, ...] = ()
    untouched: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    others: tuple[OtherJobDocument, ...] = ()
    published: bool = False
    comment: str | None = None
    diagnostics: tuple[DiagnosticDocument, ...] = ()

    @property
    def has_errors(self) -> bool:
        """Whether an error occurred beside the plans: the pull request was not updated."""
        return any(told.severity is Severity.ERROR for told in self.diagnostics)


class ApplyVerdict(StrEnum):
    """How the apply of one environment ended.

    APPLIED    the approved plan was applied
    UNCHANGED  nothing has to change
    REFUSED    what would be applied is not what was approved, or may not be applied
    FAILED     Azure refused a step, or no plan could be made
    NOT_RUN    an environment before it in the order did not end well
    """

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    FAILED = "failed"
    NOT_RUN = "not-run"


class MovedFieldDocument(Document):
    """A property that a plan changes and the approved one does not, or changes differently.

    `field` is the change as it is planned now. `who` is what Azure's logs state of its resource.
    """

    address: str
    id: str
    action: str
    reviewed: str | None = None
    field: FieldChangeDocument | None = None
    who: AttributionDocument | None = None


class EnvironmentApplyDocument(Document):
    """What happened to one environment on merge.

    `approval` is the approval of the digest that was applied, or the newest one. `moved` says, of a
    plan that is not the approved one, what is different now; `comparison` how that is known.
    `unpermitted` are the addresses that the approved plan deletes or replaces, where this run was
    not permitted to.
    """

    name: str
    path: str
    verdict: ApplyVerdict
    digest: str | None = None
    approval: ApprovalDocument | None = None
    uncounted: tuple[UncountedApprovalDocument, ...] = ()
    comparison: ComparisonDocument | None = None
    moved: tuple[MovedFieldDocument, ...] = ()
    unpermitted: tuple[str, ...] = ()
    plan: PlanDocument | None = None
    apply: ApplyDocument | None = None
    diagnostics: tuple[DiagnosticDocument, ...] = ()

    @property
    def went_well(self) -> bool:
        """Whether the environment after it may be applied."""
        return self.verdict in (ApplyVerdict.APPLIED, ApplyVerdict.UNCHANGED)


class CiApplyDocument(Document):
    """The outcome of a merge for the environments that it touches, in the order of promotion.

    `base` is the previous commit of the target branch, where that is known.
    """

    kind: Literal["azsec/ci-apply"] = "azsec/ci-apply"
    format_version: str = FORMAT_VERSION
    pull_request: PullRequestDocument | None = None
    commit: str
    base: str | None = None
    environments: tuple[EnvironmentApplyDocument, ...] = ()
    others: tuple[OtherJobDocument, ...] = ()
    published: bool = False
    comment: str | None = None
    diagnostics: tuple[DiagnosticDocument, ...] = ()

    @property
    def has_errors(self) -> bool:
        """Whether an error occurred beside the applies: the pull request was not updated."""
        return any(told.severity is Severity.ERROR for told in self.diagnostics)


class IssueAction(StrEnum):
    """What a drift check did with the issue of its environment."""

    OPENED = "opened"
    REOPENED = "reopened"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    CLOSED = "closed"
    LEFT_OPEN = "left-open"
    NONE = "none"


class EnvironmentDriftDocument(Document):
    """The drift check of one environment.

    `findings` is a digest of what it found (null: nothing, or no check was possible); `issue` is
    the address of its issue, where there is one.
    """

    name: str
    path: str
    drift: DriftDocument | None = None
    findings: str | None = None
    action: IssueAction = IssueAction.NONE
    issue: str | None = None
    diagnostics: tuple[DiagnosticDocument, ...] = ()

    @property
    def found(self) -> bool:
        """Whether there is drift."""
        return self.drift is not None and self.drift.found

    @property
    def is_certain(self) -> bool:
        """Whether all of the scope was read."""
        has_error = any(told.severity is Severity.ERROR for told in self.diagnostics)
        return self.drift is not None and self.drift.is_certain and not has_error


class CiDriftDocument(Document):
    """The drift checks of a night."""

    kind: Literal["azsec/ci-drift"] = "azsec/ci-drift"
    format_version: str = FORMAT_VERSION
    checked_at: str
    environments: tuple[EnvironmentDriftDocument, ...] = ()
    published: bool = False
    diagnostics: tuple[DiagnosticDocument, ...] = ()

    @property
    def has_errors(self) -> bool:
        """Whether an error occurred beside the checks: an issue was not written."""
        return any(told.severity is Severity.ERROR for told in self.diagnostics)
