"""Run `azsec local`: the built-in Azure as a server process."""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from provisioner.azure.version_cache import forget_versions
from provisioner.catalog.type_names import is_api_version, is_type_name
from provisioner.cli.files import (
    LOCAL_ENDPOINT,
    cache_folder,
    load_catalog,
    local_key,
    make_folder,
    state_path,
)
from provisioner.cli.local_environment import (
    Running,
    forget_running,
    write_running,
    write_trust,
)
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.simulator.access_options import Access
from provisioner.simulator.arm.offered_versions import read_limit, read_types, set_limit
from provisioner.simulator.entra.directory import EMPTY_DIRECTORY, OPERATOR_APPLICATION
from provisioner.simulator.har import HarRecorder
from provisioner.simulator.server import LocalAzure, identity_folder, serve_forever
from provisioner.simulator.state.snapshots import load_snapshot, save_snapshot
from provisioner.simulator.state.state_file import reset, status
from provisioner.simulator.tenancy import Tenancy


@dataclass(frozen=True, slots=True)
class Service:
    """How the built-in Azure is served: the options of `azsec local serve`."""

    port: int
    state: str | None
    realistic: float | None
    tls: bool = False
    tenant: str | None = None
    subscriptions: tuple[str, ...] = ()
    directory: Path | None = None
    enforce_rbac: bool = False
    latency: float = 0.0
    throttle: float = 0.0
    har: Path | None = None


def serve_local(service: Service) -> None:
    """Serve until Ctrl-C, and print the endpoint and what other tools need to connect to it."""
    path = state_path(service.state)
    folder = identity_folder(path)

    recorder = HarRecorder(service.har) if service.har is not None else None

    def announce(local: LocalAzure) -> None:
        if recorder is not None:
            local.observe(recorder.record)
        local.faults.latency, local.faults.throttled = service.latency, service.throttle
        # A built-in Azure with another state file may have used the same endpoint before.
        forget_versions(cache_folder(), local_key(local.endpoint))
        make_folder(folder, private=True)
        running = _describe_running(local, folder.absolute())
        write_running(folder, running)
        sys.stderr.write(_announcement_text(running, service.state))

    access = Access(
        certificates=folder if service.tls else None,
        tenancy=_initial_tenancy(service),
        enforces_roles=service.enforce_rbac,
    )
    try:
        serve_forever(
            load_catalog(),
            path,
            port=service.port,
            realistic=service.realistic,
            access=access,
            on_start=announce,
        )
    finally:
        forget_running(folder)
        if recorder is not None:
            _write_har(recorder, service.har)


def _write_har(recorder: HarRecorder, path: Path | None) -> None:
    try:
        recorder.close()
    except OSError as problem:
        reason = problem.strerror or str(problem)
        raise DiagnosticError(
            error("file-not-written", f"{path} cannot be written: {reason}.")
        ) from None


def _describe_running(local: LocalAzure, folder: Path) -> Running:
    certificate = local.certificate
    return Running(
        endpoint=local.endpoint,
        tenant=local.tenant,
        subscription=local.subscriptions[0],
        client=OPERATOR_APPLICATION,
        trust="" if certificate is None else str(write_trust(folder, certificate.authority)),
        authority="" if certificate is None else str(certificate.authority.absolute()),
    )


def _announcement_text(running: Running, state: str | None) -> str:
    lines = [
        f"The built-in Azure answers at {running.endpoint} (Ctrl-C stops it).",
        f"azsec, from another terminal: {LOCAL_ENDPOINT}={running.endpoint} azsec plan local",
    ]
    if running.authority:
        option = f" --state {shlex.quote(state)}" if state else ""
        lines += [
            f'az, Terraform, Ansible and SDKs: eval "$(azsec local env{option})"',
            f"Certificate authority: {running.authority}",
        ]
    else:
        lines.append("az, Terraform and SDKs send no token without TLS: start it with --tls.")
    return "\n".join(lines) + "\n"


