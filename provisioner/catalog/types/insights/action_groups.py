"""Action groups: the receivers of alerts.

Azure answers `location: Global` for `global`. URLs with a key in them are sensitive: documents do
not show them. E-mail and SMS receivers count as enabled after they confirmed.

Facts: the recorded pairs and operations, and the defaults of the SDK model.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.resource_type import (
    ComputationContext,
    DeleteFlow,
    NameRule,
    ResourceType,
    SdkModel,
    WriteFlow,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json, lookup

_KINDS = (
    "armRoleReceivers",
    "automationRunbookReceivers",
    "azureAppPushReceivers",
    "azureFunctionReceivers",
    "emailReceivers",
    "eventHubReceivers",
    "itsmReceivers",
    "logicAppReceivers",
    "smsReceivers",
    "voiceReceivers",
    "webhookReceivers",
)
# App push, ITSM, SMS and voice do not support the common alert schema.
_WITH_COMMON_SCHEMA = (
    "armRoleReceivers",
    "automationRunbookReceivers",
    "azureFunctionReceivers",
    "emailReceivers",
    "eventHubReceivers",
    "logicAppReceivers",
    "webhookReceivers",
)
# Receivers that count as enabled only after the address confirmed.
_CONFIRMED = ("emailReceivers", "smsReceivers")
_IDS = (
    "automationRunbookReceivers[].automationAccountId",
    "automationRunbookReceivers[].webhookResourceId",
    "azureFunctionReceivers[].functionAppResourceId",
    "logicAppReceivers[].resourceId",
)
# URLs that contain the key to what they call.
_SIGNED = (
    "automationRunbookReceivers[].serviceUri",
    "azureFunctionReceivers[].httpTriggerUrl",
    "logicAppReceivers[].callbackUrl",
    "webhookReceivers[].serviceUri",
)


def _computed_values(
    _resource: ResourceId, body: Body, _context: ComputationContext
) -> Mapping[str, Json]:
    confirmed: dict[str, Json] = {}
    for kind in _CONFIRMED:
        entries = lookup(body, ("properties", kind))
        if isinstance(entries, (list, tuple)):
            confirmed[kind] = [
                {**entry, "status": "Enabled"} for entry in entries if isinstance(entry, Mapping)
            ]
    return {"properties": confirmed}


TYPE = ResourceType(
    name="Microsoft.Insights/actionGroups",
    api_version=api_versions.ACTION_GROUPS,
    sdk=SdkModel("azure.mgmt.monitor", "ActionGroupResource"),
    rule=NameRule(
        r"[^:<>+/&%\\?|]{0,259}[^:<>+/&%\\?|. ]",
        r"1 to 260 characters other than :<>+/&%\?|, not ending with a period or space",
    ),
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    seconds=2,
    loss=Disruption.NONE,
    computed=_computed_values,
    fields={
        # "global", which Azure answers as "Global", or one of a few regions.
        "location": Field(default="global", compare=Compare.LOCATION, create_only=True),
        "properties.enabled": Field(default=True, security=True),
        **{
            f"properties.{kind}": Field(default=(), keys=("name",), security=True)
            for kind in _KINDS
        },
        **{
            f"properties.{kind}[].useCommonAlertSchema": Field(default=False)
            for kind in _WITH_COMMON_SCHEMA
        },
        **{f"properties.{path}": Field(compare=Compare.RESOURCE_ID) for path in _IDS},
        "properties.armRoleReceivers[].roleId": Field(compare=Compare.CASELESS),
        **{
            f"properties.{path}": Field(default=None, security=True, sensitive=True)
            for path in _SIGNED
        },
        "properties.emailReceivers[].emailAddress": Field(compare=Compare.CASELESS),
        "properties.azureAppPushReceivers[].emailAddress": Field(compare=Compare.CASELESS),
        "properties.webhookReceivers[].useAadAuth": Field(default=False, security=True),
        "properties.webhookReceivers[].objectId": Field(default=None, compare=Compare.CASELESS),
        "properties.webhookReceivers[].identifierUri": Field(default=None),
        # Azure looks the tenants up where the body is silent.
        "properties.webhookReceivers[].tenantId": Field(compare=Compare.CASELESS),
        "properties.eventHubReceivers[].tenantId": Field(compare=Compare.CASELESS),
        "properties.eventHubReceivers[].eventHubNameSpace": Field(compare=Compare.CASELESS),
        "properties.eventHubReceivers[].eventHubName": Field(compare=Compare.CASELESS),
    },
)
