"""`azsec schema`: the JSON Schemas for editors, and the types that SDK packages have."""

from typing import Annotated

import typer

from provisioner.cli.command_groups import examples
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
    """Print JSON Schemas for editors, and resource types.

    The commands below it show the resource types of Azure and the properties of their bodies.
    """
    from provisioner.cli.schema_output import write_schemas
    from provisioner.cli.session import refuse_options

    if context.invoked_subcommand is None:
        write_schemas(directory)
    else:
        refuse_options(
            "it writes JSON Schemas, and none are written here", {"--out": directory is not None}
        )


@schema_app.command(
    "add",
    epilog=examples("azsec schema add azure-mgmt-servicebus"),
)
def add(
    subject: Annotated[
        str,
        typer.Argument(metavar="PACKAGE|TYPE", help="Package on PyPI, or resource type of Azure."),
    ],
    output: PlainFormatOption = PlainFormat.TEXT,
) -> None:
    """Read the types of an installed SDK package.

    Of a resource type, print the package that has it. Nothing is installed: for a missing package
    the necessary pip command is printed.
    """
    from provisioner.cli.schema_output import add_package

    add_package(subject, output.value)


@schema_app.command(
    "list",
    epilog=examples("azsec schema list", "azsec schema list azure-mgmt-network"),
)
def list_(
    subject: Annotated[
        str | None,
        typer.Argument(metavar="[PACKAGE|NAMESPACE]", help="Package or resource provider to list."),
    ] = None,
    output: PlainFormatOption = PlainFormat.TEXT,
) -> None:
    """List the resource types of the installed SDK packages."""
    from provisioner.cli.schema_output import print_packages

    print_packages(subject, output.value)


@schema_app.command("show")
def show(
    name: Annotated[str, typer.Argument(metavar="TYPE", help="Resource type of Azure.")],
    output: PlainFormatOption = PlainFormat.TEXT,
) -> None:
    """Show a resource type: tier, package, properties."""
    from provisioner.cli.schema_output import print_type

    print_type(name, output.value)
