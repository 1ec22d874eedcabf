"""Log Analytics workspaces, alert rules, action groups and data collection rules."""

from collections.abc import Iterator, Mapping

from provisioner.model.durations import parse_iso_duration
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import Unknown, is_known
from provisioner.service_rules.conditions import in_range, is_at
from provisioner.service_rules.partial_bodies import (
    entries_at,
    is_silent,
    number_at,
    text_at,
    texts_at,
    value_at,
)
from provisioner.service_rules.rule import Refusal, ServiceRule, Write

_WORKSPACE = "Microsoft.OperationalInsights/workspaces"
_ALERT = "Microsoft.Insights/scheduledQueryRules"
_ACTIVITY = "Microsoft.Insights/activityLogAlerts"
_METRIC = "Microsoft.Insights/metricAlerts"
_GROUP, _COLLECTION = "Microsoft.Insights/actionGroups", "Microsoft.Insights/dataCollectionRules"
_RETENTION, _SKU = "properties.retentionInDays", "properties.sku.name"
_LEVEL = "properties.sku.capacityReservationLevel"
_SHORT = "properties.groupShortName"
_LEVELS = (100, 200, 300, 400, 500, 1000, 2000, 5000, 10000, 25000, 50000)
_PAGE = "learn.microsoft.com/azure/azure-monitor"
_CRITERIA = "properties.criteria"
_OF_ONE = "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria"
_OF_SEVERAL = "Microsoft.Azure.Monitor.MultipleResourceMultipleMetricCriteria"
# Types of which one metric alert monitors several resources ("Metric alerts", multiple resources).
_WATCHED_TOGETHER = frozenset(
    {
        "microsoft.cache/redis",
        "microsoft.compute/virtualmachines",
        "microsoft.databoxedge/databoxedgedevices",
        "microsoft.keyvault/vaults",
        "microsoft.netapp/netappaccounts/capacitypools",
        "microsoft.recoveryservices/vaults",
        "microsoft.sql/servers/databases",
        "microsoft.sql/servers/elasticpools",
    }
)


def _judge_retention(write: Write) -> Iterator[Refusal]:
    days = number_at(write.after, _RETENTION)
    paid = is_at(write.after, _SKU, "PerGB2018", "CapacityReservation")
    if paid and days is not None and not 30 <= days <= 730:
        yield Refusal(_RETENTION, f"retentionInDays is {days}, and has to be between 30 and 730")


def _judge_level(write: Write) -> Iterator[Refusal]:
    level = number_at(write.after, _LEVEL)
    if level is not None and level not in _LEVELS:
        yield Refusal(_LEVEL, f"{level} GB a day is none of {', '.join(map(str, _LEVELS))}")


def _judge_window(write: Write) -> Iterator[Refusal]:
    every, window = (
        parse_iso_duration(text_at(write.after, f"properties.{name}"))
        for name in ("evaluationFrequency", "windowSize")
    )
    if every is not None and window is not None and window < every:
        yield Refusal("properties.windowSize", "windowSize is shorter than evaluationFrequency")


def _judge_periods(write: Write) -> Iterator[Refusal]:
    for at, entry in entries_at(write.after, "properties.criteria.allOf"):
        least = number_at(entry, "failingPeriods.minFailingPeriodsToAlert")
        of = number_at(entry, "failingPeriods.numberOfEvaluationPeriods")
        if least is not None and of is not None and least > of:
            yield Refusal(
                f"{at}.failingPeriods",
                f"{least} periods have to fail (minFailingPeriodsToAlert), of {of}",
            )


def _judge_mute(write: Write) -> Iterator[Refusal]:
    mute = "properties.muteActionsDuration"
    if text_at(write.after, mute) and is_at(write.after, "properties.autoMitigate", True):
        yield Refusal(mute, "muteActionsDuration and autoMitigate exclude each other")


def _judge_category(write: Write) -> Iterator[Refusal]:
    conditions = value_at(write.after, "properties.condition.allOf")
    if isinstance(conditions, Unknown) or not is_known(conditions):
        return
    fields = [
        (text_at(entry, "field") or "").lower()
        for _at, entry in entries_at(write.after, "properties.condition.allOf")
    ]
    if fields and "category" not in fields:
        yield Refusal(
            "properties.condition.allOf", "an activity log alert has a condition on category"
        )


def _judge_short(write: Write) -> Iterator[Refusal]:
    name = text_at(write.after, _SHORT)
    if name is not None and len(name) > 12:
        yield Refusal(_SHORT, f"groupShortName has {len(name)} characters, and 12 at most fit")


def _judge_receivers(write: Write) -> Iterator[Refusal]:
    properties = value_at(write.after, "properties")
    seen: set[str] = set()
    names = properties if isinstance(properties, Mapping) else ()
    for name in (name for name in names if name.endswith("Receivers")):
        for at, entry in entries_at(write.after, f"properties.{name}"):
            receiver = (text_at(entry, "name") or "").lower()
            if receiver and receiver in seen:
                yield Refusal(f"{at}.name", f"two receivers are named {receiver}")
            seen.add(receiver)


