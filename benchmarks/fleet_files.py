"""The files of a fleet: one blueprint, and environments of 128 resources that are made of it; and
how their resources come to be there, without an apply of each."""

import hashlib
import http.client
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from provisioner.blueprint.graph import DesiredResource
from provisioner.cli.workspace import FileSources, load_catalog
from provisioner.model.values import unknowns
from provisioner.plan.value_text import to_plain
from provisioner.workflow.plan import load_desired

_TENANT = "00000000-0000-0000-0000-000000000000"
_BLUEPRINT = """\
apiVersion: azsec/v1
kind: Blueprint
metadata: {name: fleet}
resourceGroups:
  main: {subscription: workload, name: "rg-${environment.name}", location: westeurope}
modules:
  zones:
    source: zone.yaml
    forEach: ${[ZONES]}
    resourceGroup: main
    parameters: {name: "${each.value}"}
resources:
  identity:
    type: Microsoft.ManagedIdentity/userAssignedIdentities
    resourceGroup: main
    name: id-${environment.name}
"""
_ZONE = """\
apiVersion: azsec/v1
kind: Module
parameters:
  name: {type: string}
resources:
  routes:
    type: Microsoft.Network/routeTables
    name: rt-${name}
    properties: {disableBgpRoutePropagation: true, routes: []}
  security:
    type: Microsoft.Network/networkSecurityGroups
    name: nsg-${name}
    properties: {securityRules: []}
  network:
    type: Microsoft.Network/virtualNetworks
    name: vnet-${name}
    properties: {addressSpace: {addressPrefixes: ["10.${name}.0.0/16"]}}
  subnets:
    forEach: ${[SUBNETS]}
    type: Microsoft.Network/virtualNetworks/subnets
    parent: ${network.id}
    name: snet-${each.value}
    properties:
      addressPrefix: ${cidrsubnet("10." + name + ".0.0/16", 8, int(each.value))}
      defaultOutboundAccess: false
      routeTable: {id: "${routes.id}"}
      networkSecurityGroup: {id: "${security.id}"}
"""
_HEADERS = {"Authorization": "Bearer local", "Content-Type": "application/json"}


def subscription_of(number: int, subscriptions: int) -> str:
    """Return the subscription of the environment with a number."""
    return f"{number % subscriptions + 1:08}-1111-1111-1111-111111111111"


def write_fleet(
    folder: Path, environments: int, subscriptions: int, *, zones: int = 3, subnets: int = 39
) -> Sequence[Path]:
    """Write environments of `2 + zones * (3 + subnets)` resources each; return their files."""
    folder.mkdir(parents=True, exist_ok=True)
    blueprint = _BLUEPRINT.replace("ZONES", _listed(zones))
    (folder / "fleet.yaml").write_text(blueprint, encoding="utf-8")
    (folder / "zone.yaml").write_text(_ZONE.replace("SUBNETS", _listed(subnets)), encoding="utf-8")
    files = [folder / "environments" / f"env{n:03}.yaml" for n in range(environments)]
    files[0].parent.mkdir(exist_ok=True)
    for number, file in enumerate(files):
        identifier = hashlib.sha256(file.stem.encode()).hexdigest()[:32]
        file.write_text(
            "apiVersion: azsec/v1\nkind: Environment\n"
            f"metadata: {{name: {file.stem}, id: {identifier}}}\n"
            "blueprint: ../fleet.yaml\ncloud: local\n"
            f"tenantId: {_TENANT}\n"
            f"subscriptions: {{workload: {subscription_of(number, subscriptions)}}}\n"
            "gates: {controls: none}\n",
            encoding="utf-8",
        )
    return files


def _listed(count: int) -> str:
    return ", ".join(f'"{index}"' for index in range(count))


def make_resources(files: Sequence[Path], port: int, threads: int = 8) -> int:
    """Write the composed bodies of environments to the built-in Azure at a port, as an apply of
    each would leave them; return how many resources that are."""
    catalog = load_catalog()
    today = datetime.now(UTC).date()

    def make(file: Path) -> int:
        desired = load_desired(str(file), catalog, FileSources(), today)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        # What stands in others, or points to them, stands deeper in this fleet.
        for resource in sorted(desired.graph, key=lambda one: len(list(one.id.ancestors))):
            target = f"{resource.id.text}?api-version={resource.type.api_version}"
            send(connection, "PUT", target, json_of(resource))
        connection.close()
        return len(list(desired.graph))

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(make, files))


def json_of(resource: DesiredResource) -> bytes:
    """Return the body of a resource as JSON. Raises SystemExit for one that Azure completes."""
    if any(True for _ in unknowns(resource.body)):
        raise SystemExit(f"{resource.address} is not known before an apply")
    return json.dumps(to_plain(resource.body)).encode()


def add_rule(group: str, zone: int, port: int) -> None:
    """Open a network security group of an environment's group to the internet, behind azsec's
    back."""
    path = f"{group}/providers/Microsoft.Network/networkSecurityGroups/nsg-{zone}"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    body = json.loads(send(connection, "GET", f"{path}?api-version=2024-05-01"))
    rule = {
        "priority": 100,
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "Tcp",
        "sourceAddressPrefix": "Internet",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": "22",
    }
    body["properties"] = {"securityRules": [{"name": "ssh", "properties": rule}]}
    send(connection, "PUT", f"{path}?api-version=2024-05-01", json.dumps(body).encode())
    connection.close()


def send(
    connection: http.client.HTTPConnection, method: str, target: str, body: bytes | None = None
) -> bytes:
    """Send a request; return the content of the answer. Raises SystemExit for a refusal."""
    connection.request(method, target, body, _HEADERS)
    answer = connection.getresponse()
    content = answer.read()
    if answer.status >= 300:
        raise SystemExit(f"{method} {target}: {answer.status} {content[:500]!r}")
    return content
