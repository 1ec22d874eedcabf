"""`azsec manifests` and `export`, and their options."""

from enum import StrEnum
from typing import Annotated

import typer

from provisioner.cli.options import (
    CloudOption,
    EnvironmentArgument,
    LocalStateOption,
    ParametersOption,
    PlainFormat,
    SetFileOption,
    SetOption,
    StateChoice,
    StateKindOption,
)
from provisioner.cli.session_options import open_session, read_parameter_options


class ExportChoice(StrEnum):
    """The language of an export."""

    ARM = "arm"
    BICEP = "bicep"


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
    values = read_parameter_options(set_, set_file, parameters)
    with open_session(cloud=cloud, local_state=local_state, quiet=True, values=values) as session:
        if admission or files:
            refuse_options("pods are judged, and nothing is written", {"--out": out is not None})
            raise typer.Exit(check_pods(session, wanted, files or [], namespace, asked=admission))
        refuse_options("no pod is judged", {"--namespace": namespace is not None})
        write_manifests(session, wanted, out)


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

    values = read_parameter_options(set_, set_file, parameters)
    endings = {".json": ExportFormat.ARM.value, ".bicep": ExportFormat.BICEP.value}
    chosen = choose_format(output.value if output else None, out, endings, None)
    files = open_session(values=values).export(environment, ExportFormat(chosen))
    for path in write_export(files, out):
        typer.echo(f"wrote {path}")
