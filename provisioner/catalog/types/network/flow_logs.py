"""Flow logs of virtual networks and network security groups.

They are children of the region's network watcher and still have a location. A retention of 0 days
keeps logs for ever. The resource provider Microsoft.Insights has to be registered.

Facts: guidelines.md NET-09 and the recorded pairs of the type.
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
from provisioner.model.values import Body, Json, lookup

_ANALYTICS = "properties.flowAnalyticsConfiguration.networkWatcherFlowAnalyticsConfiguration"


def _computed_values(
    _resource: ResourceId, body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    target = lookup(body, ("properties", "targetResourceId"))
    return {"properties": {"targetResourceGuid": context.guid(str(target))}}


TYPE = ResourceType(
    name="Microsoft.Network/networkWatchers/flowLogs",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "FlowLog"),
    rule=NETWORK_NAME,
    lists=ListRead.PARENT,
    etag=True,
    etag_header=False,
    serialise_on="",
    seconds=10,
    loss=Disruption.NONE,
    # The provider has to be registered (vnet-flow-logs-manage, prerequisites).
    providers=("Microsoft.Insights",),
    computed=_computed_values,
    missing={
        "Microsoft.Network/networkSecurityGroups": (400, "NetworkSecurityGroupNotFoundForFlowLog")
    },
    harmless="it records the traffic of what it names, and is an addition to that",
    adds_to={"properties.targetResourceId": "records its traffic"},
    adds_by=("properties.storageId",),
    fields={
        # A child of the network watcher, and still a tracked resource.
        "location": Field(compare=Compare.LOCATION, create_only=True),
        "properties.targetResourceId": Field(
            compare=Compare.RESOURCE_ID, create_only=True, security=True
        ),
        "properties.storageId": Field(compare=Compare.RESOURCE_ID, security=True),
        "properties.enabled": Field(default=True, security=True),
        "properties.enabledFilteringCriteria": Field(default=None, security=True),
        "properties.recordTypes": Field(default=None, security=True),
        "properties.retentionPolicy": Field(default={}, security=True),
        # 0 keeps logs for ever.
        "properties.retentionPolicy.days": Field(default=0, security=True),
        "properties.retentionPolicy.enabled": Field(default=False, security=True),
        "properties.format": Field(default={}),
        "properties.format.type": Field(default="JSON"),
        "properties.format.version": Field(default=1),
        "properties.flowAnalyticsConfiguration": Field(default=None, security=True),
        f"{_ANALYTICS}.enabled": Field(default=False, security=True),
        f"{_ANALYTICS}.trafficAnalyticsInterval": Field(default=60),
        f"{_ANALYTICS}.workspaceId": Field(compare=Compare.CASELESS),
        f"{_ANALYTICS}.workspaceRegion": Field(compare=Compare.LOCATION),
        f"{_ANALYTICS}.workspaceResourceId": Field(compare=Compare.RESOURCE_ID, security=True),
    },
)
