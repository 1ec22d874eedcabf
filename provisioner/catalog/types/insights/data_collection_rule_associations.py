"""Associations of data collection rules or endpoints with a resource.

Listed on every cluster, although that takes a request each: a foreign association sends the
cluster's data elsewhere.

Facts: guidelines.md MON-03 and the SDK's model; no traffic was recorded.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.resource_type import (
    DeleteFlow,
    ListRead,
    NameRule,
    ResourceType,
    Scope,
    SdkModel,
    WriteFlow,
)

TYPE = ResourceType(
    name="Microsoft.Insights/dataCollectionRuleAssociations",
    api_version=api_versions.DATA_COLLECTION,
    sdk=SdkModel("azure.mgmt.monitor", "DataCollectionRuleAssociationProxyOnlyResource"),
    rule=NameRule(r"[^*<>%&:\\?+/]{1,260}", r"1 to 260 characters other than *<>%&:\?+/"),
    scope=Scope.EXTENSION,
    lists=ListRead.RESOURCE,
    taggable=False,
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    seconds=2,
    loss=Disruption.NONE,
    always_listed_at=("Microsoft.ContainerService/managedClusters",),
    adds="sends its data by another rule",
    adds_by=("properties.dataCollectionRuleId", "properties.dataCollectionEndpointId"),
    fields={
        "properties.description": Field(default=None),
        "properties.dataCollectionRuleId": Field(
            default=None, compare=Compare.RESOURCE_ID, security=True
        ),
        "properties.dataCollectionEndpointId": Field(
            default=None, compare=Compare.RESOURCE_ID, security=True
        ),
    },
)
