"""Container registries.

Network rules exist in the Premium tier alone: Basic and Standard answer `networkRuleSet` null.
`roleAssignmentMode: AbacRepositoryPermissions` makes the registry ignore AcrPull, AcrPush and
AcrDelete, which ends access. Customer-managed encryption and zone redundancy are chosen at
creation.

Facts: guidelines.md WRK-01.4, CLU-08.5, and the recorded pairs.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.access_models import ends_with
from provisioner.catalog.error_codes import RefusalCodes
from provisioner.catalog.field import Answered, Compare, Default, Disruption, Field
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
from provisioner.model.values import Absent, Body, Json, lookup


def _computed_values(
    resource: ResourceId, _body: Body, _context: ComputationContext
) -> Mapping[str, Json]:
    return {"properties": {"loginServer": f"{resource.name.lower()}.azurecr.io"}}


def _in_premium(value: Json) -> Default:
    """Return a default that Azure answers in the Premium tier alone (recorded)."""

    def default(body: Body) -> Json | Absent:
        tier = lookup(body, ("sku", "name"))
        return value if str(tier).lower() == "premium" else None

    return default


_NARROWS = PublicEndpoint(
    switch="properties.publicNetworkAccess",
    default="properties.networkRuleSet.defaultAction",
    entries=("properties.networkRuleSet.ipRules",),
).narrowing()

TYPE = ResourceType(
    name="Microsoft.ContainerRegistry/registries",
    api_version=api_versions.CONTAINER_REGISTRY,
    sdk=SdkModel("azure.mgmt.containerregistry", "Registry"),
    rule=NameRule(r"[a-zA-Z0-9]{5,50}", "5 to 50 letters and digits", unique_in_azure=True),
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    # PUT answers 200 to a creation as well (recorded).
    created=200,
    # Recorded: a zone-redundant registry is still being created after the answer.
    lingers=("properties.zoneRedundancy", "Enabled"),
    seconds=20,
    loss=Disruption.DATA,
    codes=RefusalCodes(taken="AlreadyInUse"),
    computed=_computed_values,
    fields={
        "location": Field(create_only=True),
        "sku.name": Field(compare=Compare.CASELESS),
        "properties.adminUserEnabled": Field(
            default=False,
            security=True,
            ends=ends_with(
                "properties.adminUserEnabled", False, "the access by the admin user ends"
            ),
        ),
        "properties.anonymousPullEnabled": Field(
            default=False,
            security=True,
            ends=ends_with("properties.anonymousPullEnabled", False, "pulls without a sign-in end"),
        ),
        "properties.publicNetworkAccess": Field(
            default="Enabled", compare=Compare.CASELESS, security=True, ends=_NARROWS
        ),
        "properties.networkRuleBypassOptions": Field(
            default="AzureServices", compare=Compare.CASELESS, security=True
        ),
        "properties.networkRuleBypassAllowedForTasks": Field(
            default=False, answered=Answered.STATED, security=True
        ),
        # Basic and Standard registries answer null (recorded).
        "properties.networkRuleSet": Field(
            default=_in_premium({"defaultAction": "Allow", "ipRules": []}),
            security=True,
            ends=_NARROWS,
        ),
        "properties.networkRuleSet.defaultAction": Field(
            default="Allow", security=True, ends=_NARROWS
        ),
        "properties.networkRuleSet.ipRules": Field(
            default=(), keys=("value",), security=True, ends=_NARROWS
        ),
        "properties.networkRuleSet.ipRules[].value": Field(compare=Compare.CIDR),
        "properties.dataEndpointEnabled": Field(default=False),
        "properties.zoneRedundancy": Field(default="Disabled", create_only=True),
        # Customer-managed keys are chosen at creation.
        "properties.encryption.status": Field(
            default="disabled", compare=Compare.CASELESS, create_only=True, security=True
        ),
        "properties.roleAssignmentMode": Field(
            default="LegacyRegistryPermissions",
            answered=Answered.STATED,
            compare=Compare.CASELESS,
            security=True,
            # "Microsoft Entra attribute-based access control for repository permissions".
            ends=ends_with(
                "properties.roleAssignmentMode",
                "AbacRepositoryPermissions",
                "the access that AcrPull, AcrPush and AcrDelete give to repositories ends: the "
                "roles for repositories decide from then on",
            ),
        ),
        "properties.encryption": Field(default={}),
        "properties.policies": Field(default={}),
        **{
            f"properties.policies.{name}": Field(default={})
            for name in (
                "quarantinePolicy",
                "trustPolicy",
                "retentionPolicy",
                "exportPolicy",
                "azureADAuthenticationAsArmPolicy",
            )
        },
        "properties.policies.quarantinePolicy.status": Field(
            default="disabled", compare=Compare.CASELESS
        ),
        "properties.policies.trustPolicy.status": Field(
            default="disabled", compare=Compare.CASELESS, security=True
        ),
        "properties.policies.trustPolicy.type": Field(default="Notary"),
        "properties.policies.retentionPolicy.status": Field(
            default="disabled", compare=Compare.CASELESS
        ),
        "properties.policies.retentionPolicy.days": Field(default=7),
        "properties.policies.exportPolicy.status": Field(
            default="enabled", compare=Compare.CASELESS, security=True
        ),
        "properties.policies.azureADAuthenticationAsArmPolicy.status": Field(
            default="enabled", compare=Compare.CASELESS, security=True
        ),
    },
)