def _initial_tenancy(service: Service) -> Tenancy:
    """Return the initial tenants, subscriptions and principals of the built-in Azure.

    Raises DiagnosticError for an invalid option or file.
    """
    from provisioner.cli.local_subscriptions import read_guid, read_subscription, stated_by_files

    stated = tuple(map(read_subscription, service.subscriptions)) or stated_by_files()
    directory = EMPTY_DIRECTORY
    if service.directory is not None:
        from provisioner.cli.local_directory import load_directory

        directory = load_directory(service.directory)
    tenant = read_guid("--tenant", service.tenant) if service.tenant is not None else None
    return Tenancy(tenant, stated, directory)


def reset_local(state: str | None) -> None:
    """Delete the state file."""
    path = state_path(state)
    reset(path)
    forget_versions(cache_folder(), local_key(path))
    sys.stdout.write(f"{path}: the built-in Azure is empty.\n")


def save_local(file: Path, state: str | None) -> None:
    """Copy the state of the built-in Azure into a new file."""
    count = save_snapshot(state_path(state), file)
    sys.stdout.write(f"{file} has {count} resources.\n")


def load_local(file: Path, state: str | None) -> None:
    """Put a saved state into the place of the built-in Azure's."""
    path = state_path(state)
    count = load_snapshot(file, path)
    forget_versions(cache_folder(), local_key(path))
    sys.stdout.write(f"{path} has {count} resources.\n")


def limit_versions(
    state: str | None, until: str | None, types: Sequence[str], *, all_versions: bool
) -> None:
    """Limit the api versions that the built-in Azure offers; print which are offered.

    To those of a day and before, or to all again; for `types` outside the catalog
    (`TYPE=VERSION,VERSION`, `TYPE=` for one that does not exist) to the listed ones. Raises
    DiagnosticError too for an invalid type, and while another process has the state open.

    Raises:
        DiagnosticError: Where `until` is not a day.
    """
    path = state_path(state)
    if until is not None and not _is_day(until):
        raise DiagnosticError(
            error("wrong-option", f"--until is {until!r}.", None, "Expected a day: 2025-12-31.")
        )
    told = dict(map(_read_type, types))
    if until is not None or all_versions or told:
        kept = until if until is not None or all_versions else read_limit(path)
        set_limit(path, kept, None if all_versions else told)
        forget_versions(cache_folder(), local_key(path))
    limit = read_limit(path)
    offered = f"api versions until {limit}" if limit else "all api versions that azsec knows"
    sys.stdout.write(f"{path}: the built-in Azure offers {offered}.\n")
    for name, versions in sorted(read_types(path).items()):
        shown = ", ".join(versions) if versions else "no such type"
        sys.stdout.write(f"  {name}: {shown}\n")


def _read_type(text: str) -> tuple[str, tuple[str, ...]]:
    """Return a type and its offered api versions, of `TYPE=VERSION,VERSION`.

    Raises:
        DiagnosticError: Where the text has another form, and where the catalog has the type.
    """
    name, sign, listed = text.partition("=")
    versions = tuple(each for each in listed.split(",") if each)
    if not sign or not is_type_name(name) or not all(map(is_api_version, versions)):
        raise DiagnosticError(
            error(
                "wrong-option",
                f"--type is {text!r}.",
                None,
                "Expected a type with its api versions, Contoso.Fabric/nets=2025-04-15,"
                "2025-06-01, or with none for a type that there is not: Contoso.Fabric/nets=",
            )
        )
    if load_catalog().find(name) is not None:
        raise DiagnosticError(
            error(
                "wrong-option",
                f"--type: the catalog has {name}, and what is offered of it.",
                None,
                "Name a type outside the catalog, or limit all by --until.",
            )
        )
    return name, versions


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def print_local_status(state: str | None) -> None:
    """Print the contents of the state file."""
    path = state_path(state)
    found = status(path)
    total = sum(found.resources.values())
    held = f", in use by process {found.holder}" if found.holder else ""
    sys.stdout.write(f"{path}: {total} resources, {found.size / 1024:.0f} KiB{held}\n")
    for subscription in found.subscriptions:
        sys.stdout.write(f"  subscription {subscription}\n")
    for name, count in found.resources.items():
        sys.stdout.write(f"  {count:5d}  {name}\n")
    if found.deleted:
        sys.stdout.write(f"  {found.deleted:5d}  deleted, recoverable\n")
