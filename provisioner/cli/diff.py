"""`azsec diff`: the differences between two saved plans."""

from typing import Annotated

import typer

from provisioner.cli.exit_code import ExitCode
from provisioner.cli.options import FormatOption, OutputFormat

_PLAN_FILE = "Plan file, written by --out of `azsec plan` or `azsec cluster plan`."


def diff(
    before: Annotated[str, typer.Argument(metavar="BEFORE", help=_PLAN_FILE, show_default=False)],
    after: Annotated[str, typer.Argument(metavar="AFTER", help=_PLAN_FILE, show_default=False)],
    output: FormatOption = OutputFormat.TEXT,
) -> None:
    """Compare two saved plans.

    Exit code 0: both have the same digest; 2: they differ.
    """
    from provisioner.cli.plan_files import print_difference

    if not print_difference(before, after, output.value):
        raise typer.Exit(ExitCode.DIFFERENCES)
