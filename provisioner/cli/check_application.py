"""`azsec drift` and `check`, and their options."""

from enum import StrEnum
from typing import Annotated

import typer

from provisioner.cli.exit_code import ExitCode
from provisioner.cli.options import (
    AllNamespacesOption,
    CloudOption,
    EnvironmentArgument,
    FormatOption,
    FrameworkChoice,
    LocalStateOption,
    ObservationFilesOption,
    OutputFormat,
    ParallelismOption,
    ParametersOption,
    QuietOption,
    SetFileOption,
    SetOption,
    SinceOption,
    StateChoice,
    StateKindOption,
    StrictTagsOption,
)
from provisioner.cli.session_options import open_session, read_parameter_options


class CheckFormat(StrEnum):
    """How a check prints its result."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    SARIF = "sarif"
    JUNIT = "junit"


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

    values = read_parameter_options(set_, set_file, parameters)
    with open_session(
        cloud=cloud, local_state=local_state, parallelism=parallelism, quiet=quiet, values=values
    ) as session:
        document = session.drift(environment, since, strict_tags=strict_tags)
    print_drift(document, output.value)
    if document.found:
        raise typer.Exit(ExitCode.DIFFERENCES)
    if not document.is_certain:
        raise typer.Exit(ExitCode.ERROR)


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
    values = read_parameter_options(set_, set_file, parameters)
    with open_session(
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
