"""`azsec access` and `roles`, and their options."""

from enum import StrEnum
from typing import Annotated

import typer

from provisioner.cli.exit_code import ExitCode
from provisioner.cli.options import (
    CloudOption,
    EnvironmentArgument,
    FormatOption,
    LocalStateOption,
    OutputFormat,
    ParallelismOption,
    ParametersOption,
    SetFileOption,
    SetOption,
)
from provisioner.cli.session_options import open_session, read_parameter_options


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
    values = read_parameter_options(set_, set_file, parameters)
    with open_session(
        cloud=cloud, local_state=local_state, parallelism=parallelism, quiet=True, values=values
    ) as session:
        document = session.explain_access(environment, question)
    print_access(document, output.value)
    if document.is_partial:
        raise typer.Exit(ExitCode.ERROR)


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
    values = read_parameter_options(set_, set_file, parameters)
    document = open_session(values=values).roles(
        environment, [Purpose(p.value) for p in wanted], jobs
    )
    if out is None:
        print_roles(document, output.value)
        return
    for path in write_roles(document, out):
        typer.echo(f"wrote {path}")
