"""The files of an estate: one blueprint, and one module file for each landing zone of 23 resources.

A landing zone has a file of its own, so that one changed file is one landing zone composed again,
as it is where each team edits the file of its own.
"""

from pathlib import Path

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
ZONE_RESOURCES = 23
"""A network, a route table, a network security group and 20 subnets. Every tenth landing zone has
16 subnets, two identities, a Key Vault and a storage account instead: of those, each costs reads
(and each name of the last two a check of its own) that one list cannot answer."""

_SUBNETS = 20
_WORKLOAD_SUBNETS = 16
_WORKLOAD_EVERY = 10
_ENVIRONMENT = f"""\
apiVersion: azsec/v1
kind: Environment
metadata: {{name: estate, id: 0123456789abcdef0123456789abcdef}}
blueprint: estate.yaml
cloud: local
tenantId: 00000000-0000-0000-0000-000000000000
subscriptions: {{workload: {SUBSCRIPTION}}}
# An estate of a benchmark is large, and not secure.
gates: {{controls: none}}
"""
_ZONE = """\
apiVersion: azsec/v1
kind: Module
parameters:
  name: {type: string}
  space: {type: string}
  owner: {type: string}
resources:
  routes:
    type: Microsoft.Network/routeTables
    name: rt-${name}
    properties: {disableBgpRoutePropagation: true, routes: []}
  security:
    type: Microsoft.Network/networkSecurityGroups
    name: nsg-${name}
    properties:
      securityRules:
        - name: deny-internet
          properties:
            {priority: 4000, direction: Inbound, access: Deny, protocol: "*",
             sourceAddressPrefix: Internet, sourcePortRange: "*",
             destinationAddressPrefix: "*", destinationPortRange: "*"}
  network:
    type: Microsoft.Network/virtualNetworks
    name: vnet-${name}
    tags: {owner: "${owner}"}
    properties: {addressSpace: {addressPrefixes: ["${space}"]}}
  subnets:
    forEach: ${[SUBNETS]}
    type: Microsoft.Network/virtualNetworks/subnets
    parent: ${network.id}
    name: snet-${each.value}
    properties:
      addressPrefix: ${cidrsubnet(space, 5, int(each.value))}
      defaultOutboundAccess: false
      routeTable: {id: "${routes.id}"}
      networkSecurityGroup: {id: "${security.id}"}
"""
_WORKLOAD = """\
  workload:
    type: Microsoft.ManagedIdentity/userAssignedIdentities
    name: id-${name}-workload
  deployment:
    type: Microsoft.ManagedIdentity/userAssignedIdentities
    name: id-${name}-deployment
  vault:
    type: Microsoft.KeyVault/vaults
    name: kv-${name}
    properties:
      tenantId: ${environment.tenantId}
      sku: {family: A, name: standard}
      enableRbacAuthorization: true
      enablePurgeProtection: true
      publicNetworkAccess: Disabled
  storage:
    type: Microsoft.Storage/storageAccounts
    name: st${name}
    sku: {name: Standard_LRS}
    kind: StorageV2
    properties:
      minimumTlsVersion: TLS1_2
      allowBlobPublicAccess: false
      allowSharedKeyAccess: false
      publicNetworkAccess: Disabled
"""


def write_estate(folder: Path, size: int) -> Path:
    """Write an environment of at most `size` resources; return the path of its file."""
    zones = count_zones(size)
    blueprint = [
        "apiVersion: azsec/v1",
        "kind: Blueprint",
        "metadata: {name: estate}",
        "resourceGroups:",
        "  main: {subscription: workload, name: rg-estate, location: westeurope}",
        "modules:",
    ]
    (folder / "zones").mkdir(parents=True, exist_ok=True)
    for number in range(zones):
        name = f"zone{number:04}"
        blueprint += [f"  {name}:", f"    source: zones/{name}.yaml", "    resourceGroup: main"]
        write_zone(folder, number, "platform")
    for file, subnets, rest in (
        ("network-zone.yaml", _SUBNETS, ""),
        ("workload-zone.yaml", _WORKLOAD_SUBNETS, _WORKLOAD),
    ):
        names = ", ".join(f'"{index}"' for index in range(subnets))
        (folder / file).write_text(_ZONE.replace("SUBNETS", names) + rest, encoding="utf-8")
    (folder / "estate.yaml").write_text("\n".join(blueprint) + "\n", encoding="utf-8")
    path = folder / "environment.yaml"
    path.write_text(_ENVIRONMENT, encoding="utf-8")
    return path


def count_zones(size: int) -> int:
    """Return of how many landing zones an estate of at most `size` resources is made."""
    return max(1, (size - 1) // ZONE_RESOURCES)


def write_zone(folder: Path, number: int, owner: str) -> None:
    """Write the file of one landing zone; `owner` is a tag of its network."""
    name = f"zone{number:04}"
    kind = "workload" if number % _WORKLOAD_EVERY == 0 else "network"
    space = f"10.{number // 8 % 256}.{number % 8 * 32}.0/19"
    text = (
        "apiVersion: azsec/v1\nkind: Module\nmodules:\n  zone:\n"
        f"    source: ../{kind}-zone.yaml\n"
        f'    parameters: {{name: {name}, space: "{space}", owner: {owner}}}\n'
    )
    (folder / "zones" / f"{name}.yaml").write_text(text, encoding="utf-8")
