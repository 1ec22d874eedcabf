"""Budgets of subscriptions, resource groups and management groups.

An update must send the current `eTag` in the body, so it is sent back as read and never compared.
Without an end date Azure sets one ten years after the start: a preset.

Facts: the REST reference "Budgets - Create Or Update" and "Tutorial: Create and manage budgets". No
traffic was recorded.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field, Owner
from provisioner.catalog.resource_type import (
    ComputationContext,
    DeleteFlow,
    ListRead,
    NameRule,
    ResourceType,
    Scope,
    WriteFlow,
)
from provisioner.catalog.schema import Kind, Shape
from provisioner.catalog.stated_models import FLAG, TEXT, choice, list_of, map_of, models_of
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json

_model, _object = models_of("consumption.budgets")
_AMOUNT = Shape(Kind.NUMBER)
_FILTER = "properties.filter"
_NOTIFICATION = "properties.notifications[]"


def _computed_values(
    resource: ResourceId, _body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    return {"eTag": context.guid(resource.text)}


TYPE = ResourceType(
    name="Microsoft.Consumption/budgets",
    api_version=api_versions.CONSUMPTION,
    sdk=None,
    rule=NameRule(r"[A-Za-z0-9_-]{1,63}", "1 to 63 letters, digits, underscores and hyphens"),
    scope=Scope.EXTENSION,
    lists=ListRead.RESOURCE,
    taggable=False,
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    seconds=2,
    loss=Disruption.NONE,
    computed=_computed_values,
    harmless="it tells of costs, and changes nothing",
    models=(
        _model("Budget", properties=_object("Properties"), eTag=TEXT),
        _model(
            "Properties",
            category=choice("Cost"),
            amount=_AMOUNT,
            timeGrain=choice(
                "Monthly",
                "Quarterly",
                "Annually",
                "BillingMonth",
                "BillingQuarter",
                "BillingAnnual",
            ),
            timePeriod=_object("Period"),
            filter=_object("Filter"),
            notifications=map_of(_object("Notification")),
            currentSpend=Shape(Kind.ANY),
            forecastSpend=Shape(Kind.ANY),
        ),
        _model("Period", startDate=TEXT, endDate=TEXT),
        _model(
            "Filter",
            **{"and": list_of(_object("Condition"))},
            dimensions=_object("Comparison"),
            tags=_object("Comparison"),
        ),
        _model("Condition", dimensions=_object("Comparison"), tags=_object("Comparison")),
        _model("Comparison", name=TEXT, operator=choice("In"), values=list_of(TEXT)),
        _model(
            "Notification",
            enabled=FLAG,
            operator=choice("EqualTo", "GreaterThan", "GreaterThanOrEqualTo"),
            threshold=_AMOUNT,
            thresholdType=choice("Actual", "Forecasted"),
            contactEmails=list_of(TEXT),
            contactRoles=list_of(TEXT),
            contactGroups=list_of(TEXT),
            locale=TEXT,
        ),
    ),
    fields={
        # "Update requires latest eTag to be set in the request": sent back as read, never compared.
        "eTag": Field(compare=Compare.IGNORED),
        "properties.category": Field(compare=Compare.CASELESS, create_only=True),
        "properties.timeGrain": Field(compare=Compare.CASELESS),
        "properties.timePeriod.startDate": Field(compare=Compare.TIMESTAMP),
        # Azure fills in ten years after the start.
        "properties.timePeriod.endDate": Field(owner=Owner.PRESET, compare=Compare.TIMESTAMP),
        _FILTER: Field(default=None),
        f"{_FILTER}.dimensions": Field(default=None),
        f"{_FILTER}.tags": Field(default=None),
        f"{_FILTER}.and": Field(default=()),
        f"{_FILTER}.dimensions.values": Field(compare=Compare.SET),
        f"{_FILTER}.tags.values": Field(compare=Compare.SET),
        "properties.notifications": Field(default={}, security=True),
        f"{_NOTIFICATION}.enabled": Field(security=True),
        f"{_NOTIFICATION}.operator": Field(compare=Compare.CASELESS),
        f"{_NOTIFICATION}.thresholdType": Field(default="Actual", compare=Compare.CASELESS),
        f"{_NOTIFICATION}.contactEmails": Field(default=(), compare=Compare.SET, security=True),
        f"{_NOTIFICATION}.contactRoles": Field(default=(), compare=Compare.SET, security=True),
        f"{_NOTIFICATION}.contactGroups": Field(default=(), compare=Compare.SET, security=True),
        f"{_NOTIFICATION}.contactGroups[]": Field(compare=Compare.RESOURCE_ID),
        f"{_NOTIFICATION}.locale": Field(default=None, compare=Compare.CASELESS),
        "properties.currentSpend": Field(read_only=True),
        "properties.forecastSpend": Field(read_only=True),
    },
)
