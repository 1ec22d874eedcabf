"""Secrets of a key vault, as references without values.

Azure Resource Manager accepts a secret only with its value and never answers the value; there is no
DELETE. No file may hold a value (docs/secrets.md), so one is declared with `existing: true`, and
`service_rules` refuses one that is not.

Facts: the REST reference "Secrets - Create Or Update" of the vault's management API and the SDK's
model. No traffic was recorded.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.error_codes import RefusalCodes
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.resource_type import (
    ComputationContext,
    DeleteFlow,
    ListRead,
    NameRule,
    ResourceType,
    SdkModel,
    WriteFlow,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json, lookup


def _computed_values(
    resource: ResourceId, _body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    vault = context.lookup(resource.parent.text) if resource.parent else None
    uri = f"{lookup(vault, ('properties', 'vaultUri'))}secrets/{resource.name}"
    version = context.guid(resource.text, "version").replace("-", "")
    return {"properties": {"secretUri": uri, "secretUriWithVersion": f"{uri}/{version}"}}


TYPE = ResourceType(
    name="Microsoft.KeyVault/vaults/secrets",
    api_version=api_versions.KEY_VAULT,
    sdk=SdkModel("azure.mgmt.keyvault", "Secret"),
    rule=NameRule(r"[a-zA-Z0-9-]{1,127}", "1 to 127 letters, digits and hyphens"),
    lists=ListRead.PARENT,
    taggable=False,
    deletable=False,
    changed_by="the vault's own API (az keyvault secret set)",
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    created=200,
    seconds=3,
    loss=Disruption.DATA,
    codes=RefusalCodes(not_found="SecretNotFound"),
    computed=_computed_values,
    listed_if_declared=True,
    harmless="whoever may read secrets of a vault reads those of all; one more gives no access",
    fields={
        # Never answered, and in no file (docs/secrets.md).
        "properties.value": Field(write_only=True, secret=True),
        "properties.contentType": Field(default=None),
        "properties.attributes": Field(default={}, security=True),
        "properties.attributes.enabled": Field(default=True, security=True),
        "properties.attributes.nbf": Field(default=None, compare=Compare.TIMESTAMP),
        "properties.attributes.exp": Field(default=None, compare=Compare.TIMESTAMP),
    },
)
