"""Azure Monitor workspaces: the store of managed Prometheus metrics.

Azure creates a data collection rule and endpoint with each, in a managed resource group; the
built-in Azure does not.

Facts: guidelines.md MON-03 and the SDK's model; no traffic was recorded.
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
    resource: ResourceId, body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    made = context.guid(resource.text, "account")
    host = f"{resource.name.lower()}-{made[:4]}.{body.get('location')}"
    return {
        "properties": {
            "accountId": made,
            "metrics": {
                "prometheusQueryEndpoint": f"https://{host}.prometheus.monitor.azure.com",
                "internalId": f"mac_{made}",
            },
        }
    }


TYPE = ResourceType(
    name="Microsoft.Monitor/accounts",
    api_version=api_versions.AZURE_MONITOR_WORKSPACES,
    sdk=SdkModel("azure.mgmt.monitor", "AzureMonitorWorkspaceResource"),
    rule=NameRule(
        r"[a-zA-Z0-9][a-zA-Z0-9-]{2,42}[a-zA-Z0-9]",
        "4 to 44 letters, digits and hyphens, starting and ending with a letter or digit",
    ),
    write=WriteFlow.SYNC,
    delete=DeleteFlow.LOCATION,
    seconds=10,
    loss=Disruption.DATA,
    computed=_computed_values,
    fields={
        "location": Field(create_only=True),
    },
)
