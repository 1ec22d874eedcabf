"""MON-03 and MON-04: Container insights, Prometheus metrics and the Log Analytics workspace.

Facts: guidelines.md §1.5; the documentation "Enable monitoring for AKS clusters" and "Azure Monitor
private link".
"""

from collections.abc import Iterator, Sequence

from provisioner.controls.chapters.monitoring.logs import ITEM
from provisioner.controls.control import NO_EQUIVALENT, Control, Layer, Mappings, Severity, terms
from provisioner.controls.logs.alert_queries import Answer, Match
from provisioner.controls.logs.diagnostic_settings import (
    FLOWS,
    WORKSPACE_READS,
    arrives,
    best,
    transforms,
    worst,
)
from provisioner.controls.predicates import at_least, equals, is_number, show
from provisioner.controls.resource_types import (
    CLUSTER,
    COLLECTION_ASSOCIATION,
    COLLECTION_RULE,
    WORKSPACE,
)
from provisioner.controls.rule import expect, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.values import lookup

_METRICS = "properties.azureMonitorProfile.metrics.enabled"
_INSIGHTS = "properties.azureMonitorProfile.containerInsights.enabled"
_INSIGHTS_WORKSPACE = (
    "properties.azureMonitorProfile.containerInsights.logAnalyticsWorkspaceResourceId"
)
_ADDON = "properties.addonProfiles.omsagent.enabled"
_ADDON_CONFIG = "properties.addonProfiles.omsagent.config"
_RULE = "properties.dataCollectionRuleId"
_PROMETHEUS = "Microsoft-PrometheusMetrics"
_CONTAINER_LOGS = (
    "Microsoft-ContainerInsights-Group-Default", "Microsoft-ContainerLogV2",
    "Microsoft-ContainerLogV2-HighScale", "Microsoft-ContainerLog",
)  # fmt: skip
"""The streams with what containers write ("Configure log collection for AKS")."""

_LOG_TABLES = ("ContainerLogV2", "ContainerLog")
_SCOPED = "properties.privateLinkScopedResources"
_CAP = "properties.workspaceCapping.dailyQuotaGb"
_LEAST_CAP = 1
"""GB a day: the audit log of one busy API server is more than that."""

_INGESTION = "properties.publicNetworkAccessForIngestion"
_QUERY = "properties.publicNetworkAccessForQuery"


def _judge_insights(cluster: Subject) -> Iterator[Observation]:
    """Judge whether Container insights is enabled, as such or as the older add-on omsagent."""
    if cluster.value(_ADDON) is True:
        workspace = lookup(cluster.value(_ADDON_CONFIG), ("logAnalyticsWorkspaceResourceID",))
        path, workspace_id = _ADDON_CONFIG, workspace
    else:
        path, workspace_id = _INSIGHTS_WORKSPACE, cluster.value(_INSIGHTS_WORKSPACE)
        if cluster.value(_INSIGHTS) is not True:
            yield cluster.fails(
                _INSIGHTS, ("neither containerInsights nor the omsagent add-on is enabled")
            )
            return
    # AKS refuses omsagent in this state (LogAnalyticsWorkspaceNotSet, guidelines.md §3.2).
    if not workspace_id:
        yield cluster.fails(path, "Container insights is enabled without a workspace")
        return
    found = arrives(cluster, workspace_id, *_LOG_TABLES)
    if path == _ADDON_CONFIG and _uses_entra_id(cluster):
        # An agent that signs in takes its orders from a rule, and without one sends nothing.
        found = worst(iter((found, _check_collection_rules(cluster, _CONTAINER_LOGS))))
    yield _observe_answer(cluster, path, found, "container logs are sent to a workspace")


def _uses_entra_id(cluster: Subject) -> bool:
    stated = lookup(cluster.value(_ADDON_CONFIG), ("useAADAuth",))
    return str(stated).lower() == "true"


def _judge_metrics(cluster: Subject) -> Iterator[Observation]:
    """Judge whether the Prometheus agent sends the metrics that an associated rule names."""
    if cluster.value(_METRICS) is True:
        found = _check_collection_rules(cluster, (_PROMETHEUS,))
        yield _observe_answer(
            cluster, "", found, ("a data collection rule defines the destination of its metrics")
        )


def _check_collection_rules(cluster: Subject, streams: Sequence[str]) -> Answer:
    """Return whether a data collection rule of a cluster takes and keeps some of its streams."""
    found = [
        Answer(
            Match.NO,
            (f"no data collection rule in the environment collects its stream {streams[0]}"),
        )
    ]
    for association in cluster.children(COLLECTION_ASSOCIATION):
        # Streams are collected only through an association between the cluster and a rule, which
        # is a resource of its own on the cluster.
        rule = association.at(association.value(_RULE))
        if rule is None and association.states(_RULE):
            why = f"the data collection rule of {association.label} is not in the environment"
            found.append(Answer(Match.UNCLEAR, why))
        elif rule is not None:
            found += transforms(rule, {stream.lower() for stream in streams})
    # The last one of equals is reported: that a rule drops them says more than that none takes
    # them.
    return best(reversed(found))


