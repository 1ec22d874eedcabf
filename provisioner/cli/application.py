"""The root command `azsec`, and the commands with their options. `provisioner.workflow` runs them.

Heavy modules are imported when a command runs, so that `azsec --help` answers at once.
"""

import os
import sys
from io import TextIOWrapper
from typing import Annotated

import typer

from provisioner import __version__
from provisioner.cli.access_application import access, roles
from provisioner.cli.adopt_application import adopt
from provisioner.cli.apply_application import apply, destroy
from provisioner.cli.check_application import check, drift
from provisioner.cli.ci_application import ci_app
from provisioner.cli.cluster_application import cluster_app
from provisioner.cli.command_groups import SectionedCommands, examples
from provisioner.cli.compare_application import compare
from provisioner.cli.controls_application import controls_app
from provisioner.cli.diff import diff
from provisioner.cli.environment_application import init, validate
from provisioner.cli.export_application import export, manifests
from provisioner.cli.fleet_application import fleet_app
from provisioner.cli.fmt import fmt
from provisioner.cli.inventory_application import console, list_owned, print_outputs
from provisioner.cli.local_application import local_app
from provisioner.cli.lock_application import lock_app
from provisioner.cli.modules_application import modules_app
from provisioner.cli.network_application import graph, network, trace
from provisioner.cli.ownership_application import ownership_app
from provisioner.cli.plan_application import plan, show
from provisioner.cli.report_application import report
from provisioner.cli.schema_application import schema_app
from provisioner.cli.upgrade_application import upgrade

app = typer.Typer(
    name="azsec",
    cls=SectionedCommands,
    help="Plan, apply and check secure Kubernetes environments on Azure.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(local_app, name="local")
app.add_typer(controls_app, name="controls")
app.add_typer(ownership_app, name="ownership")
app.add_typer(lock_app, name="lock")
app.add_typer(cluster_app, name="cluster")
app.add_typer(schema_app, name="schema")
app.add_typer(ci_app, name="ci")
app.add_typer(modules_app, name="modules")
app.add_typer(fleet_app, name="fleet")


def run() -> None:
    """Run the command line, and turn every expected failure into words and an exit code."""
    from provisioner.cli.failure import end, handle_interrupts, run_guarded
    from provisioner.cli.garbage_collection import collect_rarely
    from provisioner.cli.job_log import guard_streams

    handle_interrupts()
    guard_streams(os.environ)
    collect_rarely()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # What Azure answers may hold text that a terminal cannot show.
            stream.reconfigure(errors="backslashreplace")
    end(run_guarded(app, sys.argv[1:]))


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    timings: Annotated[
        bool,
        typer.Option(
            "--timings",
            help="Print the duration of each phase on stderr; accepted by every command.",
        ),
    ] = False,
) -> None:
    del timings  # Taken from the command line before its commands are: see `cli.timings`.
    if version:
        typer.echo(f"azsec {__version__}")
        raise typer.Exit


app.command(
    epilog=examples(
        "azsec init",
        "azsec init . --environment prod --from azsec:secure-aks --copy",
        "azsec init . --ci github",
    ),
)(init)
app.command(
    "adopt",
    epilog=examples(
        "azsec adopt prod --subscription contoso-prod",
        "azsec adopt prod --resource-group contoso-prod/rg-aks --observe",
    ),
)(adopt)
app.command(epilog=examples("azsec validate prod", "azsec validate prod --set nodeCount=5"))(
    validate
)
app.command(
    epilog=examples(
        "azsec plan prod",
        "azsec plan prod --out prod.azplan --detailed-exitcode",
        "azsec plan prod --explain cluster.cluster",
    ),
)(plan)
app.command(
    epilog=examples("azsec show prod.azplan", "azsec show prod.azplan --output markdown"),
)(show)
app.command(epilog=examples("azsec diff approved.azplan now.azplan"))(diff)
app.command(
    epilog=examples(
        "azsec apply prod.azplan",
        "azsec apply prod --allow-delete --lock-timeout 10m",
    ),
)(apply)
app.command(
    epilog=examples("azsec destroy dev", "azsec destroy dev --target spoke --yes"),
)(destroy)
app.command(
    epilog=examples(
        "azsec drift prod",
        "azsec drift prod --since 7d --output json",
    ),
)(drift)
app.command(
    epilog=examples(
        "azsec check prod",
        "azsec check prod --of actual --framework cis-aks-1.8",
        "azsec check prod --observation seen.json --output sarif",
    ),
)(check)
app.command(
    epilog=examples(
        "azsec report prod --of actual --out report.html",
        "azsec report prod --output oscal --out results.json",
    )
)(report)
app.command(
    "upgrade",
    epilog=examples("azsec upgrade prod", "azsec upgrade prod --kubernetes-version 1.35 --write"),
)(upgrade)
app.command("output", epilog=examples("azsec output prod", "azsec output prod issuerUrl --raw"))(
    print_outputs
)
app.command("list", epilog=examples("azsec list prod", "azsec list prod --output json"))(list_owned)
app.command("console", epilog=examples("azsec console prod --expression 'parameters.location'"))(
    console
)
app.command(epilog=examples("azsec fmt", "azsec fmt --check --diff environments"))(fmt)
app.command(
    epilog=examples(
        "azsec trace prod --from nodes --to fqdn:mcr.microsoft.com",
        "azsec trace prod --from pods --to vault --of actual",
    ),
)(trace)
app.command(
    epilog=examples(
        "azsec access prod --of actual --resource vault.vault",
        "azsec access prod --who identities.kubelet",
    ),
)(access)
app.command(
    epilog=examples(
        "azsec graph prod --out network.svg",
    ),
)(graph)
app.command(
    epilog=examples(
        "azsec roles prod --for plan --for apply --out roles",
    ),
)(roles)
app.command(
    epilog=examples(
        "azsec manifests prod --out manifests",
        "azsec manifests prod --check web.yaml",
    ),
)(manifests)
app.command(
    epilog=examples(
        "azsec export prod --out prod.json",
        "azsec export prod --output bicep --out infra",
    ),
)(export)
app.command(
    epilog=examples("azsec network prod", "azsec network prod --all-environments"),
)(network)
app.command(
    epilog=examples(
        "azsec compare body-and-answer.json", "azsec compare --jsonl < comparisons.jsonl"
    ),
)(compare)
