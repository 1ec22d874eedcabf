"""MON-06: alert rules on the audit log, and their action groups.

Facts: guidelines.md §1.5; the documentation "Log search alert rules".
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from provisioner.controls.chapters.monitoring.logs import ITEM
from provisioner.controls.control import NO_EQUIVALENT, Control, Layer, Severity, terms
from provisioner.controls.logs.alert_queries import Answer, Event, Match, check_query, tables_of
from provisioner.controls.logs.diagnostic_settings import LOGS, TABLES, WORKSPACE_ID, sends
from provisioner.controls.logs.event_rows import Row
from provisioner.controls.predicates import is_number, show
from provisioner.controls.resource_types import (
    ACTION_GROUP,
    ALERT_RULE,
    CLUSTER,
    DIAGNOSTIC_SETTING,
    WORKSPACE,
)
from provisioner.controls.rule import rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.durations import parse_iso_duration
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import is_empty, lookup

_ENABLED = "properties.enabled"
_SCOPES = "properties.scopes"
_CRITERIA = "properties.criteria.allOf"
_GROUPS = "properties.actions.actionGroups"
_SEVERITY = "properties.severity"
_WINDOW = "properties.windowSize"
_FREQUENCY = "properties.evaluationFrequency"
_KIND = "kind"
_RECEIVERS = tuple(
    f"properties.{kind}Receivers"
    for kind in (
        "email", "sms", "voice", "webhook", "azureAppPush", "itsm", "automationRunbook",
        "logicApp", "azureFunction", "armRole", "eventHub", "incident",
    )
)  # fmt: skip
_VERBOSE = 4
_RUN_COMMAND = "Microsoft.ContainerService/managedClusters/runCommand/action"
_MOST_EVENTS = 10
"""An alert that waits for more events than this is one that an intruder need not set off."""

_FROM_AUDIT: Row = {
    "stage": frozenset(("ResponseStarted", "ResponseComplete")),
    "level": frozenset(("Metadata", "Request", "RequestResponse")),
    "responsestatus.code": frozenset(("101", "200", "201")),
    "category": frozenset(("kube-audit",)),
    "type": frozenset(("AKSAudit", "AzureDiagnostics")),
    "resourceprovider": frozenset(("MICROSOFT.CONTAINERSERVICE",)),
    "resourcetype": frozenset(("MANAGEDCLUSTERS",)),
}


def _audit_rows(verbs: Sequence[str], **columns: str) -> tuple[Row, ...]:
    """Return what events of the API server look like in the logs, one for each verb."""
    held = {name.replace("_", "."): frozenset((value,)) for name, value in columns.items()}
    return tuple({**_FROM_AUDIT, **held, "verb": frozenset((verb,))} for verb in verbs)


def _with_columns(rows: Sequence[Row], **columns: Sequence[str]) -> tuple[Row, ...]:
    held = {name: frozenset(values) for name, values in columns.items()}
    return tuple({**row, **held} for row in rows)


_GROUP_OF_RBAC = "rbac.authorization.k8s.io"
_AUDIT = ("AKSAudit", "AzureDiagnostics")
_EVENTS = {
    "a binding to cluster-admin": Event(
        re.compile(r"cluster-admin|clusterrolebindings", re.I),
        (*_AUDIT, "AKSAuditAdmin"),
        _with_columns(
            _audit_rows(
                ("create", "update", "patch"),
                objectref_resource="clusterrolebindings",
                objectref_apigroup=_GROUP_OF_RBAC,
                requestobject_kind="ClusterRoleBinding",
                requestobject_roleref_apigroup=_GROUP_OF_RBAC,
                requestobject_roleref_kind="ClusterRole",
                requestobject_roleref_name="cluster-admin",
                responseobject_roleref_name="cluster-admin",
            ),
            category=("kube-audit", "kube-audit-admin"),
            type=(*_AUDIT, "AKSAuditAdmin"),
        ),
    ),
    # kubectl asks by GET since it speaks WebSocket (KEP-4006, on from 1.31), which is the verb get
    # and not in AKSAuditAdmin; older clients ask by POST, which is create.
    "kubectl exec into a container (pods/exec)": Event(
        re.compile(r"\bexec\b", re.I),
        _AUDIT,
        _audit_rows(
            ("create", "get"),
            objectref_resource="pods",
            objectref_subresource="exec",
            objectref_apiversion="v1",
        ),
        partly=("AKSAuditAdmin",),
    ),
    "reads of Secrets": Event(
        re.compile(r"\bsecrets\b", re.I),
        _AUDIT,
        _audit_rows(("get", "list"), objectref_resource="secrets", objectref_apiversion="v1"),
    ),
    "run command (az aks command invoke)": Event(
        re.compile(r"runCommand", re.I),
        ("AzureActivity",),
        (
            {
                # Azure writes the names of operations in capitals, and some in mixed letters.
                "operationnamevalue": frozenset((_RUN_COMMAND, _RUN_COMMAND.upper())),
                "categoryvalue": frozenset(("Administrative",)),
                "category": frozenset(("Administrative",)),
                "level": frozenset(("Informational", "Information")),
                "activitystatusvalue": frozenset(("Start", "Accept", "Success")),
                "activitystatus": frozenset(("Started", "Accepted", "Succeeded")),
                "resourceprovidervalue": frozenset(("MICROSOFT.CONTAINERSERVICE",)),
                "resourceprovider": frozenset(("Azure Kubernetes Service",)),
                "type": frozenset(("AzureActivity",)),
            },
        ),
    ),
}
"""What has to be detected: the tables that have it, how a query names it, what its rows hold."""


def _judge_alerts(cluster: Subject) -> Iterator[Observation]:
    """Judge whether an alert rule can detect each event in its logs, and notifies somebody."""
    settings = cluster.children(DIAGNOSTIC_SETTING)
    named = (s.value(WORKSPACE_ID) for s in settings)
    workspaces = [found for name in named if (found := parse_resource_id(name)) is not None]
    # A rule scoped to a resource group or subscription queries all workspaces in it, and one
    # scoped to the cluster its logs wherever they go ("Log search alert rules", scope).
    places = {
        place.key for found in (cluster.id, *workspaces) for place in (found, *found.ancestors)
    }
    alerts = [alert for alert in cluster.all(ALERT_RULE) if _is_scoped_to(alert, places)]
    # Platform teams often keep one workspace for all, with rules of their own: absence here
    # proves nothing.
    foreign = [found.name for found in workspaces if not _is_own(cluster, found)]
    detected = 0
    for name, event in _EVENTS.items():
        fed = _fed_tables(event, settings)
        seen = [_check_alert(alert, event, fed) for alert in alerts]
        matches = {answer.match for answer in seen}
        unclear = [answer.why for answer in seen if answer.match is Match.UNCLEAR]
        near = [answer.why for answer in seen if answer.match is Match.NO and answer.why]
        if Match.YES in matches:
            detected += 1
        elif unclear:
            yield cluster.unknown(
                "", (f"whether an alert rule detects {name} is unknown: {unclear[0]}")
            )
        elif foreign:
            why = f"the alert rules on {foreign[0]} are outside the environment"
            yield cluster.unknown("", f"whether an alert rule detects {name} is unknown: {why}")
        else:
            why = f": {near[0]}" if near else ""
            yield cluster.fails("", f"no alert rule in the environment detects {name}{why}")
    if detected == len(_EVENTS):
        yield cluster.passes("", f"alert rules detect all {len(_EVENTS)} audit events")


def _is_own(cluster: Subject, workspace: ResourceId) -> bool:
    found = cluster.at(workspace.text)
    return found is not None and found.is_own


def _is_scoped_to(alert: Subject, places: set[str]) -> bool:
    scopes = (parse_resource_id(text) for text in alert.texts(_SCOPES))
    return any(scope is not None and scope.key in places for scope in scopes)


def _fed_tables(event: Event, settings: Sequence[Subject]) -> frozenset[str]:
    """Return the tables (in small letters) to which a cluster's diagnostic settings send an event.

    AzureActivity is a subscription's, and for MON-07.
    """
    found = {"azureactivity"}
    for setting in settings:
        # The destination type decides the table: resource-specific ones (AKSAudit), or
        # AzureDiagnostics for all categories. A query over the other one finds no rows, without
        # an error.
        dedicated = str(setting.value(TABLES)).lower() == "dedicated"
        for category, table in (("kube-audit", "aksaudit"), ("kube-audit-admin", "aksauditadmin")):
            if sends(setting, category).match is Match.NO:
                continue
            if dedicated:
                found.add(table)
            # AzureDiagnostics takes the place of a table whose rows hold the event:
            # kube-audit-admin has no get or list (guidelines.md MON-01).
            elif table in map(str.lower, event.tables):
                found.add("azurediagnostics")
    return frozenset(found)


def _check_source(query: str, event: Event, fed: frozenset[str]) -> Answer:
    """Return whether one of the tables that a query begins with gets the event's rows."""
    named = {table.lower() for table in (*event.tables, *event.partly)} & set(tables_of(query))
    if named and not named & fed:
        evidence = (
            f"the cluster's diagnostic settings do not send the log to {', '.join(sorted(named))}"
        )
        return Answer(Match.NO, evidence)
    return Answer(Match.YES)


