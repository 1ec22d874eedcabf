"""Proof: vaults, registries and storage accounts answer on private endpoints only.

Controls CLU-11.1, WRK-05.1 and WRK-01.4.
"""

from collections.abc import Iterator

from provisioner.network.model.topology import Topology
from provisioner.network.model.topology_elements import (
    Network,
    PrivateEndpoint,
    Service,
    ServiceKind,
)
from provisioner.network.paths.egress_candidates import pools_in
from provisioner.network.paths.packet_tracing import Packet, trace_packet
from provisioner.network.proofs.api_server import zone_breaches
from provisioner.network.proofs.proof import Breach, Proof, conclude, skip
from provisioner.network.proofs.service_names import name_breaches

NAME = "private services"
CLAIM = "vaults, registries and storage accounts are reachable through private endpoints only"
_TRUSTED_SERVICES_ONLY = frozenset({ServiceKind.STORAGE})
"""Kinds that Azure's trusted services alone write to, some of them on no other way: flow logs reach
a storage account neither by a private endpoint nor with public access disabled
(vnet-flow-logs-overview, storage accounts behind a firewall)."""

_GROUP_IDS = {
    ServiceKind.VAULT: "vault",
    ServiceKind.REGISTRY: "registry",
    ServiceKind.STORAGE: "blob",
}
_SERVICE_ENDPOINTS = {
    ServiceKind.VAULT: "microsoft.keyvault",
    ServiceKind.REGISTRY: "microsoft.containerregistry",
    ServiceKind.STORAGE: "microsoft.storage",
}
_PORT = 443


def prove_private_services(topology: Topology) -> Proof:
    """Prove it for every vault, registry and storage account of the environment.

    One that is closed and has no private endpoint answers nowhere, which is no breach. Neither is a
    storage account without one whose own firewall denies everybody but Azure's trusted services: no
    client is meant to reach it. One with a private endpoint has clients, so that exception does not
    apply.
    """
    if not topology.own_services:
        return skip(NAME, CLAIM, "there is no key vault, registry or storage account")
    breaches = [
        b for service in topology.own_services for b in _breaches_of_service(topology, service)
    ]
    return conclude(NAME, CLAIM, breaches, f"{len(topology.own_services)} services")


def _breaches_of_service(topology: Topology, service: Service) -> Iterator[Breach]:
    endpoints = [e for e in topology.endpoints if e.target == service.key]
    # Flow logs need a storage account that Azure's trusted services reach, see
    # _TRUSTED_SERVICES_ONLY.
    is_exempt = service.kind in _TRUSTED_SERVICES_ONLY and service.guarded and not endpoints
    if service.public and not is_exempt:
        yield Breach(
            service.label,
            f"{service.label} is reachable on its public address.",
            "Set `publicNetworkAccess: Disabled`.",
            service.span,
        )
    # Rules beside public access Disabled have no effect today, and admit their addresses once
    # somebody enables it.
    for opening in service.openings:
        yield Breach(
            service.label,
            f"network rules of {service.label} allow {opening}.",
            "Remove the rule: the private endpoint does not need it.",
            service.span,
        )
    for endpoint in endpoints:
        yield from _endpoint_breaches(topology, service, endpoint)
    yield from name_breaches(topology, service, endpoints)
    service_endpoint = _SERVICE_ENDPOINTS[service.kind]
    if not endpoints:
        return
    for subnet in topology.subnets.values():
        # A service endpoint routes to the public address of the service, past the private
        # endpoint.
        if subnet.declared and any(
            name.lower().startswith(service_endpoint) for name in subnet.service_endpoints
        ):
            yield Breach(
                subnet.label,
                (
                    f"{subnet.label} has a service endpoint in addition to the private "
                    f"endpoint of {service.label}: it routes to the public address."
                ),
                "Remove the service endpoint.",
                subnet.span,
            )


def _endpoint_breaches(
    topology: Topology, service: Service, endpoint: PrivateEndpoint
) -> Iterator[Breach]:
    if _GROUP_IDS[service.kind] not in endpoint.groups:
        yield Breach(
            endpoint.label,
            f"groupIds of {endpoint.label} is {', '.join(endpoint.groups) or 'not set'}.",
            f"Set `groupIds: [{_GROUP_IDS[service.kind]}]`.",
            service.span,
        )
    if endpoint.approved is False:
        yield Breach(
            endpoint.label,
            f"the connection of {endpoint.label} is not approved by {service.label}.",
            "Approve the connection on the service.",
            service.span,
        )
    home = topology.networks.get(endpoint.network)
    # Without a zone group the public CNAME ends at the public address.
    if not endpoint.zones:
        yield Breach(
            endpoint.label,
            (
                f"no private DNS zone has a record for {endpoint.label}: clients resolve the "
                f"public address of {service.label}."
            ),
            "Add a private DNS zone group.",
            service.span,
        )
    for key in endpoint.zones:
        zone = topology.zones.get(key)
        if zone is not None and home is not None:
            yield from zone_breaches(topology, zone, home, service.label)
    if home is not None:
        yield from _path_breaches(topology, service, endpoint, home)


def _path_breaches(
    topology: Topology, service: Service, endpoint: PrivateEndpoint, home: Network
) -> Iterator[Breach]:
    """Yield the node subnets of the endpoint's network that cannot reach the endpoint."""
    subnet = topology.subnets.get(endpoint.subnet)
    if subnet is None or not subnet.ranges:
        return
    for source in topology.subnets_of(home.key):
        # Nodes are the clients that the model knows of.
        if not pools_in(topology, source):
            continue
        path = trace_packet(topology, source, Packet(subnet.ranges.lowest + 4, "tcp", _PORT))
        if not path.delivered:
            last = path.hops[-1]
            yield Breach(
                last.element,
                (
                    f"{source.label} cannot reach {service.label}: blocked by {last.element} "
                    f"({last.role})."
                ),
                f"Allow TCP {_PORT} from {source.label} to {subnet.label}.",
                source.span,
                certain=last.known,
            )
