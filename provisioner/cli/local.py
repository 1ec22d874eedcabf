"""`azsec local`: the built-in Azure as a server of its own."""

import sys
from datetime import date

from provisioner.azure.version_cache import forget_versions
from provisioner.cli.workspace import cache_folder, load_catalog, local_key, state_path
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.simulator.offers import read_limit, set_limit
from provisioner.simulator.server import serve_forever
from provisioner.simulator.state_file import reset, status


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


def limit_versions(state: str | None, until: str | None, *, all_versions: bool) -> None:
    """Offer only the api versions of a day and before, or all again; say which are offered.

    Raises DiagnosticError for what is no day, and while another process has the state.
    """
    path = state_path(state)
    if until is not None and not _is_day(until):
        raise DiagnosticError(
            error("wrong-option", f"--until is {until!r}.", None, "Expected a day: 2025-12-31.")
        )
    if until is not None or all_versions:
        set_limit(path, until)
        forget_versions(cache_folder(), local_key(path))
    limit = read_limit(path)
    offered = f"api versions until {limit}" if limit else "all api versions"
    sys.stdout.write(f"{path}: the built-in Azure offers {offered}.\n")


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
