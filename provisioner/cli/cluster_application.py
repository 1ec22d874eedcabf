"""`azsec cluster`: its commands and their options. `cli.cluster` runs them."""

from typing import Annotated

import typer

from provisioner.cli.command_groups import examples
from provisioner.cli.options import (
    CloudOption,
    ContextOption,
    EnvironmentArgument,
    ForceConflictsOption,
    FormatOption,
    KubeconfigOption,
    LocalStateOption,
    LockTimeoutOption,
    OutputFormat,
    ParametersOption,
    SetFileOption,
    SetOption,
    StateChoice,
    StateKindOption,
)

cluster_app = typer.Typer(
    help="Plan, apply and check the objects of a cluster.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_Adopt = Annotated[
    list[str] | None,
    typer.Option(
        "--adopt",
        metavar="ADDRESS",
        help="Permit adoption of the existing object at this address (NAMESPACE/KIND/NAME), "
        "which has no ownership mark; NAMESPACE/* covers its namespace, * all objects. "
        "Repeatable.",
        show_default=False,
    ),
]


@cluster_app.command(
    "plan",
    epilog=examples(
        "azsec cluster plan prod --out objects.azplan",
    ),
)
def plan(  # noqa: PLR0913  typer: one parameter an option
    environment: EnvironmentArgument,
    out: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Save the plan to this file.", show_default=False),
    ] = None,
    detailed_exitcode: Annotated[
        bool,
        typer.Option("--detailed-exitcode", help="Return exit code 2 when the plan has changes."),
    ] = False,
    adopt: _Adopt = None,
    force_conflicts: ForceConflictsOption = False,
    state: StateKindOption = StateChoice.DESIRED,
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = None,
    set_: SetOption = None,
    set_file: SetFileOption = None,
    parameters: ParametersOption = None,
    output: FormatOption = OutputFormat.TEXT,
    cloud: CloudOption = None,
    local_state: LocalStateOption = None,
) -> None:
    """Show the changes that apply would make to the objects."""
    from provisioner.cli.cluster import Request, run_plan
    from provisioner.cli.cluster_access import ApiServerAccess
    from provisioner.cli.parameter_values import read_values

    request = Request(environment, state.value, tuple(adopt or ()), force_conflicts)
    values = read_values(set_ or (), set_file or (), parameters or ())
    reach = ApiServerAccess(
        kubeconfig, context, cloud.value if cloud else None, local_state, values
    )
    raise typer.Exit(run_plan(request, reach, output.value, out, detailed=detailed_exitcode))


