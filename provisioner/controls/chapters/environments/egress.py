"""ENV-04: egress of the environment through Azure Firewall, or no egress at all.

Facts: guidelines.md §1.4, §2.1 and §2.3; the documentation "Azure Firewall forced tunneling".
"""

from collections.abc import Iterator

from provisioner.controls.control import (
    MAPPED_BY_PARTS,
    NO_EQUIVALENT,
    Control,
    Layer,
    Mappings,
    Severity,
    terms,
)
from provisioner.controls.exposure.egress_routes import (
    CONFIGURATIONS,
    HOP,
    PREFIX,
    ROUTE_READS,
    TABLE,
    find_egress,
    find_routed,
)
from provisioner.controls.predicates import equals, is_set, show
from provisioner.controls.resource_types import (
    CACHE_RULE,
    CLUSTER,
    FIREWALL,
    POOL,
    REGISTRY,
    ROUTE,
    ROUTE_TABLE,
    SUBNET,
)
from provisioner.controls.rule import expect, look, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import lookup
from provisioner.network.model.public_ranges import read_reach

ITEM = "Inbound/outbound traffic (forced tunneling)"
_OUTBOUND = "properties.networkProfile.outboundType"
_SOURCE = "properties.bootstrapProfile.artifactSource"
_BOOTSTRAP = "properties.bootstrapProfile.containerRegistryId"
_NODES = "properties.vnetSubnetID"
_PODS = "properties.podSubnetID"
_NODE_ADDRESSES = "properties.enableNodePublicIP"
_PUBLIC = "properties.publicNetworkAccess"
_DEFAULT_ACCESS = "properties.defaultOutboundAccess"
_NAT_GATEWAY = "properties.natGateway.id"
_FROM = "properties.sourceRepository"
_TO = "properties.targetRepository"
_MANAGEMENT = "properties.managementIpConfiguration"
_MANAGEMENT_SUBNET = "AzureFirewallManagementSubnet"

_ISOLATED = ("none", "block")
_TUNNEL_HOPS = ("VirtualAppliance", "VirtualNetworkGateway")
_CACHE = "aks-managed-mcr"
# Nodes of a network-isolated cluster look for exactly these names (guidelines.md §2.1,
# "Network-isolated cluster").
_CACHED = {_FROM: "mcr.microsoft.com/*", _TO: "aks-managed-repository/*"}


def _is_isolated(cluster: Subject) -> bool:
    return str(cluster.value(_OUTBOUND)).lower() in _ISOLATED


def _judge_egress(cluster: Subject) -> Iterator[Observation]:
    """Judge whether all egress of a cluster's subnets is routed to a firewall, or disabled."""
    if _is_isolated(cluster):
        yield from _judge_isolated(cluster)
        return
    yield look(cluster, _OUTBOUND, equals("userDefinedRouting"))
    # Pods of Azure CNI with dynamic IP allocation leave through podSubnetID: its route table
    # counts as much as that of the nodes.
    named = [pool.value(path) for pool in cluster.children(POOL) for path in (_NODES, _PODS)]
    subnets = {found.key: found for name in named if (found := parse_resource_id(name))}
    if not subnets:
        yield cluster.fails("", "its nodes are in a network that AKS creates, without a firewall")
    for identity in subnets.values():
        subnet = cluster.at(identity.text)
        path = f"{_OUTBOUND}[{identity.name}]"
        if subnet is None:
            yield cluster.unknown(path, f"its subnet {identity.text} is not in the environment")
        else:
            yield from _judge_subnet(cluster, subnet, path)


