"""`azsec lock`: its commands and their options. `cli.lock` runs them."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.command_groups import examples
from provisioner.cli.options import (
    CloudChoice,
    CloudOption,
    ContextOption,
    EnvironmentArgument,
    KubeconfigOption,
    LocalStateOption,
    PlainFormat,
    PlainFormatOption,
)
from provisioner.cli.session_options import open_session

if TYPE_CHECKING:
    from provisioner.cli.lock import Lock

lock_app = typer.Typer(
    help="Show or break the lock of an environment.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_InCluster = Annotated[
    bool,
    typer.Option(
        "--in-cluster", help="Use the Lease in the cluster instead of the lease in Azure."
    ),
]


@lock_app.command(
    "show",
    epilog=examples("azsec lock show prod"),
)
def show(  # noqa: PLR0913  typer: one parameter an option
    environment: EnvironmentArgument,
    in_cluster: _InCluster = False,
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = None,
    output: PlainFormatOption = PlainFormat.TEXT,
    cloud: CloudOption = None,
    local_state: LocalStateOption = None,
) -> None:
    """Show who holds the lock, since when and until when."""
    from provisioner.cli.lock import print_lock

    with _open_environment_lock(
        environment, in_cluster, kubeconfig, context, cloud, local_state
    ) as lock:
        print_lock(lock, output.value)


@lock_app.command(
    "break",
    epilog=examples("azsec lock break prod"),
)
def break_(  # noqa: PLR0913  typer: one parameter an option
    environment: EnvironmentArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation.")] = False,
    in_cluster: _InCluster = False,
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = None,
    output: PlainFormatOption = PlainFormat.TEXT,
    cloud: CloudOption = None,
    local_state: LocalStateOption = None,
) -> None:
    """Break the lock, regardless of its holder.

    The apply that held it starts no further step; steps that it has started continue in Azure.
    """
    from provisioner.cli.lock import break_held

    with _open_environment_lock(
        environment, in_cluster, kubeconfig, context, cloud, local_state
    ) as lock:
        raise typer.Exit(break_held(lock, output.value, yes=yes))


def _open_environment_lock(
    environment: str,
    in_cluster: bool,
    kubeconfig: str | None,
    context: str | None,
    cloud: CloudChoice | None,
    local_state: str | None,
) -> "AbstractContextManager[Lock]":
    from provisioner.cli.cluster_access import ApiServerAccess
    from provisioner.cli.cluster_lock import open_cluster_lock, open_lock
    from provisioner.cli.session import refuse_options

    session = open_session(cloud=cloud, local_state=local_state, parallelism=1, quiet=True)
    if in_cluster:
        place = cloud.value if cloud else None
        return open_cluster_lock(
            session, environment, ApiServerAccess(kubeconfig, context, place, local_state)
        )
    given = {"--kubeconfig": kubeconfig is not None, "--context": context is not None}
    refuse_options("the lock in Azure takes no API server; add --in-cluster", given)
    return open_lock(session, environment)
