"""Log Analytics query packs: saved queries outside of a workspace.

Facts: "Query packs in Azure Monitor Logs" and the SDK's model; no traffic was recorded.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Disruption, Field
from provisioner.catalog.resource_type import (
    ComputationContext,
    DeleteFlow,
    NameRule,
    ResourceType,
    SdkModel,
    WriteFlow,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json


def _computed_values(
    resource: ResourceId, _body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    return {"properties": {"queryPackId": context.guid(resource.text, "pack")}}


TYPE = ResourceType(
    name="Microsoft.OperationalInsights/queryPacks",
    api_version=api_versions.OPERATIONAL_INSIGHTS,
    sdk=SdkModel("azure.mgmt.loganalytics", "LogAnalyticsQueryPack"),
    rule=NameRule(
        r"[a-zA-Z0-9_.() -]{0,259}[a-zA-Z0-9_()-]",
        "1 to 260 letters, digits, underscores, periods, parentheses, spaces and hyphens, not "
        "ending with a period or space",
    ),
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    seconds=2,
    loss=Disruption.NONE,
    computed=_computed_values,
    fields={"location": Field(create_only=True), "properties": Field(default={})},
)
