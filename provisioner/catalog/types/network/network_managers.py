"""Azure Virtual Network Managers: rules and connectivity for whole subscriptions.

Read wherever an environment has virtual networks, since the security admin rules of a manager are
evaluated before every network security group.

Facts: "What is Azure Virtual Network Manager?" and "Security admin rules in Azure Virtual Network
Manager".
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.network_provider import NETWORK_NAME, compute_guid
from provisioner.catalog.resource_type import (
    DeleteFlow,
    ResourceType,
    SdkModel,
    WriteFlow,
)

_SCOPES = "properties.networkManagerScopes"

TYPE = ResourceType(
    name="Microsoft.Network/networkManagers",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "NetworkManager"),
    rule=NETWORK_NAME,
    affects=("Microsoft.Network/virtualNetworks",),
    etag=True,
    write=WriteFlow.SYNC,
    delete=DeleteFlow.LOCATION,
    seconds=10,
    loss=Disruption.CONNECTIONS,
    computed=compute_guid,
    fields={
        "location": Field(create_only=True),
        "etag": Field(read_only=True),
        "properties.description": Field(default=""),
        f"{_SCOPES}.managementGroups": Field(default=(), compare=Compare.SET, security=True),
        f"{_SCOPES}.subscriptions": Field(default=(), compare=Compare.SET, security=True),
        f"{_SCOPES}.subscriptions[]": Field(compare=Compare.RESOURCE_ID),
        "properties.networkManagerScopeAccesses": Field(
            default=(), compare=Compare.SET, security=True
        ),
    },
)
