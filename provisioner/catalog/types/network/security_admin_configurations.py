"""Security admin configurations of network managers: rule collections deployed per region.

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

_POLICIES = "properties.applyOnNetworkIntentPolicyBasedServices"

TYPE = ResourceType(
    name="Microsoft.Network/networkManagers/securityAdminConfigurations",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "SecurityAdminConfiguration"),
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
        # By default the rules skip subnets of services that have network intent policies.
        _POLICIES: Field(default=("None",), compare=Compare.SET, security=True),
        "properties.networkGroupAddressSpaceAggregationOption": Field(default="None"),
    },
)
