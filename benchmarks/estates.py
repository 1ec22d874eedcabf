"""Whole estates on the built-in Azure: plan, apply, and plan again."""

import resource
import time
from datetime import UTC, datetime
from pathlib import Path

from provisioner.azure.client import ArmClient
from provisioner.azure.cloud import local_cloud
from provisioner.azure.credential import LocalToken
from provisioner.catalog.registry import Catalog
from provisioner.cli.workspace import FileSources, load_catalog
from provisioner.simulator.server import LocalAzure
from provisioner.workflow.apply import ApplyOptions, Surface, apply_plan
from provisioner.workflow.plan import Desired, load_desired, plan_environment

_PARALLELISM = 10
_SUBNETS_A_NETWORK = 20
_ENVIRONMENT = """\
apiVersion: azsec/v1
kind: Environment
metadata: {name: estate, id: 0123456789abcdef0123456789abcdef}
blueprint: estate.yaml
cloud: local
tenantId: 00000000-0000-0000-0000-000000000000
subscriptions: {workload: 11111111-1111-1111-1111-111111111111}
# An estate of a benchmark is large, and not secure.
gates: {controls: none}
"""


def write_estate(folder: Path, size: int) -> str:
    """Write an environment of about `size` resources; return the path of its file.

    It is made of networks, each with a route table, a security group and 20 subnets.
    """
    networks = max(1, round((size - 1) / (_SUBNETS_A_NETWORK + 3)))
    lines = [
        "apiVersion: azsec/v1",
        "kind: Blueprint",
        "metadata: {name: estate}",
        "resourceGroups:",
        "  main: {subscription: workload, name: rg-estate, location: westeurope}",
        "resources:",
    ]
    for number in range(networks):
        lines += _network(number)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "estate.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    path = folder / "environment.yaml"
    path.write_text(_ENVIRONMENT, encoding="utf-8")
    return str(path)


def _network(number: int) -> list[str]:
    space = f"10.{number // 8 % 256}.{number % 8 * 32}.0/19"
    lines = [
        f"  rt{number}:",
        "    type: Microsoft.Network/routeTables",
        "    resourceGroup: main",
        f"    name: rt-{number}",
        "    properties: {disableBgpRoutePropagation: true, routes: []}",
        f"  nsg{number}:",
        "    type: Microsoft.Network/networkSecurityGroups",
        "    resourceGroup: main",
        f"    name: nsg-{number}",
        "    properties: {securityRules: []}",
        f"  vnet{number}:",
        "    type: Microsoft.Network/virtualNetworks",
        "    resourceGroup: main",
        f"    name: vnet-{number}",
        f'    properties: {{addressSpace: {{addressPrefixes: ["{space}"]}}}}',
    ]
    for subnet in range(_SUBNETS_A_NETWORK):
        lines += [
            f"  subnet{number}x{subnet}:",
            "    type: Microsoft.Network/virtualNetworks/subnets",
            f"    parent: ${{vnet{number}.id}}",
            f"    name: subnet-{subnet}",
            "    properties:",
            f'      addressPrefix: ${{cidrsubnet("{space}", 5, {subnet})}}',
            "      defaultOutboundAccess: false",
            f'      routeTable: {{id: "${{rt{number}.id}}"}}',
            f'      networkSecurityGroup: {{id: "${{nsg{number}.id}}"}}',
        ]
    return lines


def measure_estate(folder: Path, size: int) -> None:
    """Print seconds, requests and memory of plan, apply and plan for one estate."""
    catalog = load_catalog()
    path = write_estate(folder, size)
    started = time.perf_counter()
    desired = load_desired(path, catalog, FileSources(), datetime.now(UTC).date())
    composed = time.perf_counter() - started
    count = sum(entry.managed for entry in desired.graph)
    with LocalAzure.start(catalog, None) as server:
        where = local_cloud(server.endpoint)
        with ArmClient.open(where, LocalToken(), parallelism=_PARALLELISM) as client:
            _measure(desired, composed, count, catalog, client, server)


def _measure(
    desired: Desired,
    composed: float,
    count: int,
    catalog: Catalog,
    client: ArmClient,
    server: LocalAzure,
) -> None:
    started = time.perf_counter()
    plan = plan_environment(desired, catalog, client).plan
    planned = time.perf_counter() - started
    before = len(server.requests)
    started = time.perf_counter()
    surface = Surface(client, client, time.monotonic, lambda _event: None)
    apply_plan(plan, catalog, surface, ApplyOptions(allow_delete=False, parallelism=_PARALLELISM))
    applied = time.perf_counter() - started
    sent = server.requests[before:]
    writes = sum(request.method == "PUT" for request in sent)
    before = len(server.requests)
    started = time.perf_counter()
    again = plan_environment(desired, catalog, client).plan
    replanned = time.perf_counter() - started
    reads = len(server.requests) - before
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"estate of {count} resources: compose {composed:.2f} s, plan {planned:.2f} s, "
        f"apply {applied:.1f} s ({writes} writes, {len(sent) - writes} reads), "
        f"plan again {replanned:.2f} s ({reads} reads, "
        f"{again.document.summary.changes} changes), {memory:.0f} MiB with the server"
    )
