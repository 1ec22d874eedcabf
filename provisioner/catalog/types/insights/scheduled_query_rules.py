"""Log search alerts (scheduled query rules).

`muteActionsDuration` and `autoMitigate` exclude each other. Azure derives `targetResourceTypes`
from the scopes where a body is silent, so no default is known.

Facts: guidelines.md MON-06, and the SDK's model. No traffic was recorded: the defaults are those
that the model and its page state.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Answered, Compare, Disruption, Field
from provisioner.catalog.resource_type import (
    ComputationContext,
    DeleteFlow,
    NameRule,
    ResourceType,
    SdkModel,
    WriteFlow,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json

_CONDITION = "properties.criteria.allOf[]"


def _computed_values(
    _resource: ResourceId, _body: Body, _context: ComputationContext
) -> Mapping[str, Json]:
    return {
        "properties": {
            "createdWithApiVersion": api_versions.SCHEDULED_QUERY_RULES,
            "isLegacyLogAnalyticsRule": False,
            "isWorkspaceAlertsStorageConfigured": False,
        }
    }


TYPE = ResourceType(
    name="Microsoft.Insights/scheduledQueryRules",
    api_version=api_versions.SCHEDULED_QUERY_RULES,
    sdk=SdkModel("azure.mgmt.monitor", "ScheduledQueryRuleResource"),
    rule=NameRule(
        r"[^*#&+:<>?@%{}\\/|]{0,259}[^*#&+:<>?@%{}\\/|. ]",
        r"1 to 260 characters other than *#&+:<>?@%{}\/|, not ending with a period or space",
    ),
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    seconds=3,
    loss=Disruption.NONE,
    computed=_computed_values,
    fields={
        "location": Field(create_only=True),
        "kind": Field(default="LogAlert", compare=Compare.CASELESS, create_only=True),
        "properties.enabled": Field(default=True, security=True),
        "properties.displayName": Field(default=None),
        "properties.description": Field(default=None),
        "properties.severity": Field(security=True),
        "properties.scopes": Field(compare=Compare.SET, security=True),
        "properties.scopes[]": Field(compare=Compare.RESOURCE_ID),
        # Azure derives them from the scopes where the body is silent.
        "properties.targetResourceTypes": Field(compare=Compare.SET),
        "properties.targetResourceTypes[]": Field(compare=Compare.CASELESS),
        "properties.evaluationFrequency": Field(compare=Compare.DURATION, security=True),
        "properties.windowSize": Field(compare=Compare.DURATION, security=True),
        "properties.overrideQueryTimeRange": Field(default=None, compare=Compare.DURATION),
        # Excluded by autoMitigate, so not sent back when that changes.
        "properties.muteActionsDuration": Field(
            follows=("properties.autoMitigate",),
            default=None,
            compare=Compare.DURATION,
            security=True,
        ),
        "properties.autoMitigate": Field(default=True),
        "properties.resolveConfiguration": Field(default=None),
        "properties.skipQueryValidation": Field(default=False, answered=Answered.STATED),
        "properties.checkWorkspaceAlertsStorageConfigured": Field(default=False),
        "properties.criteria": Field(security=True),
        f"{_CONDITION}.query": Field(security=True),
        f"{_CONDITION}.timeAggregation": Field(compare=Compare.CASELESS),
        f"{_CONDITION}.operator": Field(compare=Compare.CASELESS, security=True),
        f"{_CONDITION}.threshold": Field(security=True),
        f"{_CONDITION}.metricMeasureColumn": Field(default=None),
        f"{_CONDITION}.resourceIdColumn": Field(default=None),
        f"{_CONDITION}.dimensions": Field(default=(), keys=("name",)),
        f"{_CONDITION}.dimensions[].values": Field(compare=Compare.SET),
        f"{_CONDITION}.failingPeriods": Field(default={}),
        f"{_CONDITION}.failingPeriods.numberOfEvaluationPeriods": Field(default=1),
        f"{_CONDITION}.failingPeriods.minFailingPeriodsToAlert": Field(default=1),
        "properties.actions": Field(default=None, security=True),
        "properties.actions.actionGroups": Field(default=(), compare=Compare.SET, security=True),
        "properties.actions.actionGroups[]": Field(compare=Compare.RESOURCE_ID),
        "properties.actions.customProperties": Field(default=None),
        "properties.actions.actionProperties": Field(default=None),
    },
)
