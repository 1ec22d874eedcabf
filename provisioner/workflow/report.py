"""`azsec report`: one document of the results of check, frameworks, graph, access and drift.

Called by `cli`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from provisioner.attribution.window import Window
from provisioner.catalog.registry import Catalog
from provisioner.controls.evaluation import UnknownReason
from provisioner.controls.frameworks import Framework
from provisioner.controls.verdict import Verdict
from provisioner.documents.access import AccessDocument, AccessState
from provisioner.documents.census import UnreadableDocument
from provisioner.documents.controls import CheckDocument, ComplianceDocument, ResultDocument
from provisioner.documents.document import DiagnosticDocument
from provisioner.documents.drift import DriftDocument
from provisioner.documents.graph import GraphDocument
from provisioner.documents.plan import ClusterObjectsDocument
from provisioner.documents.report import (
    AnswerSource,
    EnvironmentReportDocument,
    OmittedDocument,
    PostureDocument,
    TallyDocument,
)
from provisioner.documents.trace import StateKind
from provisioner.engine.ports import Source
from provisioner.model.azure_error import AzureError
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.workflow.access import explain_access
from provisioner.workflow.access_question import Question
from provisioner.workflow.attribution import attribute_drift
from provisioner.workflow.check import check_and_comply, format_minute
from provisioner.workflow.drift import check_drift
from provisioner.workflow.graph import draw_graph
from provisioner.workflow.plan import Desired
from provisioner.workflow.report_register import list_register

_T = TypeVar("_T")

LAYERS = {
    "network": "Network",
    "identity": "Identity and access",
    "data": "Data and secrets",
    "runtime": "Runtime",
    "audit": "Monitoring and audit",
}
"""The layers of defence in depth, from the outside in (guidelines: PRI-02, PRI-08)."""


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """The parameters of a report: a state, the frameworks, and the window of attribution.

    `window.now` is the time of the report. `unseen` is what of the cluster could not be read: it is
    part of no result, and is reported. `look_into` returns what an observation has of the objects
    in the cluster, which is a part of drift.
    """

    state: StateKind
    frameworks: tuple[Framework, ...]
    window: Window
    unseen: tuple[UnreadableDocument, ...] = ()
    look_into: Callable[[], ClusterObjectsDocument | None] = lambda: None

    @property
    def now(self) -> datetime:
        """The time of the report."""
        return self.window.now


@dataclass(frozen=True, slots=True)
class Sections:
    """The sections of a report beside its controls; `omitted` has the reasons of those missing."""

    frameworks: tuple[ComplianceDocument, ...] = ()
    graph: GraphDocument | None = None
    access: AccessDocument | None = None
    drift: DriftDocument | None = None
    omitted: tuple[OmittedDocument, ...] = ()


def report_environment(
    desired: Desired,
    catalog: Catalog,
    connect: Callable[[], Source],
    request: ReportRequest,
) -> EnvironmentReportDocument:
    """Return the report of a state of an environment, without a trend.

    `connect` returns the reader of Azure, and is called only for a state that needs it. A section
    that cannot be made is omitted with the reason. Raises what `check_environment` raises.
    """
    state, now = request.state, request.now
    check, compliance = check_and_comply(desired, catalog, connect, state, request.frameworks, now)
    census = check.census.model_copy(
        update={"unreadable": (*check.census.unreadable, *request.unseen)}
    )
    check = check.model_copy(update={"census": census})
    compliance = tuple(each.model_copy(update={"census": census}) for each in compliance)
    omitted: list[OmittedDocument] = []
    sections = Sections(
        compliance,
        _make_section(
            "network drawing", lambda: draw_graph(desired, catalog, connect, state), omitted
        ),
        _make_section(
            "access", lambda: _access_document(desired, catalog, connect, state), omitted
        ),
        _drift_section(desired, catalog, connect, request, omitted),
        tuple(omitted),
    )
    return compose_report(check, sections, now)


def compose_report(
    check: CheckDocument, sections: Sections, now: datetime
) -> EnvironmentReportDocument:
    """Return the report of a check and other documents of one state, at a time.

    Results are counted, and listed for each control. Nothing is evaluated again.
    """
    return EnvironmentReportDocument(
        name=check.environment.name,
        state=check.state,
        read_at=None if check.state == StateKind.DESIRED else format_minute(now),
        environment=check.environment,
        posture=_posture_document(check, now),
        layers=tuple(_tally_documents(check, LAYERS, lambda result: result.control.layer)),
        chapters=tuple(
            _tally_documents(check, _chapter_titles(check), lambda result: result.control.chapter)
        ),
        check=check,
        answers={r.control.id: _answer_sources(r, check) for r in check.results if not r.is_group},
        not_assessed=_not_assessed(check),
        frameworks=sections.frameworks,
        graph=sections.graph,
        access=sections.access,
        drift=sections.drift,
        register_entries=list_register(check, sections.drift, now.date()),
        omitted=(*sections.omitted, *_sections_not_requested(check)),
        diagnostics=check.diagnostics,
    )


def report_failure(
    name: str, request: ReportRequest, problem: DiagnosticError | AzureError
) -> EnvironmentReportDocument:
    """Return the report of an environment that could not be assessed, with the reason."""
    diagnostics = (
        (error("azure", f"{problem}."),) if isinstance(problem, AzureError) else problem.diagnostics
    )
    return EnvironmentReportDocument(
        name=name,
        state=request.state.value,
        diagnostics=tuple(map(DiagnosticDocument.of, diagnostics)),
    )


def _make_section(
    section: str, make: Callable[[], _T], omitted: list[OmittedDocument]
) -> _T | None:
    try:
        return make()
    except DiagnosticError as problem:
        first = problem.diagnostics[0]
        omitted.append(OmittedDocument(section=section, reason=first.message, hint=first.hint))
    # An auditor gets the other sections: a report is also made by those who may not read
    # everything.
    except AzureError as problem:
        omitted.append(OmittedDocument(section=section, reason=f"{problem}."))
    return None


def _access_document(
    desired: Desired, catalog: Catalog, connect: Callable[[], Source], state: StateKind
) -> AccessDocument:
    # A plan changes assignments in the blueprint; those of others exist in Azure alone.
    asked = AccessState.DESIRED if state is StateKind.DESIRED else AccessState.ACTUAL
    return explain_access(desired, catalog, connect, Question(asked))


def _drift_section(
    desired: Desired,
    catalog: Catalog,
    connect: Callable[[], Source],
    request: ReportRequest,
    omitted: list[OmittedDocument],
) -> DriftDocument | None:
    if request.state is not StateKind.ACTUAL:
        omitted.append(
            OmittedDocument(
                section="drift",
                reason=f"Azure was not compared: the report is of the {request.state.value} state.",
                hint="azsec report ENV --of actual",
            )
        )
        return None

    def make() -> DriftDocument:
        reader = connect()
        found = check_drift(desired, catalog, reader)
        is_own = desired.environment.marks.is_stamp
        attributed = attribute_drift(found, request.window, catalog, reader, is_own=is_own)
        return attributed.model_copy(update={"cluster": request.look_into()})

    return _make_section("drift", make, omitted)


def _sections_not_requested(check: CheckDocument) -> Iterator[OmittedDocument]:
    if check.census.cluster is None:
        yield OmittedDocument(
            section="Kubernetes objects",
            reason="no observation of the cluster was given: its objects were not assessed.",
            hint="azsec report ENV --observation FILE",
        )


_NOT_IN_AZURE = frozenset(
    reason.value
    for reason in (
        UnknownReason.CLUSTER,
        UnknownReason.DIRECTORY,
        UnknownReason.LOGS,
        UnknownReason.PERSON,
    )
)


def _not_assessed(check: CheckDocument) -> tuple[str, ...]:
    """Return the controls whose result does not come from Azure, and that have none."""
    return tuple(
        control
        for unknown in check.census.unknown
        if unknown.reason in _NOT_IN_AZURE
        for control in unknown.controls
    )


def _posture_document(check: CheckDocument, now: datetime) -> PostureDocument:
    (tally,) = _tally_documents(check, {"all": "All controls"}, lambda _result: "all")
    return PostureDocument(
        at=format_second(now),
        state=check.state,
        tally=tally,
        failing=tuple(
            result.control.id
            for result in check.results
            if not result.is_group and result.verdict == Verdict.FAIL
        ),
        # A trend compares only postures that looked at everything: a failure that was not readable
        # would seem repaired.
        certain=not check.census.unreadable,
    )


def format_second(moment: datetime) -> str:
    """Return a time to the second (ISO 8601, UTC): two reports of one minute differ."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _chapter_titles(check: CheckDocument) -> Mapping[str, str]:
    return {result.control.chapter: result.control.chapter_title for result in check.results}


