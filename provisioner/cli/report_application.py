"""`azsec report`: the options. What it does is in `provisioner.cli.report`."""

from enum import StrEnum
from typing import Annotated

import typer

from provisioner.cli.exit_code import ExitCode
from provisioner.cli.options import (
    CloudOption,
    FrameworkChoice,
    ParametersOption,
    SetFileOption,
    SetOption,
    StateChoice,
    StateKindOption,
    StateOption,
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
            help="The environments: names (environments/ENV.yaml) or paths of their files.",
            show_default=False,
        ),
    ],
    out: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write to this file.", show_default="standard output"),
    ] = None,
    form: Annotated[
        ReportFormat | None,
        typer.Option(
            "--format",
            help="A page (html), all data (json), OSCAL assessment results or component "
            "definition, OCSF compliance findings, or a table of findings (csv).",
            show_default="by the ending of FILE, else html",
        ),
    ] = None,
    of: StateKindOption = StateChoice.DESIRED,
    actual: Annotated[
        bool, typer.Option("--actual", help="Short for --of actual: report what is in Azure.")
    ] = False,
    framework: Annotated[
        list[FrameworkChoice] | None,
        typer.Option(help="Report by this framework. Repeatable.", show_default="all frameworks"),
    ] = None,
    cluster: Annotated[
        list[str] | None,
        typer.Option(
            "--cluster",
            metavar="FILE",
            help="Read what stands in the cluster from this file (an observation, lists of "
            "`kubectl get -A -o json`, kube-bench). Repeatable; for one environment.",
            show_default=False,
        ),
    ] = None,
    all_namespaces: Annotated[
        bool,
        typer.Option(
            "--all-namespaces",
            "-A",
            help="State that the lists of --cluster are of all namespaces, without a selector "
            "(`kubectl get -A`).",
        ),
    ] = False,
    history: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER",
            help="Show the trend since the earlier reports in this folder, and add this one.",
            show_default=False,
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="With --of actual: look up who changed what drifted since then (7d, 36h, "
            "2026-11-01); at most 90 days. [default: 14d]",
            show_default=False,
        ),
    ] = None,
    set_: SetOption = None,
    set_file: SetFileOption = None,
    parameters: ParametersOption = None,
    cloud: CloudOption = None,
    state: StateOption = None,
    parallelism: Annotated[
        int, typer.Option(min=1, max=64, help="How many requests run at once.")
    ] = 10,
) -> None:
    """Write a report: posture, frameworks, waivers, drift, network, access and gaps.

    Exit with 1 if an environment could not be assessed, or not all of it could be read. A control
    that fails does not change the exit code: `azsec check` does.
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
        state=StateChoice.ACTUAL.value if actual else of.value,
        frameworks=tuple(choice.value for choice in framework or FrameworkChoice),
        cluster=tuple(cluster or ()),
        all_namespaces=all_namespaces,
        history=history,
        since=since,
        cloud=cloud.value if cloud else None,
        local_state=state,
        parallelism=parallelism,
        values=read_values(set_ or (), set_file or (), parameters or ()),
    )
    made = write_report(lambda: make_report(question), form.value if form else None, out, history)
    for told in describe_gaps(made):
        typer.echo(told, err=True)
    if not made.is_certain:
        raise typer.Exit(ExitCode.ERROR)
