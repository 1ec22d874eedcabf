"""`azsec controls`: the commands and their options. `cli.controls` runs them."""

from typing import Annotated

import typer

from provisioner.cli.command_groups import examples
from provisioner.cli.options import (
    ControlsEnvironmentOption,
    FormatOption,
    OutputFormat,
)

controls_app = typer.Typer(
    help="List and explain the security controls.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@controls_app.command(
    "list",
    epilog=examples("azsec controls list", "azsec controls list --search 'audit logs'"),
)
def list_controls(
    environment: ControlsEnvironmentOption = None,
    search: Annotated[
        str,
        typer.Option(
            "--search",
            metavar="TEXT",
            help="List only controls with all of these words in their ID, title, synonyms, outline "
            "item, properties or framework IDs, such as 'audit logs'.",
        ),
    ] = "",
    output: FormatOption = OutputFormat.TEXT,
) -> None:
    """List the controls with severity and data source."""
    from provisioner.cli.controls import print_all_controls

    print_all_controls(environment, search, output.value)


@controls_app.command(
    "show",
    epilog=examples("azsec controls show CLU-01.4"),
)
def show_control(
    control: Annotated[
        str, typer.Argument(metavar="ID", help="Id of a control, for example CLU-01.4.")
    ],
    environment: ControlsEnvironmentOption = None,
    output: FormatOption = OutputFormat.TEXT,
) -> None:
    """Explain a control: reason, inputs, remediation."""
    from provisioner.cli.controls import print_one_control

    print_one_control(control, environment, output.value)
