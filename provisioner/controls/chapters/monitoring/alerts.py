"""MON-06: somebody is told of what should not happen.

Facts: guidelines.md §1.5; the documentation "Log search alert rules".
"""

import re
from collections.abc import Iterator

from provisioner.controls.chapters.monitoring.logs import ITEM
from provisioner.controls.control import Control, Layer, Severity
from provisioner.controls.kinds import (
    ACTION_GROUP,
    ALERT_RULE,
    CLUSTER,
    DIAGNOSTIC_SETTING,
    WORKSPACE,
)
from provisioner.controls.log_settings import WORKSPACE_ID
from provisioner.controls.rule import rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import lookup

_ENABLED = "properties.enabled"
_SCOPES = "properties.scopes"
_CRITERIA = "properties.criteria.allOf"
_GROUPS = "properties.actions.actionGroups"

_EVENTS = {
    "somebody is made cluster-admin": re.compile(r"cluster-admin|clusterrolebindings", re.I),
    "somebody opens a shell in a container": re.compile(r"\bexec\b", re.I),
    "somebody reads secrets": re.compile(r"\bsecrets\b", re.I),
    "somebody runs a command through Azure": re.compile(r"runCommand", re.I),
}
"""What has to be told, and how the query of an alert names it."""


def _judge_alerts(cluster: Subject) -> Iterator[Observation]:
    """For each event, an alert that is on looks where the logs are, and tells somebody."""
    named = (s.value(WORKSPACE_ID) for s in cluster.children(DIAGNOSTIC_SETTING))
    workspaces = [found for name in named if (found := parse_resource_id(name)) is not None]
    places = {
        place.key for found in (cluster.id, *workspaces) for place in (found, *found.ancestors)
    }
    alerts = [alert for alert in cluster.all(ALERT_RULE) if _looks_at(alert, places)]
    missing = [
        event
        for event, words in _EVENTS.items()
        if not any(words.search(query) for alert in alerts for query in _queries(alert))
    ]
    foreign = [found.name for found in workspaces if not _is_own(cluster, found)]
    for event in missing:
        if foreign:
            why = f"the alerts on {foreign[0]} are others' to show"
            yield cluster.unknown("", f"whether anybody is told when {event}: {why}")
        else:
            yield cluster.fails("", f"nobody is told when {event}")
    if not missing:
        yield cluster.passes("", f"{len(_EVENTS)} events of its audit logs are told")


def _is_own(cluster: Subject, workspace: ResourceId) -> bool:
    found = cluster.at(workspace.text)
    return found is not None and found.is_own


def _looks_at(alert: Subject, places: set[str]) -> bool:
    scopes = (parse_resource_id(text) for text in alert.texts(_SCOPES))
    looks = any(scope is not None and scope.key in places for scope in scopes)
    return looks and alert.value(_ENABLED) is True and _tells(alert)


def _tells(alert: Subject) -> bool:
    """Tell whether an alert goes to a group that is on; one that is not known is taken to be."""
    for text in alert.texts(_GROUPS):
        group = alert.at(text)
        if group is None or group.value(_ENABLED) is True:
            return True
    return False


def _queries(alert: Subject) -> Iterator[str]:
    for condition in alert.entries(_CRITERIA):
        query = lookup(condition, ("query",))
        if isinstance(query, str):
            yield query


CONTROLS = (
    Control(
        id="MON-06",
        title="Somebody is told of what the audit logs see",
        severity=Severity.HIGH,
        layer=Layer.AUDIT,
        item=ITEM,
        rationale=(
            "Nobody reads audit logs. A new cluster-admin, a shell in a container, a secret that a "
            "person reads and a command around the private endpoint are worth a message."
        ),
        remediation="""
            group:
              type: Microsoft.Insights/actionGroups
              properties: {enabled: true}
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
                    ALERT_RULE: (_ENABLED, _SCOPES, _CRITERIA, _GROUPS),
                    ACTION_GROUP: (_ENABLED,),
                    DIAGNOSTIC_SETTING: (WORKSPACE_ID,),
                    WORKSPACE: (),
                },
            ),
        ),
        unmapped="No framework has a check of it.",
    ),
)
