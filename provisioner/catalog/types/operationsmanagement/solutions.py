"""Monitoring solutions of a Log Analytics workspace (Container Insights, Key Vault analytics).

A solution is named `PRODUCT(WORKSPACE)`, and is in the workspace's resource group; nothing of its
plan can change.

Facts: the template reference of `Microsoft.OperationsManagement/solutions` and "Monitoring
solutions in Azure Monitor". No traffic was recorded.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.resource_type import DeleteFlow, NameRule, ResourceType, WriteFlow
from provisioner.catalog.stated_models import TEXT, TEXTS, list_of, models_of

_model, _object = models_of("solutions")

TYPE = ResourceType(
    name="Microsoft.OperationsManagement/solutions",
    api_version=api_versions.OPERATIONS_MANAGEMENT,
    sdk=None,
    rule=NameRule(
        r"[a-zA-Z][a-zA-Z0-9]*(?:\([a-zA-Z0-9][a-zA-Z0-9-]{2,61}[a-zA-Z0-9]\)|"
        r"\[[a-zA-Z0-9][a-zA-Z0-9-]{2,61}[a-zA-Z0-9]\])",
        "the product's name, then the workspace's in parentheses (of Microsoft's) or in square "
        "brackets (of others): ContainerInsights(log-example)",
    ),
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    seconds=5,
    loss=Disruption.NONE,
    models=(
        _model(
            "Solution",
            location=TEXT,
            tags=TEXTS,
            plan=_object("Plan"),
            properties=_object("Properties"),
        ),
        _model("Plan", name=TEXT, publisher=TEXT, product=TEXT, promotionCode=TEXT),
        _model(
            "Properties",
            workspaceResourceId=TEXT,
            provisioningState=TEXT,
            containedResources=list_of(TEXT),
            referencedResources=list_of(TEXT),
        ),
    ),
    fields={
        "location": Field(create_only=True),
        "plan": Field(create_only=True),
        "plan.promotionCode": Field(default="", create_only=True),
        "plan.product": Field(compare=Compare.CASELESS, create_only=True),
        "properties.workspaceResourceId": Field(compare=Compare.RESOURCE_ID, create_only=True),
        "properties.provisioningState": Field(read_only=True),
        # Views that the solution installs.
        "properties.containedResources": Field(read_only=True),
        "properties.referencedResources": Field(read_only=True),
    },
)