@cluster_app.command(
    "apply",
    epilog=examples(
        "azsec cluster apply objects.azplan",
    ),
)
def apply(  # noqa: PLR0913  typer: one parameter an option
    subject: Annotated[
        str,
        typer.Argument(
            metavar="ENV|PLANFILE",
            help="Plan file, which is derived again and applied if the digest is the same; or an "
            "environment, which is planned and confirmed first.",
            show_default=False,
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation.")] = False,
    allow_delete: Annotated[
        bool, typer.Option("--allow-delete", help="Permit deletes and replacements.")
    ] = False,
    digest: Annotated[
        str | None,
        typer.Option(
            metavar="DIGEST",
            help="Apply only the plan that has this digest. Replaces the confirmation.",
            show_default=False,
        ),
    ] = None,
    adopt: _Adopt = None,
    force_conflicts: ForceConflictsOption = False,
    state: StateKindOption = StateChoice.DESIRED,
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = None,
    lock_timeout: LockTimeoutOption = 0.0,
    set_: SetOption = None,
    set_file: SetFileOption = None,
    parameters: ParametersOption = None,
    output: FormatOption = OutputFormat.TEXT,
    cloud: CloudOption = None,
    local_state: LocalStateOption = None,
) -> None:
    """Apply a saved plan, or plan and apply the objects."""
    from provisioner.cli.cluster import Consent, Request, run_apply
    from provisioner.cli.cluster_access import ApiServerAccess
    from provisioner.cli.parameter_values import read_values

    request = Request(subject, state.value, tuple(adopt or ()), force_conflicts)
    values = read_values(set_ or (), set_file or (), parameters or ())
    reach = ApiServerAccess(
        kubeconfig, context, cloud.value if cloud else None, local_state, values
    )
    consent = Consent(yes, allow_delete, digest, lock_timeout)
    raise typer.Exit(run_apply(request, reach, output.value, consent))


@cluster_app.command(
    "observe",
    epilog=examples(
        "azsec cluster observe prod --out seen.json",
    ),
)
def observe(
    environment: Annotated[
        str | None,
        typer.Argument(
            metavar="[ENV]",
            help="Environment that configures the access to the API server. Default: the cluster "
            "of the pod that azsec runs in.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Write the observation to this file. Default: standard output.",
            show_default=False,
        ),
    ] = None,
    config_map: Annotated[
        str | None,
        typer.Option(
            metavar="NAMESPACE/NAME",
            help="Write the compressed observation to this ConfigMap of the cluster.",
            show_default=False,
        ),
    ] = None,
    blob: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Write the compressed observation to this blob "
            "(https://ACCOUNT.blob.core.windows.net/CONTAINER/NAME); in a pod, with its "
            "workload identity.",
            show_default=False,
        ),
    ] = None,
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = None,
) -> None:
    """Write a dated, signed snapshot of a cluster's objects.

    Compare it elsewhere with `azsec cluster drift --observation`. The signing key is the
    environment variable AZSEC_OBSERVATION_KEY. Exit code 1: a list was refused.
    """
    from provisioner.cli.observe import Target, run_observe

    raise typer.Exit(run_observe(environment, kubeconfig, context, Target(out, config_map, blob)))


@cluster_app.command(
    "observer",
    epilog=examples("azsec cluster observer prod"),
)
def observer(
    environment: EnvironmentArgument,
    state: StateKindOption = StateChoice.DESIRED,
    set_: SetOption = None,
    set_file: SetFileOption = None,
    parameters: ParametersOption = None,
) -> None:
    """Print the manifests of the in-cluster observer job.

    They are part of the environment's objects: `azsec cluster apply` creates them.
    """
    from provisioner.cli.cluster import print_observer
    from provisioner.cli.parameter_values import read_values

    values = read_values(set_ or (), set_file or (), parameters or ())
    print_observer(environment, state.value, values)


@cluster_app.command(
    "drift",
    epilog=examples(
        "azsec cluster drift prod",
        "azsec cluster drift prod --observation seen.json",
    ),
)
def drift(  # noqa: PLR0913  typer: one parameter an option
    environment: EnvironmentArgument,
    observation: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|URL",
            help="Read the objects of the cluster from this observation: a path, or the URL of a "
            "blob. No API server is contacted. Default without configured access: "
            "kubernetes.observation of the environment.",
            show_default=False,
        ),
    ] = None,
    state: StateKindOption = StateChoice.DESIRED,
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = None,
    set_: SetOption = None,
    set_file: SetFileOption = None,
    parameters: ParametersOption = None,
    output: FormatOption = OutputFormat.TEXT,
    cloud: CloudOption = None,
    local_state: LocalStateOption = None,
) -> None:
    """Show differences between the cluster and the blueprint.

    Includes additions to allow lists. Exit code 2: drift; 1: no drift found, but not everything
    could be read.
    """
    from provisioner.cli.cluster import Request, run_drift
    from provisioner.cli.cluster_access import ApiServerAccess
    from provisioner.cli.parameter_values import read_values

    request = Request(environment, state.value, observation=observation)
    values = read_values(set_ or (), set_file or (), parameters or ())
    reach = ApiServerAccess(
        kubeconfig, context, cloud.value if cloud else None, local_state, values
    )
    raise typer.Exit(run_drift(request, reach, output.value))
