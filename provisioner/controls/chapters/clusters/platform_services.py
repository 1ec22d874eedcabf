"""CLU-11: network access to Azure platform services that a cluster uses.

Private endpoints do it; service endpoints stand in where there are none. Facts: guidelines.md §1.2
and §2.4. A registry has no service endpoints: they never left preview. Storage accounts are not
judged: the catalog does not have them.
"""

from collections.abc import Iterator

from provisioner.catalog.private_link import ZONES
from provisioner.controls.control import MAPPED_BY_PARTS, Control, Layer, Mappings, Severity, terms
from provisioner.controls.exposure.private_endpoints import (
    CONNECTIONS,
    ENDPOINT_READS,
    is_linked,
    judge_outside_connections,
)
from provisioner.controls.predicates import equals
from provisioner.controls.resource_types import (
    NETWORK,
    PRIVATE_ENDPOINT,
    REGISTRY,
    SUBNET,
    VAULT,
    ZONE_GROUP,
)
from provisioner.controls.rule import Judge, Rule, look, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import lookup
from provisioner.network.model.public_ranges import read_reach

_ITEM = "Service endpoints for PaaS service lockdown"
_PUBLIC = "properties.publicNetworkAccess"
_NETWORK_RULES = "properties.networkAcls.virtualNetworkRules"
_IP_RULES = "properties.networkAcls.ipRules"
_ACTION = "properties.networkAcls.defaultAction"
_SERVICE_ENDPOINTS = "properties.serviceEndpoints"
_CONFIGS = "properties.privateDnsZoneConfigs"
_SERVICE = "Microsoft.KeyVault"


def _endpoints_to(target: Subject) -> list[Subject]:
    """Return the private endpoints in this state that lead to a resource."""
    return [
        endpoint
        for endpoint in target.all(PRIVATE_ENDPOINT)
        for path in ENDPOINT_READS
        for entry in endpoint.entries(path)
        # Automatic and manual connections are in two lists of the endpoint (ENDPOINT_READS).
        if parse_resource_id(lookup(entry, ("properties", "privateLinkServiceId"))) == target.id
    ]


def _judge_private_endpoint(group: str) -> Judge:
    """Return the judge of a service's private endpoint; `group` is the part that it leads to."""

    def judge(target: Subject) -> Iterator[Observation]:
        yield from judge_outside_connections(target)
        linked = is_linked(target, group)
        if not linked and group == "vault" and target.entries(_NETWORK_RULES):
            return  # Service endpoints lead to it.
        if linked:
            yield target.passes("", "an approved private endpoint is connected to it")
        else:
            yield target.fails(
                "", (f"no approved private endpoint in the environment is connected to its {group}")
            )
        yield look(target, _PUBLIC, equals("Disabled"))
        # Clients resolve the public name through a CNAME into the privatelink zone of their
        # cloud: in any other zone the record is never asked for, and they connect to the public
        # address.
        expected = ZONES[group].get(target.cloud)
        for endpoint in _endpoints_to(target):
            zones = [
                parse_resource_id(lookup(entry, ("properties", "privateDnsZoneId")))
                for group_of_zones in endpoint.children(ZONE_GROUP)
                for entry in group_of_zones.entries(_CONFIGS)
            ]
            named = [zone.name.lower() for zone in zones if zone is not None]
            if not named:
                yield target.fails("", f"{endpoint.label} has no private DNS zone group")
            elif expected is not None and expected not in named:
                evidence = f"{endpoint.label} registers in {named[0]}, expected {expected}"
                yield target.fails("", evidence)

    return judge


def _private_endpoint_rule(kind: str, group: str, *paths: str) -> Rule:
    others = {PRIVATE_ENDPOINT: ENDPOINT_READS, ZONE_GROUP: (_CONFIGS,), NETWORK: ()}
    return rule(kind, _judge_private_endpoint(group), _PUBLIC, CONNECTIONS, *paths, others=others)


def _judge_service_endpoints(vault: Subject) -> Iterator[Observation]:
    """Judge whether a vault and its subnets are joined by service endpoints on both sides.

    The vault names the subnets, and they send what is for it over the backbone.
    """
    rules = vault.entries(_NETWORK_RULES)
    if not rules or is_linked(vault, "vault"):
        return
    # Rules are exceptions from defaultAction: with Allow they have no effect.
    yield look(vault, _ACTION, equals("Deny"))
    addresses = [str(entry.get("value")) for entry in vault.entries(_IP_RULES)]
    reach = read_reach(addresses)
    if reach.holds_strangers:
        yield vault.fails(_IP_RULES, f"ipRules allow {', '.join(addresses)}: {reach}")
    for entry in rules:
        subnet = vault.at(entry.get("id"))
        if subnet is None:
            yield vault.unknown(_NETWORK_RULES, f"{entry.get('id')} is not in the environment")
        # Without the service endpoint packets leave the subnet with a public source address, and
        # the rule that names the subnet never matches.
        elif _has_key_vault_endpoint(subnet):
            yield vault.passes(_NETWORK_RULES, f"{subnet.label} has the service endpoint")
        else:
            yield vault.fails(_NETWORK_RULES, f"{subnet.label} has no service endpoint {_SERVICE}")


