"""`azsec cluster`: its commands and their options. What they do is in `cli.cluster`."""

from typing import Annotated

import typer

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
    help="The objects in a cluster: planned, applied, and watched for drift.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_Adopt = Annotated[
    list[str] | None,
    typer.Option(
        "--adopt",
        metavar="ADDRESS",
        help="Permit taking over the object at this address (NAMESPACE/KIND/NAME) where it exists "
        "without a mark of azsec; NAMESPACE/* all in it, * everything. Repeatable.",
        show_default=False,
    ),
]


@cluster_app.command("plan")
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
    """Show every change that would make the objects in the cluster what the environment says."""
    from provisioner.cli.cluster import Request, run_plan
    from provisioner.cli.cluster_access import Reach
    from provisioner.cli.parameter_values import read_values

    request = Request(environment, state.value, tuple(adopt or ()), force_conflicts)
    values = read_values(set_ or (), set_file or (), parameters or ())
    reach = Reach(kubeconfig, context, cloud.value if cloud else None, local_state, values)
    raise typer.Exit(run_plan(request, reach, output.value, out, detailed=detailed_exitcode))


@cluster_app.command("apply")
def apply(  # noqa: PLR0913  typer: one parameter an option
    subject: Annotated[
        str,
        typer.Argument(
            metavar="ENV|PLANFILE",
            help="A plan file, made again and applied if it is the same plan; or an environment, "
            "planned and confirmed first.",
            show_default=False,
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Apply without asking.")] = False,
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
    """Apply a reviewed plan, or plan an environment's objects and apply that."""
    from provisioner.cli.cluster import Consent, Request, run_apply
    from provisioner.cli.cluster_access import Reach
    from provisioner.cli.parameter_values import read_values

    request = Request(subject, state.value, tuple(adopt or ()), force_conflicts)
    values = read_values(set_ or (), set_file or (), parameters or ())
    reach = Reach(kubeconfig, context, cloud.value if cloud else None, local_state, values)
    consent = Consent(yes, allow_delete, digest, lock_timeout)
    raise typer.Exit(run_apply(request, reach, output.value, consent))


@cluster_app.command("observe")
def observe(
    environment: Annotated[
        str | None,
        typer.Argument(
            metavar="[ENV]",
            help="The environment that says how its API server is reached; without, the cluster of "
            "the pod that azsec runs in.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Write the observation to this file, by default to standard output.",
            show_default=False,
        ),
    ] = None,
    config_map: Annotated[
        str | None,
        typer.Option(
            metavar="NAMESPACE/NAME",
            help="Write it, compressed, to this ConfigMap of the cluster.",
            show_default=False,
        ),
    ] = None,
    blob: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Write it, compressed, to this blob (https://ACCOUNT.blob.core.windows.net/"
            "CONTAINER/NAME): in a pod as its workload identity.",
            show_default=False,
        ),
    ] = None,
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = None,
) -> None:
    """Write an observation: the objects of a cluster, dated and signed, to compare elsewhere.

    The key is in the variable AZSEC_OBSERVATION_KEY. Exit with 1 if a list was refused.
    """
    from provisioner.cli.observe import Target, run_observe

    raise typer.Exit(run_observe(environment, kubeconfig, context, Target(out, config_map, blob)))


@cluster_app.command("observer")
def observer(
    environment: EnvironmentArgument,
    state: StateKindOption = StateChoice.DESIRED,
    set_: SetOption = None,
    set_file: SetFileOption = None,
    parameters: ParametersOption = None,
) -> None:
    """Write the objects of the job that observes the cluster from inside, as YAML for kubectl.

    They are part of the environment's objects, too: `azsec cluster apply` makes them.
    """
    from provisioner.cli.cluster import print_observer
    from provisioner.cli.parameter_values import read_values

    values = read_values(set_ or (), set_file or (), parameters or ())
    print_observer(environment, state.value, values)


@cluster_app.command("drift")
def drift(  # noqa: PLR0913  typer: one parameter an option
    environment: EnvironmentArgument,
    observation: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|URL",
            help="Compare what `azsec cluster observe` wrote to a file or blob, and ask no API "
            "server; the environment's own where it states no access.",
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
    """Show what in the cluster is not as declared, and what others added to what is allowed.

    Exit with 2 if anything was found, with 1 if nothing was and not everything could be read.
    """
    from provisioner.cli.cluster import Request, run_drift
    from provisioner.cli.cluster_access import Reach
    from provisioner.cli.parameter_values import read_values

    request = Request(environment, state.value, observation=observation)
    values = read_values(set_ or (), set_file or (), parameters or ())
    reach = Reach(kubeconfig, context, cloud.value if cloud else None, local_state, values)
    raise typer.Exit(run_drift(request, reach, output.value))