def _judge_isolated(cluster: Subject) -> Iterator[Observation]:
    """Judge whether a cluster without egress has no NAT gateway and no node public IP addresses."""
    for pool in cluster.children(POOL):
        for named in filter(None, (pool.value(path) for path in (_NODES, _PODS))):
            subnet = cluster.at(named)
            # outboundType none keeps AKS from making an egress path and checks none: what else is
            # on the subnet still works (guidelines.md §2.3).
            if subnet is None or subnet.derive(find_routed).get(subnet.id.key):
                continue
            if subnet.states(_NAT_GATEWAY):
                evidence = f"{_OUTBOUND} is none or block, and {subnet.label} has a NAT gateway"
                yield cluster.fails(_OUTBOUND, f"{evidence} and no route to a firewall")
            if pool.value(_NODE_ADDRESSES) is True and named == pool.value(_NODES):
                evidence = f"{_OUTBOUND} is none or block, and enableNodePublicIP is true"
                yield cluster.fails(_OUTBOUND, f"{pool.label}: {evidence}")


def _judge_subnet(cluster: Subject, subnet: Subject, path: str) -> Iterator[Observation]:
    """Judge whether each public address is routed to a firewall, an own network, or nowhere."""
    # Every public address, not the route 0.0.0.0/0: two routes of /1, or one to a service tag
    # with next hop Internet, go before it by the longest prefix.
    table = cluster.at(subnet.value(TABLE))
    if table is None:
        named = subnet.value(TABLE)
        if subnet.states(TABLE):
            yield cluster.unknown(
                path, (f"{show(named)} of {subnet.label} is not in the environment")
            )
        else:
            yield cluster.fails(path, f"{subnet.label} has no route table")
        return
    for egress in cluster.derive(find_egress)[subnet.id.key]:
        yield Observation(egress.verdict, path, egress.evidence)


def _judge_bootstrap(cluster: Subject) -> Iterator[Observation]:
    """Judge whether the registry that nodes bootstrap from is private and caches what they pull."""
    if not _is_isolated(cluster):
        return
    yield look(cluster, _BOOTSTRAP, is_set())
    named = parse_resource_id(cluster.value(_BOOTSTRAP))
    registry = cluster.at(cluster.value(_BOOTSTRAP))
    if registry is None:
        if named is not None and cluster.is_among_own(named):
            yield cluster.unknown(_BOOTSTRAP, f"{named.text} is not in the environment")
        # A registry that cannot be read in an own subscription may be fine; one of a stranger
        # decides what boots on the nodes.
        elif named is not None:
            evidence = f"{named.text} is in a subscription outside the environment"
            yield cluster.fails(_BOOTSTRAP, evidence)
        return
    if registry.value(_PUBLIC) != "Disabled":
        what = f"{registry.label} is reachable from the internet"
        yield cluster.fails(_BOOTSTRAP, f"{what}: {_PUBLIC} is {show(registry.value(_PUBLIC))}")
    caches = [r for r in registry.children(CACHE_RULE) if r.name.lower() == _CACHE]
    if not caches:
        yield cluster.fails(_BOOTSTRAP, f"{registry.label} has no cache rule {_CACHE}")
    for cache in caches:
        for path, expected in _CACHED.items():
            if cache.value(path) != expected:
                evidence = f"{path} of {cache.label} is {show(cache.value(path))}"
                yield cluster.fails(_BOOTSTRAP, f"{evidence}, expected {expected}")


def _judge_default_access(subnet: Subject) -> Iterator[Observation]:
    """Judge whether machines have no default outbound access: it is off, or without effect.

    A NAT gateway goes before it, and a route to elsewhere takes packets away from it ("Default
    outbound access in Azure").
    """
    found = look(subnet, _DEFAULT_ACCESS, equals(False))
    if subnet.value(_DEFAULT_ACCESS) is not True:
        yield found
    elif subnet.states(_NAT_GATEWAY):
        yield subnet.passes(_NAT_GATEWAY, f"{_NAT_GATEWAY} is {show(subnet.value(_NAT_GATEWAY))}")
    elif subnet.derive(find_routed).get(subnet.id.key):
        yield subnet.passes(
            TABLE, ("its route table leaves no public address for default outbound access")
        )
    else:
        yield found


