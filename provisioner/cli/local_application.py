"""`azsec local`: its commands and their options. `cli.local` runs them."""

from pathlib import Path
from typing import Annotated

import typer

from provisioner.cli.command_groups import examples
from provisioner.cli.durations import read_duration
from provisioner.cli.options import EnvironmentFormat, LocalStateOption, RealisticOption

local_app = typer.Typer(
    help="Run and manage the built-in Azure on this machine.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@local_app.command(
    "serve",
    epilog=examples(
        "azsec local serve",
        "azsec local serve --tls --enforce-rbac --entra-directory directory.yaml",
    ),
)
def serve(  # noqa: PLR0913  typer: one parameter an option
    port: Annotated[
        int, typer.Option(metavar="PORT", help="Set the port on 127.0.0.1; 0 selects a free port.")
    ] = 8470,
    tls: Annotated[
        bool,
        typer.Option(
            "--tls", help="Serve HTTPS with a generated certificate; az and the SDKs require it."
        ),
    ] = False,
    tenant: Annotated[
        str | None,
        typer.Option(metavar="GUID", help="Set the tenant.", show_default=False),
    ] = None,
    subscriptions: Annotated[
        list[str] | None,
        typer.Option(
            "--subscription",
            metavar="NAME=GUID",
            help="Create a subscription. Repeatable. Default: the subscriptions that "
            "environments/*.yaml name, else one.",
            show_default=False,
        ),
    ] = None,
    directory: Annotated[
        Path | None,
        typer.Option(
            "--entra-directory",
            metavar="FILE",
            help="Load users, groups and applications from this YAML file; no other principal "
            "can sign in.",
            show_default=False,
        ),
    ] = None,
    enforce_rbac: Annotated[
        bool,
        typer.Option(
            "--enforce-rbac",
            help="Authorize callers by their role assignments. Default: every caller is Owner.",
        ),
    ] = False,
    local_state: LocalStateOption = None,
    realistic: RealisticOption = None,
    latency: Annotated[
        float,
        typer.Option(
            parser=read_duration,
            metavar="DURATION",
            help="Delay each response (50ms, 1s).",
            show_default="none",
        ),
    ] = 0.0,
    throttle: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=1.0,
            metavar="SHARE",
            help="Throttle this share of the requests with status 429 (0.2: one of five).",
        ),
    ] = 0.0,
    har: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write all requests and responses to this HAR file on exit.",
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


@local_app.command(
    "env",
    epilog=examples(
        'eval "$(azsec local env)"',
        "azsec local env --output powershell",
    ),
)
def env(
    output: Annotated[
        EnvironmentFormat,
        typer.Option("--output", "-o", help="Set the output format."),
    ] = EnvironmentFormat.SH,
    local_state: LocalStateOption = None,
) -> None:
    """Print the environment variables for az, Terraform and SDKs.

    They point Azure clients at a running `azsec local serve`.
    """
    from provisioner.cli.local_environment import print_environment

    print_environment(local_state, output)


@local_app.command(
    "reset",
    epilog=examples("azsec local reset"),
)
def reset(local_state: LocalStateOption = None) -> None:
    """Delete the state of the built-in Azure."""
    from provisioner.cli.local import reset_local

    reset_local(local_state)


@local_app.command(
    "save",
    epilog=examples("azsec local save estate.azl"),
)
def save(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File to write; it must not exist.")],
    local_state: LocalStateOption = None,
) -> None:
    """Save the state of the built-in Azure to a file.

    Works while it is served, too.
    """
    from provisioner.cli.local import save_local

    save_local(file, local_state)


@local_app.command(
    "load",
    epilog=examples("azsec local load estate.azl"),
)
def load(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="File that `azsec local save` wrote.")
    ],
    local_state: LocalStateOption = None,
) -> None:
    """Replace the state of the built-in Azure by a saved one."""
    from provisioner.cli.local import load_local

    load_local(file, local_state)


@local_app.command(
    "api-versions",
    epilog=examples("azsec local api-versions", "azsec local api-versions --until 2025-06-30"),
)
def api_versions(
    until: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Offer only API versions up to this date (2025-12-31)."),
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
            "(Contoso.Fabric/nets=2025-04-15,2025-06-01); an empty list removes the type. "
            "Repeatable.",
        ),
    ] = None,
    local_state: LocalStateOption = None,
) -> None:
    """Print or limit the API versions that are offered.

    A limit simulates a cloud with older API versions, such as a sovereign cloud.
    """
    from provisioner.cli.local import limit_versions
    from provisioner.cli.session import refuse_options

    if until is not None and all_versions:
        refuse_options("--until limits them", {"--reset": True})
    if types and all_versions:
        refuse_options("--type limits them", {"--reset": True})
    limit_versions(local_state, until, types or (), all_versions=all_versions)


@local_app.command(
    "status",
    epilog=examples("azsec local status"),
)
def status(local_state: LocalStateOption = None) -> None:
    """Show what the state of the built-in Azure contains."""
    from provisioner.cli.local import print_local_status

    print_local_status(local_state)
