"""Data collection rules: what Azure Monitor agents collect, and its destinations.

The order within streams, counters and facilities has no meaning; named entries are paired by name.
`samplingFrequencyInSeconds` has no default here, since every recorded body states it.

Facts: the recorded pairs and operations.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Answered, Compare, Disruption, Field
from provisioner.catalog.resource_type import (
    ComputationContext,
    DeleteFlow,
    NameRule,
    ResourceType,
    SdkModel,
    WriteFlow,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json, lookup

_SOURCES = {
    "extensions": ("streams", "inputDataSources"),
    "iisLogs": ("streams", "logDirectories"),
    "logFiles": ("streams", "filePatterns"),
    "performanceCounters": ("streams", "counterSpecifiers"),
    "platformTelemetry": ("streams",),
    "prometheusForwarder": ("streams",),
    "syslog": ("streams", "facilityNames", "logLevels"),
    "windowsEventLogs": ("streams", "xPathQueries"),
    "windowsFirewallLogs": ("streams", "profileFilter"),
}
"""The lists of data sources, each with the lists in its entries: their order means nothing."""

_TRANSFORMED = ("iisLogs", "logFiles", "performanceCounters", "syslog", "windowsEventLogs")

_DESTINATIONS = {
    "azureDataExplorer": "resourceId",
    "eventHubs": "eventHubResourceId",
    "eventHubsDirect": "eventHubResourceId",
    "logAnalytics": "workspaceResourceId",
    "microsoftFabric": None,
    "monitoringAccounts": "accountResourceId",
    "storageAccounts": "storageAccountResourceId",
    "storageBlobsDirect": "storageAccountResourceId",
    "storageTablesDirect": "storageAccountResourceId",
}
"""The lists of destinations, each with the property that holds the id of one."""

_UNORDERED = Field(default=None, compare=Compare.SET, security=True)
_NAMED = Field(default=None, keys=("name",), security=True)


def _computed_values(
    resource: ResourceId, body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    made = context.guid(resource.text, "immutable").replace("-", "")
    destinations = {
        **_with_ids(body, "logAnalytics", "workspaceId", context),
        **_with_ids(body, "monitoringAccounts", "accountId", context),
    }
    return {
        "properties": {
            "immutableId": f"dcr-{made}",
            **({"destinations": destinations} if destinations else {}),
        }
    }


def _with_ids(body: Body, kind: str, name: str, context: ComputationContext) -> Mapping[str, Json]:
    """Return a list of destinations with the GUID under which each takes data."""
    entries = lookup(body, ("properties", "destinations", kind))
    if not isinstance(entries, (list, tuple)):
        return {}
    return {
        kind: [
            {**entry, name: _guid_of(str(lookup(entry, (_DESTINATIONS[kind] or "",))), context)}
            for entry in entries
            if isinstance(entry, Mapping)
        ]
    }


def _guid_of(target: str, context: ComputationContext) -> Json:
    customer = lookup(context.lookup(target), ("properties", "customerId"))
    return customer if isinstance(customer, str) else context.guid(target)


TYPE = ResourceType(
    name="Microsoft.Insights/dataCollectionRules",
    api_version=api_versions.DATA_COLLECTION,
    sdk=SdkModel("azure.mgmt.monitor", "DataCollectionRuleResource"),
    rule=NameRule(
        r"[a-zA-Z0-9][a-zA-Z0-9_.-]{1,62}[a-zA-Z0-9]",
        "3 to 64 letters, digits, underscores, periods and hyphens, starting and ending with a "
        "letter or digit",
    ),
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    created=200,
    seconds=5,
    loss=Disruption.NONE,
    # The code for a destination that does not exist (guidelines.md §3.5).
    missing_reference="WorkspaceNotFound",
    computed=_computed_values,
    fields={
        "location": Field(create_only=True),
        "kind": Field(default=None, compare=Compare.CASELESS),
        "properties.description": Field(default=None),
        "properties.dataCollectionEndpointId": Field(
            default=None, compare=Compare.RESOURCE_ID, security=True
        ),
        "properties.agentSettings": Field(default=None),
        "properties.references": Field(default=None),
        "properties.streamDeclarations": Field(default=None),
        "properties.streamDeclarations[].columns": Field(default=None, keys=("name",)),
        **{f"properties.dataSources.{kind}": _NAMED for kind in _SOURCES},
        **{
            f"properties.dataSources.{kind}[].{name}": _UNORDERED
            for kind, names in _SOURCES.items()
            for name in names
        },
        **{
            f"properties.dataSources.{kind}[].transformKql": Field(default=None, security=True)
            for kind in _TRANSFORMED
        },
        # Closed: the extension's own schema, in which Azure fills in nothing.
        "properties.dataSources.extensions[].extensionSettings": Field(
            default=None, closed=True, security=True
        ),
        "properties.dataSources.logFiles[].settings": Field(default=None),
        "properties.dataSources.prometheusForwarder[].labelIncludeFilter": Field(
            default=None, security=True
        ),
        "properties.dataSources.dataImports": Field(default=None),
        **{f"properties.destinations.{kind}": _NAMED for kind in _DESTINATIONS},
        **{
            f"properties.destinations.{kind}[].{name}": Field(
                compare=Compare.RESOURCE_ID, security=True
            )
            for kind, name in _DESTINATIONS.items()
            if name
        },
        "properties.destinations.azureMonitorMetrics": Field(default=None),
        "properties.dataFlows": Field(default=None, security=True),
        "properties.dataFlows[].streams": _UNORDERED,
        "properties.dataFlows[].destinations": _UNORDERED,
        "properties.dataFlows[].transformKql": Field(default=None, security=True),
        "properties.dataFlows[].outputStream": Field(default=None, security=True),
        "properties.dataFlows[].builtInTransform": Field(default=None, security=True),
        "properties.dataFlows[].captureOverflow": Field(default=False, answered=Answered.STATED),
    },
)
