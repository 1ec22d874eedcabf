"""Keys of a key vault, as the management plane knows them.

Azure Resource Manager creates the first version of a key and nothing else: a PUT of an existing one
answers it unchanged, and there is no DELETE. A key is changed, rotated and deleted by the vault's
data plane, and goes with its vault. No traffic was recorded.

Facts: guidelines.md CLU-08.3 and §2.8, and the SDK's operations.
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

_ROTATION = "properties.rotationPolicy"


def _computed_values(
    resource: ResourceId, _body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    vault = context.lookup(resource.parent.text) if resource.parent else None
    uri = f"{lookup(vault, ('properties', 'vaultUri'))}keys/{resource.name}"
    version = context.guid(resource.text, "version").replace("-", "")
    return {"properties": {"keyUri": uri, "keyUriWithVersion": f"{uri}/{version}"}}


TYPE = ResourceType(
    name="Microsoft.KeyVault/vaults/keys",
    api_version=api_versions.KEY_VAULT,
    sdk=SdkModel("azure.mgmt.keyvault", "Key"),
    rule=NameRule(r"[a-zA-Z0-9-]{1,127}", "1 to 127 letters, digits and hyphens"),
    lists=ListRead.PARENT,
    taggable=False,
    deletable=False,
    # A PUT of an existing key answers it unchanged: what differs is reported, not planned.
    changed_by="the vault's own API (az keyvault key)",
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    created=200,
    seconds=3,
    loss=Disruption.DATA,
    codes=RefusalCodes(not_found="KeyNotFound"),
    computed=_computed_values,
    adds="adds a key to it",
    fields={
        "properties.kty": Field(security=True),
        "properties.keySize": Field(security=True),
        "properties.curveName": Field(security=True),
        "properties.keyOps": Field(compare=Compare.SET, security=True),
        "properties.attributes": Field(default={}, security=True),
        "properties.attributes.enabled": Field(default=True, security=True),
        "properties.attributes.exportable": Field(default=False, security=True),
        # The rotation policy sets the expiry of each version.
        "properties.attributes.exp": Field(security=True),
        _ROTATION: Field(default=None, security=True),
        f"{_ROTATION}.attributes.expiryTime": Field(
            default=None, compare=Compare.DURATION, security=True
        ),
        f"{_ROTATION}.lifetimeActions": Field(default=(), security=True),
        f"{_ROTATION}.lifetimeActions[].action.type": Field(compare=Compare.CASELESS),
        f"{_ROTATION}.lifetimeActions[].trigger.timeAfterCreate": Field(
            default=None, compare=Compare.DURATION, security=True
        ),
        f"{_ROTATION}.lifetimeActions[].trigger.timeBeforeExpiry": Field(
            default=None, compare=Compare.DURATION, security=True
        ),
    },
)
