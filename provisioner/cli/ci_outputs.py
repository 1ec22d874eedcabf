"""Outputs of a CI job for its later steps: digests, changed environments, and the comment's URL."""

import json
from collections.abc import Mapping
from pathlib import Path

from provisioner.cli.job_log import write_command
from provisioner.documents.ci import (
    ApplyVerdict,
    CiApplyDocument,
    CiDriftDocument,
    CiPlanDocument,
)
from provisioner.engine.forge_port import Job


def plan_outputs(document: CiPlanDocument) -> Mapping[str, str]:
    """Return the outputs of `azsec ci plan`.

    The digest of each plan, the environments with something to review, and the comment's address
    ("" for none).
    """
    planned = [entry for entry in document.environments if entry.plan is not None]
    return {
        "digests": _json_line({entry.name: entry.plan.digest for entry in planned if entry.plan}),
        "changed": _json_line([one.name for one in document.environments if one.is_noteworthy]),
        "comment-url": document.comment or "",
    }


def apply_outputs(document: CiApplyDocument) -> Mapping[str, str]:
    """Return the outputs of `azsec ci apply`.

    The digest of each plan, the environments that were applied, and the comment's address.
    """
    planned = [entry for entry in document.environments if entry.digest is not None]
    applied = [one for one in document.environments if one.verdict is ApplyVerdict.APPLIED]
    return {
        "digests": _json_line({entry.name: entry.digest for entry in planned}),
        "changed": _json_line([entry.name for entry in applied]),
        "comment-url": document.comment or "",
    }


def drift_outputs(document: CiDriftDocument) -> Mapping[str, str]:
    """Return the environments that drifted."""
    return {"changed": _json_line([entry.name for entry in document.environments if entry.found])}


def write_outputs(job: Job, outputs: Mapping[str, str]) -> None:
    """Set the outputs of the CI job for its later steps, where its service supports outputs."""
    if job.outputs is not None:
        with Path(job.outputs).open("a", encoding="utf-8") as file:
            file.writelines(f"{name}={value}\n" for name, value in outputs.items())
    if job.output_command is not None:
        for name, value in outputs.items():
            write_command(job.output_command.format(name=name) + value)


def _json_line(value: object) -> str:
    """Return JSON in one line: both services read one line as a value."""
    return json.dumps(value, separators=(",", ":"))
