"""Routes of route tables. Facts: guidelines.md NET-01 and the recorded pairs of the type.

A table's body holds its routes too: what is known here is known there.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.resource_type import ListRead, NameRule, ResourceType, SdkModel

_ROUTING = Field(security=True, disruption=Disruption.CONNECTIONS)

TYPE = ResourceType(
    name="Microsoft.Network/routeTables/routes",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "Route"),
    rule=NameRule(
        r"[a-zA-Z0-9](?:[a-zA-Z0-9_.-]{0,78}[a-zA-Z0-9_])?",
        "1 to 80 letters, digits, underscores, periods and hyphens, starting with a letter or "
        "digit and ending with one or an underscore",
    ),
    lists=ListRead.EMBEDDED,
    taggable=False,
    etag=True,
    serialise_on="",
    seconds=3,
    loss=Disruption.CONNECTIONS,
    fields={
        # A service tag stands here as well as a range.
        "properties.addressPrefix": Field(
            compare=Compare.CIDR, security=True, disruption=Disruption.CONNECTIONS
        ),
        "properties.nextHopType": _ROUTING,
        "properties.nextHopIpAddress": _ROUTING,
        "properties.nextHop": Field(default=None, security=True, disruption=Disruption.CONNECTIONS),
        "properties.nextHop.nextHopIpAddresses": Field(
            compare=Compare.SET, security=True, disruption=Disruption.CONNECTIONS
        ),
    },
)
