"""MON-01, MON-02, MON-05 and MON-07: diagnostic settings and activity log export.

Facts: guidelines.md §1.5; the documentation "Monitor AKS data reference" and those of each service.
"""

from collections.abc import Iterator

from provisioner.controls.control import (
    NO_EQUIVALENT,
    Control,
    Layer,
    Mappings,
    Mode,
    Severity,
    terms,
)
from provisioner.controls.logs.diagnostic_settings import (
    SETTING_READS,
    TABLES,
    find_settings,
    judge_logs,
)
from provisioner.controls.predicates import show
from provisioner.controls.resource_types import CLUSTER, FIREWALL, REGISTRY, SECURITY_GROUP, VAULT
from provisioner.controls.rule import Judge, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.controls.verdict import Verdict, worst
from provisioner.model.resource_id import SUBSCRIPTION, ResourceId

ITEM = "Continuous monitoring and auditing of security relevant events"
_TIER = "properties.sku.tier"
_CONTROL_PLANE = (
    "guard",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "cluster-autoscaler",
    "cloud-controller-manager",
)
_AUDIT = "kube-audit"
_AUDIT_ADMIN = "kube-audit-admin"
# Each CSI driver is a category that exists only while the driver is enabled, as it is by default.
_DRIVER_CATEGORIES = {
    "properties.storageProfile.diskCSIDriver.enabled": "csi-azuredisk-controller",
    "properties.storageProfile.fileCSIDriver.enabled": "csi-azurefile-controller",
    "properties.storageProfile.snapshotController.enabled": "csi-snapshot-controller",
}
"""A driver that is off writes no log."""

_FIREWALL = ("AZFWNetworkRule", "AZFWApplicationRule", "AZFWThreatIntel", "AZFWDnsQuery")
_IDPS_CATEGORY = "AZFWIdpsSignature"
_GROUP = ("NetworkSecurityGroupEvent", "NetworkSecurityGroupRuleCounter")
_REGISTRY = ("ContainerRegistryLoginEvents", "ContainerRegistryRepositoryEvents")
_VAULT = ("AuditEvent",)
_ACTIVITY = ("Administrative", "Policy", "Security")


def _judge_control_plane(cluster: Subject) -> Iterator[Observation]:
    """Judge whether all control plane logs are kept, in resource-specific tables."""
    drivers = [name for path, name in _DRIVER_CATEGORIES.items() if cluster.value(path) is True]
    # kube-audit holds all of kube-audit-admin, and get and list in addition.
    audits = [list(judge_logs(cluster, cluster.id, (n,))) for n in (_AUDIT_ADMIN, _AUDIT)]
    # Either is enough; of two that are not, the one that is least wrong is reported.
    rank = (Verdict.PASS, Verdict.UNKNOWN, Verdict.FAIL)
    yield from judge_logs(cluster, cluster.id, (*_CONTROL_PLANE, *drivers))
    yield from min(audits, key=lambda found: rank.index(worst(seen.verdict for seen in found)))
    for setting in find_settings(cluster, cluster.id):
        # Resource-specific tables are AKSAudit, AKSAuditAdmin and AKSControlPlane (guidelines.md
        # MON-01); any other type sends all categories into AzureDiagnostics.
        tables = setting.value(TABLES)
        if str(tables).lower() != "dedicated":
            evidence = f"{TABLES} of {setting.label} is {show(tables)}"
            yield cluster.fails("", f"{evidence}, expected Dedicated")


def _judge_firewall(firewall: Subject) -> Iterator[Observation]:
    """Judge whether a firewall's logs are kept; the tier Premium also logs intrusions."""
    premium = str(firewall.value(_TIER)).lower() == "premium"
    categories = (*_FIREWALL, _IDPS_CATEGORY) if premium else _FIREWALL
    yield from judge_logs(firewall, firewall.id, categories)


def _judge_categories(*categories: str) -> Judge:
    """Return the judgement that these categories of a resource's logs are kept."""

    def judge(subject: Subject) -> Iterator[Observation]:
        yield from judge_logs(subject, subject.id, categories)

    return judge


def _judge_activity(cluster: Subject) -> Iterator[Observation]:
    """Judge whether the activity log of a cluster's subscription is kept.

    Where the environment only peers with a hub, whoever owns that one keeps it.
    """
    name = (cluster.id.subscription or "").lower()
    evidence = f"the activity log of {name}"
    yield from judge_logs(cluster, ResourceId(SUBSCRIPTION, (name,)), _ACTIVITY, evidence)


