"""Queries of a Log Analytics query pack.

A query runs only when somebody runs it. Facts: "Query packs in Azure Monitor Logs" and the SDK's
model; no traffic was recorded.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.resource_type import (
    DeleteFlow,
    ListRead,
    NameRule,
    ResourceType,
    SdkModel,
    WriteFlow,
)

_RELATED = "properties.related"

TYPE = ResourceType(
    name="Microsoft.OperationalInsights/queryPacks/queries",
    api_version=api_versions.OPERATIONAL_INSIGHTS,
    sdk=SdkModel("azure.mgmt.loganalytics", "LogAnalyticsQueryPackQuery"),
    rule=NameRule(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "a GUID"),
    lists=ListRead.PARENT,
    taggable=False,
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    seconds=2,
    loss=Disruption.NONE,
    harmless="a saved query runs only when somebody runs it",
    fields={
        "properties.description": Field(default=None),
        "properties.body": Field(compare=Compare.VERBATIM),
        _RELATED: Field(default=None),
        **{
            f"{_RELATED}.{name}": Field(default=(), compare=Compare.SET)
            for name in ("categories", "resourceTypes", "solutions")
        },
        "properties.tags": Field(default={}),
        "properties.properties": Field(default=None),
    },
)
