"""Rule collections of security admin configurations, each applied to network groups.

Facts: "Security admin rules in Azure Virtual Network Manager".
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

_GROUPS = "properties.appliesToGroups"

TYPE = ResourceType(
    name="Microsoft.Network/networkManagers/securityAdminConfigurations/ruleCollections",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "AdminRuleCollection"),
    rule=NETWORK_NAME,
    lists=ListRead.PARENT,
    taggable=False,
    etag=True,
    write=WriteFlow.SYNC,
    delete=DeleteFlow.LOCATION,
    seconds=5,
    loss=Disruption.CONNECTIONS,
    computed=compute_guid,
    harmless="it decides nothing but by the rules in it, which are additions",
    fields={
        "etag": Field(read_only=True),
        "properties.description": Field(default=""),
        _GROUPS: Field(default=(), keys=("networkGroupId",), security=True),
        f"{_GROUPS}[].networkGroupId": Field(compare=Compare.RESOURCE_ID, security=True),
    },
)
