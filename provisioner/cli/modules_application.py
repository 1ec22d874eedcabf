"""`azsec modules`: its commands and their options. What they do is in `cli.modules`."""

from typing import Annotated

import typer

from provisioner.cli.options import PlainFormat, PlainFormatOption

modules_app = typer.Typer(
    help="Blueprints and modules: the library, this repository's, and those from git.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="A path, azsec:NAME, or git::URL//PATH?ref=TAG.",
        show_default=False,
    ),
]


@modules_app.command("list")
def list_(output: PlainFormatOption = PlainFormat.TEXT) -> None:
    """List the library, the files below blueprints/, and what azsec.lock has from git."""
    from provisioner.cli.modules import list_modules

    list_modules(output.value)


@modules_app.command("show")
def show(source: _Source, output: PlainFormatOption = PlainFormat.TEXT) -> None:
    """Show a blueprint or a module: its parameters as a table, its outputs and resources."""
    from provisioner.cli.modules import show_module

    show_module(source, output.value)


@modules_app.command("update")
def update(
    environments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ENV]...",
            help="The environments to lock; by default all below environments/.",
            show_default=False,
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Write nothing; exit with 2 if azsec.lock is not up to date."),
    ] = False,
    allow_moved: Annotated[
        bool,
        typer.Option("--allow-moved", help="Permit tags that point to other commits by now."),
    ] = False,
    output: PlainFormatOption = PlainFormat.TEXT,
) -> None:
    """Resolve the tags of all git sources, and write azsec.lock.

    A tag that moved since it was locked is refused, with both commits.
    """
    from provisioner.cli.modules import update_lock

    raise typer.Exit(
        update_lock(environments or [], output.value, check=check, allow_moved=allow_moved)
    )


@modules_app.command("vendor")
def vendor(
    source: _Source,
    out: Annotated[
        str, typer.Option(metavar="DIR", help="Write the copy below this folder.")
    ] = "blueprints",
) -> None:
    """Copy a blueprint or module, with all it uses from where it is, into this repository."""
    from provisioner.cli.modules import vendor as copy

    copy(source, out)
