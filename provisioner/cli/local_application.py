"""`azsec local`: its commands and their options. What they do is in `cli.local`."""

from pathlib import Path
from typing import Annotated

import typer

from provisioner.cli.durations import read_duration
from provisioner.cli.options import EnvironmentFormat, LocalStateOption, RealisticOption

local_app = typer.Typer(
    help="The built-in Azure: an Azure Resource Manager on this machine.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@local_app.command("serve")
def serve(  # noqa: PLR0913  typer: one parameter an option
    port: Annotated[
        int, typer.Option(metavar="PORT", help="The port on 127.0.0.1; 0 takes a free one.")
    ] = 8470,
    tls: Annotated[
        bool,
        typer.Option(
            "--tls", help="Serve HTTPS, with a certificate of its own: az and the SDKs need it."
        ),
    ] = False,
    tenant: Annotated[
        str | None,
        typer.Option(metavar="GUID", help="The id of the tenant.", show_default=False),
    ] = None,
    subscriptions: Annotated[
        list[str] | None,
        typer.Option(
            "--subscription",
            metavar="NAME=GUID",
            help="A subscription that exists from the start. Repeatable. Default: those that "
            "environments/*.yaml name, else one.",
            show_default=False,
        ),
    ] = None,
    directory: Annotated[
        Path | None,
        typer.Option(
            "--entra-directory",
            metavar="FILE",
            help="A YAML file of users, groups and applications; no others can sign in.",
            show_default=False,
        ),
    ] = None,
    enforce_rbac: Annotated[
        bool,
        typer.Option(
            "--enforce-rbac",
            help="Allow callers what their role assignments grant. Default: everybody is Owner.",
        ),
    ] = False,
    local_state: LocalStateOption = None,
    realistic: RealisticOption = None,
    latency: Annotated[
        float,
        typer.Option(
            parser=read_duration,
            metavar="DURATION",
            help="Delay each answer (50ms, 1s).",
            show_default="none",
        ),
    ] = 0.0,
    throttle: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=1.0,
            metavar="SHARE",
            help="Answer this share of the requests with 429 (0.2: one of five).",
        ),
    ] = 0.0,
    har: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the requests with their answers as HAR, at the end.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Run the built-in Azure in the foreground until Ctrl-C."""
    from provisioner.cli.local import Service, serve_local

    serve_local(
        Service(
            port=port,
            state=local_state,
            realistic=realistic,
            tls=tls,
            tenant=tenant,
            subscriptions=tuple(subscriptions or ()),
            directory=directory,
            enforce_rbac=enforce_rbac,
            latency=latency,
            throttle=throttle,
            har=har,
        )
    )


@local_app.command("env")
def env(
    output: Annotated[
        EnvironmentFormat,
        typer.Option("--output", "-o", help="Set the output format."),
    ] = EnvironmentFormat.SH,
    local_state: LocalStateOption = None,
) -> None:
    """Print the variables by which az, Terraform, Ansible and SDKs find a running `local serve`."""
    from provisioner.cli.local_environment import print_environment

    print_environment(local_state, output)


@local_app.command("reset")
def reset(local_state: LocalStateOption = None) -> None:
    """Forget everything that the built-in Azure holds."""
    from provisioner.cli.local import reset_local

    reset_local(local_state)


@local_app.command("save")
def save(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write, a new one.")],
    local_state: LocalStateOption = None,
) -> None:
    """Save what the built-in Azure holds into a file; also while it is served."""
    from provisioner.cli.local import save_local

    save_local(file, local_state)


@local_app.command("load")
def load(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `azsec local save` wrote.")],
    local_state: LocalStateOption = None,
) -> None:
    """Put what was saved into the place of what the built-in Azure holds."""
    from provisioner.cli.local import load_local

    load_local(file, local_state)


@local_app.command("api-versions")
def api_versions(
    until: Annotated[
        str | None,
        typer.Option(
            metavar="DATE", help="Offer only the API versions of this day (2025-12-31) and before."
        ),
    ] = None,
    all_versions: Annotated[
        bool,
        typer.Option("--reset", help="Remove the limits: offer all API versions that azsec knows."),
    ] = False,
    types: Annotated[
        list[str] | None,
        typer.Option(
            "--type",
            metavar="TYPE=VERSIONS",
            help="Offer only these API versions of a type outside the catalog "
            "(Contoso.Fabric/nets=2025-04-15,2025-06-01); none: there is no such type. "
            "Repeatable.",
        ),
    ] = None,
    local_state: LocalStateOption = None,
) -> None:
    """Print or limit the API versions that the built-in Azure offers, to rehearse a cloud that lags
    behind."""
    from provisioner.cli.local import limit_versions
    from provisioner.cli.session import refuse_options

    if until is not None and all_versions:
        refuse_options("--until limits them", {"--reset": True})
    if types and all_versions:
        refuse_options("--type limits them", {"--reset": True})
    limit_versions(local_state, until, types or (), all_versions=all_versions)


@local_app.command("status")
def status(local_state: LocalStateOption = None) -> None:
    """Say what the built-in Azure holds."""
    from provisioner.cli.local import print_local_status

    print_local_status(local_state)
