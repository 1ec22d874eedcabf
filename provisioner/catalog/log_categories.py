"""Log and metric categories that a diagnostic setting can send, by resource type.

Source: "Supported log categories in Azure Monitor" and the monitoring reference of each service; of
network security groups, registries and subscriptions as recorded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from provisioner.model.resource_id import SUBSCRIPTION

DIAGNOSTIC_SETTING = "Microsoft.Insights/diagnosticSettings"
"""The type that sends the logs of a resource somewhere."""

_CONTROL_PLANE = (
    "kube-apiserver", "kube-audit", "kube-audit-admin", "kube-controller-manager",
    "kube-scheduler", "cloud-controller-manager", "guard",
)  # fmt: skip
_CLUSTER = (
    *_CONTROL_PLANE, "cluster-autoscaler", "csi-azuredisk-controller", "csi-azurefile-controller",
    "csi-snapshot-controller",
)  # fmt: skip
_FLEET = (*_CONTROL_PLANE, "fleet-member-agent", "fleet-hub-agent", "fleet-mcs-controller-manager")
_FIREWALL = (
    "AzureFirewallApplicationRule", "AzureFirewallNetworkRule", "AzureFirewallDnsProxy",
    "AZFWNetworkRule", "AZFWApplicationRule", "AZFWNatRule", "AZFWThreatIntel", "AZFWIdpsSignature",
    "AZFWDnsQuery", "AZFWFqdnResolveFailure", "AZFWFatFlow", "AZFWFlowTrace",
    "AZFWApplicationRuleAggregation", "AZFWNetworkRuleAggregation", "AZFWNatRuleAggregation",
)  # fmt: skip
_ALL_METRICS = ("AllMetrics",)
_STORAGE_METRICS = ("Capacity", "Transaction")


@dataclass(frozen=True, slots=True)
class LogCategories:
    """What a diagnostic setting on a resource can send, by the names of categories."""

    logs: tuple[str, ...] = ()
    metrics: tuple[str, ...] = _ALL_METRICS


_CATEGORIES: Mapping[str, LogCategories] = MappingProxyType(
    {
        SUBSCRIPTION.lower(): LogCategories(
            (
                "Administrative", "Security", "ServiceHealth", "Alert", "Recommendation", "Policy",
                "Autoscale", "ResourceHealth",
            ),
            (),
        ),
        "microsoft.containerregistry/registries": LogCategories(
            ("ContainerRegistryRepositoryEvents", "ContainerRegistryLoginEvents")
        ),
        "microsoft.containerservice/fleets": LogCategories(_FLEET),
        "microsoft.containerservice/managedclusters": LogCategories(_CLUSTER),
        "microsoft.dashboard/grafana": LogCategories(
            ("GrafanaLoginEvents", "GrafanaUsageInsightsEvents")
        ),
        "microsoft.eventgrid/systemtopics": LogCategories(("DeliveryFailures",)),
        "microsoft.insights/datacollectionrules": LogCategories(
            ("LogErrors", "LogTroubleshooting")
        ),
        "microsoft.keyvault/vaults": LogCategories(("AuditEvent", "AzurePolicyEvaluationDetails")),
        "microsoft.monitor/accounts": LogCategories(),
        "microsoft.network/applicationgateways": LogCategories(
            (
                "ApplicationGatewayAccessLog", "ApplicationGatewayPerformanceLog",
                "ApplicationGatewayFirewallLog",
            )
        ),
        "microsoft.network/azurefirewalls": LogCategories(_FIREWALL),
        "microsoft.network/bastionhosts": LogCategories(("BastionAuditLogs",)),
        "microsoft.network/dnszones": LogCategories(),
        "microsoft.network/natgateways": LogCategories(),
        "microsoft.network/networkinterfaces": LogCategories(),
        "microsoft.network/networkmanagers": LogCategories(
            (
                "NetworkGroupMembershipChange", "RuleCollectionChange",
                "ConnectivityConfigurationChange",
            ),
            (),
        ),
        "microsoft.network/networksecuritygroups": LogCategories(
            ("NetworkSecurityGroupEvent", "NetworkSecurityGroupRuleCounter"), ()
        ),
        "microsoft.network/privatednszones": LogCategories(),
        "microsoft.network/privateendpoints": LogCategories(),
        "microsoft.network/privatelinkservices": LogCategories(),
        "microsoft.network/publicipaddresses": LogCategories(
            (
                "DDoSProtectionNotifications", "DDoSMitigationFlowLogs", "DDoSMitigationReports",
            )
        ),
        "microsoft.network/virtualnetworkgateways": LogCategories(
            (
                "GatewayDiagnosticLog", "TunnelDiagnosticLog", "RouteDiagnosticLog",
                "IKEDiagnosticLog", "P2SDiagnosticLog",
            )
        ),
        "microsoft.network/virtualnetworks": LogCategories(("VMProtectionAlerts",)),
        "microsoft.operationalinsights/workspaces": LogCategories(("Audit", "SummaryLogs")),
        "microsoft.servicenetworking/trafficcontrollers": LogCategories(
            ("TrafficControllerAccessLog", "TrafficControllerFirewallLog")
        ),
        "microsoft.storage/storageaccounts": LogCategories((), _STORAGE_METRICS),
        "microsoft.storage/storageaccounts/blobservices": LogCategories(
            ("StorageRead", "StorageWrite", "StorageDelete"), _STORAGE_METRICS
        ),
    }
)  # fmt: skip


def categories_of(type_name: str) -> LogCategories | None:
    """Return what a diagnostic setting on a type (a container by its segment) can send.

    Case is ignored. None where the type has no diagnostic settings, or its categories are not
    known.
    """
    return _CATEGORIES.get(type_name.lower())
