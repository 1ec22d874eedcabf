"""`azsec apply` and `destroy`, and their options."""

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
    NoPreflightOption,
    OutputFormat,
    ParallelismOption,
    ParametersOption,
    QuietOption,
    RealisticOption,
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
    adopt: AdoptOption = None,
    digest: Annotated[
        str | None,
        typer.Option(
            metavar="DIGEST",
            help="Apply only the plan that has this digest. Replaces the confirmation.",
            show_default=False,
        ),
    ] = None,
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
    output: FormatOption = OutputFormat.TEXT,
    cloud: CloudOption = None,
    local_state: LocalStateOption = None,
    parallelism: ParallelismOption = 10,
    lock_timeout: LockTimeoutOption = 0.0,
    realistic: RealisticOption = None,
    quiet: QuietOption = False,
) -> None:
    """Apply a saved plan, or plan and apply an environment."""
    from provisioner.cli.session import (
        COMBINED_KIND,
        Approval,
        PlanChoices,
        apply_environment,
        apply_saved,
        is_plan_file,
        kind_of_plan_file,
        refuse_options,
    )
    from provisioner.workflow.apply import ApplyOptions
    from provisioner.workflow.approval import read_digest

    session = open_session(
        cloud=cloud,
        local_state=local_state,
        parallelism=parallelism,
        realistic=realistic,
        quiet=quiet,
        values=read_parameter_options(set_, set_file, parameters),
    )
    options = ApplyOptions(allow_delete, parallelism, lock_timeout)
    if is_plan_file(subject):
        decided = {
            "--adopt": bool(adopt),
            "--set": bool(set_),
            "--set-file": bool(set_file),
            "--parameters": bool(parameters),
            "--reset-defaults": reset_defaults,
            "--offline": no_preflight,
            "--target": bool(target),
        }
        decided["--with-cluster"] = with_cluster
        decided["--force-conflicts"] = force_conflicts
        refuse_options("a plan file is applied as it is", decided)
    approved = None if digest is None else read_digest(digest)
    choices = PlanChoices(
        False, reset_defaults, no_preflight, True, tuple(adopt or ()), lock_timeout
    )
    if with_cluster or kind_of_plan_file(subject) == COMBINED_KIND:
        from provisioner.cli.combined_plan import CombinedChoices, run_apply

        refuse_options(WHOLE_PLAN_ONLY, {"--target": bool(target)})
        approval = Approval(yes, approved)
        within = cluster_options(kubeconfig, context, force_conflicts=force_conflicts)
        both = CombinedChoices(choices, within)
        raise typer.Exit(run_apply(session, subject, both, options, approval, output.value))
    refuse_options(NO_API_SERVER, api_server_options(kubeconfig, context, forces=force_conflicts))
    if is_plan_file(subject):
        raise typer.Exit(apply_saved(session, subject, options, output.value, digest))
    with session:
        made = session.plan(subject, target or [], choices)
        code = apply_environment(session, made, options, Approval(yes, approved), output.value)
    raise typer.Exit(code)


def destroy(  # noqa: PLR0913  typer: one parameter an option
    environment: EnvironmentArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation.")] = False,
    no_preflight: NoPreflightOption = False,
    target: TargetOption = None,
    set_: SetOption = None,
    set_file: SetFileOption = None,
    parameters: ParametersOption = None,
    output: FormatOption = OutputFormat.TEXT,
    cloud: CloudOption = None,
    local_state: LocalStateOption = None,
    parallelism: ParallelismOption = 10,
    lock_timeout: LockTimeoutOption = 0.0,
    realistic: RealisticOption = None,
    quiet: QuietOption = False,
) -> None:
    """Delete the resources that an environment owns."""
    from provisioner.cli.session import Approval, PlanChoices, apply_environment
    from provisioner.workflow.apply import ApplyOptions

    options = ApplyOptions(True, parallelism, lock_timeout)
    with open_session(
        cloud=cloud,
        local_state=local_state,
        parallelism=parallelism,
        realistic=realistic,
        quiet=quiet,
        values=read_parameter_options(set_, set_file, parameters),
    ) as session:
        choices = PlanChoices(
            destroy=True, skip_preflight=no_preflight, applies=True, lock_timeout=lock_timeout
        )
        made = session.plan(environment, target or [], choices)
        code = apply_environment(session, made, options, Approval(yes), output.value)
    raise typer.Exit(code)
