"""Key vaults.

Soft delete is always on, and a deleted vault keeps its name until it is purged; purge protection
cannot be switched off. Azure RBAC is the default since api version 2026-02-01, access policies
before. To change the permission model takes role assignment rights and cuts off whoever the other
model granted access.

Facts: guidelines.md §2.8 and §3.4, and the recorded pairs of the type.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.access_models import permission_model_changes
from provisioner.catalog.error_codes import RefusalCodes, SoftDelete
from provisioner.catalog.field import Answered, Compare, Disruption, Field, Since
from provisioner.catalog.permissions import ASSIGN_ROLE
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
from provisioner.model.values import ABSENT, Body, Json


def _computed_values(
    resource: ResourceId, _body: Body, _context: ComputationContext
) -> Mapping[str, Json]:
    return {
        "properties": {
            "vaultUri": f"https://{resource.name.lower()}.vault.azure.net/",
            "provisioningState": "Succeeded",
        }
    }


_NARROWS = PublicEndpoint(
    switch="properties.publicNetworkAccess",
    default="properties.networkAcls.defaultAction",
    entries=("properties.networkAcls.ipRules", "properties.networkAcls.virtualNetworkRules"),
).narrowing()

TYPE = ResourceType(
    name="Microsoft.KeyVault/vaults",
    api_version=api_versions.KEY_VAULT,
    sdk=SdkModel("azure.mgmt.keyvault", "Vault"),
    rule=NameRule(
        r"[a-zA-Z](?!.*--)[a-zA-Z0-9-]{1,22}[a-zA-Z0-9]",
        "3 to 24 letters, digits and single hyphens, starting with a letter",
        unique_in_azure=True,
    ),
    addresses=("vault",),
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    seconds=20,
    loss=Disruption.DATA,
    created=200,
    # A deleted vault keeps its global name; recovering is a PUT with createMode=recover in the same
    # resource group (guidelines.md §2.8).
    soft_delete=SoftDelete(
        retention="properties.softDeleteRetentionInDays",
        protection="properties.enablePurgeProtection",
        mode="properties.createMode",
        recover="recover",
    ),
    codes=RefusalCodes(fixed="BadRequest", name="VaultNameNotValid", taken="VaultAlreadyExists"),
    computed=_computed_values,
    fields={
        "properties.accessPolicies": Field(default=(), keys=("objectId",), security=True),
        "properties.accessPolicies[].applicationId": Field(default=None, compare=Compare.CASELESS),
        **{
            f"properties.accessPolicies[].permissions.{kind}": Field(
                default=(), compare=Compare.SET, security=True
            )
            for kind in ("keys", "secrets", "certificates", "storage")
        },
        # A request may state it; Azure ignores that.
        "properties.vaultUri": Field(read_only=True),
        "properties.provisioningState": Field(read_only=True),
        # Never answered (guidelines.md §3.1).
        "properties.createMode": Field(write_only=True),
        "properties.enabledForDeployment": Field(default=False, security=True),
        "properties.enabledForDiskEncryption": Field(
            default=False, answered=Answered.STATED, security=True
        ),
        "properties.enabledForTemplateDeployment": Field(
            default=False, answered=Answered.STATED, security=True
        ),
        # Soft delete cannot be switched off: false is accepted and answered as true.
        "properties.enableSoftDelete": Field(
            default=True, taken_as=((False, True),), security=True
        ),
        # Set at creation only (guidelines.md §2.8).
        "properties.softDeleteRetentionInDays": Field(default=90, create_only=True),
        # From api version 2026-02-01 on, silence means Azure RBAC (guidelines.md WRK-05.2).
        "properties.enableRbacAuthorization": Field(
            default=Since("2026-02-01", True, before=False),
            answered=Answered.STATED,
            security=True,
            ends=permission_model_changes,
            # "Azure role-based access control" of Key Vault: "Changing the permission model
            # requires unrestricted roleAssignments/write".
            change_takes=ASSIGN_ROLE,
        ),
        # false is refused even at creation (guidelines.md §3.4), and true is irreversible.
        "properties.enablePurgeProtection": Field(
            default=None, irreversible=(True,), refused=(False,), security=True
        ),
        "properties.publicNetworkAccess": Field(
            default="Enabled", compare=Compare.CASELESS, security=True, ends=_NARROWS
        ),
        "properties.networkAcls": Field(ends=_NARROWS),
        "properties.networkAcls.bypass": Field(default="AzureServices", security=True),
        "properties.networkAcls.defaultAction": Field(
            default="Allow", security=True, ends=_NARROWS
        ),
        "properties.networkAcls.ipRules": Field(
            default=(), keys=("value",), security=True, ends=_NARROWS
        ),
        "properties.networkAcls.ipRules[].value": Field(compare=Compare.CIDR),
        "properties.networkAcls.virtualNetworkRules": Field(
            default=(), keys=("id",), security=True, ends=_NARROWS
        ),
        "properties.networkAcls.virtualNetworkRules[].id": Field(compare=Compare.RESOURCE_ID),
        "properties.networkAcls.virtualNetworkRules[].ignoreMissingVnetServiceEndpoint": Field(
            default=False
        ),
        "properties.tenantId": Field(compare=Compare.CASELESS, security=True),
        "properties.hsmPoolResourceId": Field(default=ABSENT, read_only=True),
        "location": Field(create_only=True),
    },
)
