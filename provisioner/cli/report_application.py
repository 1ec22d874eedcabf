"""`azsec report`: the command and its options. `provisioner.cli.report` runs it."""

from enum import StrEnum
from typing import Annotated

import typer

from provisioner.cli.exit_code import ExitCode
from provisioner.cli.options import (
    AllNamespacesOption,
    CloudOption,
    FrameworkChoice,
    LocalStateOption,
    ObservationFilesOption,
    ParallelismOption,
    ParametersOption,
    SetFileOption,
    SetOption,
    SinceOption,
    StateChoice,
    StateKindOption,
)


class ReportFormat(StrEnum):
    """The format of a report."""

    HTML = "html"
    JSON = "json"
    OSCAL = "oscal"
    OSCAL_COMPONENT = "oscal-component"
    OCSF = "ocsf"
    CSV = "csv"


def report(  # noqa: PLR0913  typer: one parameter an option
    environments: Annotated[
        list[str],
        typer.Argument(
            metavar="ENV...",
            help="Environments: names (environments/ENV.yaml) or paths of their files.",
            show_default=False,
        ),
    ],
    out: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Write the report to this file.", show_default="standard output"
        ),
    ] = None,
    output: Annotated[
        ReportFormat | None,
        typer.Option(
            "--output",
            "-o",
            help="Set the output format: a page (html), all data (json), OSCAL assessment "
            "results or component definition, OCSF compliance findings, or a table of "
            "findings (csv).",
            show_default="by the ending of FILE, else html",
        ),
    ] = None,
    state: StateKindOption = StateChoice.DESIRED,
    framework: Annotated[
        list[FrameworkChoice] | None,
        typer.Option(
            help="Group results by a compliance framework. Repeatable.",
            show_default="all frameworks",
        ),
    ] = None,
    observation: ObservationFilesOption = None,
    all_namespaces: AllNamespacesOption = False,
    history: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Show the trend since the reports in this folder, and add this report to it.",
            show_default=False,
        ),
    ] = None,
    since: SinceOption = None,
    set_: SetOption = None,
    set_file: SetFileOption = None,
    parameters: ParametersOption = None,
    cloud: CloudOption = None,
    local_state: LocalStateOption = None,
    parallelism: ParallelismOption = 10,
) -> None:
    """Write a compliance report.

    It has the posture, frameworks, waivers, drift, network, access and gaps. Exit code 1: an
    environment could not be assessed, or not all of it could be read. A failing control does not
    change the exit code: use `azsec check` for that.
    """
    from provisioner.cli.parameter_values import read_values
    from provisioner.cli.report import (
        ReportQuestion,
        describe_gaps,
        make_report,
        write_report,
    )

    question = ReportQuestion(
        environments=tuple(environments),
        state=state.value,
        frameworks=tuple(choice.value for choice in framework or FrameworkChoice),
        observation=tuple(observation or ()),
        all_namespaces=all_namespaces,
        history=history,
        since=since,
        cloud=cloud.value if cloud else None,
        local_state=local_state,
        parallelism=parallelism,
        values=read_values(set_ or (), set_file or (), parameters or ()),
    )
    made = write_report(
        lambda: make_report(question), output.value if output else None, out, history
    )
    for told in describe_gaps(made):
        typer.echo(told, err=True)
    if not made.is_certain:
        raise typer.Exit(ExitCode.ERROR)