def _judge_management(firewall: Subject) -> Iterator[Observation]:
    """Judge whether a firewall in forced tunneling has its own management address."""
    # Azure Firewall needs direct internet access for its management traffic. Forced tunneling
    # takes that away unless it has a management address of its own, which is
    # irreversible (guidelines.md ENV-04.5).
    tunnels = [hop for _, hop in _default_routes(firewall, CONFIGURATIONS) if hop in _TUNNEL_HOPS]
    if not firewall.states(_MANAGEMENT):
        if tunnels:
            what = f"its subnet routes all traffic to {tunnels[0]}"
            yield firewall.fails(_MANAGEMENT, f"{what}, and managementIpConfiguration is not set")
        return
    stated = firewall.value(_MANAGEMENT)
    subnet = parse_resource_id(lookup(stated, ("properties", "subnet", "id")))
    if subnet is None or subnet.name.lower() != _MANAGEMENT_SUBNET.lower():
        name = subnet.name if subnet else "none"
        what = f"its management subnet is {name}, expected {_MANAGEMENT_SUBNET}"
        yield firewall.fails(_MANAGEMENT, what)
    if not lookup(stated, ("properties", "publicIPAddress", "id")):
        yield firewall.fails(_MANAGEMENT, "its managementIpConfiguration has no public IP address")
    for label, hop in _default_routes(firewall, _MANAGEMENT):
        # The management subnet takes a default route to the internet and no other (guidelines.md
        # §2.2).
        if hop != "Internet":
            what = f"{label} routes its management traffic to {hop}, expected Internet"
            yield firewall.fails(_MANAGEMENT, what)
    yield firewall.passes(_MANAGEMENT, "it has a management public IP address")


def _default_routes(firewall: Subject, path: str) -> Iterator[tuple[str, str]]:
    """Yield (route, next hop) of each route for public addresses in the subnet of a configuration.

    Halves of all addresses are such routes too.
    """
    stated = firewall.value(path)
    for entry in stated if isinstance(stated, (list, tuple)) else [stated]:
        subnet = firewall.at(lookup(entry, ("properties", "subnet", "id")))
        table = firewall.at(subnet.value(TABLE)) if subnet is not None else None
        for route in table.children(ROUTE) if table is not None else ():
            if read_reach([str(route.value(PREFIX))]).holds_strangers:
                yield route.label, str(route.value(HOP))


