"""Log Analytics workspaces. Facts: guidelines.md MON-04, and the recorded pairs of the type."""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.resource_type import (
    DeleteFlow,
    NameRule,
    ResourceType,
    SdkModel,
    Surroundings,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json


def _computed(resource: ResourceId, _body: Body, around: Surroundings) -> Mapping[str, Json]:
    return {
        "properties": {
            "customerId": around.guid(resource.text, "customer"),
            "workspaceCapping": {"dataIngestionStatus": "RespectQuota"},
        }
    }


TYPE = ResourceType(
    name="Microsoft.OperationalInsights/workspaces",
    api_version=api_versions.OPERATIONAL_INSIGHTS,
    sdk=SdkModel("azure.mgmt.loganalytics", "Workspace"),
    rule=NameRule(
        r"[a-zA-Z0-9][a-zA-Z0-9-]{2,61}[a-zA-Z0-9]",
        "4 to 63 letters, digits and hyphens, starting and ending with a letter or digit",
    ),
    delete=DeleteFlow.SYNC,
    seconds=20,
    loss=Disruption.DATA,
    computed=_computed,
    fields={
        "location": Field(create_only=True),
        "properties.sku": Field(default={"name": "PerGB2018"}),
        "properties.sku.name": Field(default="PerGB2018", compare=Compare.CASELESS),
        "properties.retentionInDays": Field(default=30, security=True),
        "properties.publicNetworkAccessForIngestion": Field(
            default="Enabled", compare=Compare.CASELESS, security=True
        ),
        "properties.publicNetworkAccessForQuery": Field(
            default="Enabled", compare=Compare.CASELESS, security=True
        ),
        "properties.forceCmkForQuery": Field(default=False, security=True),
        "properties.defaultDataCollectionRuleResourceId": Field(
            default=None, compare=Compare.RESOURCE_ID
        ),
        "properties.workspaceCapping.dailyQuotaGb": Field(default=-1, security=True),
        "properties.features.disableLocalAuth": Field(default=False, security=True),
        "properties.features.enableDataExport": Field(default=False, security=True),
        "properties.features.immediatePurgeDataOn30Days": Field(default=False, security=True),
        "properties.features.enableLogAccessUsingOnlyResourcePermissions": Field(
            default=True, security=True
        ),
        "properties.features.clusterResourceId": Field(default=None, compare=Compare.RESOURCE_ID),
        "identity": Field(default=None),
    },
)
