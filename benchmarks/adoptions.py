"""How long it takes to adopt an estate of hundreds of resources, and how many lines come of it."""

import time
from datetime import UTC, datetime

from provisioner.adoption.discovery import Roots
from provisioner.adoption.pipeline import AdoptionTarget
from provisioner.azure.client import ArmClient
from provisioner.azure.cloud import local_cloud
from provisioner.azure.credential import LocalToken
from provisioner.cli.workspace import load_catalog
from provisioner.simulator.server import LocalAzure
from provisioner.workflow.adopt import adopt
from provisioner.workflow.adoption_proof import ProofInputs
from tests.environments import Bench
from tests.estates import LARGE_SUBSCRIPTION, UNKNOWN_TYPES, put_large_estate

_TENANT = "99999999-9999-9999-9999-999999999999"


def measure_adoption(teams: int) -> None:
    """Adopt an estate of 56 resources a team, of 40 types, of which the catalog lacks 10."""
    catalog = load_catalog()
    with (
        LocalAzure.start(catalog, None) as server,
        ArmClient.open(local_cloud(server.endpoint), LocalToken(), parallelism=10) as client,
    ):
        count = put_large_estate(Bench(catalog, server, client), teams)
        place = AdoptionTarget(
            name="large",
            cloud="local",
            auth="default",
            tenant=_TENANT,
            environment_id="0" * 32,
            subscription_names={},
            api_versions={name.lower(): "2024-04-01" for name in UNKNOWN_TYPES},
        )
        started = time.perf_counter()
        roots = Roots(subscriptions=(LARGE_SUBSCRIPTION,))
        bench = ProofInputs(catalog, client, datetime.now(UTC).date())
        document = adopt(roots, place, bench).document
        seconds = time.perf_counter() - started
    lines = sum(file.lines for file in document.files)
    print(
        f"adopt     {count} resources of {document.types} types: {seconds:.1f} s, "
        f"{document.calls} calls, {lines} lines, {document.verdict}"
    )
