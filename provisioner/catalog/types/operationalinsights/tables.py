"""Tables of a Log Analytics workspace: plan, retention and schema.

A workspace has Azure's tables from the start (Azure/azure-rest-api-specs#18340), so a PUT of one
changes it; the names of custom tables end in `_CL`. No table is deleted here: Azure's cannot be,
and a custom table goes with its workspace, since its data does. Retention that a body does not
state is the workspace's or the plan's.

Facts: "Table plans", "Manage data retention in a Log Analytics workspace", "Create a custom table",
and the SDK's operations. No traffic was recorded.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field, Owner
from provisioner.catalog.resource_type import (
    DeleteFlow,
    ListRead,
    NameRule,
    ResourceType,
    SdkModel,
    WriteFlow,
)

TYPE = ResourceType(
    name="Microsoft.OperationalInsights/workspaces/tables",
    api_version=api_versions.OPERATIONAL_INSIGHTS,
    sdk=SdkModel("azure.mgmt.loganalytics", "Table"),
    rule=NameRule(
        r"[a-zA-Z][a-zA-Z0-9_]{1,62}",
        "2 to 63 letters, digits and underscores, starting with a letter; custom tables end in _CL",
    ),
    lists=ListRead.PARENT,
    taggable=False,
    deletable=False,
    # Azure's tables exist in every workspace; custom ones, search results and restored logs do not.
    ready_names=r"(?i)(?!.*_(?:CL|SRCH|RST)$).+",
    created=200,
    write=WriteFlow.ASYNC_OPERATION,
    delete=DeleteFlow.ASYNC_OPERATION,
    seconds=20,
    loss=Disruption.DATA,
    listed_if_declared=True,
    harmless="every workspace has the tables of Azure, and a table of others gives nobody access",
    fields={
        # Alert rules do not query Basic and Auxiliary tables ("Table plans").
        "properties.plan": Field(default="Analytics", security=True),
        # Azure fills in the workspace's retention, or the plan's where that is fixed.
        "properties.retentionInDays": Field(owner=Owner.PRESET, security=True),
        "properties.totalRetentionInDays": Field(owner=Owner.PRESET, security=True),
        "properties.schema": Field(default=None),
        "properties.schema.name": Field(compare=Compare.CASELESS),
        "properties.schema.displayName": Field(owner=Owner.PRESET),
        "properties.schema.description": Field(owner=Owner.PRESET),
        "properties.schema.columns": Field(default=(), keys=("name",)),
        "properties.schema.columns[].type": Field(compare=Compare.CASELESS),
        "properties.searchResults": Field(default=None, create_only=True),
        "properties.restoredLogs": Field(default=None, create_only=True),
    },
)
