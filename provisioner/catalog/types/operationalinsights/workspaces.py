"""Log Analytics workspaces. Facts: guidelines.md MON-04, and the recorded pairs of the type.

Azure also answers `source`, `sku.maxCapacityReservationLevel` and two numbers among the features
that its SDK does not know: nobody can set them, and no default is known.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Answered, Compare, Disruption, Field
from provisioner.catalog.resource_type import (
    DeleteFlow,
    NameRule,
    ResourceType,
    SdkModel,
    Surroundings,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json, lookup

_UNTOLD = Field(default=False, answered=Answered.STATED, security=True)
_LEGACY = "Standalone"
_DAYS = 30
_LEGACY_DAYS = 31


def _default_retention(body: Body) -> Json:
    """How long a workspace of the legacy tier keeps data depends on when it was made."""
    tier = lookup(body, ("properties", "sku", "name"))
    if str(tier).lower() != _LEGACY.lower():
        return _DAYS
    days = lookup(body, ("properties", "retentionInDays"))
    return _LEGACY_DAYS if days == _LEGACY_DAYS else _DAYS


def _computed(resource: ResourceId, _body: Body, around: Surroundings) -> Mapping[str, Json]:
    return {
        "properties": {
            "customerId": around.guid(resource.text, "customer"),
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
    computed=_computed,
    fields={
        "location": Field(create_only=True),
        "properties.sku": Field(default={"name": "PerGB2018"}),
        # The legacy tier is not sold any more. Until late in 2025 it was answered as asked for, and
        # since then as PerGB2018, whatever the api version (recorded pairs).
        "properties.sku.name": Field(
            default="PerGB2018", compare=Compare.CASELESS, taken_as=((_LEGACY, "PerGB2018"),)
        ),
        "properties.sku.capacityReservationLevel": Field(default=None),
        "properties.retentionInDays": Field(default=_default_retention, security=True),
        "properties.publicNetworkAccessForIngestion": Field(
            default="Enabled", compare=Compare.CASELESS, security=True
        ),
        "properties.publicNetworkAccessForQuery": Field(
            default="Enabled", compare=Compare.CASELESS, security=True
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
        "properties.workspaceCapping.dailyQuotaGb": Field(default=-1, security=True),
        "properties.features": Field(default={}),
        "properties.features.disableLocalAuth": _UNTOLD,
        "properties.features.enableDataExport": _UNTOLD,
        "properties.features.immediatePurgeDataOn30Days": _UNTOLD,
        "properties.features.enableLogAccessUsingOnlyResourcePermissions": Field(
            default=True, security=True
        ),
        "properties.features.clusterResourceId": Field(default=None, compare=Compare.RESOURCE_ID),
        "identity": Field(default=None),
    },
)
