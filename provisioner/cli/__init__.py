"""Typer commands, the wiring of ports, and exit codes."""

import sys

from provisioner import __version__


def main() -> None:
    """Run `azsec`. The entry point of the package."""
    if sys.argv[1:] == ["--version"]:
        # Asked by scripts and shells all the time, so nothing is imported for it.
        sys.stdout.write(f"azsec {__version__}\n")
        return
    from provisioner.cli.application import run

    run()
