"""Diagnostic settings: one sink per category, and the categories of a service.

Categories: "Supported resource log categories" of Azure Monitor, by type.
"""

import re
from collections.abc import Iterator, Mapping

from provisioner.model.resource_id import SUBSCRIPTION
from provisioner.model.values import lookup
from provisioner.service_rules.conditions import is_at
from provisioner.service_rules.partial_bodies import entries_at, is_silent, number_at, text_at
from provisioner.service_rules.rule import Refusal, ServiceRule, Write

_TYPE = "Microsoft.Insights/diagnosticSettings"
_LISTS = ("properties.logs", "properties.metrics")
_SINKS = (
    "properties.workspaceId",
    "properties.storageAccountId",
    "properties.eventHubAuthorizationRuleId",
    "properties.marketplacePartnerId",
    "properties.serviceBusRuleId",
)
_MOST_SETTINGS = 5
# Regular expressions of the category names, by resource type.
_CATEGORIES = {
    "microsoft.keyvault/vaults": r"AuditEvent|AzurePolicyEvaluationDetails",
    "microsoft.containerregistry/registries": (
        r"ContainerRegistryLoginEvents|ContainerRegistryRepositoryEvents"
    ),
    "microsoft.containerservice/managedclusters": r"[a-z0-9-]+",
    "microsoft.network/azurefirewalls": r"AZFW\w+|AzureFirewall\w+",
    "microsoft.network/networksecuritygroups": (
        r"NetworkSecurityGroupEvent|NetworkSecurityGroupRuleCounter"
    ),
    "microsoft.network/virtualnetworks": r"VMProtectionAlerts",
    "microsoft.network/publicipaddresses": (
        r"DDoSProtectionNotifications|DDoSMitigationFlowLogs|DDoSMitigationReports"
    ),
    "microsoft.network/bastionhosts": r"BastionAuditLogs",
    "microsoft.storage/storageaccounts": r"(?!)",
    "microsoft.storage/storageaccounts/blobservices": r"Storage(Read|Write|Delete)",
    SUBSCRIPTION.lower(): (
        r"Administrative|Security|ServiceHealth|Alert|Recommendation|Policy|Autoscale"
        r"|ResourceHealth"
    ),
}
_WITHOUT_SETTINGS = (
    "microsoft.managedidentity/userassignedidentities",
    "microsoft.network/networkwatchers",
    "microsoft.network/routetables",
)
_SHARED = "hashicorp/terraform-provider-azurerm#21161, Azure/bicep-registry-modules#3407"
_PAGE = "learn.microsoft.com/azure/azure-monitor/platform/diagnostic-settings"


def _judge_resource(write: Write) -> Iterator[Refusal]:
    target = write.id.container
    if target is not None and target.type.lower() in _WITHOUT_SETTINGS:
        yield Refusal("", f"resources of the type {target.type} have no diagnostic settings")


def _judge_shared(write: Write) -> Iterator[Refusal]:
    own = dict(_category_sinks(write.after))
    for other in write.siblings:
        for key, _at in _category_sinks(other.body):
            if key in own:
                yield Refusal(
                    own[key],
                    f"the setting {other.id.name} sends {key[1]} of {_target_type(write)} to the "
                    "same sink, which takes a category of a resource once",
                    "Remove the category from one of them, or choose another sink.",
                )
                return