_TALLY_FIELDS = {
    Verdict.PASS.value: "passed",
    "partial": "partial",
    Verdict.FAIL.value: "failed",
    Verdict.WAIVED.value: "waived",
    Verdict.UNKNOWN.value: "unknown",
    Verdict.NOT_APPLICABLE.value: "not_applicable",
}


def _tally_documents(
    check: CheckDocument, titles: Mapping[str, str], name_of: Callable[[ResultDocument], str]
) -> Iterator[TallyDocument]:
    """Yield the tally of each of `titles`; of a group its parts are counted, not itself."""
    not_assessed = frozenset(_not_assessed(check))
    for name, title in titles.items():
        counts: dict[str, int] = {}
        for result in check.results:
            if result.is_group or name_of(result) != name:
                continue
            field = _TALLY_FIELDS[result.verdict]
            if field == "unknown" and result.control.id in not_assessed:
                field = "not_assessed"
            counts[field] = counts.get(field, 0) + 1
        applicable = sum(counts.values()) - counts.get("not_applicable", 0)
        if counts:
            yield TallyDocument(name=name, title=title, applicable=applicable, **counts)


_STATE_SOURCES = {
    StateKind.DESIRED: AnswerSource.BLUEPRINT,
    StateKind.PLANNED: AnswerSource.PLAN,
    StateKind.ACTUAL: AnswerSource.AZURE,
}


def _answer_sources(result: ResultDocument, check: CheckDocument) -> tuple[AnswerSource, ...]:
    """Return the sources of a control's result: what its findings are of, and who attested it."""
    if result.verdict == Verdict.NOT_APPLICABLE:
        return ()
    if result.verdict == Verdict.UNKNOWN:
        return (AnswerSource.NOBODY,)
    found: list[AnswerSource] = []
    state_source = _STATE_SOURCES[StateKind(check.state)]
    for seen in result.findings:
        if seen.verdict == Verdict.UNKNOWN:
            continue
        # Findings of an observation have an address or a path below `kubernetes`.
        in_cluster = f"{seen.address or ''} {seen.path}".find("kubernetes.") >= 0
        observed = in_cluster and check.census.cluster is not None
        found.append(AnswerSource.CLUSTER if observed else state_source)
    if not found and result.verdict == Verdict.PASS and result.attestation is None:
        found.append(state_source)
    if result.attestation is not None:
        found.append(AnswerSource.ATTESTATION)
    # In the order of the findings, each once: a set would order them differently in each run.
    return tuple(dict.fromkeys(found)) or (AnswerSource.NOBODY,)
