"""Keys of a vault. Facts: guidelines.md CLU-08.3 and §2.8, and the SDK's operations.

Azure Resource Manager makes the first version of a key and nothing else: a PUT of one that exists
answers it as it is, and there is no DELETE. It is changed, rotated and deleted by the vault's own
API, and goes when its vault does. No traffic was recorded.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.error_codes import RefusalCodes
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.resource_type import (
    DeleteFlow,
    ListRead,
    NameRule,
    ResourceType,
    SdkModel,
    Surroundings,
    WriteFlow,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json, lookup

_ROTATION = "properties.rotationPolicy"


def _computed(resource: ResourceId, _body: Body, around: Surroundings) -> Mapping[str, Json]:
    vault = around.lookup(resource.parent.text) if resource.parent else None
    uri = f"{lookup(vault, ('properties', 'vaultUri'))}keys/{resource.name}"
    version = around.guid(resource.text, "version").replace("-", "")
    return {"properties": {"keyUri": uri, "keyUriWithVersion": f"{uri}/{version}"}}


TYPE = ResourceType(
    name="Microsoft.KeyVault/vaults/keys",
    api_version=api_versions.KEY_VAULT,
    sdk=SdkModel("azure.mgmt.keyvault", "Key"),
    rule=NameRule(r"[a-zA-Z0-9-]{1,127}", "1 to 127 letters, digits and hyphens"),
    lists=ListRead.PARENT,
    taggable=False,
    deletable=False,
    changed_by="the vault's own API (az keyvault key)",
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    created=200,
    seconds=3,
    loss=Disruption.DATA,
    codes=RefusalCodes(not_found="KeyNotFound"),
    computed=_computed,
    adds="adds a key to it",
    fields={
        "properties.kty": Field(security=True),
        "properties.keySize": Field(security=True),
        "properties.curveName": Field(security=True),
        "properties.keyOps": Field(compare=Compare.SET, security=True),
        "properties.attributes": Field(default={}, security=True),
        "properties.attributes.enabled": Field(default=True, security=True),
        "properties.attributes.exportable": Field(default=False, security=True),
        # The rotation policy sets it for each version.
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