def _judge_flows(write: Write) -> Iterator[Refusal]:
    destinations = value_at(write.after, "properties.destinations")
    if not isinstance(destinations, Mapping) or not is_known(destinations):
        return
    known = set()
    for kind in destinations:
        path = f"properties.destinations.{kind}"
        known |= {
            (text_at(entry, "name") or "").lower() for _, entry in entries_at(write.after, path)
        }
        known.add((text_at(write.after, f"{path}.name") or "").lower())
    for at, flow in entries_at(write.after, "properties.dataFlows"):
        for where, name in texts_at(flow, "destinations"):
            if name.lower() not in known:
                yield Refusal(f"{at}.{where}", f"no destination is named {name}")


def _alert_kind(write: Write) -> str:
    """Return the kind of criteria, whose property has a period in its name."""
    criteria = value_at(write.after, _CRITERIA)
    found = criteria.get("odata.type") if isinstance(criteria, Mapping) else None
    return found if isinstance(found, str) else ""


def _judge_scopes(write: Write) -> Iterator[Refusal]:
    several = _alert_kind(write) == _OF_SEVERAL
    scopes = list(texts_at(write.after, "properties.scopes"))
    if _alert_kind(write) == _OF_ONE and len(scopes) > 1:
        yield Refusal("properties.scopes", f"criteria of {_OF_ONE} are of one resource")
    if several and is_silent(write.after, "properties.targetResourceType"):
        yield Refusal(
            "properties.targetResourceType", "an alert on several resources names their type"
        )


def _judge_watched_types(write: Write) -> Iterator[Refusal]:
    scopes = [parse_resource_id(text) for _at, text in texts_at(write.after, "properties.scopes")]
    kinds = {found.type.lower() for found in scopes if found and not found.is_container}
    for kind in sorted(kinds - _WATCHED_TOGETHER):
        if _alert_kind(write) == _OF_SEVERAL and len(scopes) > 1:
            yield Refusal("properties.scopes", f"an alert on several resources is not of {kind}")


RULES = (
    ServiceRule(
        id="metric-alert-scopes",
        type=_METRIC,
        code="BadRequest",
        source="REST reference of metricAlerts, criteria (odata.type)",
        judge=_judge_scopes,
    ),
    ServiceRule(
        id="metric-alert-on-several",
        type=_METRIC,
        code="BadRequest",
        source=f"{_PAGE}/alerts/alerts-metric-overview (multiple resources), and the recorded "
        "refusal of public IP addresses",
        judge=_judge_watched_types,
        by_list=True,
    ),
    ServiceRule(
        id="workspace-retention",
        type=_WORKSPACE,
        code="InvalidParameter",
        source="Log Analytics, as reported: RetentionInDays does not match the SKU limits",
        judge=_judge_retention,
    ),
    ServiceRule(
        id="workspace-level",
        type=_WORKSPACE,
        code=None,
        source=f"{_PAGE}/logs/cost-logs (commitment tiers)",
        judge=_judge_level,
    ),
    ServiceRule(
        id="alert-severity",
        type=_ALERT,
        code=None,
        source="REST reference of scheduledQueryRules, severity",
        judge=in_range("properties.severity", 0, 4),
    ),
    ServiceRule(
        id="alert-window",
        type=_ALERT,
        code=None,
        source=f"{_PAGE}/alerts/alerts-create-log-alert-rule",
        judge=_judge_window,
    ),
    ServiceRule(
        id="alert-periods",
        type=_ALERT,
        code=None,
        source="REST reference of scheduledQueryRules, failingPeriods",
        judge=_judge_periods,
    ),
    ServiceRule(
        id="alert-mute",
        type=_ALERT,
        code=None,
        source=f"{_PAGE}/alerts/alerts-create-log-alert-rule (mute actions)",
        judge=_judge_mute,
    ),
    ServiceRule(
        id="activity-alert-category",
        type=_ACTIVITY,
        code=None,
        source="REST reference of activityLogAlerts, condition",
        judge=_judge_category,
    ),
    ServiceRule(
        id="action-group-short-name",
        type=_GROUP,
        code=None,
        source="REST reference of actionGroups, groupShortName",
        judge=_judge_short,
    ),
    ServiceRule(
        id="action-group-receivers",
        type=_GROUP,
        code=None,
        source=f"{_PAGE}/alerts/action-groups",
        judge=_judge_receivers,
    ),
    ServiceRule(
        id="collection-flows",
        type=_COLLECTION,
        code="InvalidPayload",
        source=f"{_PAGE}/essentials/data-collection-rule-structure",
        judge=_judge_flows,
    ),
)
