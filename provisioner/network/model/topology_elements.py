"""The elements of a network topology: networks, subnets, routes, rules, firewalls, zones, clusters.

Every element keeps the `label` by which a person finds it in the blueprint or in Azure. Ids are
keys (`ResourceId.key`). A set of values that only Azure will know is empty or None, and what rests
on it is judged unknown.
"""

from dataclasses import dataclass
from enum import StrEnum

from provisioner.model.span import Span
from provisioner.network.model.intervals import ANY_PORT, Intervals


class HopType(StrEnum):
    """The next hop type of a route, in Azure's words for effective routes."""

    VNET = "VnetLocal"
    PEERING = "VNetPeering"
    INTERNET = "Internet"
    APPLIANCE = "VirtualAppliance"
    GATEWAY = "VirtualNetworkGateway"
    SERVICE_ENDPOINT = "VirtualNetworkServiceEndpoint"
    NONE = "None"


@dataclass(frozen=True, slots=True)
class Route:
    """A user-defined route.

    `prefix` is a range or a service tag; `appliance` is the next hop's address, or the key of the
    firewall whose address Azure has yet to give.
    """

    label: str
    prefix: str
    hop: HopType
    appliance: str | None = None


@dataclass(frozen=True, slots=True)
class RouteTable:
    """A route table. `propagates` is whether routes that a gateway learned are added."""

    label: str
    routes: tuple[Route, ...]
    propagates: bool


@dataclass(frozen=True, slots=True)
class SecurityRule:
    """One rule of a network security group. Protocols are lower case, `*` is all of them."""

    label: str
    priority: int
    inbound: bool
    allows: bool
    protocol: str
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    ports: Intervals
    # Nearly every rule leaves the source port open: clients choose it.
    source_ports: Intervals = ANY_PORT


