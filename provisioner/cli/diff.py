"""`azsec diff`: what one saved plan does differently from another."""

from typing import Annotated

import typer

from provisioner.cli.exit_code import ExitCode
from provisioner.cli.options import FormatOption, OutputFormat

_PLAN_FILE = "A plan file: what --out of `azsec plan` or `azsec cluster plan` wrote."


def diff(
    before: Annotated[str, typer.Argument(metavar="BEFORE", help=_PLAN_FILE, show_default=False)],
    after: Annotated[str, typer.Argument(metavar="AFTER", help=_PLAN_FILE, show_default=False)],
    output: FormatOption = OutputFormat.TEXT,
) -> None:
    """Compare two saved plans: what changed since the first was approved.

    Exit with 0 if both have the same digest, with 2 if not.
    """
    from provisioner.cli.plan_files import print_difference

    if not print_difference(before, after, output.value):
        raise typer.Exit(ExitCode.DIFFERENCES)
