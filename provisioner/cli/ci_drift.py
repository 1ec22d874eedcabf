"""Run `azsec ci drift`: check environments for drift, and keep an issue for each that drifted.

`cli.ci_application` calls it.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from provisioner.attribution.window import format_moment
from provisioner.cli.ci_environments import list_environments, name_of
from provisioner.cli.ci_job import Host, open_host, write_json, write_summary
from provisioner.cli.ci_options import Cloud, Options, open_cloud
from provisioner.cli.ci_outputs import drift_outputs, write_outputs
from provisioner.cli.concurrent_work import run_side_by_side
from provisioner.cli.exit_code import ExitCode
from provisioner.cli.git import has_file
from provisioner.cli.output import print_ci_drift
from provisioner.cli.workspace import FileSources, repository_of
from provisioner.documents.ci import CiDriftDocument, EnvironmentDriftDocument
from provisioner.documents.document import DiagnosticDocument
from provisioner.engine.forge_port import Forge, Issue
from provisioner.model.azure_error import AzureError
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error
from provisioner.model.forge_error import ForgeError
from provisioner.workflow.ci_drift import (
    Files,
    IssueText,
    close_issues_of_removed,
    findings_of,
    folder_of,
    follow_drift,
    read_issues,
)
from provisioner.workflow.forge_refusals import describe_unwritten


@dataclass(frozen=True, slots=True)
class DriftOptions:
    """The options of a drift check.

    Since when changes are looked up in Azure's logs, whether undeclared tags fail, the file of the
    badge, and the output format.
    """

    since: str | None = None
    strict_tags: bool = False
    badge: str | None = None
    output: str = "text"


def run_drift(options: Options, wanted: DriftOptions) -> int:
    """Check the environments, follow up in their issues; return the exit code."""
    with open_host(publish=options.publish) as host, open_cloud(options) as cloud:
        checked_at = format_moment(datetime.now(UTC))
        entries = _check_all(options, wanted, cloud)
        told: Sequence[Diagnostic] = ()
        if host.forge is not None:
            entries, told = _follow_issues(
                host, host.forge, entries, checked_at, is_all=not options.named
            )
        document = CiDriftDocument(
            checked_at=checked_at,
            environments=tuple(entries),
            published=host.forge is not None,
            diagnostics=tuple(map(DiagnosticDocument.of, told)),
        )
        _write_files(document, wanted)
        if host.job.summary is not None:
            write_summary(host.job, _job_summary(document))
        write_outputs(host.job, drift_outputs(document))
        print_ci_drift(document, wanted.output)
    if any(entry.found for entry in document.environments):
        return ExitCode.DIFFERENCES
    certain = all(entry.is_certain for entry in document.environments)
    return ExitCode.SUCCESS if certain and not document.has_errors else ExitCode.ERROR


def _check_all(
    options: Options, wanted: DriftOptions, cloud: Cloud
) -> Sequence[EnvironmentDriftDocument]:
    paths = list_environments(options.named)
    if not paths:
        message = "there is no environment here: environments/*.yaml names none."
        raise DiagnosticError(error("no-environment", message, None, "Run it in the repository."))
    check = partial(_check_environment, wanted, cloud)
    results = run_side_by_side(check, paths, options.workers, options.seconds)
    late = error("check-too-slow", f"not checked after {options.seconds / 60:.0f} minutes.")
    return [
        done or _failed_document(path, (late,)) for path, done in zip(paths, results, strict=True)
    ]


def _check_environment(wanted: DriftOptions, cloud: Cloud, path: str) -> EnvironmentDriftDocument:
    try:
        with cloud.open() as session:
            drift = session.drift(path, wanted.since, strict_tags=wanted.strict_tags)
    except DiagnosticError as problem:
        return _failed_document(path, problem.diagnostics)
    except AzureError as problem:
        return _failed_document(path, (error("azure", f"{problem}."),))
    return EnvironmentDriftDocument(
        name=drift.environment.name, path=path, drift=drift, findings=findings_of(drift)
    )


def _failed_document(path: str, diagnostics: Sequence[Diagnostic]) -> EnvironmentDriftDocument:
    told = tuple(DiagnosticDocument.of(diagnostic) for diagnostic in diagnostics)
    return EnvironmentDriftDocument(name=name_of(path, FileSources()), path=path, diagnostics=told)


def _follow_issues(
    host: Host,
    forge: Forge,
    entries: Sequence[EnvironmentDriftDocument],
    checked_at: str,
    *,
    is_all: bool,
) -> tuple[Sequence[EnvironmentDriftDocument], Sequence[Diagnostic]]:
    """Open, update and close the issues of the findings; return the entries, and diagnostics.

    Issues of deleted environments are closed where all environments were checked. A refusal of the
    forge is reported, and changes neither the findings nor the other issues.
    """
    try:
        issues, notes = read_issues(forge)
    except ForgeError as refusal:
        return entries, [error("issues-not-read", refusal.message, None, refusal.hint)]
    told = list(notes)
    render = partial(_issue_text, checked_at=checked_at)
    root = _place_of(entries[0].path)[0]
    is_there = partial(_is_there, root)
    followed: list[EnvironmentDriftDocument] = []
    for entry in entries:
        place = _place_of(entry.path)[1]
        try:
            followed.append(follow_drift(forge, entry, issues, render, place, is_there))
        except ForgeError as refusal:
            told.append(describe_unwritten(f"the issue of {entry.name}", refusal))
            followed.append(entry)
    if is_all:
        told += _close_left(host, forge, issues, followed, is_there, checked_at)
    return followed, told


def _close_left(
    host: Host,
    forge: Forge,
    issues: Sequence[Issue],
    entries: Sequence[EnvironmentDriftDocument],
    is_there: Callable[[str], bool],
    checked_at: str,
) -> Iterator[Diagnostic]:
    from provisioner.reports.drift_issue_markdown import render_left_issue

    def explain(name: str, path: str) -> str:
        return render_left_issue(name, path, checked_at)

    folder = folder_of(_place_of(entries[0].path)[1])
    files = Files(is_there, folder, partial(_reason_of_doubt, host, forge))
    try:
        yield from close_issues_of_removed(forge, issues, entries, files, explain)
    except ForgeError as refusal:
        yield error("issues-not-read", refusal.message, None, refusal.hint)


def _reason_of_doubt(host: Host, forge: Forge) -> str | None:
    """Return why a file that is missing here may still be in the repository, None where it cannot.

    It may where the job does not run for the default branch.
    """
    branch, default = host.job.branch, forge.default_branch()
    if branch == default:
        return None
    return f"the job is of {branch or 'no branch'}, not of the default branch {default}"


def _is_there(root: Path, path: str) -> bool:
    """Return whether a file is in the working copy or in its commit.

    A sparse checkout lacks files of its commit.
    """
    return (root / path).exists() or has_file("HEAD", path)


def _place_of(path: str) -> tuple[Path, str]:
    """Return the root of the repository of a file, and the file's path from that root."""
    root = repository_of(path)
    return root, Path(os.path.relpath(Path(path).resolve(), root)).as_posix()


def _issue_text(document: EnvironmentDriftDocument, room: int, checked_at: str) -> IssueText:
    from provisioner.reports.drift_issue_markdown import (
        issue_title,
        render_drift_issue,
        render_issue_change,
        render_repaired_issue,
        render_unseen,
    )

    return IssueText(
        title=issue_title(document),
        drifted=render_drift_issue(document, checked_at, room) if document.found else "",
        repaired=render_repaired_issue(document, checked_at),
        changed=render_issue_change(document, checked_at),
        unseen=render_unseen(document, checked_at),
    )


def _write_files(document: CiDriftDocument, wanted: DriftOptions) -> None:
    from provisioner.reports.drift_issue_markdown import render_badge

    if wanted.badge is not None:
        write_json(wanted.badge, render_badge(document))


def _job_summary(document: CiDriftDocument) -> str:
    from provisioner.reports.markdown import render_drift_markdown

    checked = [entry.drift for entry in document.environments if entry.drift is not None]
    return "\n".join(render_drift_markdown(drift) for drift in checked)
