"""Topology of an environment for a diagram: nested groups, nodes and edges."""

from enum import StrEnum
from typing import Literal

from provisioner.documents.document import FORMAT_VERSION, Document, EnvironmentDocument
from provisioner.documents.trace import HopDocument, StateKind

INTERNET = "internet"
ON_PREMISES = "on-premises"
"""The ids of the two nodes that are no resources."""


class GroupKind(StrEnum):
    """The kind of a group.

    A hub is a network whose firewall, gateway or bastion others share, or that several others are
    peered with.
    """

    SUBSCRIPTION = "subscription"
    HUB = "hub"
    NETWORK = "network"
    SUBNET = "subnet"
    RESOURCE_GROUP = "resource group"


class NodeKind(StrEnum):
    """What a node is, in the words that a drawing has above its name."""

    INTERNET = "internet"
    ON_PREMISES = "on-premises"
    FIREWALL = "firewall"
    BASTION = "bastion"
    GATEWAY = "gateway"
    APPLICATION_GATEWAY = "application gateway"
    LOAD_BALANCER = "load balancer"
    RESOLVER = "DNS resolver"
    POOL = "node pool"
    API_SERVER = "API server"
    PRIVATE_ENDPOINT = "private endpoint"
    CLUSTER = "AKS cluster"
    VAULT = "key vault"
    REGISTRY = "container registry"
    STORAGE = "storage account"
    SERVICE = "service"
    ZONE = "private DNS zone"
    WORKSPACE = "log workspace"
    IDENTITY = "managed identity"


class EdgeKind(StrEnum):
    """The kind of a line.

    `egress` is the path that packets to the internet take and arrive by; `route` is a default route
    whose packets are dropped on their path, or are not known to arrive. `ingress` leads from the
    internet to what answers it on a public frontend.
    """

    EGRESS = "egress"
    ROUTE = "route"
    INGRESS = "ingress"
    PEERING = "peering"
    GATEWAY = "gateway"
    PRIVATE_ENDPOINT = "private endpoint"
    API_SERVER = "API server"
    DNS_LINK = "DNS link"
    IDENTITY = "identity"
    LOGS = "logs"


class BoxDocument(Document):
    """A box.

    `id` is the id of the resource in lower case, `address` its name in the blueprint, `details` are
    lines such as its ranges. One that is not `declared` is not in the blueprint.
    """

    id: str
    name: str
    address: str | None = None
    details: tuple[str, ...] = ()
    declared: bool = True


class GroupDocument(BoxDocument):
    """A box that holds others. `parent` is the id of the group around it."""

    kind: GroupKind
    parent: str | None = None


class NodeDocument(BoxDocument):
    """A box that holds nothing. `group` is the id of the group that contains it."""

    kind: NodeKind
    group: str | None = None


class EdgeDocument(Document):
    """A line from one node or group to another, by their ids. `words` say what makes it."""

    source: str
    target: str
    kind: EdgeKind
    words: str


class EgressDocument(Document):
    """The path of a packet from subnets to the internet, hop by hop.

    `host` is the destination's name, the first that the cluster needs; empty where the destination
    is an address. `unjudged` is what is connected with the subnets and may open another path: azsec
    does not judge it.
    """

    subnets: tuple[str, ...]
    host: str
    delivered: bool
    through: str | None = None
    hops: tuple[HopDocument, ...]
    unjudged: tuple[str, ...] = ()


class MarkDocument(Document):
    """A counter-example to a proof, and the nodes, groups and edges (source, target) to mark."""

    proof: str
    element: str
    message: str
    certain: bool
    marked: tuple[str, ...]
    edges: tuple[tuple[str, str], ...] = ()


class GraphDocument(Document):
    """A state of an environment as a diagram. A group precedes what it contains."""

    kind: Literal["azsec/graph"] = "azsec/graph"
    format_version: str = FORMAT_VERSION
    environment: EnvironmentDocument
    state: StateKind
    groups: tuple[GroupDocument, ...]
    nodes: tuple[NodeDocument, ...]
    edges: tuple[EdgeDocument, ...]
    egress: tuple[EgressDocument, ...]
    marks: tuple[MarkDocument, ...] = ()
