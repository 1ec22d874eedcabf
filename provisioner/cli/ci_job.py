"""The CI job that runs azsec: its forge, its summary, and the files that it writes."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.cli.git import folder_here
from provisioner.cli.job_log import write_command
from provisioner.cli.workspace import FileSources, write_file
from provisioner.engine.forge_port import Forge, Job, PullRequest
from provisioner.forges.azure_pipelines_job import (
    is_azure_pipelines_job,
    open_azure_devops,
    read_azure_pipelines_job,
)
from provisioner.forges.github_job import EVENT, is_github_job, open_github, read_github_job
from provisioner.model.diagnostic import Diagnostic, DiagnosticError, warning
from provisioner.model.forge_error import ForgeError
from provisioner.workflow.folder_forge import in_folder

SUMMARY_BYTES = 1_000_000
"""The bytes of a job's summary: GitHub drops one of more than 1 MiB."""


@dataclass(frozen=True, slots=True)
class Host:
    """The forge (None: this is no CI job, or nothing is to be written) and the job."""

    forge: Forge | None
    job: Job


@contextmanager
def open_host(*, publish: bool) -> Iterator[Host]:
    """Open the forge of the CI job of this process, by the job's environment variables.

    Raises ForgeError where the job gives no token.
    """
    environ = os.environ
    if is_github_job(environ):
        job = read_github_job(environ, _read_event(environ.get(EVENT)))
        if publish:
            with open_github(environ) as forge:
                yield Host(in_folder(forge, folder_here()), job)
        else:
            yield Host(None, job)
    elif is_azure_pipelines_job(environ):
        job = read_azure_pipelines_job(environ)
        if publish:
            with open_azure_devops(environ) as devops:
                yield Host(in_folder(devops, folder_here()), job)
        else:
            yield Host(None, job)
    else:
        yield Host(None, Job(commit=""))


def _read_event(path: str | None) -> Mapping[str, Any]:
    if not path:
        return {}
    try:
        event = json.loads(FileSources().read_text(path))
    except (DiagnosticError, ValueError):
        return {}
    return event if isinstance(event, Mapping) else {}


def write_summary(job: Job, text: str) -> None:
    """Add Markdown to the summary of the job, where its forge shows one."""
    if job.summary is None:
        return
    try:
        with Path(job.summary).open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as problem:
        # The same content is reported elsewhere too, so the job does not fail for it.
        sys.stderr.write(f"warning: the job's summary cannot be written: {problem.strerror}.\n")
        return
    if job.summary_command is not None:
        write_command(job.summary_command.format(file=job.summary))


def write_json(path: str, content: object) -> None:
    """Write a JSON file. Raises DiagnosticError where it cannot be written."""
    write_file(path, json.dumps(content, indent=2) + "\n", private=False)


def explain_unpublished(pull_request: PullRequest | None, refusal: ForgeError) -> Diagnostic:
    """Return the warning that results could not be posted on the pull request of a fork.

    Raises the refusal itself for any other: there the job lacks a permission.
    """
    if pull_request is None or not pull_request.is_fork or not refusal.is_forbidden:
        raise refusal
    return warning(
        "not-published",
        f"the pull request comes from a fork, whose jobs only read: {refusal.message}",
        None,
        "The job's summary has the plans. Push the branch to the repository to have them reviewed.",
    )
