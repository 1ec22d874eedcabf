"""The text of small networks and clusters, for tests of what is computed from them."""

from collections.abc import Sequence

WORKLOAD = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-main"
PROVIDER = f"{WORKLOAD}/providers/Microsoft.Network"


def network(name: str, *spaces: str, **subnets: str) -> str:
    """Return a network with subnets in its body; `subnets` are their properties in flow style."""
    inner = "".join(
        f"\n      - {{name: {key}, properties: {{{properties}}}}}"
        for key, properties in subnets.items()
    )
    return f"""\
{name}:
  type: Microsoft.Network/virtualNetworks
  resourceGroup: main
  name: {name}
  properties:
    addressSpace: {{addressPrefixes: [{", ".join(f'"{space}"' for space in spaces)}]}}
    subnets:{inner or " []"}
"""


def peering(one: str, other: str) -> str:
    """Return one side of a peering between two networks, the first of which is in the blueprint."""
    return f"""\
{one}To{other}:
  type: Microsoft.Network/virtualNetworks/virtualNetworkPeerings
  parent: {PROVIDER}/virtualNetworks/{one}
  name: to-{other}
  properties:
    remoteVirtualNetwork: {{id: "{PROVIDER}/virtualNetworks/{other}"}}
"""


def subnet_id(network_name: str, name: str) -> str:
    return f"{PROVIDER}/virtualNetworks/{network_name}/subnets/{name}"


def pool(name: str = "system", nodes: int = 3, subnet: str = "vnet/nodes", more: str = "") -> str:
    """Return a pool of a cluster in flow style; `subnet` is NETWORK/NAME."""
    where = f'vnetSubnetID: "{subnet_id(*subnet.split("/"))}"'
    return (
        f"{{name: {name}, mode: System, vmSize: Standard_D4ds_v5, count: {nodes}, {where}"
        f"{', ' if more else ''}{more}}}"
    )


OVERLAY = "networkPlugin: azure, networkPluginMode: overlay"
RANGES = "podCidr: 100.64.0.0/16, serviceCidr: 100.127.0.0/20, dnsServiceIP: 100.127.0.10"


def cluster(
    *pools: str,
    name: str = "aks",
    profile: str = f"{OVERLAY}, {RANGES}",
    more: Sequence[str] = (),
) -> str:
    """Return a cluster; `profile` is its network profile in flow style."""
    return f"""\
{name}:
  type: Microsoft.ContainerService/managedClusters
  resourceGroup: main
  name: {name}
  identity: {{type: SystemAssigned}}
  properties:
    kubernetesVersion: "1.34"
    dnsPrefix: {name}
    networkProfile: {{{profile}}}
    agentPoolProfiles: [{", ".join(pools or (pool(),))}]
""" + "".join(f"    {line}\n" for line in more)


def host(kind: str, name: str, subnet: str, path: str = "ipConfigurations") -> str:
    """Return a firewall, Bastion host or gateway in a subnet (NETWORK/NAME)."""
    where = f'{{subnet: {{id: "{subnet_id(*subnet.split("/"))}"}}}}'
    entry = f"{{name: ip, properties: {where}}}"
    return f"""\
{name}:
  type: Microsoft.Network/{kind}
  resourceGroup: main
  name: {name}
  properties:
    {path}: {f"[{entry}]" if path == "ipConfigurations" else entry}
"""


def endpoint(name: str, subnet: str) -> str:
    """Return a private endpoint in a subnet (NETWORK/NAME)."""
    return f"""\
{name}:
  type: Microsoft.Network/privateEndpoints
  resourceGroup: main
  name: {name}
  properties:
    subnet: {{id: "{subnet_id(*subnet.split("/"))}"}}
"""


def routes(name: str, prefix: str, hop: str) -> str:
    return f"""\
{name}:
  type: Microsoft.Network/routeTables
  resourceGroup: main
  name: {name}
  properties:
    routes:
      - {{name: default, properties: {{addressPrefix: {prefix}, nextHopType: {hop}}}}}
"""


def site(name: str, *ranges: str) -> str:
    """Return a site on premises."""
    return f"""\
{name}:
  type: Microsoft.Network/localNetworkGateways
  resourceGroup: main
  name: {name}
  properties:
    gatewayIpAddress: 203.0.113.1
    localNetworkAddressSpace: {{addressPrefixes: [{", ".join(ranges)}]}}
"""
