"""Load balancers.

A balancer is one document: its frontends, pools, rules and probes have ids of their own, by which
they refer to each other, and are written with it. Members of a pool are stated by the network
interfaces or by the pool's addresses: Azure shows both in the pool, so unstated ones are kept. A
rule's pool is answered in `backendAddressPool` and `backendAddressPools`, whichever a body states.
Balancers that AKS creates for Services belong to AKS and are not declared here.

Facts: "Azure Load Balancer components", "Outbound rules Azure Load Balancer", "Source Network
Address Translation (SNAT) for outbound connections", the SDK's model, and the answers that the
Azure CLI's tests recorded (test_network_lb_rules, test_network_lb_probes,
test_network_load_balancer_outbound_rules).
"""

from collections.abc import Iterator, Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Answered, Compare, Disruption, Field, Owner
from provisioner.catalog.network_provider import (
    NETWORK_NAME,
    compute_guid,
    virtual_networks_of,
    with_private_address,
)
from provisioner.catalog.resource_type import ComputationContext, ResourceType, SdkModel
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json, is_empty, lookup

_FRONTENDS = "properties.frontendIPConfigurations"
_FRONTEND = f"{_FRONTENDS}[].properties"
_POOLS = "properties.backendAddressPools"
_POOL = f"{_POOLS}[].properties"
_MEMBERS = f"{_POOL}.loadBalancerBackendAddresses"
_RULE = "properties.loadBalancingRules[].properties"
_PROBE = "properties.probes[].properties"
_NAT = "properties.inboundNatRules[].properties"
_NAT_POOL = "properties.inboundNatPools[].properties"
_OUTBOUND = "properties.outboundRules[].properties"

_PARTS = (
    "frontendIPConfigurations",
    "backendAddressPools",
    "loadBalancingRules",
    "inboundNatRules",
    "inboundNatPools",
    "outboundRules",
)
# References of a part to another part, or to a resource.
_NAMED = (
    f"{_FRONTEND}.publicIPAddress",
    f"{_FRONTEND}.publicIPPrefix",
    f"{_FRONTEND}.gatewayLoadBalancer",
    f"{_FRONTEND}.ddosSettings.ddosCustomPolicy",
    f"{_POOL}.virtualNetwork",
    f"{_MEMBERS}[].properties.virtualNetwork",
    f"{_MEMBERS}[].properties.subnet",
    f"{_MEMBERS}[].properties.loadBalancerFrontendIPConfiguration",
    f"{_RULE}.frontendIPConfiguration",
    f"{_RULE}.probe",
    f"{_NAT}.frontendIPConfiguration",
    f"{_NAT}.backendAddressPool",
    f"{_NAT_POOL}.frontendIPConfiguration",
    f"{_OUTBOUND}.backendAddressPool",
)
_BALANCES = "balances traffic to addresses in it"