def _check_measure(condition: object) -> Answer:
    """Return whether a condition counts all rows.

    It does not where it counts some by a dimension, or a column's values that may be nothing.
    """
    dimensions = lookup(condition, ("dimensions",))
    for dimension in dimensions if isinstance(dimensions, (list, tuple)) else ():
        # A dimension splits the result, and drops the rows of all values that it does not
        # include.
        listed = lookup(dimension, ("values",))
        dimension_operator = str(lookup(dimension, ("operator",))).lower()
        if (
            dimension_operator != "include"
            or not isinstance(listed, (list, tuple))
            or "*" not in listed
        ):
            name = lookup(dimension, ("name",))
            return Answer(Match.UNCLEAR, f"its dimension {show(name)} excludes rows")
    aggregation, column = (
        lookup(condition, (key,)) for key in ("timeAggregation", "metricMeasureColumn")
    )
    if is_empty(column) or str(aggregation).lower() == "count":
        return Answer(Match.YES)
    # A measure on a column fires on its value, which for text or a sum may never pass the
    # threshold; a column that the query itself makes with count() is the number of rows.
    counted = rf"\b{re.escape(str(column))}\s*=\s*count\s*\("
    if re.search(counted, str(lookup(condition, ("query",)))):
        return Answer(Match.YES)
    return Answer(Match.UNCLEAR, f"it fires on the value of {show(column)}")


