"""`azsec compare`, and its options. `cli.compare` runs it."""

from typing import Annotated

import typer


def compare(
    jsonl: Annotated[
        bool,
        typer.Option("--jsonl", help="Read a stream of comparisons, one JSON document per line."),
    ] = False,
    unknown: Annotated[
        bool, typer.Option("--unknown", help="List values for which no default is known.")
    ] = False,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="File to read; - is standard input.")
    ] = "-",
) -> None:
    """Compare ARM request bodies with responses offline."""
    from provisioner.cli.compare import compare_stream

    raise typer.Exit(compare_stream(file, jsonl=jsonl, show_unknown=unknown))
