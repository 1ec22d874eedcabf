"""`azsec adopt`: the command and its options. `provisioner.cli.adopt` runs it."""

from enum import StrEnum
from typing import Annotated

import typer

from provisioner.cli.options import (
    FormatOption,
    LocalStateOption,
    OutputFormat,
    ParallelismOption,
    QuietOption,
)
from provisioner.cli.session_options import open_session


class AdoptCloud(StrEnum):
    """The cloud in which the resources are."""

    AZURE = "AzureCloud"
    US_GOVERNMENT = "AzureUSGovernment"
    CHINA = "AzureChinaCloud"
    LOCAL = "local"


def adopt(  # noqa: PLR0913  typer: one parameter an option
    name: Annotated[
        str,
        typer.Argument(
            metavar="ENV",
            help="Name of the environment to write: environments/ENV.yaml.",
            show_default=False,
        ),
    ],
    group: Annotated[
        list[str] | None,
        typer.Option(
            "--resource-group",
            metavar="SUBSCRIPTION/GROUP",
            help="Adopt this resource group. Without SUBSCRIPTION, use --subscription. Repeatable.",
            show_default=False,
        ),
    ] = None,
    subscription: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SUBSCRIPTION",
            help="Adopt all resource groups of this subscription (name or GUID); with "
            "--resource-group, only those. Repeatable.",
            show_default=False,
        ),
    ] = None,
    cluster: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID",
            help="Adopt this AKS cluster and its dependencies: network, identities and their "
            "roles, key vaults, registries, private endpoints, DNS zones, logs. Repeatable.",
            show_default=False,
        ),
    ] = None,
    template: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Limit adoption to the resources of this ARM template or compiled Bicep file. "
            "Repeatable.",
            show_default=False,
        ),
    ] = None,
    terraform: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Adopt the resources of this Terraform state or plan (terraform show -json); "
            "only their ids are read. Repeatable.",
            show_default=False,
        ),
    ] = None,
    api_version: Annotated[
        list[str] | None,
        typer.Option(
            "--api-version",
            metavar="TYPE=VERSION",
            help="Set the API version of a type that azsec's catalog does not have. Repeatable.",
            show_default="the newest that the cloud offers",
        ),
    ] = None,
    observe: Annotated[
        bool,
        typer.Option(
            "--observe",
            help="Write a read-only environment (`mode: observe`): drift and check work without "
            "ownership marks, apply and destroy are refused.",
        ),
    ] = False,
    out: Annotated[
        str,
        typer.Option(metavar="DIR", help="Write blueprints/ and environments/ to this folder."),
    ] = ".",
    output: FormatOption = OutputFormat.TEXT,
    cloud: Annotated[
        AdoptCloud,
        typer.Option(envvar="AZSEC_CLOUD", help="Select the cloud; `local` is the built-in Azure."),
    ] = AdoptCloud.AZURE,
    tenant: Annotated[
        str | None,
        typer.Option(
            metavar="GUID", help="Set the tenant.", show_default="that of the subscriptions"
        ),
    ] = None,
    auth: Annotated[
        str,
        typer.Option(
            metavar="METHOD", help="Set the sign-in method, as `auth:` of an environment."
        ),
    ] = "default",
    local_state: LocalStateOption = None,
    parallelism: ParallelismOption = 10,
    quiet: QuietOption = False,
) -> None:
    """Generate files for existing Azure resources.

    Writes modules, a blueprint and an environment, plans them against Azure and shows what the plan
    would change. Nothing is written to Azure. Exit code 1: the plan would change more than
    ownership marks, or something could not be read.
    """
    from provisioner.cli.adopt import AdoptionRequest, run_adopt

    request = AdoptionRequest(
        name=name,
        groups=tuple(group or ()),
        subscriptions=tuple(subscription or ()),
        clusters=tuple(cluster or ()),
        templates=tuple(template or ()),
        terraform=tuple(terraform or ()),
        api_versions=tuple(api_version or ()),
        observe=observe,
        out=out,
        cloud=cloud.value,
        tenant=tenant,
        auth=auth,
    )
    # The cloud is part of the request: there is no environment yet that a cloud could override.
    with open_session(local_state=local_state, parallelism=parallelism, quiet=quiet) as session:
        raise typer.Exit(run_adopt(session, request, output.value))
