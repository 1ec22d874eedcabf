"""Security admin rules of network managers, evaluated before network security groups.

`AlwaysAllow` lets through what a network security group denies, and `Deny` stops what one allows
("Security admin rules in Azure Virtual Network Manager").
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.network_provider import NETWORK_NAME, compute_guid
from provisioner.catalog.resource_type import (
    DeleteFlow,
    ListRead,
    ResourceType,
    SdkModel,
    WriteFlow,
)

_PREFIXES = ("sources", "destinations")
_RANGES = ("sourcePortRanges", "destinationPortRanges")

TYPE = ResourceType(
    name="Microsoft.Network/networkManagers/securityAdminConfigurations/ruleCollections/rules",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "BaseAdminRule"),
    rule=NETWORK_NAME,
    lists=ListRead.PARENT,
    taggable=False,
    etag=True,
    write=WriteFlow.SYNC,
    delete=DeleteFlow.LOCATION,
    seconds=5,
    loss=Disruption.CONNECTIONS,
    computed=compute_guid,
    adds="allows or denies traffic before every network security group",
    adds_by=("properties.access", "properties.direction"),
    fields={
        "etag": Field(read_only=True),
        "kind": Field(compare=Compare.CASELESS, create_only=True),
        "properties.description": Field(default=""),
        "properties.access": Field(compare=Compare.CASELESS, security=True),
        "properties.direction": Field(compare=Compare.CASELESS, security=True),
        "properties.priority": Field(security=True),
        "properties.protocol": Field(compare=Compare.CASELESS, security=True),
        **{
            f"properties.{name}": Field(default=(), keys=("addressPrefix",), security=True)
            for name in _PREFIXES
        },
        **{
            f"properties.{name}": Field(default=(), compare=Compare.SET, security=True)
            for name in _RANGES
        },
    },
)
