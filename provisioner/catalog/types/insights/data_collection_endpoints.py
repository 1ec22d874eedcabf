"""Data collection endpoints: the ingestion hosts of Azure Monitor agents.

Closing public access cuts off agents outside of a private link scope.

Facts: the recorded pairs and operations.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.public_endpoints import PublicEndpoint
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

_SERVICES = {
    "configurationAccess": "handler.control",
    "logsIngestion": "ingest",
    "metricsIngestion": "metrics.ingest",
}


def _computed_values(
    resource: ResourceId, body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    made = context.guid(resource.text, "immutable").replace("-", "")
    host = f"{resource.name.lower()}-{made[:4]}.{body.get('location')}-1"
    return {
        "properties": {
            "immutableId": f"dce-{made}",
            **{
                name: {"endpoint": f"https://{host}.{service}.monitor.azure.com"}
                for name, service in _SERVICES.items()
            },
        }
    }


TYPE = ResourceType(
    name="Microsoft.Insights/dataCollectionEndpoints",
    api_version=api_versions.DATA_COLLECTION,
    sdk=SdkModel("azure.mgmt.monitor", "DataCollectionEndpointResource"),
    rule=NameRule(
        r"[a-zA-Z0-9][a-zA-Z0-9-]{1,42}[a-zA-Z0-9]",
        "3 to 44 letters, digits and hyphens, starting and ending with a letter or digit",
    ),
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    created=200,
    seconds=5,
    loss=Disruption.NONE,
    computed=_computed_values,
    fields={
        "location": Field(create_only=True),
        "kind": Field(default=None, compare=Compare.CASELESS),
        "properties.description": Field(default=None),
        "properties.immutableId": Field(read_only=True),
        "properties.networkAcls": Field(default={"publicNetworkAccess": "Enabled"}),
        "properties.networkAcls.publicNetworkAccess": Field(
            default="Enabled",
            compare=Compare.CASELESS,
            security=True,
            ends=PublicEndpoint(switch="properties.networkAcls.publicNetworkAccess").narrowing(),
        ),
    },
)
