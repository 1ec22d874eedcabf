"""`azsec init` and `validate`, and their options."""

from typing import Annotated

import typer

from provisioner.cli.options import (
    EnvironmentArgument,
    ParametersOption,
    PipelineKind,
    SetFileOption,
    SetOption,
)
from provisioner.cli.session_options import open_session, read_parameter_options


def init(  # noqa: PLR0913  typer: one parameter an option
    directory: Annotated[
        str, typer.Argument(metavar="DIRECTORY", help="Directory to write to.")
    ] = ".",
    environment: Annotated[
        str, typer.Option(metavar="ENV", help="Set the name of the environment.")
    ] = "dev",
    blueprint: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="SOURCE",
            help="Use this blueprint: azsec:NAME from the library, git::URL//PATH?ref=TAG, or a "
            "path.",
            show_default=False,
        ),
    ] = None,
    copy: Annotated[
        bool,
        typer.Option("--copy", help="Copy the blueprint and its modules to blueprints/."),
    ] = False,
    ci: Annotated[
        PipelineKind | None,
        typer.Option(
            "--ci",
            help="Write CI pipelines: plan on pull requests, apply on merge, nightly drift check.",
            show_default=False,
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--azsec",
            metavar="OWNER/NAME@COMMIT",
            help="Set the repository that the pipelines install azsec from.",
            show_default="where this azsec was installed from",
        ),
    ] = None,
    connection: Annotated[
        str | None,
        typer.Option(
            "--azsec-connection",
            metavar="NAME",
            help="Set the GitHub service connection for that repository (Azure Pipelines). "
            "Without it, --azsec is PROJECT/NAME in Azure Repos.",
        ),
    ] = None,
    branch: Annotated[
        str, typer.Option(metavar="NAME", help="Set the branch whose commits are applied.")
    ] = "main",
) -> None:
    """Create an environment, a blueprint and CI pipelines."""
    from provisioner.cli.first_environment import Blueprint
    from provisioner.cli.scaffold import PipelineChoices, init_directory
    from provisioner.cli.session import refuse_options

    if blueprint is None:
        refuse_options("there is no --from", {"--copy": copy})
    else:
        refuse_options("pipelines are written by a call of their own", {"--ci": ci is not None})
    pipelines = None if ci is None else PipelineChoices(ci, source, connection, branch)
    chosen = None if blueprint is None else Blueprint(blueprint, copy)
    for line in init_directory(directory, environment, pipelines, chosen):
        typer.echo(line)


def validate(
    environment: EnvironmentArgument,
    set_: SetOption = None,
    set_file: SetFileOption = None,
    parameters: ParametersOption = None,
) -> None:
    """Validate an environment and its blueprint offline."""
    values = read_parameter_options(set_, set_file, parameters)
    desired, diagnostics = open_session(values=values).validate(environment)
    for told in diagnostics:
        typer.echo(str(told), err=True)
    managed = sum(resource.managed for resource in desired.graph)
    typer.echo(f"{desired.environment.path} is valid: {managed} resources.")