def _observe_answer(cluster: Subject, path: str, found: Answer, passing: str) -> Observation:
    if found.match is Match.YES:
        return cluster.passes(path, passing)
    make = cluster.fails if found.match is Match.NO else cluster.unknown
    return make(path, found.why)


def _judge_cap(workspace: Subject) -> Iterator[Observation]:
    """Judge whether a workspace has no daily cap.

    A cap that a day of logs reaches drops the rest of them: whoever makes noise is not seen. -1,
    Azure's default, is none (documentation "Set daily cap on Log Analytics workspace").
    """
    # Any cap can be reached on purpose; below one GB a normal day reaches it.
    cap = workspace.value(_CAP)
    if is_number(cap) and 0 <= float(str(cap)) < _LEAST_CAP:
        evidence = f"{_CAP} is {show(cap)} GB: logs above the daily cap are dropped"
        yield workspace.fails(_CAP, evidence)


def _is_scoped(workspace: Subject) -> bool:
    """Return whether a private link scope contains a workspace.

    Without one, a workspace that is closed takes no logs at all.
    """
    return workspace.states(_SCOPED)


CONTROLS = (
    Control(
        id="MON-03",
        title="Container logs and Prometheus metrics are collected (Container insights)",
        severity=Severity.HIGH,
        layer=Layer.AUDIT,
        item=ITEM,
        rationale=(
            "Logs of a deleted container are lost unless collected. Metrics reveal "
            "cryptomining, leaks and floods."
        ),
        synonyms=terms(
            "Container insights; Prometheus; Azure Monitor; omsagent; AMA; managed Prometheus; "
            "metrics; container logs; DCR; data collection rule"
        ),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                azureMonitorProfile: {metrics: {enabled: true}}
                addonProfiles:
                  omsagent:
                    enabled: true
                    config: {logAnalyticsWorkspaceResourceID: "${workspace.id}", useAADAuth: "true"}
            containerLogs:
              type: Microsoft.Insights/dataCollectionRules
              properties:
                dataFlows:
                  - streams: [Microsoft-ContainerInsights-Group-Default]
                    destinations: [workspace]
            containerLogsOfCluster:
              type: Microsoft.Insights/dataCollectionRuleAssociations
              name: ContainerInsightsExtension
              scope: ${cluster.id}
              properties: {dataCollectionRuleId: "${containerLogs.id}"}
            prometheus:
              type: Microsoft.Insights/dataCollectionRules
              properties:
                dataFlows: [{streams: [Microsoft-PrometheusMetrics], destinations: [account]}]
            prometheusOfCluster:
              type: Microsoft.Insights/dataCollectionRuleAssociations
              scope: ${cluster.id}
              properties: {dataCollectionRuleId: "${prometheus.id}"}
        """,
        rules=(
            expect(CLUSTER, _METRICS, equals(True)),
            rule(
                CLUSTER,
                _judge_insights,
                _ADDON,
                _ADDON_CONFIG,
                _INSIGHTS,
                _INSIGHTS_WORKSPACE,
                others={COLLECTION_ASSOCIATION: (_RULE,), **WORKSPACE_READS},
            ),
            rule(
                CLUSTER,
                _judge_metrics,
                _METRICS,
                others={COLLECTION_ASSOCIATION: (_RULE,), COLLECTION_RULE: (FLOWS,)},
            ),
        ),
        limits=(
            "Namespaces and tables excluded by the agent's ConfigMap are visible only in "
            "the cluster. The effect of a transformation is unknown."
        ),
        mappings=Mappings(checkov=("CKV_AZURE_4",), psrule=("Azure.AKS.ContainerInsights",)),
    ),
    Control(
        id="MON-04",
        title=(
            "The Log Analytics workspace retains logs for 90 days and disables local authentication"
        ),
        severity=Severity.HIGH,
        layer=Layer.AUDIT,
        item=ITEM,
        rationale=(
            "Anyone with the shared key of a workspace can write forged logs. Intrusions "
            "are often found weeks later, and investigation needs logs of that period."
        ),
        synonyms=terms(
            "Log Analytics; retention; workspace key; disableLocalAuth; shared key; retentionInDays"
        ),
        remediation="""
            workspace:
              type: Microsoft.OperationalInsights/workspaces
              properties:
                retentionInDays: 90
                features: {disableLocalAuth: true}
                publicNetworkAccessForIngestion: Disabled
                publicNetworkAccessForQuery: Disabled
        """,
        rules=(
            expect(WORKSPACE, "properties.retentionInDays", at_least(90)),
            expect(WORKSPACE, "properties.features.disableLocalAuth", equals(True)),
            rule(WORKSPACE, _judge_cap, _CAP),
            *(
                expect(WORKSPACE, path, equals("Disabled"), when=_is_scoped, reading=(_SCOPED,))
                for path in (_INGESTION, _QUERY)
            ),
        ),
        limits=(
            "Retention of individual tables, export rules and ingestion-time "
            "transformations are not read."
        ),
        unmapped=NO_EQUIVALENT,
    ),
)
