"""Resources that a network diagram shows although they route or filter no packets.

`boxes` draws them as nodes, `edges` their relations. No proof depends on them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from provisioner.documents.graph import INTERNET, ON_PREMISES, EdgeKind, NodeKind
from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import is_empty, list_items, lookup

_BASTION = "Microsoft.Network/bastionHosts"
_GATEWAY = "Microsoft.Network/virtualNetworkGateways"
_APPLICATION_GATEWAY = "Microsoft.Network/applicationGateways"
_LOCAL_GATEWAY = "Microsoft.Network/localNetworkGateways"
_WORKSPACE = "Microsoft.OperationalInsights/workspaces"
_IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"
_CLUSTER = "Microsoft.ContainerService/managedClusters"
_DIAGNOSTIC = "Microsoft.Insights/diagnosticSettings"


@dataclass(frozen=True, slots=True)
class ContextResource:
    """A bastion, a gateway, an application gateway, a workspace or an identity.

    `subnet` is the key of the subnet that it stands in, None for a resource outside of any
    network.
    """

    resource: Resource
    kind: NodeKind
    subnet: str | None = None
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ContextLink:
    """A relation of two resources (by key) that is no network path."""

    source: str
    target: str
    kind: EdgeKind
    words: str


def find_context_resources(estate: Estate) -> Iterator[ContextResource]:
    """Yield the context resources of an estate, by kind in its order."""
    for resource in estate.of_type(_BASTION):
        sku = lookup(resource.body, ["sku", "name"])
        details = (sku,) if isinstance(sku, str) else ()
        yield ContextResource(resource, NodeKind.BASTION, _subnet_of(resource), details)
    for resource in estate.of_type(_GATEWAY):
        details = (_gateway_kind(resource),)
        yield ContextResource(resource, NodeKind.GATEWAY, _subnet_of(resource), details)
    for resource in estate.of_type(_APPLICATION_GATEWAY):
        tier = lookup(resource.body, ["properties", "sku", "tier"])
        public = [f"public frontend {name}" for name in _public_frontends(resource)]
        details = (*((tier,) if isinstance(tier, str) else ()), *public)
        subnet = _subnet_of(resource, "gatewayIPConfigurations")
        yield ContextResource(resource, NodeKind.APPLICATION_GATEWAY, subnet, details)
    for resource in estate.of_type(_WORKSPACE):
        yield ContextResource(resource, NodeKind.WORKSPACE)
    for resource in estate.of_type(_IDENTITY):
        yield ContextResource(resource, NodeKind.IDENTITY)


def find_context_links(estate: Estate) -> Iterator[ContextLink]:
    """Yield the relations: assigned identities, log destinations, and gateway connections."""
    for cluster in estate.of_type(_CLUSTER):
        for identity in _keys_at(cluster.body, "identity", "userAssignedIdentities"):
            yield from _link_to(
                cluster, identity, EdgeKind.IDENTITY, "the control plane signs in as"
            )
        kubelet = lookup(
            cluster.body, ["properties", "identityProfile", "kubeletidentity", "resourceId"]
        )
        yield from _link_to(cluster, kubelet, EdgeKind.IDENTITY, "nodes pull images as")
    for setting in estate.of_type(_DIAGNOSTIC):
        source = estate.get(setting.id.container) if setting.id.container else None
        # A diagnostic setting is an extension resource: what it stands on is whose logs it sends.
        workspace = lookup(setting.body, ["properties", "workspaceId"])
        if source is not None:
            yield from _link_to(source, workspace, EdgeKind.LOGS, "sends its logs to")
    for gateway in estate.of_type(_GATEWAY):
        words = f"{_gateway_kind(gateway)} connection to"
        yield ContextLink(gateway.id.key, ON_PREMISES, EdgeKind.GATEWAY, words)


def find_public_frontends(estate: Estate) -> Iterator[ContextLink]:
    """Yield the inbound paths from the internet to the listeners of application gateways."""
    for gateway in estate.of_type(_APPLICATION_GATEWAY):
        for name in _public_frontends(gateway):
            words = f"arrives at its public frontend {name}"
            yield ContextLink(INTERNET, gateway.id.key, EdgeKind.INGRESS, words)


def _public_frontends(gateway: Resource) -> tuple[str, ...]:
    """Return the names of the frontends with a public address that a listener listens on."""
    listened_to = {
        named.name.lower()
        # Layer 7 listeners and layer 4 listeners are in two lists.
        for path in ("httpListeners", "listeners")
        for entry in list_items(lookup(gateway.body, ["properties", path]))
        for text in [lookup(entry, ["properties", "frontendIPConfiguration", "id"])]
        if (named := parse_resource_id(text)) is not None
    }
    return tuple(
        name
        for entry in list_items(lookup(gateway.body, ["properties", "frontendIPConfigurations"]))
        if isinstance(name := lookup(entry, ["name"]), str)
        # A gateway of version 2 has a public frontend in most cases, also where no listener uses
        # it.
        and name.lower() in listened_to
        and not is_empty(lookup(entry, ["properties", "publicIPAddress"]))
    )


def ranges_on_premises(estate: Estate) -> tuple[str, ...]:
    """Return the ranges that local network gateways stand for."""
    found: dict[str, None] = {}
    for resource in estate.of_type(_LOCAL_GATEWAY):
        path = ["properties", "localNetworkAddressSpace", "addressPrefixes"]
        found.update(
            (p, None) for p in list_items(lookup(resource.body, path)) if isinstance(p, str)
        )
    return tuple(sorted(found))


def _link_to(source: Resource, target: object, kind: EdgeKind, words: str) -> Iterator[ContextLink]:
    named = parse_resource_id(target)
    if named is not None and named != source.id:
        yield ContextLink(source.id.key, named.key, kind, words)


def _gateway_kind(gateway: Resource) -> str:
    kind = lookup(gateway.body, ["properties", "gatewayType"])
    return kind if isinstance(kind, str) else "gateway"


def _subnet_of(resource: Resource, path: str = "ipConfigurations") -> str | None:
    for entry in list_items(lookup(resource.body, ["properties", path])):
        named = parse_resource_id(lookup(entry, ["properties", "subnet", "id"]))
        if named is not None:
            return named.key
    return None


def _keys_at(body: object, *path: str) -> tuple[str, ...]:
    found = lookup(body, list(path))
    return tuple(found) if isinstance(found, Mapping) else ()
