"""The root command `azsec`, and the commands with their options. `provisioner.workflow` runs them.

Heavy modules are imported when a command runs, so that `azsec --help` answers at once.
"""

import os
import sys
from enum import StrEnum
from io import TextIOWrapper
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner import __version__
from provisioner.cli.adopt_application import adopt
from provisioner.cli.ci_application import ci_app
from provisioner.cli.cluster_application import cluster_app
from provisioner.cli.command_groups import SectionedCommands, examples
from provisioner.cli.diff import diff
from provisioner.cli.exit_code import ExitCode
from provisioner.cli.fleet_application import fleet_app
from provisioner.cli.fmt import fmt
from provisioner.cli.inventory_application import console, list_owned, print_outputs
from provisioner.cli.local_application import local_app
from provisioner.cli.lock_application import lock_app
from provisioner.cli.modules_application import modules_app
from provisioner.cli.options import (
    AllNamespacesOption,
    CloudChoice,
    CloudOption,
    ContextOption,
    ControlsEnvironmentOption,
    EnvironmentArgument,
    ExplainOption,
    ForceConflictsOption,
    FormatOption,
    FrameworkChoice,
    FullOption,
    KubeconfigOption,
    LocalStateOption,
    LockTimeoutOption,
    NoPreflightOption,
    ObservationFilesOption,
    OutputFormat,
    ParallelismOption,
    ParametersOption,
    PipelineKind,
    PlainFormat,
    QuietOption,
    RealisticOption,
    SetFileOption,
    SetOption,
    SinceOption,
    StateChoice,
    StateKindOption,
    StrictTagsOption,
)
from provisioner.cli.report_application import report
from provisioner.cli.schema_application import schema_app
from provisioner.cli.upgrade_application import upgrade

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioner.blueprint.parameter_values import ParameterValue
    from provisioner.cli.combined_plan import ClusterOptions
    from provisioner.cli.session import Session
    from provisioner.plan.plan import Plan