def _check_alert(alert: Subject, event: Event, fed: frozenset[str]) -> Answer:
    """Return whether an alert tells somebody of an event. All of its conditions have to be met."""
    conditions = alert.entries(_CRITERIA)
    queries = [query for c in conditions if isinstance(query := lookup(c, ("query",)), str)]
    # Cheap first test: only queries that name the event are parsed.
    if not any(event.pattern.search(query) for query in queries):
        return Answer(Match.NO)
    found = [
        *(check_query(query, event) for query in queries),
        *(_check_source(query, event, fed) for query in queries),
        *(_check_threshold(condition) for condition in conditions),
        *(_check_measure(condition) for condition in conditions),
        _check_schedule(alert),
        _check_receivers(alert),
    ]
    order = (Match.NO, Match.UNCLEAR, Match.YES)
    worst = min(found, key=lambda answer: order.index(answer.match))
    return replace(worst, why=f"{worst.why} ({alert.label})" if worst.why else "")


def _check_threshold(condition: object) -> Answer:
    """Return whether one event is enough for a condition."""
    operator, number = lookup(condition, ("operator",)), lookup(condition, ("threshold",))
    failing = lookup(condition, ("failingPeriods", "minFailingPeriodsToAlert"))
    # Two failing periods need the event twice, in windows after another: an intruder acts once.
    if is_number(failing) and float(str(failing)) > 1:
        return Answer(Match.NO, f"minFailingPeriodsToAlert is {failing}, expected 1")
    if not isinstance(operator, str) or not is_number(number):
        return Answer(Match.YES)
    most = float(str(number)) + (operator == "GreaterThan")
    if not operator.startswith("GreaterThan") or most > _MOST_EVENTS:
        return Answer(Match.NO, f"one event does not meet the threshold {operator} {number}")
    if most > 1:
        return Answer(Match.UNCLEAR, f"its threshold needs {most:.0f} events")
    return Answer(Match.YES)


