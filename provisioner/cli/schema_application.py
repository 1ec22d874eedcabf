"""`azsec schema`: the JSON Schemas for editors, and the types that SDK packages have."""

from typing import Annotated

import typer

from provisioner.cli.options import PlainFormat, PlainFormatOption

schema_app = typer.Typer(invoke_without_command=True, rich_markup_mode=None)


@schema_app.callback()
def schema(
    context: typer.Context,
    directory: Annotated[
        str | None,
        typer.Option(
            "--out", metavar="DIR", help="Write one file per document kind to this folder."
        ),
    ] = None,
) -> None:
    """Print the JSON Schemas of blueprints, modules and environments, for editors.

    The commands below it tell which types of Azure there are, and what is known of their bodies.
    """
    from provisioner.cli.schema_output import write_schemas
    from provisioner.cli.session import refuse_options

    if context.invoked_subcommand is None:
        write_schemas(directory)
    else:
        refuse_options(
            "it writes JSON Schemas, and none are written here", {"--out": directory is not None}
        )


@schema_app.command("add")
def add(
    subject: Annotated[
        str,
        typer.Argument(metavar="PACKAGE|TYPE", help="A package on PyPI, or a type of Azure."),
    ],
    output: PlainFormatOption = PlainFormat.TEXT,
) -> None:
    """Read the types of an installed SDK package; of a type, say which package has it.

    Nothing is installed: for a missing package the command that installs it is printed.
    """
    from provisioner.cli.schema_output import add_package

    add_package(subject, output.value)


@schema_app.command("list")
def list_(
    subject: Annotated[
        str | None,
        typer.Argument(
            metavar="[PACKAGE|NAMESPACE]", help="Only of a package, or of a resource provider."
        ),
    ] = None,
    output: PlainFormatOption = PlainFormat.TEXT,
) -> None:
    """List the types that the installed SDK packages have, with tier and API version."""
    from provisioner.cli.schema_output import print_packages

    print_packages(subject, output.value)


@schema_app.command("show")
def show(
    name: Annotated[str, typer.Argument(metavar="TYPE", help="A type of Azure.")],
    output: PlainFormatOption = PlainFormat.TEXT,
) -> None:
    """Show what is known of a type: tier, package, children, and the properties of a body."""
    from provisioner.cli.schema_output import print_type

    print_type(name, output.value)