def _has_key_vault_endpoint(subnet: Subject) -> bool:
    services = (str(entry.get("service")) for entry in subnet.entries(_SERVICE_ENDPOINTS))
    return any(service.lower() == _SERVICE.lower() for service in services)


CONTROLS = (
    Control(
        id="CLU-11",
        title="Azure platform services accept traffic only from the networks that use them",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "If a service is reachable from the internet, a stolen token is sufficient to use it."
        ),
        synonyms=terms(
            "PaaS firewall; service endpoints; private endpoints; Private Link; network ACLs"
        ),
        modes=(),
        unmapped=MAPPED_BY_PARTS,
    ),
    Control(
        id="CLU-11.1",
        title="Key vaults and container registries are reachable through private endpoints only",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "A private endpoint gives the service an address in the virtual network. Its "
            "name must resolve to that address; otherwise clients use the public endpoint."
        ),
        synonyms=terms(
            "private endpoint; Private Link; Key Vault; ACR; container registry; private DNS zone "
            "group; PaaS lockdown"
        ),
        remediation="""
            vault:
              type: Microsoft.KeyVault/vaults
              properties: {publicNetworkAccess: Disabled}
            registry:
              type: Microsoft.ContainerRegistry/registries
              properties: {publicNetworkAccess: Disabled}
            endpoint:
              type: Microsoft.Network/privateEndpoints
              properties:
                privateLinkServiceConnections:
                  - name: vault
                    properties: {privateLinkServiceId: "${vault.id}", groupIds: [vault]}
            record:
              type: Microsoft.Network/privateEndpoints/privateDnsZoneGroups
              parent: ${endpoint.id}
              properties:
                privateDnsZoneConfigs:
                  - name: vault
                    properties: {privateDnsZoneId: "${zone.id}"}
        """,
        rules=(
            _private_endpoint_rule(VAULT, "vault", _NETWORK_RULES),
            _private_endpoint_rule(REGISTRY, "registry"),
        ),
        limits=(
            "Name resolution is checked by the proof `private services`. Private endpoints "
            "outside the environment are listed by drift."
        ),
        mappings=Mappings(
            policies=(
                "a6abeaec-4d90-4a02-805f-6b26c4d3fbe9",
                "e8eef0a8-67cf-4eb4-9386-14b0e78733d4",
            )
        ),
    ),
    Control(
        id="CLU-11.2",
        title="Service endpoints and virtual network rules match on both sides",
        severity=Severity.MEDIUM,
        layer=Layer.NETWORK,
        item=_ITEM,
        rationale=(
            "A virtual network rule for a subnet without the service endpoint does not "
            "match, and traffic is denied. A vault with virtual network rules and "
            "defaultAction Allow is open to the internet."
        ),
        synonyms=terms(
            "service endpoint; virtual network rule; VNet rule; networkAcls; defaultAction"
        ),
        remediation="""
            vault:
              type: Microsoft.KeyVault/vaults
              properties:
                networkAcls:
                  defaultAction: Deny
                  virtualNetworkRules: [{id: "${nodes.id}"}]
            nodes:
              type: Microsoft.Network/virtualNetworks/subnets
              parent: ${network.id}
              properties:
                serviceEndpoints: [{service: Microsoft.KeyVault}]
        """,
        rules=(
            rule(
                VAULT,
                _judge_service_endpoints,
                _NETWORK_RULES,
                _IP_RULES,
                _ACTION,
                CONNECTIONS,
                others={PRIVATE_ENDPOINT: ENDPOINT_READS, SUBNET: (_SERVICE_ENDPOINTS,)},
            ),
        ),
        limits=("The contents of the subnets are not evaluated here."),
        mappings=Mappings(
            policies=(
                "ea4d6841-2173-4317-9747-ff522a45120f",
                "60d21c4f-21a3-4d94-85f4-b924e6aeeda4",
                "ae5d2f14-d830-42b6-9899-df6cfe9c71a3",
            )
        ),
    ),
)
