"""Routes of route tables.

A table's body embeds its routes: these facts apply there too. Facts: guidelines.md §2.3 and the
recorded pairs of the type.
"""

from dataclasses import replace

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.network_provider import NETWORK_NAME
from provisioner.catalog.resource_type import ListRead, ResourceType, SdkModel

_ROUTING = Field(security=True, disruption=Disruption.CONNECTIONS)

TYPE = ResourceType(
    name="Microsoft.Network/routeTables/routes",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "Route"),
    rule=NETWORK_NAME,
    lists=ListRead.EMBEDDED,
    taggable=False,
    etag=True,
    serialise_on="",
    seconds=3,
    loss=Disruption.CONNECTIONS,
    adds="routes traffic",
    adds_by=("properties.addressPrefix", "properties.nextHopType"),
    fields={
        # A range or a service tag.
        "properties.addressPrefix": Field(
            compare=Compare.CIDR, security=True, disruption=Disruption.CONNECTIONS
        ),
        "properties.nextHopType": _ROUTING,
        # Only a virtual appliance has an address: a change of the type must not send it back.
        "properties.nextHopIpAddress": replace(_ROUTING, follows=("properties.nextHopType",)),
        "properties.nextHop": Field(default=None, security=True, disruption=Disruption.CONNECTIONS),
        "properties.nextHop.nextHopIpAddresses": Field(
            compare=Compare.SET, security=True, disruption=Disruption.CONNECTIONS
        ),
    },
)
