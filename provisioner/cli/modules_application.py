"""`azsec modules`: its commands and their options. `cli.modules` runs them."""

from typing import Annotated

import typer

from provisioner.cli.command_groups import examples
from provisioner.cli.options import PlainFormat, PlainFormatOption

modules_app = typer.Typer(
    help="Manage blueprints and modules: library, git, lock file.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="Path, azsec:NAME, or git::URL//PATH?ref=TAG.",
        show_default=False,
    ),
]


@modules_app.command(
    "list",
    epilog=examples("azsec modules list"),
)
def list_(output: PlainFormatOption = PlainFormat.TEXT) -> None:
    """List blueprints and modules: library, local, git."""
    from provisioner.cli.modules import list_modules

    list_modules(output.value)


@modules_app.command(
    "show",
    epilog=examples("azsec modules show azsec:secure-aks"),
)
def show(source: _Source, output: PlainFormatOption = PlainFormat.TEXT) -> None:
    """Show a blueprint or module: parameters, outputs, resources."""
    from provisioner.cli.modules import show_module

    show_module(source, output.value)


@modules_app.command(
    "update",
    epilog=examples("azsec modules update", "azsec modules update prod --check"),
)
def update(
    environments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ENV]...",
            help="Environments to lock. Default: all below environments/.",
            show_default=False,
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Write nothing; return exit code 2 when azsec.lock would change."
        ),
    ] = False,
    allow_moved: Annotated[
        bool,
        typer.Option("--allow-moved", help="Permit tags that moved to another commit."),
    ] = False,
    output: PlainFormatOption = PlainFormat.TEXT,
) -> None:
    """Resolve the tags of git sources and write azsec.lock.

    A tag that moved since it was locked is refused, with both commits.
    """
    from provisioner.cli.modules import update_lock

    raise typer.Exit(
        update_lock(environments or [], output.value, check=check, allow_moved=allow_moved)
    )


@modules_app.command(
    "vendor",
    epilog=examples(
        "azsec modules vendor azsec:secure-aks --out blueprints",
    ),
)
def vendor(
    source: _Source,
    out: Annotated[
        str, typer.Option(metavar="DIR", help="Write the copy below this folder.")
    ] = "blueprints",
) -> None:
    """Copy a blueprint or module into this repository.

    Modules that it uses from the same source are copied, too.
    """
    from provisioner.cli.modules import vendor as copy

    copy(source, out)
