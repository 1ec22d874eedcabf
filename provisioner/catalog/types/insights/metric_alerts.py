"""Metric alerts.

Azure does not check that the resource in `scopes` exists (recorded). Criteria are paired by name.

Facts: the template reference of `Microsoft.Insights/metricAlerts`, "Metric alerts", the SDK's
model, and the recorded conversations that have one.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Answered, Compare, Disruption, Field
from provisioner.catalog.resource_type import (
    DeleteFlow,
    NameRule,
    ResourceType,
    SdkModel,
    WriteFlow,
)

_CONDITIONS = "properties.criteria.allOf"
_CONDITION = f"{_CONDITIONS}[]"

TYPE = ResourceType(
    name="Microsoft.Insights/metricAlerts",
    api_version=api_versions.METRIC_ALERTS,
    sdk=SdkModel("azure.mgmt.monitor", "MetricAlertResource"),
    rule=NameRule(
        r"[^*#&+:<>?@%{}\\/|]{0,259}[^*#&+:<>?@%{}\\/|. ]",
        r"1 to 260 characters other than *#&+:<>?@%{}\/|, not ending with a period or space",
    ),
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    created=200,
    seconds=3,
    loss=Disruption.NONE,
    fields={
        "location": Field(default="global", compare=Compare.LOCATION, create_only=True),
        "properties.enabled": Field(security=True),
        "properties.description": Field(default=None),
        "properties.severity": Field(security=True),
        "properties.scopes": Field(compare=Compare.SET, security=True),
        "properties.scopes[]": Field(compare=Compare.RESOURCE_ID),
        "properties.evaluationFrequency": Field(compare=Compare.DURATION, security=True),
        "properties.windowSize": Field(compare=Compare.DURATION, security=True),
        # Required only of alerts on several resources.
        "properties.targetResourceType": Field(compare=Compare.CASELESS),
        "properties.targetResourceRegion": Field(compare=Compare.LOCATION),
        "properties.autoMitigate": Field(default=True, answered=Answered.STATED),
        "properties.criteria": Field(security=True),
        _CONDITIONS: Field(keys=("name",), security=True),
        f"{_CONDITION}.criterionType": Field(
            default="StaticThresholdCriterion", compare=Compare.CASELESS
        ),
        f"{_CONDITION}.metricNamespace": Field(compare=Compare.CASELESS),
        f"{_CONDITION}.operator": Field(compare=Compare.CASELESS, security=True),
        f"{_CONDITION}.timeAggregation": Field(compare=Compare.CASELESS),
        f"{_CONDITION}.threshold": Field(security=True),
        f"{_CONDITION}.alertSensitivity": Field(compare=Compare.CASELESS, security=True),
        f"{_CONDITION}.ignoreDataBefore": Field(default=None, compare=Compare.TIMESTAMP),
        f"{_CONDITION}.dimensions": Field(default=(), keys=("name",), security=True),
        f"{_CONDITION}.dimensions[].values": Field(compare=Compare.SET, security=True),
        f"{_CONDITION}.skipMetricValidation": Field(default=False, answered=Answered.STATED),
        "properties.actions": Field(default=(), keys=("actionGroupId",), security=True),
        "properties.actions[].actionGroupId": Field(compare=Compare.RESOURCE_ID),
        "properties.actions[].webHookProperties": Field(default={}),
    },
)
