"""`azsec output`, `list` and `console`, and their options. `workflow.inventory` runs them."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.exit_code import ExitCode
from provisioner.cli.options import (
    CloudChoice,
    CloudOption,
    EnvironmentArgument,
    LocalStateOption,
    ParametersOption,
    PlainFormat,
    PlainFormatOption,
    SetFileOption,
    SetOption,
)

if TYPE_CHECKING:
    from provisioner.cli.session import Session


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
    with _open_session(cloud, local_state, (set_, set_file, parameters)) as session:
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

    with _open_session(cloud, local_state, (set_, set_file, parameters)) as session:
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

    with _open_session(cloud, local_state, (set_, set_file, parameters)) as session:
        is_sound = evaluate_lines(
            session, environment, expression, sys.stdin, output.value, live=live
        )
    if not is_sound:
        raise typer.Exit(ExitCode.ERROR)


def _open_session(
    cloud: CloudChoice | None,
    local_state: str | None,
    given: tuple[list[str] | None, list[str] | None, list[str] | None],
) -> "Session":
    from provisioner.cli.parameter_values import read_values
    from provisioner.cli.session import Session, SessionContext

    assigned, from_files, files = given
    return Session(
        cloud=cloud.value if cloud else None,
        local_state=local_state,
        parallelism=10,
        realistic=None,
        quiet=True,
        surroundings=SessionContext(
            values=read_values(assigned or (), from_files or (), files or ())
        ),
    )
