"""Diagnostic settings: where a resource's logs and metrics are sent.

Azure answers every category that the resource has, those that are off too: entries that a body does
not state differ only when they are on. A null `logAnalyticsDestinationType` means the table
AzureDiagnostics, which some resource types spell out.

Facts: guidelines.md MON-01 and §0.1. No SDK package has operations or models for them, so the
models are stated here, as Azure documents them for the api version.
"""

from collections.abc import Callable

from provisioner.catalog import api_versions
from provisioner.catalog.field import Answered, Compare, Disruption, Field
from provisioner.catalog.resource_type import (
    DeleteFlow,
    ListRead,
    NameRule,
    ResourceType,
    Scope,
    WriteFlow,
)
from provisioner.catalog.schema import Kind, Model, Property, Shape
from provisioner.model.resource_id import SUBSCRIPTION
from provisioner.model.values import Body, Json, lookup

_TEXT = Shape(Kind.STRING)
_FLAG = Shape(Kind.BOOLEAN)
_ONE_TABLE = "azurediagnostics"


def _model(name: str, **shapes: Shape) -> Model:
    return Model(
        f"insights.{name}", {prop: Property(prop, shape) for prop, shape in shapes.items()}
    )


def _list_of(name: str) -> Shape:
    return Shape(Kind.LIST, item=Shape(Kind.OBJECT, f"insights.{name}"))


def _always(_body: Body) -> bool:
    return True


def _all_categories_off(kind: str) -> Callable[[Body], Json]:
    """Return the default of a list of categories: what Azure answers, if all of it is off."""

    def default(body: Body) -> Json:
        entries = lookup(body, ("properties", kind))
        listed = entries if isinstance(entries, (list, tuple)) else ()
        return () if any(lookup(entry, ("enabled",)) is True for entry in listed) else listed

    return default


def _default_tables(body: Body) -> Json:
    """Return AzureDiagnostics where the body spells it out, else None, which means the same."""
    stated = lookup(body, ("properties", "logAnalyticsDestinationType"))
    return stated if isinstance(stated, str) and stated.lower() == _ONE_TABLE else None


TYPE = ResourceType(
    name="Microsoft.Insights/diagnosticSettings",
    api_version=api_versions.DIAGNOSTIC_SETTINGS,
    sdk=None,
    rule=NameRule(r"[^*<>%&:\\?+/]{1,260}", r"1 to 260 characters other than *<>%&:\?+/"),
    scope=Scope.EXTENSION,
    lists=ListRead.RESOURCE,
    taggable=False,
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    created=200,
    seconds=2,
    loss=Disruption.NONE,
    models=(
        _model(
            "DiagnosticSettings",
            location=_TEXT,
            properties=Shape(Kind.OBJECT, "insights.DiagnosticSettingsProperties"),
        ),
        _model(
            "DiagnosticSettingsProperties",
            workspaceId=_TEXT,
            logAnalyticsDestinationType=_TEXT,
            storageAccountId=_TEXT,
            serviceBusRuleId=_TEXT,
            eventHubAuthorizationRuleId=_TEXT,
            eventHubName=_TEXT,
            marketplacePartnerId=_TEXT,
            logs=_list_of("LogSettings"),
            metrics=_list_of("MetricSettings"),
        ),
        _model(
            "LogSettings",
            category=_TEXT,
            categoryGroup=_TEXT,
            enabled=_FLAG,
            retentionPolicy=Shape(Kind.OBJECT, "insights.RetentionPolicy"),
        ),
        _model(
            "MetricSettings",
            category=_TEXT,
            enabled=_FLAG,
            timeGrain=_TEXT,
            retentionPolicy=Shape(Kind.OBJECT, "insights.RetentionPolicy"),
        ),
        _model("RetentionPolicy", enabled=_FLAG, days=Shape(Kind.INTEGER)),
    ),
    # A second setting sends the activity log, or who read which secret, somewhere else. On other
    # types settings are read where the blueprint has one there.
    always_listed_at=(
        SUBSCRIPTION,
        "Microsoft.ContainerRegistry/registries",
        "Microsoft.ContainerService/managedClusters",
        "Microsoft.KeyVault/vaults",
        "Microsoft.Network/azureFirewalls",
        "Microsoft.OperationalInsights/workspaces",
    ),
    adds="copies its logs",
    adds_by=(
        "properties.workspaceId",
        "properties.storageAccountId",
        "properties.eventHubAuthorizationRuleId",
        "properties.serviceBusRuleId",
        "properties.marketplacePartnerId",
    ),
    fields={
        # That of the resource it is on.
        "location": Field(read_only=True),
        "properties.workspaceId": Field(default=None, compare=Compare.RESOURCE_ID, security=True),
        "properties.storageAccountId": Field(
            default=None, compare=Compare.RESOURCE_ID, security=True
        ),
        "properties.eventHubAuthorizationRuleId": Field(
            default=None, compare=Compare.RESOURCE_ID, security=True
        ),
        "properties.serviceBusRuleId": Field(default=None, compare=Compare.RESOURCE_ID),
        "properties.eventHubName": Field(default=None, security=True),
        "properties.marketplacePartnerId": Field(default=None, compare=Compare.RESOURCE_ID),
        "properties.logAnalyticsDestinationType": Field(
            default=_default_tables, compare=Compare.CASELESS
        ),
        # Azure answers every category that the resource has, those that are off too: an unstated
        # one is a difference only when it is on.
        "properties.logs": Field(
            default=_all_categories_off("logs"), keys=("category", "categoryGroup"), shared=True
        ),
        "properties.logs[].enabled": Field(default=False, security=True),
        # Retired ("Migrate from diagnostic settings storage retention to Azure Storage lifecycle
        # management"); Azure still answers it as off.
        "properties.logs[].retentionPolicy": Field(default={"enabled": False, "days": 0}),
        "properties.logs[].retentionPolicy.enabled": Field(default=False),
        "properties.logs[].retentionPolicy.days": Field(default=0),
        "properties.metrics": Field(
            default=_all_categories_off("metrics"), keys=("category",), shared=True
        ),
        "properties.metrics[].enabled": Field(default=False, security=True),
        # Metrics are exported by the minute, whatever is requested ("Diagnostic settings in Azure
        # Monitor"), and newer api versions do not answer it.
        "properties.metrics[].timeGrain": Field(
            default="PT1M", answered=Answered.STATED, compare=Compare.DURATION, dropped=_always
        ),
        "properties.metrics[].retentionPolicy": Field(default={"enabled": False, "days": 0}),
        "properties.metrics[].retentionPolicy.enabled": Field(default=False),
        "properties.metrics[].retentionPolicy.days": Field(default=0),
    },
)