CONTROLS = (
    Control(
        id="MON-01",
        title="Kubernetes audit logs are enabled in diagnostic settings (kube-audit, guard)",
        severity=Severity.CRITICAL,
        layer=Layer.AUDIT,
        item=ITEM,
        rationale=(
            "The audit log is the only record of actions in the cluster. AKS does not "
            "store it without a diagnostic setting."
        ),
        synonyms=terms(
            "audit logs; kube-audit; kube-audit-admin; guard; diagnostic settings; control plane "
            "logs; resource logs; AKSAudit"
        ),
        remediation="""
            logs:
              type: Microsoft.Insights/diagnosticSettings
              scope: ${cluster.id}
              properties:
                workspaceId: ${workspace.id}
                logAnalyticsDestinationType: Dedicated
                logs:
                  - {category: kube-audit, enabled: true}
                  - {category: kube-audit-admin, enabled: true}
                  - {category: guard, enabled: true}
                  - {category: kube-apiserver, enabled: true}
                  - {category: kube-controller-manager, enabled: true}
                  - {category: kube-scheduler, enabled: true}
                  - {category: cluster-autoscaler, enabled: true}
                  - {category: cloud-controller-manager, enabled: true}
                  - {category: csi-azuredisk-controller, enabled: true}
                  - {category: csi-azurefile-controller, enabled: true}
                  - {category: csi-snapshot-controller, enabled: true}
        """,
        rules=(rule(CLUSTER, _judge_control_plane, *_DRIVER_CATEGORIES, others=SETTING_READS),),
        limits=(
            "Ingestion is checked by MON-02. Permission to change the setting is not "
            "evaluated. A workspace transformation that drops everything is detected; the "
            "effect of a filter is unknown."
        ),
        mappings=Mappings(
            policies=(
                "245fc9df-fa96-4414-9a0b-3738c2f7341c",
                "6c66c325-74c8-42fd-a286-a74b0e2939d8",
            ),
            cis=("2.1.1",),
            psrule=("Azure.AKS.AuditLogs", "Azure.AKS.PlatformLogs"),
        ),
    ),
    Control(
        id="MON-02",
        title="Logs arrive in the Log Analytics workspace",
        severity=Severity.HIGH,
        layer=Layer.AUDIT,
        item=ITEM,
        rationale=(
            "A diagnostic setting defines a destination. A daily cap, disabled network "
            "access or a deleted table stop ingestion without an error."
        ),
        synonyms=terms("log ingestion; daily cap; missing logs; Log Analytics; heartbeat"),
        remediation=(
            "Run the query. For a day without rows, check the daily cap and public network "
            "access of the workspace, and the diagnostic settings (MON-01, MON-05)."
        ),
        modes=(Mode.LOGS,),
        evidence=(
            "rows of the last day in the workspace: `union AKSAudit, AKSAuditAdmin, "
            "AKSControlPlane, AZFWApplicationRule, AzureDiagnostics, AzureActivity | where "
            "TimeGenerated > ago(24h) | summarize count() by Type`"
        ),
        unmapped=NO_EQUIVALENT,
    ),
    Control(
        id="MON-05",
        title="Resource logs of firewalls, NSGs, registries and vaults are enabled",
        severity=Severity.HIGH,
        layer=Layer.AUDIT,
        item=ITEM,
        rationale=(
            "Image pulls, reads of secrets and denied network traffic are recorded only by "
            "these services."
        ),
        synonyms=terms(
            "diagnostic settings; firewall logs; NSG logs; ACR logs; Key Vault logs; resource "
            "logs; audit logs"
        ),
        remediation="""
            vaultLogs:
              type: Microsoft.Insights/diagnosticSettings
              scope: ${vault.id}
              properties:
                workspaceId: ${workspace.id}
                logs: [{category: AuditEvent, enabled: true}]
        """,
        rules=(
            rule(FIREWALL, _judge_firewall, _TIER, others=SETTING_READS),
            rule(SECURITY_GROUP, _judge_categories(*_GROUP), others=SETTING_READS),
            rule(REGISTRY, _judge_categories(*_REGISTRY), others=SETTING_READS),
            rule(VAULT, _judge_categories(*_VAULT), others=SETTING_READS),
        ),
        limits=(
            "Ingestion is checked by MON-02. A workspace transformation that drops "
            "everything is detected. Workspaces that the blueprint references as "
            "`existing` are controlled by their owner."
        ),
        unmapped=NO_EQUIVALENT,
    ),
    Control(
        id="MON-07",
        title="The Azure activity log is exported to a Log Analytics workspace",
        severity=Severity.HIGH,
        layer=Layer.AUDIT,
        item=ITEM,
        rationale=(
            "Azure keeps the activity log for 90 days. In the workspace it can be "
            "correlated with the cluster's logs."
        ),
        synonyms=terms(
            "activity log; Azure activity; subscription log; audit logs; control plane operations"
        ),
        remediation="""
            activity:
              type: Microsoft.Insights/diagnosticSettings
              scope: ${subscription}
              properties:
                workspaceId: ${workspace.id}
                logs:
                  - {category: Administrative, enabled: true}
                  - {category: Policy, enabled: true}
                  - {category: Security, enabled: true}
        """,
        rules=(rule(CLUSTER, _judge_activity, others=SETTING_READS),),
        limits=(
            "Ingestion is checked by MON-02. Subscriptions without resources of the "
            "environment are not evaluated."
        ),
        unmapped=NO_EQUIVALENT,
    ),
)
