"""`azsec network`, `graph` and `trace`, and their options."""

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
    StateChoice,
    StateKindOption,
)
from provisioner.cli.session_options import open_session, read_parameter_options


class DrawingFormat(StrEnum):
    """How a command draws its result."""

    MERMAID = "mermaid"
    SVG = "svg"
    HTML = "html"
    JSON = "json"


class ProtocolChoice(StrEnum):
    """What carries packets."""

    TCP = "tcp"
    UDP = "udp"


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

    values = read_parameter_options(set_, set_file, parameters)
    document = open_session(values=values).describe_network(environment, show_all=show_all)
    print_network(document, output.value)
    if document.has_errors:
        raise typer.Exit(ExitCode.ERROR)


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
    values = read_parameter_options(set_, set_file, parameters)
    with open_session(
        cloud=cloud, local_state=local_state, parallelism=parallelism, quiet=True, values=values
    ) as session:
        document = session.draw(environment, StateKind(state.value))
    write_drawing(document, chosen, out)


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
    values = read_parameter_options(set_, set_file, parameters)
    with open_session(
        cloud=cloud, local_state=local_state, parallelism=parallelism, quiet=True, values=values
    ) as session:
        document = session.trace(environment, question)
    print_trace(document, output.value)
