"""`azsec output`, `list` and `console`, and their options. `workflow.inventory` runs them."""

import sys
from typing import Annotated

import typer

from provisioner.cli.exit_code import ExitCode
from provisioner.cli.options import (
    CloudOption,
    EnvironmentArgument,
    LocalStateOption,
    ParametersOption,
    PlainFormat,
    PlainFormatOption,
    SetFileOption,
    SetOption,
)
from provisioner.cli.session_options import open_session, read_parameter_options


def print_outputs(  # noqa: PLR0913  typer: one parameter an option
    environment: EnvironmentArgument,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]", help="Name of the only output to print.", show_default=False
        ),
    ] = None,
    raw: Annotated[
        bool,
        typer.Option("--raw", help="Print the value of one output as plain text, for scripts."),
    ] = False,
    set_: SetOption = None,
    set_file: SetFileOption = None,
    parameters: ParametersOption = None,
    output: PlainFormatOption = PlainFormat.TEXT,
    cloud: CloudOption = None,
    local_state: LocalStateOption = None,
) -> None:
    """Print the outputs of the blueprint.

    Values are read from Azure. Exit code 1: a value is not known, because its resource is not in
    Azure or could not be read.
    """
    from provisioner.cli.inventory import print_raw
    from provisioner.cli.output import print_inventory
    from provisioner.cli.session import refuse_options

    if raw:
        refuse_options("--raw prints text", {"--output": output is not PlainFormat.TEXT})
    values = read_parameter_options(set_, set_file, parameters)
    with open_session(cloud=cloud, local_state=local_state, quiet=True, values=values) as session:
        document = session.read_outputs(environment, name)
    if raw:
        print_raw(document, name)
    else:
        print_inventory(document, output.value)
    if not all(one.known for one in document.outputs):
        raise typer.Exit(ExitCode.ERROR)


def list_owned(  # noqa: PLR0913  typer: one parameter an option
    environment: EnvironmentArgument,
    set_: SetOption = None,
    set_file: SetFileOption = None,
    parameters: ParametersOption = None,
    output: PlainFormatOption = PlainFormat.TEXT,
    cloud: CloudOption = None,
    local_state: LocalStateOption = None,
) -> None:
    """List the resources that an environment owns.

    Exit code 1: not everything could be read.
    """
    from provisioner.cli.output import print_inventory

    values = read_parameter_options(set_, set_file, parameters)
    with open_session(cloud=cloud, local_state=local_state, quiet=True, values=values) as session:
        document = session.list_resources(environment)
    print_inventory(document, output.value)
    if document.unreadable:
        raise typer.Exit(ExitCode.ERROR)


def console(  # noqa: PLR0913  typer: one parameter an option
    environment: EnvironmentArgument,
    expression: Annotated[
        list[str] | None,
        typer.Option(
            "--expression",
            "-e",
            metavar="CEL",
            help="Evaluate this expression instead of lines of standard input. Repeatable.",
            show_default=False,
        ),
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Read Azure for values that are known after apply.")
    ] = False,
    set_: SetOption = None,
    set_file: SetFileOption = None,
    parameters: ParametersOption = None,
    output: PlainFormatOption = PlainFormat.TEXT,
    cloud: CloudOption = None,
    local_state: LocalStateOption = None,
) -> None:
    """Evaluate expressions of the blueprint.

    Expressions see the same names as `${…}` in the blueprint. Exit code 1: one has no value.
    """
    from provisioner.cli.inventory import evaluate_lines

    values = read_parameter_options(set_, set_file, parameters)
    with open_session(cloud=cloud, local_state=local_state, quiet=True, values=values) as session:
        is_sound = evaluate_lines(
            session, environment, expression, sys.stdin, output.value, live=live
        )
    if not is_sound:
        raise typer.Exit(ExitCode.ERROR)
