"""Run `azsec fleet manifest`: print the manifest of a Kubernetes Job that runs a fleet command."""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import typer

from provisioner.cli.fleet import name_run
from provisioner.cli.fleet_ledgers import find_container
from provisioner.cli.fleet_options import check_since, refuse_without_effect, stated_options
from provisioner.manifests.fleet_job import FleetJob, render_fleet_job
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.reports.manifests_yaml import render_bodies

_DIGEST = re.compile(r"[a-z0-9][a-zA-Z0-9.:/_-]*@sha256:[0-9a-f]{64}")
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_MACROS = ("@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually")
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_FIELDS: Sequence[tuple[int, int, Sequence[str]]] = (
    (0, 59, ()), (0, 23, ()), (1, 31, ()), (1, 12, _MONTHS), (0, 6, _DAYS),
)  # fmt: skip
"""The fields of a schedule of Kubernetes: the least and the largest number, and the names of all of
them ("CronJob", schedule syntax)."""
_PART = re.compile(r"(?:[*?]|(\w+)(?:-(\w+))?)(?:/(0*[1-9]\d*))?", re.ASCII)
_EVERY = re.compile(r"@every (\d+(\.\d*)?(ns|us|ms|s|m|h))+", re.ASCII)
_OF_THE_JOB = (
    "ledger", "resume", "run", "shard", "scheduler", "scheduler_tls", "local_state", "cloud",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ManifestOptions:
    """The options of `azsec fleet manifest`.

    `command` is the fleet command with its options, as it would be typed after `azsec fleet`.
    """

    command: tuple[str, ...]
    image: str
    ledger: str
    namespace: str
    service_account: str
    pods: int
    client_id: str | None = None
    tenant: str | None = None
    schedule: str | None = None
    creates_namespace: bool = False


def print_manifest(options: ManifestOptions, own: typer.Context) -> None:
    """Print the objects of the Job as YAML; `own` is the context of this command.

    Raises DiagnosticError for options with which the pods could not run, and the fleet command's
    own error for an invalid command line.
    """
    _check_options(options)
    name, arguments, seconds = _read_command(options.command, own)
    job_name = f"azsec-{name}"
    if options.schedule is None:
        job_name = f"{job_name}-{name_run()}"
    address = find_container(options.ledger)
    assert address is not None
    job = FleetJob(
        name=job_name,
        arguments=(name, *arguments),
        ledger=address.url,
        image=options.image,
        namespace=options.namespace,
        service_account=options.service_account,
        pods=options.pods,
        seconds=seconds,
        client_id=options.client_id,
        tenant_id=options.tenant,
        schedule=options.schedule,
        creates_namespace=options.creates_namespace,
    )
    sys.stdout.write(render_bodies(render_fleet_job(job)))


def _read_command(given: Sequence[str], own: typer.Context) -> tuple[str, Sequence[str], float]:
    """Return the name of a fleet command, its arguments as given, and its seconds.

    One worker is added where the arguments do not state it. Raises what the command raises for its
    own options.

    Raises:
        BadParameter: Where a Job cannot run the command, and where an option is set by the Job
            itself.
    """
    name, *arguments = given
    fleet = own.parent
    assert fleet is not None
    assert isinstance(fleet.command, typer.core.TyperGroup)
    sharded = {
        each: found
        for each, found in fleet.command.commands.items()
        if "shard" in {parameter.name for parameter in found.params}
    }
    if name not in sharded:
        raise typer.BadParameter(
            f"{name!r} is not a command that a Job can run: {', '.join(sharded)}.",
            param_hint="COMMAND",
        )
    context = sharded[name].make_context(name, list(arguments), parent=fleet)
    stated = stated_options(cast(typer.Context, context))
    wrong = [stated[each] for each in _OF_THE_JOB if each in stated]
    if wrong:
        raise typer.BadParameter(
            f"{wrong[0]} cannot be combined with `azsec fleet manifest`.", param_hint=name
        )
    check_since(context.params.get("since"))
    refuse_without_effect(cast(typer.Context, context))
    workers = [] if "workers" in stated else ["--workers", "1"]
    return name, [*workers, *arguments], float(context.params["timeout"])


def _check_options(options: ManifestOptions) -> None:
    if find_container(options.ledger) is None:
        raise _option_error(
            "ledger-in-a-file",
            f"--ledger {options.ledger} is a file, and pods share none.",
            "State a blob container: https://ACCOUNT.blob.core.windows.net/CONTAINER.",
        )
    if not _DIGEST.fullmatch(options.image):
        raise _option_error(
            "image-without-digest",
            f"--image {options.image} does not state a digest: what it names may be another image "
            "tomorrow.",
            "Expected REGISTRY/NAME@sha256:DIGEST. `docker buildx imagetools inspect IMAGE` prints "
            "the digest.",
        )
    for option, value, pattern, expected in (
        ("--namespace", options.namespace, _NAME, "a DNS label"),
        ("--service-account", options.service_account, _NAME, "a DNS label"),
        ("--client-id", options.client_id, _GUID, "a GUID"),
        ("--tenant", options.tenant, _GUID, "a GUID"),
    ):
        if value is not None and not pattern.fullmatch(value):
            raise _wrong_value(option, value, expected)
    if options.schedule is not None and not _is_schedule(options.schedule):
        raise _wrong_value(
            "--schedule", options.schedule, "five fields of cron (0 2 * * *), or @daily"
        )


def _is_schedule(text: str) -> bool:
    """Return whether Kubernetes takes a text as the schedule of a CronJob."""
    fields = text.split()
    return (
        text in _MACROS
        or _EVERY.fullmatch(text) is not None
        or (
            len(fields) == len(_FIELDS)
            and all(
                _is_field_part(part, *bounds)
                for field, bounds in zip(fields, _FIELDS, strict=True)
                for part in field.split(",")
            )
        )
    )


def _is_field_part(part: str, least: int, most: int, names: Sequence[str]) -> bool:
    match = _PART.fullmatch(part)
    if match is None:
        return False
    values = [
        least + names.index(end.lower()) if end.lower() in names else int(end)
        for end in match.groups()[:2]
        if end is not None and (end.isdecimal() or end.lower() in names)
    ]
    stated = [end for end in match.groups()[:2] if end is not None]
    is_ordered = values == sorted(values)
    return len(values) == len(stated) and is_ordered and all(least <= one <= most for one in values)


def _wrong_value(option: str, value: str, expected: str) -> DiagnosticError:
    return _option_error("wrong-value", f"{option} {value} is wrong.", f"Expected {expected}.")


def _option_error(code: str, message: str, hint: str) -> DiagnosticError:
    return DiagnosticError(error(code, message, None, hint))
