"""The documents of reports that the outputs are tested with."""

from datetime import UTC, datetime

from provisioner.documents.access import (
    AccessDocument,
    AccessQuestionDocument,
    AccessState,
    AssignedRoleDocument,
    GrantDocument,
    PrincipalDocument,
)
from provisioner.documents.census import ClusterCensusDocument
from provisioner.documents.document import DiagnosticDocument
from provisioner.documents.report import (
    EnvironmentReportDocument,
    PostureDocument,
    ReportDocument,
    TallyDocument,
)
from provisioner.model.diagnostic import Severity
from provisioner.reports.json_text import render_json
from provisioner.workflow.report import Sections, compose_report
from provisioner.workflow.report_history import read_history, with_trends
from tests.reports.control_documents import ATTESTED, CHECK, COMPLIANCE, UNREAD, finding
from tests.reports.documents import DRIFT, ENVIRONMENT, GRAPH

NOW = datetime(2027, 3, 20, 6, 0, tzinfo=UTC)
MOMENT = "2027-03-20T06:00:00Z"

ACCESS = AccessDocument(
    environment=ENVIRONMENT,
    state=AccessState.ACTUAL,
    question=AccessQuestionDocument(),
    assignments=1,
    grants=(
        GrantDocument(
            principal=PrincipalDocument(id="9d4f2c61-0b7a-4e53-8c1d-2f6a7b8c9d0e", type="User"),
            role=AssignedRoleDocument(id="8e3af657", name="Owner", known=True),
            scope="/subscriptions/1",
            scope_name="subscription 1",
            inherited=False,
            capability="administers access",
            assignment="/subscriptions/1/providers/Microsoft.Authorization/roleAssignments/a",
            declared=False,
        ),
    ),
)

OBSERVED = CHECK.model_copy(
    update={
        "state": "actual",
        "census": CHECK.census.model_copy(
            update={
                "cluster": ClusterCensusDocument(
                    source="seen.json", read_on="2027-03-17", objects={"Pod": 12}, uid="4f1c"
                )
            }
        ),
        "results": (
            *CHECK.results[:3],
            CHECK.results[3].model_copy(
                update={
                    "verdict": "pass",
                    "outstanding": "",
                    "findings": (
                        *CHECK.results[3].findings,
                        finding(
                            "pass",
                            "kubernetes.Node[one]",
                            "kubernetes.CLU-07",
                            "3.1.1 passes",
                            None,
                        ),
                    ),
                }
            ),
            *CHECK.results[4:-1],
            *ATTESTED.results,
        ),
    }
)


def make_report(*environments: EnvironmentReportDocument) -> ReportDocument:
    return ReportDocument(generated_at=MOMENT, environments=environments)


def posture(at: str, failing: tuple[str, ...], **said) -> PostureDocument:
    tally = TallyDocument(
        name="all", title="All controls", applicable=6, passed=6 - len(failing), failed=len(failing)
    )
    return PostureDocument(
        **{"at": at, "state": "actual", "tally": tally, "failing": failing, **said}
    )


def earlier(at: str, failing: tuple[str, ...], environment=ENVIRONMENT, **said) -> str:
    """Return the JSON of an earlier report in which these controls failed."""
    return render_json(
        make_report(
            EnvironmentReportDocument(
                name=ENVIRONMENT.name,
                state="actual",
                environment=environment,
                posture=posture(at, failing, **said),
            )
        )
    )


ACTUAL = compose_report(OBSERVED, Sections((COMPLIANCE,), GRAPH, ACCESS, DRIFT), NOW)
DESIRED = compose_report(CHECK, Sections((COMPLIANCE,), GRAPH), NOW)
PARTIAL = compose_report(UNREAD, Sections(), NOW)
FAILED = EnvironmentReportDocument(
    name="staging",
    state="actual",
    diagnostics=(
        DiagnosticDocument(
            severity=Severity.ERROR,
            code="waiver-expired",
            message="NET-10 was waived until 2027-03-01 by platform@contoso.example.",
            place="environments/staging.yaml:40:5",
            hint="Satisfy the control, or extend the waiver.",
        ),
    ),
)
REPORT = with_trends(
    make_report(ACTUAL),
    read_history(
        {
            "1.json": earlier("2027-02-27T06:00:00Z", ("CLU-01.4", "MON-01")),
            "2.json": earlier("2027-03-06T06:00:00Z", ("CLU-01.4", "MON-01")),
            "3.json": earlier("2027-03-13T06:00:00Z", ("CLU-01.4", "MON-01")),
            "notes.json": "{}",
        }
    ),
)
DEV = PARTIAL.model_copy(
    update={"name": "dev", "environment": ENVIRONMENT.model_copy(update={"name": "dev"})}
)
FLEET = make_report(ACTUAL, DEV, FAILED)
SMALL = make_report(compose_report(CHECK, Sections(), NOW))