@dataclass(frozen=True, slots=True)
class SecurityGroup:
    """A network security group, its rules by priority."""

    label: str
    rules: tuple[SecurityRule, ...]


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet.

    `private` is `defaultOutboundAccess: false`; `hidden` are the names of the properties that refer
    to something that is unknown, or known in part only (`routeTable`, `natGateway`).
    """

    key: str
    label: str
    name: str
    network: str
    ranges: Intervals
    table: RouteTable | None
    group: SecurityGroup | None
    nat_gateway: str | None
    private: bool
    # Each adds routes to the service's public addresses that no user-defined default route
    # overrides.
    service_endpoints: tuple[str, ...]
    delegations: tuple[str, ...]
    # Without it neither security groups nor routes hold for private endpoints of the subnet
    # (NET-06).
    endpoint_policies: bool
    span: Span | None
    declared: bool = True
    hidden: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Gateway:
    """A virtual network gateway.

    With a `default_site` it routes internet traffic on premises (forced tunneling), in every subnet
    that learns its routes.
    """

    label: str
    default_site: bool


@dataclass(frozen=True, slots=True)
class Peering:
    """One side of a peering. `connected` is None before Azure has answered it."""

    label: str
    remote: str
    access: bool
    forwarded: bool
    gateway_transit: bool
    remote_gateways: bool
    connected: bool | None


@dataclass(frozen=True, slots=True)
class Network:
    """A virtual network.

    `prefixes` are its address spaces one by one, each with a system route of its own. A DNS server
    is an address, or the key of what will have one; none at all is Azure's own resolver. `declared`
    is whether the blueprint has it.

    One that is not `known` was seen by the ids of its subnets alone: its prefixes are their ranges,
    and its peerings, DNS servers and gateway are not known (`declared` where one of the subnets
    is).
    """

    key: str
    label: str
    name: str
    prefixes: tuple[Intervals, ...]
    dns_servers: tuple[str, ...]
    peerings: tuple[Peering, ...]
    gateway: Gateway | None
    declared: bool
    span: Span | None
    known: bool = True

    @property
    def ranges(self) -> Intervals:
        """All addresses of the network."""
        # Prefixes are kept one by one besides: each has a system route of its own, and the
        # longest wins.
        return Intervals.of(pair for prefix in self.prefixes for pair in prefix)


@dataclass(frozen=True, slots=True)
class FirewallRule:
    """One rule of a firewall policy, with the priorities of its group and its collection.

    `kind` is network, application or nat. `names` are host names, a leading `*.` is any label
    before; `tags` are FQDN tags or service tags, `categories` those of web sites. Ranges of IP
    groups are among `sources` and `destinations`; where `open_sources` or `open_destinations`, one
    of them is not known. A NAT rule forwards to `translated`, an address or a host name.
    """

    label: str
    kind: str
    # Priority of the group, of the collection, and the position: Azure evaluates in this order.
    order: tuple[int, int, int]
    allows: bool
    protocols: frozenset[str]
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    names: tuple[str, ...]
    tags: tuple[str, ...]
    ports: Intervals
    open_sources: bool = False
    open_destinations: bool = False
    translated: str = ""
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FirewallPolicy:
    """A firewall policy with its rules in the order of evaluation within each kind.

    The rules of the policy that it inherits from come first.
    """

    key: str
    label: str
    rules: tuple[FirewallRule, ...]
    dns_proxy: bool
    dns_servers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Firewall:
    """An Azure Firewall.

    `address` is None until Azure has given it one. One that others run, or whose policy or base
    policy was not read, is not `known`: `policy` has what was read. One in a virtual hub has no
    `network`.
    """

    key: str
    label: str
    network: str
    subnet: str
    address: int | None
    policy: FirewallPolicy | None
    public_addresses: tuple[str, ...]
    known: bool = True
    declared: bool = True


@dataclass(frozen=True, slots=True)
class ZoneLink:
    """A network in which a private DNS zone resolves."""

    label: str
    network: str


@dataclass(frozen=True, slots=True)
class NameRecord:
    """A record set of a private DNS zone with a target.

    Its `targets` are addresses (A, AAAA) or another name (CNAME). `host` is the name that it
    answers for, in lower case; a leading `*.` matches any label.
    """

    label: str
    kind: str
    host: str
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Zone:
    """A private DNS zone. `unread` is why its records could not be read; None where they were."""

    key: str
    label: str
    name: str
    links: tuple[ZoneLink, ...]
    span: Span | None
    records: tuple[NameRecord, ...] = ()
    unread: str | None = None


@dataclass(frozen=True, slots=True)
class EndpointName:
    """A host name of a private endpoint.

    It is in a private DNS zone (its key), with the addresses that Azure gave the endpoint for it.
    """

    zone: str
    host: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PrivateEndpoint:
    """A private endpoint: its target, the zones that hold its records, and their `names`.

    There are no names before Azure has answered them.

    `approved` is None before Azure has answered it.
    """

    key: str
    label: str
    network: str
    subnet: str
    target: str
    groups: tuple[str, ...]
    zones: tuple[str, ...]
    approved: bool | None
    names: tuple[EndpointName, ...] = ()


@dataclass(frozen=True, slots=True)
class Pool:
    """A node pool: where its nodes and pods stand, and whether nodes have public addresses."""

    label: str
    name: str
    subnet: str | None
    pod_subnet: str | None
    public_addresses: bool
    span: Span | None


@dataclass(frozen=True, slots=True)
class Cluster:
    """An AKS cluster, as far as its network goes.

    `zone` is `system`, `none` or the key of a private DNS zone. `features` name what it needs to
    reach (`provisioner.catalog.egress`).
    """

    key: str
    label: str
    pools: tuple[Pool, ...]
    outbound: str
    private: bool
    public_name: bool
    zone: str
    authorized: tuple[str, ...]
    api_server_subnet: str | None
    region: str
    features: tuple[str, ...]
    span: Span | None
    declared: bool = True


@dataclass(frozen=True, slots=True)
class IpConfiguration:
    """One IP configuration of a network interface.

    `subnet` is a key, empty where it is not known; `public` names its public address, None where it
    has none. Where the public address is not `known`, its existence is unknown too. `address` is
    its own, None before Azure has given it; `pools` are the keys of the pools and rules of load
    balancers that it is behind.
    """

    subnet: str
    public: str | None = None
    known: bool = True
    address: int | None = None
    pools: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface of a machine.

    `group` is a security group of its own, which filters beside that of its subnet: only what both
    allow passes ("How network security groups filter network traffic"). Where it `hides_group`,
    there is one whose rules are not known.
    """

    key: str
    label: str
    configurations: tuple[IpConfiguration, ...]
    group: SecurityGroup | None
    span: Span | None
    declared: bool = True
    hides_group: bool = False

    def public_in(self, subnet: str) -> tuple[IpConfiguration, ...]:
        """Return its configurations in a subnet (a key) with a public address of their own."""
        return tuple(c for c in self.configurations if c.subnet == subnet and c.public)


class ServiceKind(StrEnum):
    """The kind of a platform service that has private endpoints."""

    VAULT = "vault"
    REGISTRY = "registry"
    STORAGE = "storage"


@dataclass(frozen=True, slots=True)
class Service:
    """A platform service.

    `public` is whether it answers on a public address; `openings` are what its own firewall allows
    (addresses, subnets, resources), and `guarded` is whether that allows nothing else but Azure's
    trusted services. `hosts` are its host names.
    """

    key: str
    label: str
    name: str
    kind: ServiceKind
    public: bool
    openings: tuple[str, ...]
    span: Span | None
    declared: bool = True
    guarded: bool = False
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Opening:
    """External hosts that workloads may reach over TLS, as the environment states."""

    hosts: tuple[str, ...]
    ports: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unjudged:
    """A resource in the network whose effect on packets is unknown.

    azsec has no facts of its type, or `reason` states what is unknown; `hint` is what to do.

    `subnets` are the keys of those that it is connected with: it names them, stands in them or in
    their network, or holds a public address that leads nobody knows where.
    """

    key: str
    label: str
    type: str
    subnets: frozenset[str]
    span: Span | None = None
    reason: str = ""
    hint: str = "Check by hand which paths it opens (docs/paths.md says what is judged)."
