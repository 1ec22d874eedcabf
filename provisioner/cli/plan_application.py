"""`azsec plan` and `show`, and their options."""

from typing import Annotated

import typer

from provisioner.cli.exit_code import ExitCode
from provisioner.cli.options import (
    CloudOption,
    ContextOption,
    EnvironmentArgument,
    ExplainOption,
    ForceConflictsOption,
    FormatOption,
    FullOption,
    KubeconfigOption,
    LocalStateOption,
    NoPreflightOption,
    OutputFormat,
    ParallelismOption,
    ParametersOption,
    QuietOption,
    SetFileOption,
    SetOption,
)
from provisioner.cli.plan_options import (
    NO_API_SERVER,
    WHOLE_PLAN_ONLY,
    AdoptOption,
    ResetDefaultsOption,
    TargetOption,
    WithClusterOption,
    api_server_options,
    cluster_options,
)
from provisioner.cli.session_options import open_session, read_parameter_options


def plan(  # noqa: PLR0913  typer: one parameter an option
    environment: EnvironmentArgument,
    out: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Save the plan to this file.", show_default=False),
    ] = None,
    output: FormatOption = OutputFormat.TEXT,
    detailed_exitcode: Annotated[
        bool,
        typer.Option("--detailed-exitcode", help="Return exit code 2 when the plan has changes."),
    ] = False,
    destroy: Annotated[
        bool, typer.Option("--destroy", help="Plan the deletion of the environment.")
    ] = False,
    explain: ExplainOption = None,
    full: FullOption = False,
    adopt: AdoptOption = None,
    reset_defaults: ResetDefaultsOption = False,
    no_preflight: NoPreflightOption = False,
    target: TargetOption = None,
    with_cluster: WithClusterOption = False,
    kubeconfig: KubeconfigOption = None,
    context: ContextOption = None,
    force_conflicts: ForceConflictsOption = False,
    set_: SetOption = None,
    set_file: SetFileOption = None,
    parameters: ParametersOption = None,
    cloud: CloudOption = None,
    local_state: LocalStateOption = None,
    parallelism: ParallelismOption = 10,
    quiet: QuietOption = False,
) -> None:
    """Show the changes that apply would make."""
    from provisioner.cli.output import print_explanation, print_plan
    from provisioner.cli.session import PlanChoices, refuse_options, save_plan

    values = read_parameter_options(set_, set_file, parameters)
    if destroy:
        decided = {"--reset-defaults": reset_defaults, "--adopt": bool(adopt)}
        refuse_options("a plan that deletes has no use for it", decided)
    if with_cluster:
        from provisioner.cli.combined_plan import CombinedChoices, CombinedOutput, run_plan

        decided = {"--destroy": destroy, "--target": bool(target), "--explain": explain is not None}
        refuse_options(WHOLE_PLAN_ONLY, decided)
        choices = PlanChoices(False, reset_defaults, no_preflight, adopt=tuple(adopt or ()))
        session = open_session(
            cloud=cloud,
            local_state=local_state,
            parallelism=parallelism,
            quiet=quiet,
            values=values,
        )
        both = CombinedOutput(out, output.value, detailed=detailed_exitcode)
        within = cluster_options(kubeconfig, context, force_conflicts=force_conflicts)
        raise typer.Exit(run_plan(session, environment, CombinedChoices(choices, within), both))
    refuse_options(NO_API_SERVER, api_server_options(kubeconfig, context, forces=force_conflicts))
    with open_session(
        cloud=cloud, local_state=local_state, parallelism=parallelism, quiet=quiet, values=values
    ) as session:
        choices = PlanChoices(destroy, reset_defaults, no_preflight, adopt=tuple(adopt or ()))
        made = session.plan(environment, target or [], choices)
        if out is not None:
            save_plan(made, out)
        if explain is None:
            print_plan(made.document, output.value, full=full)
        else:
            from provisioner.cli.explanation import explain as explain_change

            told = explain_change(session, made, explain, asks_azure=True)
            print_explanation(told, output.value)
    if not made.can_apply():
        raise typer.Exit(ExitCode.ERROR)
    if made.adopts_unasked:
        raise typer.Exit(ExitCode.REFUSED)
    if detailed_exitcode and made.document.summary.changes:
        raise typer.Exit(ExitCode.DIFFERENCES)
    if detailed_exitcode and made.document.census and made.document.census.unreadable:
        raise typer.Exit(ExitCode.ERROR)


def show(
    file: Annotated[str, typer.Argument(metavar="PLANFILE", help="Plan file.", show_default=False)],
    output: FormatOption = OutputFormat.TEXT,
    explain: ExplainOption = None,
    full: FullOption = False,
) -> None:
    """Print a saved plan.

    A plan of Azure is printed with the steps that apply sends, a plan of a cluster with its
    objects.
    """
    from provisioner.cli.plan_files import print_plan_file
    from provisioner.cli.session import read_plan

    if explain is None:
        print_plan_file(file, output.value, full=full)
        return
    saved = read_plan(file)
    from provisioner.cli.explanation import explain as explain_change
    from provisioner.cli.output import print_explanation

    with open_session(quiet=True) as session:
        print_explanation(explain_change(session, saved, explain, asks_azure=False), output.value)
