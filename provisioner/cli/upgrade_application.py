"""`azsec upgrade`: the command and its options. `cli.upgrade` runs it."""

from typing import Annotated

import typer

from provisioner.cli.options import (
    CloudOption,
    EnvironmentArgument,
    FormatOption,
    LocalStateOption,
    OutputFormat,
)
from provisioner.cli.session_options import open_session


def upgrade(  # noqa: PLR0913  typer: one parameter an option
    environment: EnvironmentArgument,
    version: Annotated[
        str | None,
        typer.Option(
            "--kubernetes-version",
            metavar="VERSION",
            help="Set the target version (1.35 or 1.35.4). Default: the newest supported version.",
            show_default=False,
        ),
    ] = None,
    write: Annotated[
        bool,
        typer.Option("--write", help="Write the target version to the environment's file."),
    ] = False,
    allow_blocked: Annotated[
        bool,
        typer.Option("--allow-blocked", help="Permit --write while the upgrade path is blocked."),
    ] = False,
    cluster: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS",
            help="Limit the command to the cluster at this address. Repeatable.",
            show_default=False,
        ),
    ] = None,
    observation: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|URL",
            help="Read the objects of the cluster from this observation: a path, or the URL of a "
            "blob. Default: kubernetes.observation of the environment.",
            show_default=False,
        ),
    ] = None,
    output: FormatOption = OutputFormat.TEXT,
    cloud: CloudOption = None,
    local_state: LocalStateOption = None,
) -> None:
    """Show the Kubernetes upgrade path and its blockers.

    Exit code 3: the path is blocked; 1: something could not be read.
    """
    from provisioner.cli.upgrade import Request, run_upgrade

    request = Request(
        environment,
        version,
        tuple(cluster or ()),
        observation,
        write=write,
        allow_blocked=allow_blocked,
    )
    with open_session(cloud=cloud, local_state=local_state, quiet=True) as session:
        raise typer.Exit(run_upgrade(session, request, output.value))
