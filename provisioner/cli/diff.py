"""`azsec diff`: what one saved plan does differently from another."""

from typing import Annotated

import typer

from provisioner.cli.exit_code import ExitCode
from provisioner.cli.options import FormatOption, OutputFormat

_PLAN_FILE = "A plan file, as `azsec plan ENV --out FILE` writes it."


def diff(
    before: Annotated[str, typer.Argument(metavar="BEFORE", help=_PLAN_FILE, show_default=False)],
    after: Annotated[str, typer.Argument(metavar="AFTER", help=_PLAN_FILE, show_default=False)],
    output: FormatOption = OutputFormat.TEXT,
) -> None:
    """Compare two saved plans: what changed since the first was approved.

    Exit with 0 if both have the same digest, with 2 if not.
    """
    from provisioner.cli.output import print_plan_diff
    from provisioner.cli.session import read_plan
    from provisioner.plan.plan_comparison import compare_plans

    document = compare_plans(read_plan(before), read_plan(after))
    print_plan_diff(document, output.value)
    if not document.same:
        raise typer.Exit(ExitCode.DIFFERENCES)
