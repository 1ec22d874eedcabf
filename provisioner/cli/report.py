"""Run `azsec report`: assess environments, each in a session of its own, and write the report."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from provisioner.attribution.window import read_window
from provisioner.blueprint.parameter_values import ParameterValue
from provisioner.cli.cluster_files import find_evidence
from provisioner.cli.output_format import choose_format
from provisioner.cli.session import Session, SessionContext
from provisioner.cli.workspace import FileSources, make_folder, write_file
from provisioner.controls.frameworks import Framework
from provisioner.documents.report import (
    EnvironmentReportDocument,
    ReportDocument,
    SkippedFileDocument,
)
from provisioner.documents.trace import StateKind
from provisioner.model.azure_error import AzureError
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.workflow.report import (
    ReportRequest,
    format_second,
    report_environment,
    report_failure,
)
from provisioner.workflow.report_history import read_history, with_trends

_ENDINGS = {".html": "html", ".htm": "html", ".json": "json", ".csv": "csv"}
_MOST_BYTES = 64 * 2**20
"""The largest earlier report that is read: a hundred environments with everything in it."""
_MOST_FILES = 500
"""Files of the folder of earlier reports that are read, the last ones by their names, which begin
with the time: more than a year of nightly ones."""


@dataclass(frozen=True, slots=True)
class ReportQuestion:
    """The options of `azsec report`."""

    environments: tuple[str, ...]
    state: str
    frameworks: tuple[str, ...]
    observation: tuple[str, ...] = ()
    all_namespaces: bool = False
    history: str | None = None
    since: str | None = None
    cloud: str | None = None
    local_state: str | None = None
    parallelism: int = 10
    values: tuple[ParameterValue, ...] = ()


def make_report(question: ReportQuestion) -> ReportDocument:
    """Return the report of some environments.

    An environment that cannot be assessed is listed in it with the reason; where it is the only
    one, DiagnosticError is raised.

    Raises:
        DiagnosticError: Where options have no effect on the requested report.
    """
    now = datetime.now(UTC)
    state = StateKind(question.state)
    if question.since is not None and state is not StateKind.ACTUAL:
        raise DiagnosticError(
            error(
                "option-without-effect",
                "--since: drift is a part of a report of the actual state only.",
                None,
                "Add --of actual, or leave it out.",
            )
        )
    if question.observation and len(question.environments) > 1:
        raise DiagnosticError(
            error(
                "which-cluster-files",
                "--observation: the files are of one cluster, and the report is of "
                f"{len(question.environments)} environments.",
                None,
                "Report that environment by itself.",
            )
        )
    frameworks = tuple(map(Framework, question.frameworks))
    request = ReportRequest(state, frameworks, read_window(question.since, now))
    alone = len(question.environments) == 1
    names = tuple(dict.fromkeys(question.environments))
    made = tuple(_report_on(name, question, request, alone=alone) for name in names)
    report = ReportDocument(generated_at=format_second(now), environments=made)
    return report if question.history is None else with_history(report, question.history)


def _report_on(
    name: str, question: ReportQuestion, request: ReportRequest, *, alone: bool
) -> EnvironmentReportDocument:
    try:
        with Session(
            cloud=question.cloud,
            local_state=question.local_state,
            parallelism=question.parallelism,
            realistic=None,
            quiet=True,
            surroundings=SessionContext(values=question.values),
        ) as session:
            files = list(question.observation)
            seen = find_evidence(
                session,
                name,
                files,
                all_namespaces=question.all_namespaces,
            )
            if seen.unseen is not None:
                request = replace(request, unseen=(seen.unseen,))
            desired = replace(session.look_at(name, request.state.value), contents=seen.contents)
            request = replace(request, look_into=lambda: session.look_into_cluster(desired))
            return report_environment(
                desired, session.catalog, lambda: session.connect(desired.document), request
            )
    except (DiagnosticError, AzureError) as problem:
        if alone:
            raise
        return report_failure(name, request, problem)


def with_history(report: ReportDocument, folder: str) -> ReportDocument:
    """Return a report with the trend since the earlier ones in a folder.

    The folder may not exist yet. Raises DiagnosticError too where an earlier report cannot be read.

    Raises:
        DiagnosticError: Where the path is not a folder.
    """
    place = Path(folder)
    if place.exists() and not place.is_dir():
        raise DiagnosticError(
            error("no-folder", f"{folder} is not a folder.", None, "Name a folder for --history.")
        )
    sources = FileSources(most=_MOST_BYTES)
    files = sorted(place.glob("*.json")) if place.is_dir() else []
    texts, skipped = {}, []
    for file in files[-_MOST_FILES:]:
        try:
            texts[file.name] = sources.read_text(file.as_posix())
        except DiagnosticError as problem:
            reason = problem.diagnostics[0].message
            skipped.append(SkippedFileDocument(file=file.name, reason=reason))
    made = with_trends(report, read_history(texts))
    made = made.model_copy(update={"skipped": (*made.skipped, *skipped)})
    if len(files) <= _MOST_FILES:
        return made
    older = SkippedFileDocument(
        file=f"{files[0].name} and {len(files) - _MOST_FILES - 1:,} more",
        reason=f"no more than {_MOST_FILES} files are read, the last ones by their names",
    )
    return made.model_copy(update={"skipped": (*made.skipped, older)})


def write_report(
    make: Callable[[], ReportDocument], form: str | None, out: str | None, history: str | None
) -> ReportDocument:
    """Make a report, write it to a file or to standard output, and return it.

    With a history it is added to the folder of the earlier ones. Raises DiagnosticError, before
    anything is read, for a file whose extension names no format.
    """
    chosen = choose_format(form, out, _ENDINGS, "html")
    report = make()
    text = _render_report(report, chosen)
    if out is None:
        sys.stdout.write(text)
    else:
        write_file(out, text)
    if history is not None:
        make_folder(Path(history))
        stamp = report.generated_at.replace("-", "").replace(":", "")
        write_file(
            str(Path(history) / f"azsec-report-{stamp}.json"), _render_report(report, "json")
        )
    return report


def describe_gaps(report: ReportDocument) -> list[str]:
    """Return a line for each part of a report's environments that could not be assessed or read."""
    lines = []
    for entry in report.environments:
        for told in entry.diagnostics:
            place = f"{told.place}: " if told.place else ""
            hint = f" {told.hint}" if told.hint else ""
            lines.append(f"{place}{told.severity}: {entry.name}: {told.message}{hint}")
        if entry.check is not None and not entry.is_certain:
            lines.append(
                f"warning: {entry.name}: not all of it could be read. Its census and drift in "
                "the report name what is missing."
            )
    return lines


def _render_report(report: ReportDocument, form: str) -> str:
    if form == "html":
        from provisioner.reports.report_html import render_report_html

        return render_report_html(report)
    if form == "oscal":
        from provisioner.reports.oscal_results import render_assessment_results

        return render_assessment_results(report)
    if form == "oscal-component":
        from provisioner.reports.oscal_components import render_component_definition

        return render_component_definition(report)
    if form == "ocsf":
        from provisioner.reports.ocsf_findings import render_ocsf_findings

        return render_ocsf_findings(report)
    if form == "csv":
        from provisioner.reports.report_csv import render_report_csv

        return render_report_csv(report)
    from provisioner.reports.json_text import render_json

    return render_json(report)
