"""Connections of virtual network gateways.

Azure lists them by resource group only. The shared key is a secret: no file holds it, and a write
keeps the one that is there.

Facts: the recorded pairs of the type.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.network_provider import NETWORK_NAME
from provisioner.catalog.resource_type import (
    ComputationContext,
    ListRead,
    ResourceType,
    SdkModel,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json

_ENDS = (
    "properties.virtualNetworkGateway1",
    "properties.virtualNetworkGateway2",
    "properties.localNetworkGateway2",
    "properties.peer",
)
_RULES = ("properties.egressNatRules", "properties.ingressNatRules")
_KEYS = Field(secret=True, security=True, disruption=Disruption.CONNECTIONS)


def _computed_values(
    resource: ResourceId, _body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    return {
        "properties": {
            "resourceGuid": context.guid(resource.text),
            "connectionStatus": "Unknown",
            "egressBytesTransferred": 0,
            "ingressBytesTransferred": 0,
        }
    }


TYPE = ResourceType(
    name="Microsoft.Network/connections",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "VirtualNetworkGatewayConnection"),
    rule=NETWORK_NAME,
    # Azure lists them by resource group only.
    lists=ListRead.RESOURCE,
    etag=True,
    etag_header=False,
    seconds=30,
    computed=_computed_values,
    adds_to={
        "properties.virtualNetworkGateway1.id": "connects another network to it",
        "properties.virtualNetworkGateway2.id": "connects another network to it",
    },
    fields={
        **{
            end: Field(default=None, security=True, disruption=Disruption.CONNECTIONS)
            for end in _ENDS
        },
        **{f"{end}.id": Field(compare=Compare.RESOURCE_ID, create_only=True) for end in _ENDS},
        "properties.connectionType": Field(create_only=True),
        "properties.connectionProtocol": Field(default="IKEv2", create_only=True, security=True),
        "properties.connectionMode": Field(default="Default"),
        "properties.routingWeight": Field(default=0),
        # 0 means the gateway's own 45 seconds.
        "properties.dpdTimeoutSeconds": Field(default=0),
        # GET does not answer keys: a change of one is invisible to a comparison.
        "properties.sharedKey": _KEYS,
        "properties.authorizationKey": _KEYS,
        "properties.authenticationType": Field(default="PSK", security=True),
        "properties.certificateAuthentication": Field(default=None, security=True),
        "properties.enableBgp": Field(default=False, security=True),
        "properties.gatewayCustomBgpIpAddresses": Field(
            default=(), keys=("ipConfigurationId",), security=True
        ),
        "properties.useLocalAzureIpAddress": Field(default=False),
        "properties.usePolicyBasedTrafficSelectors": Field(default=False, security=True),
        "properties.ipsecPolicies": Field(
            default=(), security=True, disruption=Disruption.CONNECTIONS
        ),
        "properties.trafficSelectorPolicies": Field(default=(), security=True),
        "properties.expressRouteGatewayBypass": Field(default=False, security=True),
        "properties.enablePrivateLinkFastPath": Field(default=False, security=True),
        **{path: Field(default=(), keys=("id",), security=True) for path in _RULES},
        **{f"{path}[].id": Field(compare=Compare.RESOURCE_ID) for path in _RULES},
        "properties.tunnelProperties": Field(default=None, security=True),
        "properties.resourceGuid": Field(read_only=True),
    },
)
