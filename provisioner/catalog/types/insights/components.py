"""Application Insights resources, based on a workspace.

With local authentication on, the instrumentation key is all that a sender needs: key and connection
string are sensitive. A classic resource can become workspace-based and move to another workspace,
never back. Azure also creates a Smart Detection rule and its action group in the same group.

Facts: the REST reference "Components - Create Or Update", "Workspace-based Application Insights
resources", "Azure AD authentication for Application Insights", and the recorded conversations that
have one.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Answered, Compare, Disruption, Field, Owner
from provisioner.catalog.resource_type import (
    ComputationContext,
    DeleteFlow,
    NameRule,
    ResourceType,
    WriteFlow,
)
from provisioner.catalog.schema import Kind, Shape
from provisioner.catalog.stated_models import FLAG, NUMBER, OPEN, TEXT, TEXTS, choice, models_of
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json

_model, _object = models_of("insights.components")
_ACCESS = choice("Enabled", "Disabled")
_ANSWERED = (
    "ApplicationId",
    "AppId",
    "Name",
    "CreationDate",
    "TenantId",
    "HockeyAppToken",
    "provisioningState",
    "LaMigrationDate",
    "PrivateLinkScopedResources",
    "Ver",
)
# With local authentication (`DisableLocalAuth: false`) these are all that a sender of telemetry
# needs.
_KEYS = ("InstrumentationKey", "ConnectionString")


def _computed_values(
    resource: ResourceId, body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    key, app = context.guid(resource.text, "key"), context.guid(resource.text, "app")
    place = body.get("location")
    ingestion = f"https://{place}-0.in.applicationinsights.azure.com/"
    return {
        "properties": {
            "ApplicationId": resource.name,
            "AppId": app,
            "Name": resource.name,
            "TenantId": context.tenant(),
            "InstrumentationKey": key,
            "ConnectionString": f"InstrumentationKey={key};IngestionEndpoint={ingestion}",
            "provisioningState": "Succeeded",
        }
    }


TYPE = ResourceType(
    name="Microsoft.Insights/components",
    api_version=api_versions.APPLICATION_INSIGHTS,
    sdk=None,
    rule=NameRule(
        r"[^%&\\?/]{0,254}[^%&\\?/. ]",
        r"1 to 255 characters other than %&\?/, not ending with a period or space",
    ),
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    created=200,
    seconds=3,
    # Sent data stays in the workspace; senders are refused.
    loss=Disruption.CONNECTIONS,
    computed=_computed_values,
    models=(
        _model(
            "Component",
            location=TEXT,
            tags=TEXTS,
            kind=TEXT,
            etag=TEXT,
            properties=_object("Properties"),
        ),
        _model(
            "Properties",
            Application_Type=choice("web", "other"),
            Flow_Type=TEXT,
            Request_Source=TEXT,
            HockeyAppId=TEXT,
            SamplingPercentage=Shape(Kind.NUMBER),
            RetentionInDays=NUMBER,
            DisableIpMasking=FLAG,
            ImmediatePurgeDataOn30Days=FLAG,
            WorkspaceResourceId=TEXT,
            publicNetworkAccessForIngestion=_ACCESS,
            publicNetworkAccessForQuery=_ACCESS,
            IngestionMode=TEXT,
            DisableLocalAuth=FLAG,
            ForceCustomerStorageForProfiler=FLAG,
            **dict.fromkeys((*_ANSWERED, *_KEYS), OPEN),
        ),
    ),
    fields={
        "kind": Field(compare=Compare.CASELESS),
        "etag": Field(read_only=True),
        "properties.Application_Type": Field(default="web", compare=Compare.CASELESS),
        # Azure fills in Bluefield and rest ("Components - Create Or Update").
        "properties.Flow_Type": Field(owner=Owner.PRESET, compare=Compare.CASELESS),
        "properties.Request_Source": Field(owner=Owner.PRESET, compare=Compare.CASELESS),
        "properties.HockeyAppId": Field(default=None),
        "properties.SamplingPercentage": Field(default=None),
        "properties.RetentionInDays": Field(default=90, security=True),
        "properties.DisableIpMasking": Field(
            default=False, answered=Answered.STATED, security=True
        ),
        "properties.ImmediatePurgeDataOn30Days": Field(default=None),
        # A classic resource becomes workspace-based, never the reverse; the workspace may change.
        "properties.WorkspaceResourceId": Field(compare=Compare.RESOURCE_ID, security=True),
        "properties.publicNetworkAccessForIngestion": Field(default="Enabled", security=True),
        "properties.publicNetworkAccessForQuery": Field(default="Enabled", security=True),
        # Follows from whether it has a workspace.
        "properties.IngestionMode": Field(owner=Owner.PRESET),
        "properties.DisableLocalAuth": Field(
            default=False, answered=Answered.STATED, security=True, disruption=Disruption.ACCESS
        ),
        "properties.ForceCustomerStorageForProfiler": Field(
            default=False, answered=Answered.STATED, security=True
        ),
        **{f"properties.{name}": Field(read_only=True) for name in _ANSWERED},
        **{f"properties.{name}": Field(read_only=True, sensitive=True) for name in _KEYS},
    },
)
