"""Microsoft Defender for Cloud plans of a subscription.

Every plan always exists, as Free where nobody enabled it: none is created or deleted. Azure answers
all extensions of a plan and enables some by itself: their default is not known.

Facts: guidelines.md CLU-04.1 and §3.6. The models are stated here, as Azure documents them for the
api version: no pinned SDK package has them, and no traffic was recorded.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.resource_type import (
    ComputationContext,
    DeleteFlow,
    ListRead,
    NameRule,
    ResourceType,
    Scope,
    WriteFlow,
)
from provisioner.catalog.schema import Kind, Model, Property, Shape
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json

_PLANS = (
    "Api",
    "AppServices",
    "Arm",
    "CloudPosture",
    "Containers",
    "CosmosDbs",
    "KeyVaults",
    "OpenSourceRelationalDatabases",
    "SqlServerVirtualMachines",
    "SqlServers",
    "StorageAccounts",
    "VirtualMachines",
)
_TEXT = Shape(Kind.STRING)
# Texts and no booleans (guidelines.md §3.6).
_SWITCH = Shape(Kind.STRING, enum=("True", "False"))


def _model(name: str, *properties: Property) -> Model:
    return Model(f"security.{name}", {prop.name: prop for prop in properties})


def _computed_values(
    _resource: ResourceId, _body: Body, _context: ComputationContext
) -> Mapping[str, Json]:
    return {"properties": {"freeTrialRemainingTime": "PT0S"}}


TYPE = ResourceType(
    name="Microsoft.Security/pricings",
    api_version=api_versions.SECURITY_PRICINGS,
    sdk=None,
    rule=NameRule(r"\w+", f"one of {', '.join(_PLANS)}", fixed=_PLANS),
    scope=Scope.EXTENSION,
    lists=ListRead.RESOURCE,
    taggable=False,
    deletable=False,
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    created=200,
    seconds=5,
    loss=Disruption.NONE,
    models=(
        _model("Pricing", Property("properties", Shape(Kind.OBJECT, "security.PricingProperties"))),
        _model(
            "PricingProperties",
            Property("pricingTier", Shape(Kind.STRING, enum=("Free", "Standard")), required=True),
            Property("subPlan", _TEXT),
            Property("enforce", _SWITCH),
            Property("extensions", Shape(Kind.LIST, item=Shape(Kind.OBJECT, "security.Extension"))),
            Property("freeTrialRemainingTime", _TEXT, read_only=True),
            Property("enablementTime", _TEXT, read_only=True),
            Property("inherited", _TEXT, read_only=True),
            Property("inheritedFrom", _TEXT, read_only=True),
            Property("resourcesCoverageStatus", _TEXT, read_only=True),
            Property("deprecated", Shape(Kind.BOOLEAN), read_only=True),
            Property("replacedBy", Shape(Kind.LIST, item=_TEXT), read_only=True),
        ),
        _model(
            "Extension",
            Property("name", _TEXT, required=True),
            Property("isEnabled", _SWITCH, required=True),
            Property("additionalExtensionProperties", Shape(Kind.MAP, item=Shape(Kind.ANY))),
            Property("operationStatus", Shape(Kind.ANY), read_only=True),
        ),
    ),
    built_in={plan: {"properties": {"pricingTier": "Free"}} for plan in _PLANS},
    computed=_computed_values,
    harmless="every subscription has each plan of Defender",
    fields={
        "properties.pricingTier": Field(security=True),
        "properties.subPlan": Field(default=None, security=True),
        "properties.enforce": Field(default="False", security=True),
        # Azure answers every extension of the plan, those that are off too; which ones it enables
        # by itself depends on the plan.
        "properties.extensions": Field(keys=("name",), shared=True, security=True),
        "properties.extensions[].name": Field(compare=Compare.CASELESS),
        "properties.extensions[].isEnabled": Field(default="False", security=True),
        "properties.extensions[].additionalExtensionProperties": Field(default=None, security=True),
    },
)
