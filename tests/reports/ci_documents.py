"""Documents of `azsec ci`: every way in which an environment can end."""

from provisioner.documents.attribution import (
    AttributionDocument,
    AttributionVerdict,
    WriterDocument,
)
from provisioner.documents.ci import (
    ApplyVerdict,
    ApprovalDocument,
    CiApplyDocument,
    CiPlanDocument,
    ComparisonDocument,
    EnvironmentApplyDocument,
    EnvironmentDriftDocument,
    EnvironmentPlanDocument,
    MovedChangeDocument,
    MovedFieldDocument,
    PlanOutcome,
    PullRequestDocument,
    UncountedApprovalDocument,
)
from provisioner.documents.document import DiagnosticDocument
from provisioner.model.diagnostic import Severity
from tests.reports import documents

_PULL_REQUEST = PullRequestDocument(
    number=7, url="https://example.com/7", head="a" * 40, base_branch="main"
)
_APPROVAL = ApprovalDocument(
    digest="sha256:" + "2" * 64, by="grace", at="2026-11-30T12:00:00Z", commit="b" * 40
)
_UNCOUNTED = UncountedApprovalDocument(by="ada", reason="the author's own approval does not count")
_MOVED = tuple(
    MovedChangeDocument(address=f"hub.firewall[{number}]", then=then, now=now, paths=paths)
    for number, (then, now, paths) in enumerate(
        (
            (None, "create", ()),
            ("create", None, ()),
            ("update", "replace", ()),
            ("update", "update", ("properties.a.b", "properties.c", "tags.d", "tags.e")),
        )
    )
)
_BROKEN = DiagnosticDocument(
    severity=Severity.ERROR,
    code="invalid",
    message="this is not valid YAML.",
    place="a.yaml:1:1",
    hint="Correct the syntax.",
)
_COMPARISON = ComparisonDocument(
    with_="approved",
    digest=_APPROVAL.digest,
    same=False,
    moved=_MOVED,
    files=("blueprints/hub.yaml", "environments/prod.yaml"),
)


def _plan(name: str, outcome: PlanOutcome, **more: object) -> EnvironmentPlanDocument:
    return EnvironmentPlanDocument.model_validate(
        {"name": name, "path": f"environments/{name}.yaml", "outcome": outcome, **more}
    )


CI_PLAN = CiPlanDocument(
    pull_request=_PULL_REQUEST,
    commit="c" * 40,
    base="d" * 40,
    changed_files=3,
    environments=(
        _plan("broken", PlanOutcome.FAILED, diagnostics=(_BROKEN,)),
        _plan("gone", PlanOutcome.REMOVED, plan=documents.PLAN, disruption="data lost"),
        _plan("prod", PlanOutcome.REFUSED, plan=documents.PLAN, disruption="data lost"),
        _plan(
            "staging",
            PlanOutcome.CHANGES,
            plan=documents.PLAN,
            disruption="connections drop",
            widens=("hub.role", "spoke.token"),
            uncounted=(_UNCOUNTED,),
            void=True,
            comparison=_COMPARISON,
        ),
        _plan(
            "dev",
            PlanOutcome.CHANGES,
            plan=documents.PLAN,
            disruption="no disruption",
            approval=_APPROVAL,
        ),
        _plan("same", PlanOutcome.UNCHANGED, plan=documents.EMPTY_PLAN),
    ),
    untouched=("tools",),
    published=True,
    diagnostics=(_BROKEN,),
)

_WHO = AttributionDocument(
    verdict=AttributionVerdict.WRITTEN,
    since="2026-11-30T12:00:00Z",
    writers=(
        WriterDocument(
            actor="mallory@contoso.com",
            client="Azure CLI",
            at="2026-11-30T13:00:00Z",
            correlation_id="c" * 36,
        ),
    ),
)


def _applied(name: str, verdict: ApplyVerdict, **more: object) -> EnvironmentApplyDocument:
    return EnvironmentApplyDocument.model_validate(
        {"name": name, "path": f"environments/{name}.yaml", "verdict": verdict, **more}
    )


CI_APPLY = CiApplyDocument(
    pull_request=_PULL_REQUEST,
    commit="c" * 40,
    environments=(
        _applied("dev", ApplyVerdict.APPLIED, digest=_APPROVAL.digest, approval=_APPROVAL),
        _applied("same", ApplyVerdict.UNCHANGED, digest=_APPROVAL.digest),
        _applied("broken", ApplyVerdict.FAILED, diagnostics=(_BROKEN,)),
        _applied(
            "prod",
            ApplyVerdict.REFUSED,
            digest="sha256:" + "1" * 64,
            approval=_APPROVAL,
            comparison=_COMPARISON,
            plan=documents.PLAN,
            moved=tuple(
                MovedFieldDocument(
                    address=change.address,
                    id=change.id,
                    action=change.action.value,
                    reviewed=None,
                    field=field,
                    who=_WHO,
                )
                for change in documents.PLAN.changes
                for field in change.fields[:1]
            ),
        ),
        _applied("late", ApplyVerdict.NOT_RUN, diagnostics=(_BROKEN,)),
    ),
    published=True,
)

CI_DRIFT = EnvironmentDriftDocument(
    name="prod", path="environments/prod.yaml", drift=documents.DRIFT, findings="sha256:" + "3" * 64
)
