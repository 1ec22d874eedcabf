"""Activity log alerts (a role was granted, a policy was removed).

The conditions all have to hold, so they are paired by field and not by position. Values are
compared without case, as Azure compares them with those of an event.

Facts: the recorded pairs and operations.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.resource_type import (
    DeleteFlow,
    NameRule,
    ResourceType,
    SdkModel,
    WriteFlow,
)

# Azure compares the values of conditions and events without case.
_VALUE = Field(default=None, compare=Compare.CASELESS, security=True)
_VALUES = Field(default=None, compare=Compare.SET, security=True)
_CONDITIONS = ("properties.condition.allOf", "properties.condition.allOf[].anyOf")

TYPE = ResourceType(
    name="Microsoft.Insights/activityLogAlerts",
    api_version=api_versions.ACTIVITY_LOG_ALERTS,
    sdk=SdkModel("azure.mgmt.monitor", "ActivityLogAlertResource"),
    rule=NameRule(
        r"[^*#&+:<>?@%{}\\/|]{0,259}[^*#&+:<>?@%{}\\/|. ]",
        r"1 to 260 characters other than *#&+:<>?@%{}\/|, not ending with a period or space",
    ),
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    seconds=2,
    loss=Disruption.NONE,
    fields={
        # "global", which Azure may answer as "Global", or one of a few regions.
        "location": Field(default="global", compare=Compare.LOCATION, create_only=True),
        "properties.enabled": Field(default=True, security=True),
        "properties.description": Field(default=None),
        "properties.scopes": Field(compare=Compare.SET, security=True),
        "properties.scopes[]": Field(compare=Compare.RESOURCE_ID),
        # All conditions have to hold, so their order has no meaning.
        **{path: Field(default=None, keys=("field",), security=True) for path in _CONDITIONS},
        **{f"{path}[].equals": _VALUE for path in _CONDITIONS},
        **{f"{path}[].containsAny": _VALUES for path in _CONDITIONS},
        **{f"{path}[].containsAny[]": Field(compare=Compare.CASELESS) for path in _CONDITIONS},
        "properties.actions.actionGroups": Field(
            default=(), keys=("actionGroupId",), security=True
        ),
        "properties.actions.actionGroups[].actionGroupId": Field(compare=Compare.RESOURCE_ID),
        "properties.actions.actionGroups[].webhookProperties": Field(default=None),
    },
)