CONTROLS = (
    Control(
        id="ENV-04",
        title="Ingress and egress traffic passes through controlled points",
        severity=Severity.HIGH,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "Attackers need ingress to deliver tools and egress to exfiltrate data. "
            "Controlled points allow filtering and logging of both."
        ),
        synonyms=terms("inbound; outbound; forced tunneling; ingress; egress; north-south traffic"),
        modes=(),
        unmapped=MAPPED_BY_PARTS,
    ),
    Control(
        id="ENV-04.1",
        title="Cluster egress is routed through a firewall (outboundType userDefinedRouting)",
        severity=Severity.HIGH,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "A firewall restricts egress to allowed FQDNs and logs it. Routes learned by a "
            "virtual network gateway can bypass it."
        ),
        synonyms=terms(
            "egress lockdown; UDR; user-defined route; route table; outboundType; "
            "userDefinedRouting; NVA; forced tunneling; data exfiltration; Azure Firewall"
        ),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties: {networkProfile: {outboundType: userDefinedRouting}}
        """,
        rules=(
            rule(
                CLUSTER,
                _judge_egress,
                _OUTBOUND,
                others={
                    POOL: (_NODES, _PODS, _NODE_ADDRESSES),
                    **ROUTE_READS,
                    SUBNET: (*ROUTE_READS[SUBNET], _NAT_GATEWAY),
                },
            ),
        ),
        limits=(
            "Public IPv4 addresses are followed to the firewall; IPv6 by route only. "
            "Firewall rules are checked for allowing arbitrary destinations; required "
            "FQDNs are checked by the proof `allowances`. Traffic behind a gateway or a "
            "third-party appliance, and DNS tunnelling, are not visible."
        ),
        mappings=Mappings(cis=("5.4.3",), policies=("fc5e4038-4584-4632-8c85-c0448d374b2c",)),
    ),
    Control(
        id="ENV-04.2",
        title="Network isolated clusters bootstrap from a private registry (bootstrapProfile)",
        severity=Severity.HIGH,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "Nodes need images to start. A private registry with a cache rule removes all "
            "required egress to the internet."
        ),
        synonyms=terms(
            "network isolated cluster; air-gapped; bootstrapProfile; artifactSource; cache rule; "
            "outboundType none; MCR"
        ),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                networkProfile: {outboundType: none}
                bootstrapProfile: {artifactSource: Cache, containerRegistryId: "${registry.id}"}
        """,
        rules=(
            expect(CLUSTER, _SOURCE, equals("Cache"), when=_is_isolated, reading=(_OUTBOUND,)),
            rule(
                CLUSTER,
                _judge_bootstrap,
                _OUTBOUND,
                _BOOTSTRAP,
                others={REGISTRY: (_PUBLIC,), CACHE_RULE: (_FROM, _TO)},
            ),
        ),
        limits=("Images that the registry caches from upstream are not evaluated."),
        unmapped=NO_EQUIVALENT,
    ),
    Control(
        id="ENV-04.3",
        title="Default outbound access of subnets is disabled (defaultOutboundAccess)",
        severity=Severity.HIGH,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "With default outbound access, Azure gives virtual machines without a public "
            "IP address an implicit one for egress, past the firewall."
        ),
        synonyms=terms(
            "default outbound access; SNAT; private subnet; implicit egress; defaultOutboundAccess"
        ),
        remediation="""
            nodes:
              type: Microsoft.Network/virtualNetworks/subnets
              parent: ${network.id}
              properties: {defaultOutboundAccess: false}
        """,
        rules=(
            rule(
                SUBNET,
                _judge_default_access,
                _DEFAULT_ACCESS,
                _NAT_GATEWAY,
                others={
                    **ROUTE_READS,
                    SUBNET: (*ROUTE_READS[SUBNET], _DEFAULT_ACCESS, _NAT_GATEWAY),
                },
            ),
        ),
        limits=(
            "Other egress paths (NAT gateways, node public IP addresses, routes) are "
            "checked by ENV-04.1 and CLU-02.2."
        ),
        mappings=Mappings(
            policies=("7bca8353-aa3b-429b-904a-9229c4385837",),
            psrule=("Azure.VNET.PrivateSubnet",),
        ),
    ),
    Control(
        id="ENV-04.5",
        title=(
            "Azure Firewall with forced tunneling has a management NIC (managementIpConfiguration)"
        ),
        severity=Severity.HIGH,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "Azure manages a firewall through the internet. With forced tunneling, this "
            "traffic needs its own subnet and public IP address."
        ),
        synonyms=terms(
            "forced tunneling; AzureFirewallManagementSubnet; management NIC; on-premises; BGP"
        ),
        remediation="""
            firewall:
              type: Microsoft.Network/azureFirewalls
              properties:
                managementIpConfiguration:
                  name: management
                  properties:
                    subnet: {id: "${firewallManagement.id}"}
                    publicIPAddress: {id: "${managementAddress.id}"}
        """,
        rules=(
            rule(
                FIREWALL,
                _judge_management,
                CONFIGURATIONS,
                _MANAGEMENT,
                others={SUBNET: (TABLE,), ROUTE_TABLE: (), ROUTE: (PREFIX, HOP)},
            ),
        ),
        limits=("Whether Azure reaches the management address is known only after deployment."),
        unmapped=NO_EQUIVALENT,
    ),
)