def _computed_values(
    resource: ResourceId, body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    entries = lookup(body, _FRONTENDS.split("."))
    frontends = entries if isinstance(entries, (list, tuple)) else ()
    found = dict(compute_guid(resource, body, context))
    properties = found["properties"]
    assert isinstance(properties, Mapping)
    return {
        "properties": {
            **properties,
            "frontendIPConfigurations": [
                with_private_address(resource, e, context) for e in frontends
            ],
        }
    }


def _stays_in_its_network(before: Body, after: Body) -> str | None:
    """Return why frontends cannot move to another virtual network, or None.

    An internal balancer's frontends and backends are in one network ("Azure Load Balancer
    components").
    """
    old, new = virtual_networks_of(before, _FRONTENDS), virtual_networks_of(after, _FRONTENDS)
    if not old or not new or old == new:
        return None
    return "a load balancer cannot go to another virtual network"


def _is_public(body: Body) -> bool | None:
    entries = lookup(body, _FRONTENDS.split("."))
    found = entries if isinstance(entries, (list, tuple)) else ()
    if not found:
        return None
    return any(is_empty(lookup(entry, ("properties", "subnet"))) for entry in found)


def _stays_public_or_internal(before: Body, after: Body) -> str | None:
    """Return why a public balancer does not become an internal one, or None.

    A balancer has either public or private frontends ("Azure Load Balancer components").
    """
    old, new = _is_public(before), _is_public(after)
    if old is None or new is None or old == new:
        return None
    return "a public load balancer does not become an internal one in place, nor the reverse"


def _named_fields() -> Iterator[tuple[str, Field]]:
    for path in _NAMED:
        yield path, Field(default=None, security=True)
        yield f"{path}.id", Field(compare=Compare.RESOURCE_ID, security=True)


TYPE = ResourceType(
    name="Microsoft.Network/loadBalancers",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "LoadBalancer"),
    rule=NETWORK_NAME,
    etag=True,
    seconds=5,
    computed=_computed_values,
    looked_into=True,
    adds_to={
        f"{_POOL}.virtualNetwork.id": _BALANCES,
        f"{_MEMBERS}[].properties.virtualNetwork.id": _BALANCES,
        f"{_MEMBERS}[].properties.subnet.id": _BALANCES,
    },
    fields={
        **{
            f"properties.{name}": Field(
                default=(), keys=("name",), security=True, disruption=Disruption.CONNECTIONS
            )
            for name in _PARTS
        },
        **dict(_named_fields()),
        # Azure fills in Basic (recorded).
        "sku": Field(default={"name": "Basic", "tier": "Regional"}),
        "sku.name": Field(default="Basic", create_only=True, security=True),
        "sku.tier": Field(default="Regional", create_only=True),
        "extendedLocation": Field(default=None, create_only=True),
        "extendedLocation.name": Field(compare=Compare.LOCATION, create_only=True),
        "properties.mode": Field(default=None, create_only=True),
        # Public or Private: follows from the frontends.
        "properties.scope": Field(owner=Owner.PRESET),
        _FRONTENDS: Field(
            default=(),
            keys=("name",),
            create_only=_stays_public_or_internal,
            security=True,
            disruption=Disruption.CONNECTIONS,
        ),
        # Chosen at creation of the frontend.
        f"{_FRONTENDS}[].zones": Field(compare=Compare.SET, create_only=True, definite=True),
        f"{_FRONTEND}.subnet": Field(
            default=None, create_only=_stays_public_or_internal, security=True
        ),
        f"{_FRONTEND}.subnet.id": Field(
            compare=Compare.RESOURCE_ID,
            create_only=_stays_in_its_network,
            security=True,
            disruption=Disruption.CONNECTIONS,
        ),
        f"{_FRONTEND}.privateIPAllocationMethod": Field(default="Dynamic"),
        # Azure assigns an address of the subnet where none is stated.
        f"{_FRONTEND}.privateIPAddress": Field(
            owner=Owner.PRESET, security=True, disruption=Disruption.CONNECTIONS
        ),
        f"{_FRONTEND}.privateIPAddressVersion": Field(default="IPv4", answered=Answered.STATED),
        f"{_FRONTEND}.ddosSettings": Field(default=None, security=True),
        f"{_FRONTEND}.enableConnectionTracking": Field(default=False, answered=Answered.STATED),
        # Interfaces state their membership themselves, and Azure answers them among the pool's
        # addresses: members that the body does not state are kept.
        _MEMBERS: Field(default=(), keys=("name",), shared=True, security=True),
        f"{_MEMBERS}[].properties.ipAddress": Field(default=None, security=True),
        f"{_MEMBERS}[].properties.adminState": Field(default=None),
        f"{_POOL}.location": Field(owner=Owner.PRESET, compare=Compare.LOCATION),
        f"{_POOL}.syncMode": Field(default=None, answered=Answered.STATED),
        f"{_POOL}.drainPeriodInSeconds": Field(default=None),
        f"{_POOL}.tunnelInterfaces": Field(default=(), keys=("identifier",), security=True),
        # Azure answers a pool in both properties, whichever states it (recorded).
        f"{_RULE}.backendAddressPool": Field(owner=Owner.PRESET, security=True),
        f"{_RULE}.backendAddressPool.id": Field(compare=Compare.RESOURCE_ID, security=True),
        f"{_RULE}.backendAddressPools": Field(owner=Owner.PRESET, keys=("id",), security=True),
        f"{_RULE}.backendAddressPools[].id": Field(compare=Compare.RESOURCE_ID, security=True),
        f"{_RULE}.protocol": Field(compare=Compare.CASELESS, security=True),
        f"{_RULE}.frontendPort": Field(security=True),
        f"{_RULE}.backendPort": Field(owner=Owner.PRESET, security=True),
        f"{_RULE}.loadDistribution": Field(default="Default"),
        f"{_RULE}.idleTimeoutInMinutes": Field(default=4),
        f"{_RULE}.enableFloatingIP": Field(default=False),
        f"{_RULE}.enableTcpReset": Field(default=False),
        # A rule programs outbound SNAT unless this is true ("Outbound rules", preventing outbound).
        f"{_RULE}.disableOutboundSnat": Field(
            default=False, answered=Answered.STATED, security=True
        ),
        f"{_RULE}.enableConnectionTracking": Field(default=False, answered=Answered.STATED),
        "properties.probes": Field(default=(), keys=("name",)),
        f"{_PROBE}.protocol": Field(compare=Compare.CASELESS),
        f"{_PROBE}.intervalInSeconds": Field(default=15),
        f"{_PROBE}.numberOfProbes": Field(default=2),
        f"{_PROBE}.probeThreshold": Field(default=1, answered=Answered.STATED),
        f"{_PROBE}.noHealthyBackendsBehavior": Field(
            default="AllProbedDown", answered=Answered.STATED
        ),
        f"{_PROBE}.requestPath": Field(default=None),
        **{
            f"{path}.{name}": fact
            for path in (_NAT, _NAT_POOL)
            for name, fact in {
                "protocol": Field(default="Tcp", compare=Compare.CASELESS, security=True),
                "backendPort": Field(security=True),
                "frontendPortRangeStart": Field(default=None, security=True),
                "frontendPortRangeEnd": Field(default=None, security=True),
                "idleTimeoutInMinutes": Field(default=4),
                "enableFloatingIP": Field(default=False),
                "enableTcpReset": Field(default=False),
            }.items()
        },
        f"{_NAT}.frontendPort": Field(default=None, security=True),
        f"{_OUTBOUND}.frontendIPConfigurations": Field(keys=("id",), security=True),
        f"{_OUTBOUND}.frontendIPConfigurations[].id": Field(compare=Compare.RESOURCE_ID),
        f"{_OUTBOUND}.protocol": Field(compare=Compare.CASELESS, security=True),
        # Azure chooses by the size of the pool (recorded: 1024), and so it does for 0.
        f"{_OUTBOUND}.allocatedOutboundPorts": Field(owner=Owner.PRESET),
        f"{_OUTBOUND}.idleTimeoutInMinutes": Field(default=4),
        f"{_OUTBOUND}.enableTcpReset": Field(default=False),
    },
)
