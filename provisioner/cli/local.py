"""`azsec local`: the built-in Azure as a server of its own."""

import sys

from provisioner.cli.workspace import load_catalog, state_path
from provisioner.simulator.server import serve_forever
from provisioner.simulator.state_file import reset, status


def serve_local(port: int, state: str | None, realistic: float | None) -> None:
    """Serve until Ctrl-C, saying where."""

    def announce(endpoint: str) -> None:
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
    sys.stdout.write(f"{path}: the built-in Azure is empty.\n")


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
