"""NET-01, NET-02 and NET-11: sizes and overlaps of address ranges, zones of Azure Firewall.

The arithmetic is that of `azsec network`. Facts: guidelines.md §1.5, §2.2 and §3.2.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from provisioner.catalog.registry import Catalog
from provisioner.catalog.vm_sizes import zones_of
from provisioner.controls.control import NO_EQUIVALENT, Control, Layer, Mappings, Severity, terms
from provisioner.controls.predicates import show
from provisioner.controls.resource_types import (
    BASTION,
    CLUSTER,
    FIREWALL,
    NETWORK,
    NETWORK_GATEWAY,
    PEERING,
    POOL,
    PRIVATE_ENDPOINT,
    ROUTE,
    SITE,
    SUBNET,
)
from provisioner.controls.rule import rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.cidr import parse_range
from provisioner.model.diagnostic import Diagnostic
from provisioner.model.estate import Estate
from provisioner.network.addresses.cluster_checks import check_clusters
from provisioner.network.addresses.overlaps import find_overlaps
from provisioner.network.addresses.plan import AddressPlan, read_address_plan
from provisioner.network.addresses.subnet_checks import check_subnet
from provisioner.service_rules.evaluation import Finding, judge_write
from provisioner.service_rules.rule import Write
from provisioner.service_rules.rule_context import EstateContext

ITEM = "Setting up and validating the virtual network"
_SPACE = "properties.addressSpace.addressPrefixes"
_PREFIX = "properties.addressPrefix"
_PREFIXES = "properties.addressPrefixes"
_PROFILE = "properties.networkProfile"
_API_SERVER = "properties.apiServerAccessProfile"
_CONFIGURATIONS = "properties.ipConfigurations"
_ZONES = "zones"
_LEAST_ZONES = 2
_FIREWALL_SUBNETS = ("azurefirewallsubnet", "azurefirewallmanagementsubnet")
_FIREWALL_PREFIX = 26

_READS: Mapping[str, tuple[str, ...]] = {
    NETWORK: (_SPACE,),
    SUBNET: (
        _PREFIX,
        _PREFIXES,
        "properties.delegations",
        "properties.networkSecurityGroup.id",
        "properties.routeTable.id",
    ),
    PEERING: (
        "properties.remoteVirtualNetwork.id",
        "properties.remoteAddressSpace.addressPrefixes",
    ),
    SITE: ("properties.localNetworkAddressSpace.addressPrefixes",),
    ROUTE: (_PREFIX, "properties.nextHopType"),
    PRIVATE_ENDPOINT: ("properties.subnet.id", "properties.privateLinkServiceConnections"),
    FIREWALL: (_CONFIGURATIONS, "properties.managementIpConfiguration"),
    BASTION: (_CONFIGURATIONS,),
    NETWORK_GATEWAY: (_CONFIGURATIONS,),
    CLUSTER: (
        "properties.kubernetesVersion",
        *(
            f"{_PROFILE}.{name}"
            for name in (
                "networkPlugin", "networkPluginMode", "podCidr", "podCidrs", "serviceCidr",
                "serviceCidrs", "dnsServiceIP", "dockerBridgeCidr",
            )
        ),
        f"{_API_SERVER}.enablePrivateCluster",
        f"{_API_SERVER}.enableVnetIntegration",
        f"{_API_SERVER}.subnetId",
        "properties.nodeProvisioningProfile.mode",
    ),
    POOL: (
        "properties.count",
        "properties.enableAutoScaling",
        "properties.maxCount",
        "properties.maxPods",
        "properties.podIPAllocationMode",
        "properties.podSubnetID",
        "properties.upgradeSettings.maxSurge",
        "properties.virtualMachinesProfile.scale",
        "properties.vnetSubnetID",
    ),
}  # fmt: skip
"""What the address plan is read from."""

_SERVICE_RANGE_CODES = ("large-service-range",)
"""What is wrong with the ranges inside of a cluster, and says nothing of what they are to hold."""

_UNKNOWN_CODES = ("unknown-range", "unknown-nodes")


_RANGE_RULES = frozenset(
    {
        "network-range",
        "network-host-bits",
        "subnet-range",
        "subnet-host-bits",
        "subnet-outside-of-network",
        "subnet-size",
        "subnet-of-gateways-with-group",
        "subnet-of-service-with-group",
        "subnet-of-bastion-with-routes",
    }
)
_OVERLAP_RULES = frozenset({"network-ranges-overlap", "subnets-overlap"})
_POD_RULES = frozenset(
    {"cluster-range-form", "pool-too-few-pods", "pool-too-many-pods", "pool-too-small"}
)
_DNS_RULES = frozenset(
    f"cluster-dns-address-{what}" for what in ("form", "outside", "first", "broadcast")
)
"""The service rules about what a range is to hold, about ranges of one network, about the pods of
a cluster, and about the address of DNS among its services."""

_ADDRESS_RULES = _RANGE_RULES | _OVERLAP_RULES | _POD_RULES | _DNS_RULES


@dataclass(frozen=True)
class _Addresses:
    """The address plan of a state, and the errors of the ranges in it that overlap."""

    plan: AddressPlan

    @cached_property
    def overlaps(self) -> Mapping[str, tuple[Diagnostic, ...]]:
        """The errors by the key of whose range it is.

        Overlaps that only keep networks from ever being connected are left to `azsec network`,
        which warns of them.
        """
        found: dict[str, tuple[Diagnostic, ...]] = {}
        for overlap in find_overlaps(self.plan, {}):
            if overlap.hinders:
                found[overlap.owner] = (*found.get(overlap.owner, ()), overlap.diagnostic)
        return found


def _read_addresses(estate: Estate, _catalog: Catalog) -> _Addresses:
    return _Addresses(read_address_plan(estate))


def _whole_estate(estate: Estate, _catalog: Catalog) -> Estate:
    return estate


def _observe_diagnostics(
    subject: Subject, path: str, diagnostics: Iterable[Diagnostic]
) -> Iterator[Observation]:
    """Observe what a check found of a resource.

    A subnet that is large enough for less than it is to hold does not fit either.
    """
    for found in diagnostics:
        evidence = found.message.removeprefix(f"{subject.label}: ").rstrip(".")
        make = subject.unknown if found.code in _UNKNOWN_CODES else subject.fails
        yield make(path, evidence)


def _refusals_by_resource(estate: Estate, catalog: Catalog) -> Mapping[str, tuple[Finding, ...]]:
    """Return what Azure would refuse of networks, of subnets, and of clusters with their pools.

    It is by the key of the network, the subnet and the cluster. What the estate lacks is not known.
    """
    # Nothing counts as absent: a rule must not refuse for want of what the state does not
    # contain.
    estate_context = EstateContext(estate, lambda _id: False, lambda _container, _type: False)
    found: dict[str, tuple[Finding, ...]] = {}
    for name in (NETWORK, SUBNET, CLUSTER, POOL):
        # The same service rules as in the preflight and the built-in Azure, so that check and
        # apply cannot disagree about a range.
        version = catalog.get(name).api_version
        for resource in estate.of_type(name):
            write = Write(name, resource.id, None, resource.body, estate_context, version)
            # Ranges and pods are settings of cluster and pools together; the finding is on the
            # cluster, where the ranges are.
            owner = (name == POOL and resource.id.parent) or resource.id
            judged = judge_write(write, catalog, only=_ADDRESS_RULES)
            own = (each for each in judged if each.rule.type == name)
            found[owner.key] = (*found.get(owner.key, ()), *own)
    return found


def _observe_refusals(subject: Subject, rules: Collection[str]) -> Iterator[Observation]:
    for found in subject.derive(_refusals_by_resource).get(subject.id.key, ()):
        if found.rule.id in rules:
            yield subject.fails(found.refusal.path, found.refusal.message)


def _judge_network(network: Subject) -> Iterator[Observation]:
    plan = network.derive(_read_addresses).plan
    read = plan.networks.get(network.id.key)
    if read is None:
        return
    # Its subnets and clusters are subjects of their own.
    yield from _observe_refusals(network, _RANGE_RULES)
    spaces = ", ".join(str(space) for space in read.spaces)
    yield network.passes(_SPACE, f"its address space is {spaces}")


def _judge_subnet(subnet: Subject) -> Iterator[Observation]:
    plan = subnet.derive(_read_addresses).plan
    network, read = plan.network_of(subnet.id), plan.subnet(subnet.id)
    if network is None or read is None:
        return
    yield from _observe_refusals(subnet, _RANGE_RULES)
    wrong = check_subnet(read, network, subnet.derive(_whole_estate))
    yield from _observe_diagnostics(subnet, _PREFIX, wrong)
    ranges = ", ".join(str(one) for one in read.ranges)
    yield subnet.passes(_PREFIX, f"{ranges} is large enough for the configured maximum")


def _cluster_diagnostics(cluster: Subject) -> tuple[Diagnostic, ...]:
    plan = cluster.derive(_read_addresses).plan
    alone = tuple(one for one in plan.clusters if one.resource.id == cluster.id)
    return tuple(check_clusters(replace(plan, clusters=alone)))


def _judge_cluster(cluster: Subject) -> Iterator[Observation]:
    path = f"{_PROFILE}.podCidr"
    diagnostics = [
        found for found in _cluster_diagnostics(cluster) if found.code not in _SERVICE_RANGE_CODES
    ]
    yield from _observe_diagnostics(cluster, path, diagnostics)
    yield from _observe_refusals(cluster, _POD_RULES)
    yield cluster.passes(path, "its ranges are large enough for its maximum of pods and nodes")


def _judge_overlap(subject: Subject) -> Iterator[Observation]:
    yield from _observe_refusals(subject, _OVERLAP_RULES)
    diagnostics = subject.derive(_read_addresses).overlaps.get(subject.id.key, ())
    yield from _observe_diagnostics(subject, "", diagnostics)
    yield subject.passes("", "its ranges do not overlap")


def _judge_ranges(cluster: Subject) -> Iterator[Observation]:
    path = f"{_PROFILE}.serviceCidr"
    diagnostics = [
        found for found in _cluster_diagnostics(cluster) if found.code in _SERVICE_RANGE_CODES
    ]
    yield from _observe_diagnostics(cluster, path, diagnostics)
    yield from _observe_refusals(cluster, _DNS_RULES)
    yield from _judge_overlap(cluster)


def _judge_firewall_subnet(subnet: Subject) -> Iterator[Observation]:
    """Judge whether the subnet of Azure Firewall is a /26 at least.

    With that the firewall can grow to all of its instances.
    """
    # Azure Firewall scales out within its subnet, whose prefix cannot change while it is in use
    # (guidelines.md §2.2 and §2.7).
    if subnet.name.lower() not in _FIREWALL_SUBNETS:
        return
    texts = subnet.texts(_PREFIXES) or (subnet.value(_PREFIX),)
    ranges = [found for text in texts if (found := parse_range(text)) is not None]
    small = [one for one in ranges if one.version == 4 and one.prefixlen > _FIREWALL_PREFIX]
    if small:
        yield subnet.fails(
            _PREFIX, (f"addressPrefix is {small[0]}, expected /{_FIREWALL_PREFIX} or larger")
        )
    elif ranges:
        yield subnet.passes(_PREFIX, f"addressPrefix is {ranges[0]}, /{_FIREWALL_PREFIX} or larger")
    else:
        yield subnet.unknown(_PREFIX, f"{_PREFIX} is {show(subnet.value(_PREFIX))}")


def _judge_zones(firewall: Subject) -> Iterator[Observation]:
    """Judge whether a firewall is in several zones, where its region has any."""
    region = str(firewall.value("location")).lower()
    zones = tuple(dict.fromkeys(firewall.texts(_ZONES)))
    if len(zones) >= _LEAST_ZONES:
        yield firewall.passes(_ZONES, f"{_ZONES} is {', '.join(zones)}")
    # Zones are set at creation alone (guidelines.md §2.7), and some regions have none.
    elif zones_of(region):
        evidence = f"{_ZONES} is {show(firewall.value(_ZONES))}"
        yield firewall.fails(_ZONES, f"{evidence}, expected {_LEAST_ZONES} at least")


CONTROLS = (
    Control(
        id="NET-01",
        title="Virtual networks and subnets have enough IP addresses",
        severity=Severity.HIGH,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "IP exhaustion blocks upgrades and new nodes. A subnet in use cannot be resized."
        ),
        synonyms=terms("IP exhaustion; subnet size; CIDR; IPAM; address space; addressPrefix"),
        remediation="""
            nodes:
              type: Microsoft.Network/virtualNetworks/subnets
              parent: ${network.id}
              properties: {addressPrefix: 10.0.0.0/22}
        """,
        rules=(
            rule(NETWORK, _judge_network, others=_READS),
            rule(SUBNET, _judge_subnet, others=_READS),
            rule(CLUSTER, _judge_cluster, others=_READS),
        ),
        limits=("Growth beyond the configured maximum of node pools is not considered."),
        mappings=Mappings(psrule=("Azure.AKS.CNISubnetSize",)),
    ),
    Control(
        id="NET-02",
        title="Pod, service, virtual network and peered address ranges do not overlap",
        severity=Severity.HIGH,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "Pods cannot reach external addresses that are also used inside the cluster. "
            "Networks with overlapping ranges cannot be peered."
        ),
        synonyms=terms("overlapping CIDR; podCidr; serviceCidr; IP ranges; address overlap; IPAM"),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                networkProfile:
                  podCidr: 100.64.0.0/16
                  serviceCidr: 100.127.0.0/20
                  dnsServiceIP: 100.127.0.10
        """,
        rules=(
            rule(NETWORK, _judge_overlap, others=_READS),
            rule(SUBNET, _judge_overlap, others=_READS),
            rule(SITE, _judge_overlap, others=_READS),
            rule(CLUSTER, _judge_ranges, others=_READS),
        ),
        limits=("Networks outside the environment may overlap."),
        unmapped=NO_EQUIVALENT,
    ),
    Control(
        id="NET-11",
        title="Azure Firewall is zone-redundant, and its subnet is /26 or larger",
        severity=Severity.HIGH,
        layer=Layer.NETWORK,
        item=ITEM,
        rationale=(
            "All egress passes through the firewall, so it must scale and survive a zone "
            "failure. Zones are set at creation."
        ),
        synonyms=terms(
            "Azure Firewall; AzureFirewallSubnet; availability zones; zone redundancy; SLA"
        ),
        remediation="""
            firewall:
              type: Microsoft.Network/azureFirewalls
              zones: ["1", "2", "3"]
        """,
        rules=(
            rule(SUBNET, _judge_firewall_subnet, _PREFIX, _PREFIXES),
            rule(FIREWALL, _judge_zones, _ZONES, "location"),
        ),
        limits=("Throughput is not evaluated: autoscaling is managed by Azure."),
        mappings=Mappings(psrule=("Azure.VNET.FirewallSubnet",)),
    ),
)
