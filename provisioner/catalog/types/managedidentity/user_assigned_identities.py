"""User-assigned managed identities.

A deleted and recreated identity has other `principalId` and `clientId` under the same id: role
assignments of the old one do not apply to it.

Facts: guidelines.md §3.1, and the recorded pairs of the type.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Answered, Field
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
    return {
        "properties": {
            "tenantId": context.tenant(),
            "principalId": context.lifetime_guid(resource.text, "principal"),
            "clientId": context.lifetime_guid(resource.text, "client"),
        }
    }


TYPE = ResourceType(
    name="Microsoft.ManagedIdentity/userAssignedIdentities",
    api_version=api_versions.MANAGED_IDENTITY,
    sdk=SdkModel("azure.mgmt.msi", "Identity"),
    rule=NameRule(
        r"[a-zA-Z0-9][a-zA-Z0-9_-]{2,127}",
        "3 to 128 letters, digits, hyphens and underscores, starting with a letter or digit",
    ),
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    # Federated credentials of one identity are written one at a time (guidelines.md ENV-02.4).
    serialise_on="",
    seconds=3,
    computed=_computed_values,
    fields={
        "location": Field(create_only=True),
        "properties.clientSecretUrl": Field(read_only=True),
        "properties.isolationScope": Field(
            default="None", answered=Answered.STATED, create_only=True
        ),
    },
)