def _check_schedule(alert: Subject) -> Answer:
    """Return whether an alert is evaluated, over all of the time, and worth a message."""
    window, frequency = (parse_iso_duration(alert.value(path)) for path in (_WINDOW, _FREQUENCY))
    if alert.value(_ENABLED) is not True:
        return Answer(Match.NO, "the alert rule is disabled")
    # Such a rule writes a metric from the log; a metric alert would have to follow.
    if str(alert.value(_KIND)).lower() == "logtometric":
        return Answer(Match.NO, "its kind is LogToMetric, which does not alert")
    if alert.value(_SEVERITY) == _VERBOSE:
        return Answer(Match.NO, "its severity is 4 (Verbose)")
    # Between two windows nobody looks.
    if window is not None and frequency is not None and window < frequency:
        return Answer(Match.NO, "windowSize is shorter than evaluationFrequency")
    return Answer(Match.YES)


def _check_receivers(alert: Subject) -> Answer:
    """Return whether an alert goes to a group that is on, and has somebody to tell."""
    unknown = ""
    for text in alert.texts(_GROUPS):
        group = alert.at(text)
        if group is None:
            unknown = f"the action group {text.rpartition('/')[2]} is not in the environment"
        elif group.value(_ENABLED) is True and any(map(_takes_messages, _receivers_of(group))):
            return Answer(Match.YES)
    if unknown:
        return Answer(Match.UNCLEAR, unknown)
    return Answer(Match.NO, "it has no enabled action group with a receiver")


def _receivers_of(group: Subject) -> Iterator[object]:
    for path in _RECEIVERS:
        yield from group.entries(path)


def _takes_messages(receiver: object) -> bool:
    """Return whether a receiver takes messages.

    One who unsubscribed is kept as Disabled, and mail to no address goes nowhere.
    """
    return lookup(receiver, ("status",)) != "Disabled" and lookup(receiver, ("emailAddress",)) != ""


CONTROLS = (
    Control(
        id="MON-06",
        title="Alert rules cover the audit log",
        severity=Severity.HIGH,
        layer=Layer.AUDIT,
        item=ITEM,
        rationale=(
            "Without alerts, critical audit events are not noticed in time: a new "
            "cluster-admin binding, kubectl exec, reads of Secrets and run command."
        ),
        synonyms=terms(
            "alerts; scheduled query rule; action group; SIEM; Sentinel; audit logs; detection; "
            "incident response"
        ),
        remediation="""
            group:
              type: Microsoft.Insights/actionGroups
              properties:
                enabled: true
                emailReceivers: [{name: team, emailAddress: security@contoso.example}]
            execAlert:
              type: Microsoft.Insights/scheduledQueryRules
              properties:
                enabled: true
                scopes: ["${workspace.id}"]
                criteria:
                  allOf:
                    - query: AKSAudit | where ObjectRef.subresource == "exec"
                actions: {actionGroups: ["${group.id}"]}
        """,
        rules=(
            rule(
                CLUSTER,
                _judge_alerts,
                others={
                    ALERT_RULE: (
                        _ENABLED,
                        _SCOPES,
                        _CRITERIA,
                        _GROUPS,
                        _SEVERITY,
                        _WINDOW,
                        _FREQUENCY,
                        _KIND,
                    ),
                    ACTION_GROUP: (_ENABLED, *_RECEIVERS),
                    DIAGNOSTIC_SETTING: (LOGS, TABLES, WORKSPACE_ID),
                    WORKSPACE: (),
                },
            ),
        ),
        limits=(
            "Queries are evaluated as far as filters; joins, functions and other columns "
            "result in unknown. Alert processing rules that suppress alerts, and whether "
            "receivers react, are not visible."
        ),
        unmapped=NO_EQUIVALENT,
    ),
)