def _category_sinks(body: object) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield ((sink, category), path) of what a setting sends."""
    for sink in _SINKS:
        target = text_at(body, sink)
        hub = text_at(body, "properties.eventHubName") or ""
        for path in _LISTS if target is not None else ():
            for at, entry in entries_at(body, path):
                name = text_at(entry, "category") or text_at(entry, "categoryGroup")
                if name is not None and is_at(entry, "enabled", True):
                    # Two event hubs of one namespace are two sinks.
                    key = f"{target}/{hub}" if "eventHub" in sink else str(target)
                    yield (key.lower(), name.lower()), at


def _target_type(write: Write) -> str:
    scope = write.id.scope
    return scope.name if scope is not None else "the tenant"


def _judge_retention(write: Write) -> Iterator[Refusal]:
    for path in _LISTS:
        for at, entry in entries_at(write.after, path):
            days = number_at(entry, "retentionPolicy.days") or 0
            if is_at(entry, "retentionPolicy.enabled", True) or days > 0:
                yield Refusal(
                    f"{at}.retentionPolicy",
                    "a new diagnostic setting keeps nothing by itself: retentionPolicy is not "
                    "taken any more",
                    "Use the retention of the workspace, or a lifecycle policy of the storage "
                    "account.",
                )


def _judge_category(write: Write) -> Iterator[Refusal]:
    scope = write.id.scope
    known = _CATEGORIES.get(scope.type.lower()) if scope is not None else None
    for at, entry in entries_at(write.after, "properties.logs") if known else ():
        name = text_at(entry, "category")
        if name is not None and not re.fullmatch(known or "", name, re.IGNORECASE):
            yield Refusal(f"{at}.category", f"{_target_type(write)} has no log category {name}")


def _judge_group(write: Write) -> Iterator[Refusal]:
    scope = write.id.scope
    none = scope is not None and scope.type.lower() in (
        SUBSCRIPTION.lower(),
        "microsoft.storage/storageaccounts",
    )
    for at, entry in entries_at(write.after, "properties.logs"):
        name = text_at(entry, "categoryGroup")
        if name is not None and (none or name.lower() not in ("alllogs", "audit")):
            yield Refusal(
                f"{at}.categoryGroup", f"{_target_type(write)} has no category group {name}"
            )


def _judge_both(write: Write) -> Iterator[Refusal]:
    for at, entry in entries_at(write.after, "properties.logs"):
        if text_at(entry, "category") and text_at(entry, "categoryGroup"):
            yield Refusal(at, "an entry of logs states a category or a categoryGroup, and not both")


def _judge_sink(write: Write) -> Iterator[Refusal]:
    if all(is_silent(write.after, sink) for sink in _SINKS) and not _is_unknown(write):
        yield Refusal(
            "properties",
            "a diagnostic setting needs a sink: workspaceId, storageAccountId, "
            "eventHubAuthorizationRuleId or marketplacePartnerId",
        )


def _is_unknown(write: Write) -> bool:
    return not isinstance(lookup(write.after, ("properties",)), Mapping)


def _judge_number(write: Write) -> Iterator[Refusal]:
    others = len(write.siblings.resources)
    if write.before is None and others >= _MOST_SETTINGS:
        yield Refusal("", f"a resource has at most {_MOST_SETTINGS} diagnostic settings")


RULES = (
    ServiceRule(
        id="diagnostic-sink-shared",
        type=_TYPE,
        status=409,
        code="Conflict",
        source=_SHARED,
        judge=_judge_shared,
    ),
    ServiceRule(
        id="diagnostic-resource",
        type=_TYPE,
        code="ResourceTypeNotSupported",
        source="Azure Monitor, supported logs and metrics by type; the code is reported for "
        "network watchers",
        judge=_judge_resource,
    ),
    ServiceRule(
        id="diagnostic-retention",
        type=_TYPE,
        code="BadRequest",
        source="Azure/avdaccelerator#473, hashicorp/terraform-provider-azurerm#23051",
        judge=_judge_retention,
    ),
    ServiceRule(
        id="diagnostic-category",
        type=_TYPE,
        code="BadRequest",
        source="hashicorp/terraform-provider-azurerm#2985, #8275",
        judge=_judge_category,
    ),
    ServiceRule(
        id="diagnostic-category-group",
        type=_TYPE,
        code="BadRequest",
        source="Azure/avdaccelerator#685",
        judge=_judge_group,
    ),
    ServiceRule(
        id="diagnostic-category-and-group",
        type=_TYPE,
        code=None,
        source=_PAGE,
        judge=_judge_both,
    ),
    ServiceRule(
        id="diagnostic-without-sink", type=_TYPE, code=None, source=_PAGE, judge=_judge_sink
    ),
    ServiceRule(
        id="diagnostic-number",
        type=_TYPE,
        code=None,
        source=f"{_PAGE} (five for each resource)",
        judge=_judge_number,
    ),
)
