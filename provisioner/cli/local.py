"""`azsec local`: the built-in Azure as a server of its own."""

import sys
from collections.abc import Sequence
from datetime import date

from provisioner.azure.version_cache import forget_versions
from provisioner.catalog.type_names import is_api_version, is_type_name
from provisioner.cli.workspace import cache_folder, load_catalog, local_key, state_path
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.simulator.arm.offers import read_limit, read_types, set_limit
from provisioner.simulator.server import serve_forever
from provisioner.simulator.state.state_file import reset, status


def serve_local(port: int, state: str | None, realistic: float | None) -> None:
    """Serve until Ctrl-C, saying where."""

    def announce(endpoint: str) -> None:
        # Another state may have answered there before.
        forget_versions(cache_folder(), local_key(endpoint))
        sys.stderr.write(
            f"The built-in Azure answers at {endpoint} (Ctrl-C stops it).\n"
            f"Use it from another terminal: AZSEC_LOCAL_ENDPOINT={endpoint} azsec plan local\n"
        )

    serve_forever(
        load_catalog(), state_path(state), port=port, realistic=realistic, on_start=announce
    )


def reset_local(state: str | None) -> None:
    """Delete the state file."""
    path = state_path(state)
    reset(path)
    forget_versions(cache_folder(), local_key(path))
    sys.stdout.write(f"{path}: the built-in Azure is empty.\n")


def limit_versions(
    state: str | None, until: str | None, types: Sequence[str], *, all_versions: bool
) -> None:
    """Offer only the api versions of a day and before, or all again; of `types` outside the catalog
    (`TYPE=VERSION,VERSION`, `TYPE=` for one that there is not) only those. Say which are offered.

    Raises DiagnosticError for what is no day or no such type, and while another process has the
    state.
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
    offered = f"api versions until {limit}" if limit else "all api versions"
    sys.stdout.write(f"{path}: the built-in Azure offers {offered}.\n")
    for name, versions in sorted(read_types(path).items()):
        shown = ", ".join(versions) if versions else "no such type"
        sys.stdout.write(f"  {name}: {shown}\n")


def _read_type(text: str) -> tuple[str, tuple[str, ...]]:
    """Return a type and the api versions that are offered of it, of `TYPE=VERSION,VERSION`."""
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
    """Print what the state file holds."""
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