app = typer.Typer(
    name="azsec",
    cls=SectionedCommands,
    help="Plan, apply and check secure Kubernetes environments on Azure.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(local_app, name="local")
controls_app = typer.Typer(
    help="List and explain the security controls.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(controls_app, name="controls")
ownership_app = typer.Typer(
    help="Migrate the ownership marks of an environment.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(ownership_app, name="ownership")
app.add_typer(lock_app, name="lock")
app.add_typer(cluster_app, name="cluster")
app.add_typer(schema_app, name="schema")
app.add_typer(ci_app, name="ci")
app.add_typer(modules_app, name="modules")
app.add_typer(fleet_app, name="fleet")


class DrawingFormat(StrEnum):
    """How a command draws its result."""

    MERMAID = "mermaid"
    SVG = "svg"
    HTML = "html"
    JSON = "json"


class AccessStateChoice(StrEnum):
    """Which state's role assignments a command looks at."""

    DESIRED = "desired"
    ACTUAL = "actual"


class PurposeChoice(StrEnum):
    """What a role is for."""

    PLAN = "plan"
    ACCESS = "access"
    APPLY = "apply"
    DELETE = "delete"
    CLUSTER_OBSERVE = "cluster-observe"
    CLUSTER_APPLY = "cluster-apply"
    CLUSTER_DELETE = "cluster-delete"


class CheckFormat(StrEnum):
    """How a check prints its result."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    SARIF = "sarif"
    JUNIT = "junit"


class ExportChoice(StrEnum):
    """The language of an export."""

    ARM = "arm"
    BICEP = "bicep"


class ProtocolChoice(StrEnum):
    """What carries packets."""

    TCP = "tcp"
    UDP = "udp"


TargetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--target",
        metavar="ADDRESS",
        help="Limit the plan to this address and its dependencies. Repeatable.",
        show_default=False,
    ),
]
ResetDefaultsOption = Annotated[
    bool,
    typer.Option(
        "--reset-defaults",
        help="Reset properties to their defaults where the blueprint does not set them.",
    ),
]
AdoptOption = Annotated[
    list[str] | None,
    typer.Option(
        "--adopt",
        metavar="ADDRESS",
        help="Permit adoption of the existing resource at this address, which has no ownership "
        "mark; a module's address covers all its resources, * all resources. Repeatable.",
        show_default=False,
    ),
]
WithClusterOption = Annotated[
    bool,
    typer.Option(
        "--with-cluster",
        help="Include the objects of the cluster (`azsec cluster`): one plan with one digest, "
        "applied after Azure.",
    ),
]
_NO_CLUSTER = "without --with-cluster no API server is contacted"
_BOTH_WHOLE = "Azure and the cluster are planned as a whole"


def run() -> None:
    """Run the command line, and turn every expected failure into words and an exit code."""
    from provisioner.cli.failure import end, handle_interrupts, run_guarded
    from provisioner.cli.garbage_collection import collect_rarely
    from provisioner.cli.job_log import guard_streams

    handle_interrupts()
    guard_streams(os.environ)
    collect_rarely()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # What Azure answers may hold text that a terminal cannot show.
            stream.reconfigure(errors="backslashreplace")
    end(run_guarded(app, sys.argv[1:]))


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    timings: Annotated[
        bool,
        typer.Option(
            "--timings",
            help="Print the duration of each phase on stderr; accepted by every command.",
        ),
    ] = False,
) -> None:
    del timings  # Taken from the command line before its commands are: see `cli.timings`.
    if version:
        typer.echo(f"azsec {__version__}")
        raise typer.Exit


def _session(
    *,
    cloud: CloudChoice | None = None,
    local_state: str | None = None,
    parallelism: int = 10,
    realistic: float | None = None,
    quiet: bool = False,
    values: "Sequence[ParameterValue]" = (),
) -> "Session":
    from provisioner.cli.session import Session, SessionContext

    return Session(
        cloud=cloud.value if cloud else None,
        local_state=local_state,
        parallelism=parallelism,
        realistic=realistic,
        quiet=quiet,
        surroundings=SessionContext(values=values),
    )


def _values(
    assigned: list[str] | None, from_files: list[str] | None, files: list[str] | None
) -> "Sequence[ParameterValue]":
    from provisioner.cli.parameter_values import read_values

    return read_values(assigned or (), from_files or (), files or ())


@app.command(
    epilog=examples(
        "azsec init",
        "azsec init . --environment prod --from azsec:secure-aks --copy",
        "azsec init . --ci github",
    ),
)
def init(  # noqa: PLR0913  typer: one parameter an option
    directory: Annotated[str, typer.Argument(help="Directory to write to.")] = ".",
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


app.command(
    "adopt",
    epilog=examples(
        "azsec adopt prod --subscription contoso-prod",
        "azsec adopt prod --resource-group contoso-prod/rg-aks --observe",
    ),
)(adopt)


@app.command()
def validate(
    environment: EnvironmentArgument,
    set_: SetOption = None,
    set_file: SetFileOption = None,
    parameters: ParametersOption = None,
) -> None:
    """Validate an environment and its blueprint offline."""
    values = _values(set_, set_file, parameters)
    desired, diagnostics = _session(values=values).validate(environment)
    for told in diagnostics:
        typer.echo(str(told), err=True)
    managed = sum(resource.managed for resource in desired.graph)
    typer.echo(f"{desired.environment.path} is valid: {managed} resources.")


def _cluster_options(
    kubeconfig: str | None, context: str | None, *, force_conflicts: bool
) -> "ClusterOptions":
    from provisioner.cli.cluster_access import ApiServerAccess
    from provisioner.cli.combined_plan import ClusterOptions

    return ClusterOptions(ApiServerAccess(kubeconfig, context, None, None), force_conflicts)


def _of_cluster(kubeconfig: str | None, context: str | None, *, forces: bool) -> dict[str, bool]:
    """Return which of the options for an API server are given."""
    return {
        "--kubeconfig": kubeconfig is not None,
        "--context": context is not None,
        "--force-conflicts": forces,
    }


@app.command(
    epilog=examples(
        "azsec plan prod",
        "azsec plan prod --out prod.azplan --detailed-exitcode",
        "azsec plan prod --explain cluster.cluster",
    ),
)
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

    values = _values(set_, set_file, parameters)
    if destroy:
        decided = {"--reset-defaults": reset_defaults, "--adopt": bool(adopt)}
        refuse_options("a plan that deletes has no use for it", decided)
    if with_cluster:
        from provisioner.cli.combined_plan import CombinedChoices, CombinedOutput, run_plan

        decided = {"--destroy": destroy, "--target": bool(target), "--explain": explain is not None}
        refuse_options(_BOTH_WHOLE, decided)
        choices = PlanChoices(False, reset_defaults, no_preflight, adopt=tuple(adopt or ()))
        session = _session(
            cloud=cloud,
            local_state=local_state,
            parallelism=parallelism,
            quiet=quiet,
            values=values,
        )
        both = CombinedOutput(out, output.value, detailed=detailed_exitcode)
        within = _cluster_options(kubeconfig, context, force_conflicts=force_conflicts)
        raise typer.Exit(run_plan(session, environment, CombinedChoices(choices, within), both))
    refuse_options(_NO_CLUSTER, _of_cluster(kubeconfig, context, forces=force_conflicts))
    with _session(
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


@app.command()
def show(
    file: Annotated[str, typer.Argument(help="Plan file.", show_default=False)],
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

    with _session(quiet=True) as session:
        print_explanation(explain_change(session, saved, explain, asks_azure=False), output.value)


app.command()(diff)


@app.command(
    epilog=examples(
        "azsec apply prod.azplan",
        "azsec apply prod --allow-delete --lock-timeout 10m",
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

    session = _session(
        cloud=cloud,
        local_state=local_state,
        parallelism=parallelism,
        realistic=realistic,
        quiet=quiet,
        values=_values(set_, set_file, parameters),
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

        refuse_options(_BOTH_WHOLE, {"--target": bool(target)})
        approval = Approval(yes, approved)
        within = _cluster_options(kubeconfig, context, force_conflicts=force_conflicts)
        both = CombinedChoices(choices, within)
        raise typer.Exit(run_apply(session, subject, both, options, approval, output.value))
    refuse_options(_NO_CLUSTER, _of_cluster(kubeconfig, context, forces=force_conflicts))
    if is_plan_file(subject):
        raise typer.Exit(apply_saved(session, subject, options, output.value, digest))
    with session:
        made = session.plan(subject, target or [], choices)
        code = apply_environment(session, made, options, Approval(yes, approved), output.value)
    raise typer.Exit(code)


@app.command()
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
    with _session(
        cloud=cloud,
        local_state=local_state,
        parallelism=parallelism,
        realistic=realistic,
        quiet=quiet,
        values=_values(set_, set_file, parameters),
    ) as session:
        choices = PlanChoices(
            destroy=True, skip_preflight=no_preflight, applies=True, lock_timeout=lock_timeout
        )
        made = session.plan(environment, target or [], choices)
        code = apply_environment(session, made, options, Approval(yes), output.value)
    raise typer.Exit(code)


@app.command(
    epilog=examples(
        "azsec drift prod",
        "azsec drift prod --since 7d --output json",
    ),
)
def drift(  # noqa: PLR0913  typer: one parameter an option
    environment: EnvironmentArgument,
    since: SinceOption = None,
    strict_tags: StrictTagsOption = False,
    set_: SetOption = None,
    set_file: SetFileOption = None,
    parameters: ParametersOption = None,
    output: FormatOption = OutputFormat.TEXT,
    cloud: CloudOption = None,
    local_state: LocalStateOption = None,
    parallelism: ParallelismOption = 10,
    quiet: QuietOption = False,
) -> None:
    """Show differences between Azure and the blueprint.

    Exit code 2: drift; 1: no drift found, but not everything could be read.
    """
    from provisioner.cli.output import print_drift

    values = _values(set_, set_file, parameters)
    with _session(
        cloud=cloud, local_state=local_state, parallelism=parallelism, quiet=quiet, values=values
    ) as session:
        document = session.drift(environment, since, strict_tags=strict_tags)
    print_drift(document, output.value)
    if document.found:
        raise typer.Exit(ExitCode.DIFFERENCES)
    if not document.is_certain:
        raise typer.Exit(ExitCode.ERROR)


@app.command(
    epilog=examples(
        "azsec check prod",
        "azsec check prod --of actual --framework cis-aks-1.8",
        "azsec check prod --observation seen.json --output sarif",
    ),
)
def check(  # noqa: PLR0913  typer: one parameter an option
    environment: EnvironmentArgument,
    observation: ObservationFilesOption = None,
    all_namespaces: AllNamespacesOption = False,
    state: StateKindOption = StateChoice.DESIRED,
    framework: Annotated[
        FrameworkChoice | None,
        typer.Option(help="Group results by a compliance framework.", show_default=False),
    ] = None,
    full: Annotated[
        bool,
        typer.Option("--all", help="List every control, passing and not applicable ones too."),
    ] = False,
    set_: SetOption = None,
    set_file: SetFileOption = None,
    parameters: ParametersOption = None,
    output: Annotated[
        CheckFormat, typer.Option("--output", "-o", help="Set the output format.")
    ] = CheckFormat.TEXT,
    cloud: CloudOption = None,
    local_state: LocalStateOption = None,
    parallelism: ParallelismOption = 10,
) -> None:
    """Evaluate the security controls and network proofs.

    Exit code 3: the gate refuses a failing control or proof; 1: none is refused, but not everything
    could be read.
    """
    from provisioner.cli.cluster_files import find_evidence
    from provisioner.cli.output import print_check, print_compliance
    from provisioner.controls.frameworks import Framework
    from provisioner.documents.trace import StateKind

    kind = StateKind(state.value)
    values = _values(set_, set_file, parameters)
    with _session(
        cloud=cloud, local_state=local_state, parallelism=parallelism, quiet=True, values=values
    ) as session:
        seen = find_evidence(session, environment, observation or [], all_namespaces=all_namespaces)
        if framework is not None:
            chosen = Framework(framework.value)
            found = session.report_compliance(environment, kind, chosen, seen.contents)
            report = seen.complete(found)
            print_compliance(report, output.value)
            is_refused, census = bool(report.refused), report.census
        else:
            document = seen.complete(session.check(environment, kind, seen.contents))
            print_check(document, output.value, show_all=full)
            is_refused, census = bool(document.refused), document.census
    if is_refused:
        raise typer.Exit(ExitCode.REFUSED)
    if census.unreadable:
        raise typer.Exit(ExitCode.ERROR)


app.command(
    epilog=examples(
        "azsec report prod --of actual --out report.html",
        "azsec report prod --output oscal --out results.json",
    )
)(report)
app.command(
    "upgrade",
    epilog=examples("azsec upgrade prod", "azsec upgrade prod --kubernetes-version 1.35 --write"),
)(upgrade)
app.command("output", epilog=examples("azsec output prod", "azsec output prod issuerUrl --raw"))(
    print_outputs
)
app.command("list")(list_owned)
app.command("console", epilog=examples("azsec console prod --expression 'parameters.location'"))(
    console
)
app.command()(fmt)


@controls_app.command("list")
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


@controls_app.command("show")
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


@app.command(
    epilog=examples(
        "azsec trace prod --from nodes --to fqdn:mcr.microsoft.com",
        "azsec trace prod --from pods --to vault --of actual",
    ),
)
def trace(  # noqa: PLR0913  typer: one parameter an option
    environment: EnvironmentArgument,
    source: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="SUBNET",
            help="Set the source: nodes, pods, or the address or name of a subnet.",
        ),
    ] = "nodes",
    to: Annotated[
        str,
        typer.Option(
            metavar="DESTINATION",
            help="Set the destination: internet, fqdn:HOST, vault, registry, storage, "
            "api-server, subnet:NAME or an IP address; each with an optional :PORT.",
        ),
    ] = "internet:443",
    protocol: Annotated[
        ProtocolChoice, typer.Option(help="Set the transport protocol.")
    ] = ProtocolChoice.TCP,
    state: StateKindOption = StateChoice.DESIRED,
    set_: SetOption = None,
    set_file: SetFileOption = None,
    parameters: ParametersOption = None,
    output: FormatOption = OutputFormat.TEXT,
    cloud: CloudOption = None,
    local_state: LocalStateOption = None,
    parallelism: ParallelismOption = 10,
) -> None:
    """Trace a network path hop by hop.

    Shows which route, rule or DNS zone decides at each hop.
    """
    from provisioner.cli.output import print_trace
    from provisioner.documents.trace import StateKind
    from provisioner.workflow.trace import Question

    question = Question(source, to, protocol.value, StateKind(state.value))
    values = _values(set_, set_file, parameters)
    with _session(
        cloud=cloud, local_state=local_state, parallelism=parallelism, quiet=True, values=values
    ) as session:
        document = session.trace(environment, question)
    print_trace(document, output.value)


@app.command(
    epilog=examples(
        "azsec access prod --of actual --resource vault.vault",
        "azsec access prod --who identities.kubelet",
    ),
)
def access(  # noqa: PLR0913  typer: one parameter an option
    environment: EnvironmentArgument,
    principal: Annotated[
        str | None,
        typer.Option(
            "--who",
            metavar="PRINCIPAL",
            help="List only this principal: its object id, or the address of an identity.",
            show_default=False,
        ),
    ] = None,
    action: Annotated[
        str | None,
        typer.Option(
            "--can",
            metavar="ACTION",
            help="List only who can perform this action (PROVIDER/TYPE/write, …).",
            show_default=False,
        ),
    ] = None,
    data_action: Annotated[
        str | None,
        typer.Option(
            "--data-action",
            metavar="ACTION",
            help="List only who can perform this data action (PROVIDER/TYPE/read, …).",
            show_default=False,
        ),
    ] = None,
    resource: Annotated[
        str | None,
        typer.Option(
            metavar="RESOURCE",
            help="List only access to this resource: its address, or its id.",
            show_default=False,
        ),
    ] = None,
    state: Annotated[
        AccessStateChoice,
        typer.Option(
            "--of",
            help="Select the state: role assignments that the blueprint declares (desired), or all "
            "that are in Azure (actual).",
        ),
    ] = AccessStateChoice.DESIRED,
    eligible: Annotated[
        bool,
        typer.Option(
            "--eligible",
            help="Include eligible role assignments (Privileged Identity Management; requires a "
            "license).",
        ),
    ] = False,
    set_: SetOption = None,
    set_file: SetFileOption = None,
    parameters: ParametersOption = None,
    output: FormatOption = OutputFormat.TEXT,
    cloud: CloudOption = None,
    local_state: LocalStateOption = None,
    parallelism: ParallelismOption = 10,
) -> None:
    """List who can perform which actions, and why.

    Shows the role assignment and scope of each permission.
    """
    from provisioner.cli.output import print_access
    from provisioner.documents.access import AccessState
    from provisioner.workflow.access_question import Question

    if action is not None and data_action is not None:
        raise typer.BadParameter("--can and --data-action exclude each other.")
    question = Question(
        AccessState(state.value),
        principal,
        action or data_action,
        resource,
        data=data_action is not None,
        eligible=eligible,
    )
    values = _values(set_, set_file, parameters)
    with _session(
        cloud=cloud, local_state=local_state, parallelism=parallelism, quiet=True, values=values
    ) as session:
        document = session.explain_access(environment, question)
    print_access(document, output.value)
    if document.is_partial:
        raise typer.Exit(ExitCode.ERROR)


@app.command(
    epilog=examples(
        "azsec graph prod --out network.svg",
    ),
)
def graph(  # noqa: PLR0913  typer: one parameter an option
    environment: EnvironmentArgument,
    state: StateKindOption = StateChoice.DESIRED,
    output: Annotated[
        DrawingFormat | None,
        typer.Option(
            "--output",
            "-o",
            help="Set the output format. Without it, the ending of --out selects it.",
            show_default="mermaid",
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Write the diagram to this file (.svg, .html, .mmd, .json).",
            show_default=False,
        ),
    ] = None,
    set_: SetOption = None,
    set_file: SetFileOption = None,
    parameters: ParametersOption = None,
    cloud: CloudOption = None,
    local_state: LocalStateOption = None,
    parallelism: ParallelismOption = 10,
) -> None:
    """Draw the network with its egress paths."""
    from provisioner.cli.diagram_output import ENDINGS, write_drawing
    from provisioner.cli.output_format import choose_format
    from provisioner.documents.trace import StateKind

    chosen = choose_format(output.value if output else None, out, ENDINGS, "mermaid")
    values = _values(set_, set_file, parameters)
    with _session(
        cloud=cloud, local_state=local_state, parallelism=parallelism, quiet=True, values=values
    ) as session:
        document = session.draw(environment, StateKind(state.value))
    write_drawing(document, chosen, out)


@app.command(
    epilog=examples(
        "azsec roles prod --for plan --for apply --out roles",
    ),
)
def roles(  # noqa: PLR0913  typer: one parameter an option
    environment: EnvironmentArgument,
    purpose: Annotated[
        list[PurposeChoice] | None,
        typer.Option(
            "--for",
            metavar="PURPOSE",
            help="Select the commands that the role permits: plan (drift, access), access "
            "(--eligible too), apply, delete (apply with deletes, destroy); "
            "cluster-observe, cluster-apply (plan too) or cluster-delete for objects of the "
            "cluster. Repeatable.",
            show_default="plan and apply",
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Write each role definition to this folder, for `az role definition create` and "
            "kubectl.",
        ),
    ] = None,
    github: Annotated[
        str | None,
        typer.Option(
            metavar="OWNER/NAME",
            help="Add the federated credentials of the workflows in this GitHub repository "
            "(OWNER@ID/NAME@ID with immutable subject claims).",
        ),
    ] = None,
    github_environment: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Set the GitHub environment of the apply job.",
            show_default="the environment's name",
        ),
    ] = None,
    github_branch: Annotated[
        str, typer.Option(metavar="NAME", help="Set the branch of the drift job.")
    ] = "main",
    azure_pipelines: Annotated[
        str | None,
        typer.Option(
            metavar="ORGANIZATION-ID",
            help="Add the federated credentials of service connections of this Azure DevOps "
            "organization.",
        ),
    ] = None,
    plan_connection: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="Set the service connection for plan and drift; ORGANIZATION/PROJECT/CONNECTION "
            "for one with the issuer of Azure DevOps.",
        ),
    ] = None,
    apply_connection: Annotated[
        str | None, typer.Option(metavar="ID", help="Set the service connection for apply.")
    ] = None,
    set_: SetOption = None,
    set_file: SetFileOption = None,
    parameters: ParametersOption = None,
    output: FormatOption = OutputFormat.TEXT,
) -> None:
    """Generate least-privilege custom roles.

    Optionally with the federated credentials of CI jobs.
    """
    from provisioner.cli.output import print_roles
    from provisioner.cli.session import write_roles
    from provisioner.documents.roles import Purpose
    from provisioner.workflow.federation import AzurePipelinesJobs, GitHubJobs

    if github is not None and azure_pipelines is not None:
        raise typer.BadParameter("--github and --azure-pipelines exclude each other.")
    wanted = purpose or [PurposeChoice.PLAN, PurposeChoice.APPLY]
    jobs: GitHubJobs | AzurePipelinesJobs | None = None
    if github is not None:
        jobs = GitHubJobs(github, github_environment, github_branch)
    elif azure_pipelines is not None:
        jobs = AzurePipelinesJobs(azure_pipelines, plan_connection, apply_connection)
    values = _values(set_, set_file, parameters)
    document = _session(values=values).roles(environment, [Purpose(p.value) for p in wanted], jobs)
    if out is None:
        print_roles(document, output.value)
        return
    for path in write_roles(document, out):
        typer.echo(f"wrote {path}")


@app.command(
    epilog=examples(
        "azsec manifests prod --out manifests",
        "azsec manifests prod --check web.yaml",
    ),
)
def manifests(  # noqa: PLR0913  typer: one parameter an option
    environment: EnvironmentArgument,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE]...",
            help="With --check: YAML files with pods or workloads; - is standard input.",
            show_default=False,
        ),
    ] = None,
    admission: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Evaluate the pods of the files against the admission rules of the cluster.",
        ),
    ] = False,
    namespace: Annotated[
        str | None,
        typer.Option(
            "--namespace",
            "-n",
            metavar="NAME",
            help="Set the namespace of pods whose metadata has none; with --check.",
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", help="Write one file per namespace to this folder.", show_default=False
        ),
    ] = None,
    state: StateKindOption = StateChoice.DESIRED,
    set_: SetOption = None,
    set_file: SetFileOption = None,
    parameters: ParametersOption = None,
    output: Annotated[
        PlainFormat,
        typer.Option("--output", "-o", help="Set the output format; text is YAML for kubectl."),
    ] = PlainFormat.TEXT,
    cloud: CloudOption = None,
    local_state: LocalStateOption = None,
) -> None:
    """Write Kubernetes manifests, or evaluate pods.

    The manifests are the objects of the cluster that have no ARM form. No cluster is contacted.
    Exit code 1 of --check: a pod would be refused.
    """
    from provisioner.cli.manifests import ManifestRequest, check_pods, write_manifests
    from provisioner.cli.session import refuse_options
    from provisioner.documents.trace import StateKind

    wanted = ManifestRequest(environment, StateKind(state.value), output.value)
    values = _values(set_, set_file, parameters)
    with _session(cloud=cloud, local_state=local_state, quiet=True, values=values) as session:
        if admission or files:
            refuse_options("pods are judged, and nothing is written", {"--out": out is not None})
            raise typer.Exit(check_pods(session, wanted, files or [], namespace, asked=admission))
        refuse_options("no pod is judged", {"--namespace": namespace is not None})
        write_manifests(session, wanted, out)


@app.command(
    epilog=examples(
        "azsec export prod --out prod.json",
        "azsec export prod --output bicep --out infra",
    ),
)
def export(
    environment: EnvironmentArgument,
    output: Annotated[
        ExportChoice | None,
        typer.Option(
            "--output",
            "-o",
            help="Set the language of the templates.",
            show_default="by the ending of PATH",
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="Write to this folder, or to this main file (.json or .bicep).",
            show_default="standard output, for arm",
        ),
    ] = None,
    set_: SetOption = None,
    set_file: SetFileOption = None,
    parameters: ParametersOption = None,
) -> None:
    """Export ARM templates or Bicep files."""
    from provisioner.cli.output_format import choose_format
    from provisioner.cli.session import write_export
    from provisioner.workflow.export import ExportFormat

    values = _values(set_, set_file, parameters)
    endings = {".json": ExportFormat.ARM.value, ".bicep": ExportFormat.BICEP.value}
    chosen = choose_format(output.value if output else None, out, endings, None)
    files = _session(values=values).export(environment, ExportFormat(chosen))
    for path in write_export(files, out):
        typer.echo(f"wrote {path}")


@app.command()
def network(
    environment: EnvironmentArgument,
    show_all: Annotated[
        bool,
        typer.Option("--all-environments", help="Include all environments of the same directory."),
    ] = False,
    set_: SetOption = None,
    set_file: SetFileOption = None,
    parameters: ParametersOption = None,
    output: FormatOption = OutputFormat.TEXT,
) -> None:
    """Show the address plan: networks, subnets, free space."""
    from provisioner.cli.output import print_network

    values = _values(set_, set_file, parameters)
    document = _session(values=values).describe_network(environment, show_all=show_all)
    print_network(document, output.value)
    if document.has_errors:
        raise typer.Exit(ExitCode.ERROR)


@app.command()
def compare(
    jsonl: Annotated[
        bool,
        typer.Option("--jsonl", help="Read a stream of comparisons, one JSON document per line."),
    ] = False,
    unknown: Annotated[
        bool, typer.Option("--unknown", help="List values for which no default is known.")
    ] = False,
    file: Annotated[str, typer.Argument(help="File to read; - is standard input.")] = "-",
) -> None:
    """Compare ARM request bodies with responses offline."""
    from provisioner.cli.compare import compare_stream

    raise typer.Exit(compare_stream(file, jsonl=jsonl, show_unknown=unknown))


@ownership_app.command("migrate")
def migrate(  # noqa: PLR0913  typer: one parameter an option
    environment: EnvironmentArgument,
    previous_id: Annotated[
        list[str] | None,
        typer.Option(
            "--previous-id",
            metavar="ID",
            help="Set a previous id of the environment. Repeatable.",
            show_default=False,
        ),
    ] = None,
    forget_missing: Annotated[
        bool,
        typer.Option(
            "--forget-missing",
            help="Remove the ownership marks of resources that are not found in Azure.",
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation.")] = False,
    set_: SetOption = None,
    set_file: SetFileOption = None,
    parameters: ParametersOption = None,
    output: FormatOption = OutputFormat.TEXT,
    cloud: CloudOption = None,
    local_state: LocalStateOption = None,
    parallelism: ParallelismOption = 10,
    quiet: QuietOption = False,
) -> None:
    """Write the marks of the environment's id to its resources.

    For resources that were created before the environment had this id. Shows first which marks
    would change, and which not and why. Only tags are written.
    """
    from provisioner.cli.session import Approval, apply_environment
    from provisioner.workflow.apply import ApplyOptions

    options = ApplyOptions(allow_delete=False, parallelism=parallelism)
    values = _values(set_, set_file, parameters)
    with _session(
        cloud=cloud, local_state=local_state, parallelism=parallelism, quiet=quiet, values=values
    ) as session:

        def plan_again() -> "Plan":
            return session.plan_migration(
                environment, previous_id or [], forget_missing=forget_missing
            )

        made = plan_again()
        approval = Approval(yes, derive=plan_again)
        code = apply_environment(session, made, options, approval, output.value)
    raise typer.Exit(code)
