"""`azsec local`: its commands and their options. What they do is in `cli.local`."""

import re
from pathlib import Path
from typing import Annotated

import typer

from provisioner.cli.options import EnvironmentFormat, RealisticOption, StateOption

local_app = typer.Typer(
    help="The built-in Azure: an Azure Resource Manager on this machine.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@local_app.command("serve")
def serve(  # noqa: PLR0913  typer: one parameter an option
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1; 0 takes a free one.")] = 8470,
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
    state: StateOption = None,
    realistic: RealisticOption = None,
    latency: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Delay each answer (50ms, 1s).", show_default=False),
    ] = None,
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
            state=state,
            realistic=realistic,
            tls=tls,
            tenant=tenant,
            subscriptions=tuple(subscriptions or ()),
            directory=directory,
            enforce_rbac=enforce_rbac,
            latency=_read_latency(latency),
            throttle=throttle,
            har=har,
        )
    )


def _read_latency(text: str | None) -> float:
    """Return seconds: `50ms` is 0.05."""
    if text is None:
        return 0.0
    match = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?)(ms|s)", text)
    if match is None:
        raise typer.BadParameter(
            f"{text!r} is no time. Write milliseconds or seconds: 50ms, 1s.",
            param_hint="--latency",
        )
    return float(match[1]) / (1000.0 if match[2] == "ms" else 1.0)


@local_app.command("env")
def env(
    form: Annotated[
        EnvironmentFormat,
        typer.Option("--format", "-f", help="How to print the variables."),
    ] = EnvironmentFormat.SH,
    state: StateOption = None,
) -> None:
    """Print the variables by which az, Terraform, Ansible and SDKs find a running `local serve`."""
    from provisioner.cli.local_environment import print_environment

    print_environment(state, form)


@local_app.command("reset")
def reset(state: StateOption = None) -> None:
    """Forget everything that the built-in Azure holds."""
    from provisioner.cli.local import reset_local

    reset_local(state)


@local_app.command("save")
def save(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write, a new one.")],
    state: StateOption = None,
) -> None:
    """Save what the built-in Azure holds into a file; also while it is served."""
    from provisioner.cli.local import save_local

    save_local(file, state)


@local_app.command("load")
def load(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `azsec local save` wrote.")],
    state: StateOption = None,
) -> None:
    """Put what was saved into the place of what the built-in Azure holds."""
    from provisioner.cli.local import load_local

    load_local(file, state)


@local_app.command("api-versions")
def api_versions(
    until: Annotated[
        str | None,
        typer.Option(help="Offer only the API versions of this day (2025-12-31) and before."),
    ] = None,
    all_versions: Annotated[
        bool, typer.Option("--all", help="Offer all API versions that azsec knows again.")
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
    state: StateOption = None,
) -> None:
    """Print or limit the API versions that the built-in Azure offers, to rehearse a cloud that lags
    behind."""
    from provisioner.cli.local import limit_versions
    from provisioner.cli.session import refuse_options

    if until is not None and all_versions:
        refuse_options("--until limits them", {"--all": True})
    if types and all_versions:
        refuse_options("--type limits them", {"--all": True})
    limit_versions(state, until, types or (), all_versions=all_versions)


@local_app.command("status")
def status(state: StateOption = None) -> None:
    """Say what the built-in Azure holds."""
    from provisioner.cli.local import print_local_status

    print_local_status(state)
