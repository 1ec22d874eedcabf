"""Log Analytics workspaces.

Azure accepts the legacy pricing tiers and answers PerGB2018 since late 2025. It also answers
`source`, `sku.maxCapacityReservationLevel` and two numbers among the features, which its SDK does
not have: the same ones of each recorded workspace.

Facts: guidelines.md MON-04, "Legacy pricing tiers", and the recorded pairs of the type.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Answered, Compare, Disruption, Field, chosen_by_service
from provisioner.catalog.public_endpoints import PublicEndpoint
from provisioner.catalog.resource_type import (
    ComputationContext,
    DeleteFlow,
    NameRule,
    ResourceType,
    SdkModel,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json, lookup

_OFF_WHERE_SILENT = Field(default=False, answered=Answered.STATED, security=True)
# "Legacy pricing tiers" of Azure Monitor Logs.
_LEGACY = ("Free", "Standard", "Premium", "PerNode", "Standalone", "Unlimited")
_DAYS = 30
_LEGACY_DAYS = 31
_LEGACY_TIERS = frozenset(tier.lower() for tier in _LEGACY)
_DAYS_OF_TIER = {"free": 7, "standard": 30, "premium": 365}


def _default_retention(body: Body) -> Json:
    """Return how many days a workspace keeps data where its body does not state it.

    30, but 7, 30, 31 or 365 by legacy tier where the live value is that ("Legacy pricing tiers"): a
    workspace may still have the retention of the tier it was created in (recorded).
    """
    tier = _sku_tier(body)
    if tier not in _LEGACY_TIERS:
        return _DAYS
    days = lookup(body, ("properties", "retentionInDays"))
    of_tier = _DAYS_OF_TIER.get(tier, _LEGACY_DAYS)
    return of_tier if days == of_tier else _DAYS


def _sku_tier(body: Body) -> str:
    return str(lookup(body, ("properties", "sku", "name"))).lower()


def _default_cap(body: Body) -> Json:
    """Return the daily cap in GB: 0.5 in the Free tier, else none (-1).

    Source: "Legacy pricing tiers"; recorded.
    """
    cap = lookup(body, ("properties", "workspaceCapping", "dailyQuotaGb"))
    return 0.5 if _sku_tier(body) == "free" and cap == 0.5 else -1


def _always(_body: Body) -> bool:
    return True


def _computed_values(
    resource: ResourceId, _body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    return {
        "properties": {
            "customerId": context.guid(resource.text, "customer"),
            "workspaceCapping": {"dataIngestionStatus": "RespectQuota"},
        }
    }


TYPE = ResourceType(
    name="Microsoft.OperationalInsights/workspaces",
    api_version=api_versions.OPERATIONAL_INSIGHTS,
    sdk=SdkModel("azure.mgmt.loganalytics", "Workspace"),
    rule=NameRule(
        r"[a-zA-Z0-9][a-zA-Z0-9-]{2,61}[a-zA-Z0-9]",
        "4 to 63 letters, digits and hyphens, starting and ending with a letter or digit",
    ),
    delete=DeleteFlow.SYNC,
    seconds=20,
    loss=Disruption.DATA,
    computed=_computed_values,
    fields={
        "location": Field(create_only=True),
        "properties.sku": Field(default={"name": "PerGB2018"}),
        # The legacy tiers are no longer sold. Until late in 2025 Azure answered them as requested,
        # and since then as PerGB2018, whatever the api version (recorded of Standalone).
        "properties.sku.name": Field(
            default="PerGB2018",
            compare=Compare.CASELESS,
            taken_as=tuple((tier, "PerGB2018") for tier in _LEGACY),
        ),
        "properties.sku.capacityReservationLevel": Field(default=None),
        # Recorded in three requests as text, answered as a number.
        "properties.retentionInDays": Field(
            default=_default_retention, security=True, takes_text=True
        ),
        "properties.publicNetworkAccessForIngestion": Field(
            default="Enabled",
            compare=Compare.CASELESS,
            security=True,
            ends=PublicEndpoint(switch="properties.publicNetworkAccessForIngestion").narrowing(),
        ),
        "properties.publicNetworkAccessForQuery": Field(
            default="Enabled",
            compare=Compare.CASELESS,
            security=True,
            ends=PublicEndpoint(switch="properties.publicNetworkAccessForQuery").narrowing(),
        ),
        "properties.forceCmkForQuery": Field(
            default=False, answered=Answered.STATED, security=True
        ),
        "properties.defaultDataCollectionRuleResourceId": Field(
            default=None, compare=Compare.RESOURCE_ID
        ),
        "properties.replication": Field(default=None),
        "properties.replication.enabled": Field(default=False),
        "properties.workspaceCapping": Field(default={}),
        "properties.workspaceCapping.dailyQuotaGb": Field(default=_default_cap, security=True),
        "properties.features": Field(default={}),
        "properties.features.disableLocalAuth": _OFF_WHERE_SILENT,
        "properties.features.enableDataExport": _OFF_WHERE_SILENT,
        "properties.features.immediatePurgeDataOn30Days": _OFF_WHERE_SILENT,
        "properties.features.enableLogAccessUsingOnlyResourcePermissions": Field(
            default=True, security=True
        ),
        "properties.features.clusterResourceId": Field(default=None, compare=Compare.RESOURCE_ID),
        # A property of workspaces from the old portal, which clients still send.
        "properties.source": Field(default="Azure", answered=Answered.STATED, dropped=_always),
        "properties.features.legacy": Field(default=0, answered=Answered.STATED),
        "properties.features.searchVersion": Field(default=1, answered=Answered.STATED),
        "properties.sku.maxCapacityReservationLevel": Field(read_only=True),
        # Clients still send it; Azure does not answer it.
        "properties.portalUrl": Field(default=chosen_by_service, dropped=_always),
    },
)
