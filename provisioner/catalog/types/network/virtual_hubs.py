"""Virtual hubs: of Virtual WAN, and route servers, which are hubs without a WAN.

Facts: "What is Azure Route Server?" with its frequently asked questions, "About virtual hub routing
preference", and the SDK's model. No traffic was recorded.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field, Owner
from provisioner.catalog.network_provider import NETWORK_NAME
from provisioner.catalog.resource_type import ComputationContext, ResourceType, SdkModel
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json, is_empty, lookup

_GATEWAYS = (
    "vpnGateway",
    "p2SVpnGateway",
    "expressRouteGateway",
    "azureFirewall",
    "securityPartnerProvider",
)
_ASN = 65515
"""The number of every hub ("Azure Route Server frequently asked questions", reserved by Azure)."""


def _computed_values(
    _resource: ResourceId, body: Body, _context: ComputationContext
) -> Mapping[str, Json]:
    is_server = is_empty(lookup(body, ("properties", "virtualWan")))
    kind: Mapping[str, Json] = {"kind": "RouteServer"} if is_server else {}
    return {
        **kind,
        "properties": {
            "virtualRouterAsn": _ASN,
            "routingState": "Provisioned",
            "provisioningState": "Succeeded",
        },
    }


TYPE = ResourceType(
    name="Microsoft.Network/virtualHubs",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "VirtualHub"),
    rule=NETWORK_NAME,
    etag=True,
    # Half an hour: a hub starts virtual machines of its own.
    seconds=1200,
    nested=("Microsoft.Network/virtualHubs/ipConfigurations",),
    computed=_computed_values,
    fields={
        "properties.virtualWan": Field(default=None),
        "properties.virtualWan.id": Field(compare=Compare.RESOURCE_ID, create_only=True),
        "properties.addressPrefix": Field(compare=Compare.CIDR, create_only=True),
        "properties.addressPrefixV6": Field(default=None, compare=Compare.CIDR),
        # Azure fills in SKU, gateway preference and scale units.
        "properties.sku": Field(owner=Owner.PRESET, compare=Compare.CASELESS),
        # Lets gateways and peers exchange routes.
        "properties.allowBranchToBranchTraffic": Field(
            default=False, security=True, disruption=Disruption.CONNECTIONS
        ),
        "properties.hubRoutingPreference": Field(default="ExpressRoute", security=True),
        "properties.preferredRoutingGateway": Field(owner=Owner.PRESET),
        "properties.virtualRouterAutoScaleConfiguration": Field(owner=Owner.PRESET),
        "properties.routeTable": Field(default={}, security=True),
        "properties.routeTable.routes": Field(default=(), security=True),
        "properties.virtualHubRouteTableV2s": Field(default=(), keys=("name",), security=True),
        "properties.securityProviderName": Field(default=None, security=True),
        "properties.virtualRouterAsn": Field(read_only=True),
        "properties.virtualRouterIps": Field(read_only=True),
        "properties.virtualRouterIpsV6": Field(read_only=True),
        # Azure writes here what refers to the hub.
        **{f"properties.{name}": Field(owner=Owner.PRESET) for name in _GATEWAYS},
        **{f"properties.{name}.id": Field(compare=Compare.RESOURCE_ID) for name in _GATEWAYS},
    },
)
