"""Add-ons, upgrades, the autoscaler and the other profiles of AKS clusters.

"AKS error codes" are AKS's own list of error codes ("apierror", Microsoft; guidelines.md §3.2).
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping

from provisioner.catalog.kubernetes_versions import LONG_TERM
from provisioner.catalog.node_pools import CLUSTER
from provisioner.model.estate import Resource
from provisioner.model.resource_id import resource_group_id
from provisioner.service_rules.conditions import at_most, in_range, is_at
from provisioner.service_rules.partial_bodies import is_silent, is_stated, text_at, value_at
from provisioner.service_rules.rule import Refusal, ServiceRule, Write

_ADD_ONS, _SCALER = "properties.addonProfiles", "properties.autoScalerProfile"
_GROUP, _TIER = "properties.nodeResourceGroup", "sku.tier"
_GATEWAYS = "properties.ingressProfile.gatewayAPI.installation"
_DEFENDER = "properties.securityProfile.defender"
_PROXY = "properties.httpProxyConfig"
_KNOWN = frozenset(
    {
        "accsgxdeviceplugin",
        "aciconnectorlinux",
        "azuredefender",
        "azurekeyvaultsecretsprovider",
        "azurepolicy",
        "extensionmanager",
        "gitops",
        "httpapplicationrouting",
        "ingressapplicationgateway",
        "kubedashboard",
        "omsagent",
        "openservicemesh",
        "webapplicationrouting",
    }
)
_MINUTES, _SPAN, _WHOLE, _FLAG = r"\d+m", r"\d+[smh]", r"\d+", r"true|false"
_FORMS = {
    "scan-interval": (r"\d+s", "seconds, as 10s"),
    "scale-down-delay-after-add": (_MINUTES, "minutes, as 10m"),
    "scale-down-delay-after-delete": (_SPAN, "a time, as 10s"),
    "scale-down-delay-after-failure": (_MINUTES, "minutes, as 3m"),
    "scale-down-unneeded-time": (_MINUTES, "minutes, as 10m"),
    "scale-down-unready-time": (_MINUTES, "minutes, as 20m"),
    "max-node-provision-time": (_MINUTES, "minutes, as 15m"),
    "new-pod-scale-up-delay": (_SPAN, "a time, as 0s"),
    "max-empty-bulk-delete": (_WHOLE, "a whole number"),
    "max-graceful-termination-sec": (_WHOLE, "a whole number"),
    "ok-total-unready-count": (_WHOLE, "a whole number"),
    "max-total-unready-percentage": (r"\d{1,2}|100", "a whole number up to 100"),
    "scale-down-utilization-threshold": (r"0(\.\d+)?|1(\.0+)?", "a number from 0 to 1"),
    "balance-similar-node-groups": (_FLAG, "true or false"),
    "skip-nodes-with-local-storage": (_FLAG, "true or false"),
    "skip-nodes-with-system-pods": (_FLAG, "true or false"),
}
_PAGE = "learn.microsoft.com/azure/aks"


def _judge_gateways(write: Write) -> Iterator[Refusal]:
    routed = "properties.ingressProfile.webAppRouting.gatewayAPIImplementations"
    if not is_at(write.after, _GATEWAYS, "Standard") or is_stated(write.after, routed):
        return
    mesh = "properties.serviceMeshProfile.mode"
    if is_silent(write.after, mesh) or is_at(write.after, mesh, "Disabled"):
        yield Refusal(
            _GATEWAYS,
            "the Gateway API needs something that implements it: the Istio add-on "
            "(serviceMeshProfile)",
        )


def _judge_add_ons(write: Write) -> Iterator[Refusal]:
    add_ons = value_at(write.after, _ADD_ONS)
    for name, entry in add_ons.items() if isinstance(add_ons, Mapping) else ():
        if is_at(entry, "enabled", True) and name.lower() not in _KNOWN:
            yield Refusal(f"{_ADD_ONS}.{name}", f"AKS has no add-on {name}")


def _judge_insights(write: Write) -> Iterator[Refusal]:
    agent = f"{_ADD_ONS}.omsagent"
    workspace = f"{agent}.config.logAnalyticsWorkspaceResourceID"
    if is_at(write.after, f"{agent}.enabled", True) and is_silent(write.after, workspace):
        yield Refusal(workspace, "the add-on omsagent needs logAnalyticsWorkspaceResourceID")


def _judge_defender(write: Write) -> Iterator[Refusal]:
    workspace = f"{_DEFENDER}.logAnalyticsWorkspaceResourceId"
    enabled = is_at(write.after, f"{_DEFENDER}.securityMonitoring.enabled", True)
    if enabled and is_silent(write.after, workspace):
        yield Refusal(workspace, "Defender needs logAnalyticsWorkspaceResourceId")


def _judge_long_term(write: Write) -> Iterator[Refusal]:
    cheap = is_at(write.after, _TIER, "Free", "Standard") or is_silent(write.after, _TIER)
    if is_at(write.after, "properties.supportPlan", LONG_TERM) and cheap:
        yield Refusal("properties.supportPlan", f"supportPlan {LONG_TERM} needs sku.tier Premium")


def _judge_channels(write: Write) -> Iterator[Refusal]:
    nodes = "properties.autoUpgradeProfile.nodeOSUpgradeChannel"
    images = is_at(write.after, "properties.autoUpgradeProfile.upgradeChannel", "node-image")
    if images and is_at(write.after, nodes, "None", "Unmanaged", "SecurityPatch"):
        yield Refusal(nodes, "upgradeChannel node-image goes with nodeOSUpgradeChannel NodeImage")


def _judge_scaler(write: Write) -> Iterator[Refusal]:
    for name, (form, words) in _FORMS.items():
        text = text_at(write.after, f"{_SCALER}.{name}")
        if text is not None and not re.fullmatch(form, text):
            yield Refusal(f"{_SCALER}.{name}", f"{name} is {text!r}, and has to be {words}")


def _judge_own_group(write: Write) -> Iterator[Refusal]:
    name = text_at(write.after, _GROUP)
    if name is not None and name.lower() == (write.id.resource_group or "").lower():
        yield Refusal(_GROUP, "the group of the nodes is another than that of the cluster")


def _judge_taken_group(write: Write) -> Iterator[Refusal]:
    name, subscription = text_at(write.after, _GROUP), write.id.subscription
    if write.before is not None or name is None or subscription is None:
        return
    found = write.neighbours.lookup(resource_group_id(subscription, name))
    other = name.lower() != (write.id.resource_group or "").lower()
    if isinstance(found, Resource) and other and is_silent(found.body, "managedBy"):
        yield Refusal(_GROUP, f"the resource group {name} exists: AKS makes one for the nodes")


def _judge_automatic(write: Write) -> Iterator[Refusal]:
    if is_at(write.after, "sku.name", "Automatic") and is_at(write.after, _TIER, "Free"):
        yield Refusal(_TIER, "AKS Automatic has no tier Free")


def _judge_costs(write: Write) -> Iterator[Refusal]:
    path = "properties.metricsProfile.costAnalysis.enabled"
    automatic = is_at(write.after, "sku.name", "Automatic")
    free = is_at(write.after, _TIER, "Free") or (is_silent(write.after, _TIER) and not automatic)
    if is_at(write.after, path, True) and free:
        yield Refusal(path, "cost analysis needs sku.tier Standard or Premium")


def _judge_proxy(write: Write) -> Iterator[Refusal]:
    for name, form in (("httpProxy", r"http://.+"), ("httpsProxy", r"https?://.+")):
        text = text_at(write.after, f"{_PROXY}.{name}")
        if text is not None and not re.fullmatch(form, text):
            yield Refusal(f"{_PROXY}.{name}", f"{name} is {text!r}: expected http://HOST:PORT/")


def _judge_authority(write: Write) -> Iterator[Refusal]:
    text = text_at(write.after, f"{_PROXY}.trustedCa")
    try:
        base64.b64decode(text or "", validate=True)
    except binascii.Error:
        yield Refusal(f"{_PROXY}.trustedCa", "trustedCa is not base64")


RULES = (
    ServiceRule(
        id="cluster-gateway-api",
        type=CLUSTER,
        code="BadRequest",
        source="recorded: ext/test_aks_managed_gateway_requires_service_mesh.yaml",
        judge=_judge_gateways,
    ),
    ServiceRule(
        id="cluster-add-on",
        type=CLUSTER,
        code="AddonInvalid",
        source="AKS error codes; guidelines.md §3.2",
        judge=_judge_add_ons,
    ),
    ServiceRule(
        id="cluster-insights",
        type=CLUSTER,
        code="LogAnalyticsWorkspaceNotSet",
        source="AKS error codes; guidelines.md §3.2",
        judge=_judge_insights,
    ),
    ServiceRule(
        id="cluster-defender",
        type=CLUSTER,
        code="LogAnalyticsWorkspaceNotSetForAzureDefender",
        source="AKS error codes; guidelines.md §3.2",
        judge=_judge_defender,
    ),
    ServiceRule(
        id="cluster-long-term",
        type=CLUSTER,
        code=None,
        source=f"{_PAGE}/long-term-support",
        judge=_judge_long_term,
    ),
    ServiceRule(
        id="cluster-upgrade-channels",
        type=CLUSTER,
        code=None,
        source=f"{_PAGE}/auto-upgrade-node-os-image",
        judge=_judge_channels,
    ),
    ServiceRule(
        id="cluster-autoscaler",
        type=CLUSTER,
        code="InvalidParameter",
        source=f"{_PAGE}/cluster-autoscaler; REST reference, autoScalerProfile",
        judge=_judge_scaler,
    ),
    ServiceRule(
        id="cluster-image-cleaner",
        type=CLUSTER,
        code="InvalidParameter",
        source=f"{_PAGE}/image-cleaner; guidelines.md CLU-08.6",
        judge=in_range("properties.securityProfile.imageCleaner.intervalHours", 24, 2160),
    ),
    ServiceRule(
        id="cluster-authorities",
        type=CLUSTER,
        code="InvalidParameter",
        source="guidelines.md CFG-08",
        judge=at_most("properties.securityProfile.customCATrustCertificates", 10),
    ),
    ServiceRule(
        id="cluster-own-group",
        type=CLUSTER,
        code="NodeResourceGroupSameAsResourceGroup",
        source="AKS error codes; guidelines.md §3.2",
        judge=_judge_own_group,
    ),
    ServiceRule(
        id="cluster-taken-group",
        type=CLUSTER,
        code="NodeResourceGroupAlreadyExists",
        source="AKS error codes; guidelines.md §3.2",
        judge=_judge_taken_group,
    ),
    ServiceRule(
        id="cluster-automatic-tier",
        type=CLUSTER,
        code=None,
        source=f"{_PAGE}/intro-aks-automatic",
        judge=_judge_automatic,
    ),
    ServiceRule(
        id="cluster-cost-analysis",
        type=CLUSTER,
        code=None,
        source=f"{_PAGE}/cost-analysis",
        judge=_judge_costs,
    ),
    ServiceRule(
        id="cluster-proxy",
        type=CLUSTER,
        code="HTTPProxyWrongUrlError",
        source="AKS error codes",
        judge=_judge_proxy,
    ),
    ServiceRule(
        id="cluster-proxy-authority",
        type=CLUSTER,
        code="HTTPProxyConfigCADecodeError",
        source="AKS error codes",
        judge=_judge_authority,
    ),
)
