"""Application gateways (v2) and their web application firewall policies."""

from collections.abc import Iterator

from provisioner.model.values import Unknown, is_known
from provisioner.service_rules.conditions import in_range, is_at
from provisioner.service_rules.partial_bodies import (
    Tree,
    entries_at,
    id_at,
    is_silent,
    is_stated,
    number_at,
    text_at,
    value_at,
)
from provisioner.service_rules.public_addresses import (
    addresses_in_use,
    addresses_of,
    non_standard_addresses,
)
from provisioner.service_rules.rule import Refusal, ServiceRule, Write
from provisioner.service_rules.same_region import (
    OTHER_REGION,
    references_to_other_regions,
    region_in,
)

_GATEWAY = "Microsoft.Network/applicationGateways"
_POLICY = "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies"
_DOCS = "learn.microsoft.com/azure/application-gateway"
_TIER = "properties.sku.tier"
_RULES = "properties.requestRoutingRules"
_LISTENERS = "properties.httpListeners"
_OWN = "properties.webApplicationFirewallConfiguration"
_CUSTOM = "properties.customRules"
_V2 = ("Standard_v2", "WAF_v2")

# References to parts of the same gateway: the list of parts, and the properties that name one.
_NAMING = {
    _LISTENERS: ("frontendIPConfiguration", "frontendPort", "sslCertificate", "sslProfile"),
    _RULES: (
        "httpListener",
        "backendAddressPool",
        "backendHttpSettings",
        "urlPathMap",
        "rewriteRuleSet",
        "redirectConfiguration",
    ),
    "properties.backendHttpSettingsCollection": ("probe",),
    "properties.urlPathMaps": (
        "defaultBackendAddressPool",
        "defaultBackendHttpSettings",
        "defaultRewriteRuleSet",
        "defaultRedirectConfiguration",
    ),
}


def _judge_parts(write: Write) -> Iterator[Refusal]:
    """Yield references to parts of the gateway that its body does not have.

    A gateway is written as a whole, and its parts refer to each other by id: a part that the body
    lacks does not exist.
    """
    for path, names in _NAMING.items():
        for at, entry in entries_at(write.after, path):
            for name in names:
                named = id_at(entry, f"properties.{name}.id")
                if named is None or named.parent is None or named.parent.key != write.id.key:
                    continue
                kind = named.type.rpartition("/")[2]
                there = _names_in(write.after, f"properties.{kind}")
                if there is not None and named.name.lower() not in there:
                    yield Refusal(
                        f"{at}.properties.{name}.id", f"{kind} of the gateway has no {named.name}"
                    )


def _names_in(body: Tree, path: str) -> frozenset[str] | None:
    """Return the names in a list of parts, in lower case; None where some are not known yet.

    Any of the unknown ones may turn out to be the part that is looked for.
    """
    names = [value_at(entry, "name") for _at, entry in entries_at(body, path)]
    if isinstance(value_at(body, path), Unknown) or not is_known(names):
        return None
    return frozenset(name.lower() for name in names if isinstance(name, str))


def _judge_priorities(write: Write) -> Iterator[Refusal]:
    if not is_at(write.after, _TIER, *_V2):
        return
    for at, entry in entries_at(write.after, _RULES):
        if is_silent(entry, "properties.priority"):
            yield Refusal(f"{at}.properties.priority", "a rule of a v2 gateway has a priority")


def _judge_equal_priorities(write: Write) -> Iterator[Refusal]:
    seen: dict[int, str] = {}
    for at, entry in entries_at(write.after, _RULES):
        priority = number_at(entry, "properties.priority")
        if priority is None:
            continue
        if priority in seen:
            yield Refusal(
                f"{at}.properties.priority",
                f"{priority} is the priority of {seen[priority]} too, and each rule has its own",
            )
        seen.setdefault(priority, text_at(entry, "name") or at)


def _judge_shared_listeners(write: Write) -> Iterator[Refusal]:
    seen: dict[str, str] = {}
    for at, entry in entries_at(write.after, _RULES):
        listener = id_at(entry, "properties.httpListener.id")
        if listener is None:
            continue
        if listener.key in seen:
            yield Refusal(
                f"{at}.properties.httpListener.id",
                f"{listener.name} has the rule {seen[listener.key]} already, and takes one",
            )
        seen.setdefault(listener.key, text_at(entry, "name") or at)


def _judge_certificates(write: Write) -> Iterator[Refusal]:
    for at, entry in entries_at(write.after, _LISTENERS):
        if is_at(entry, "properties.protocol", "Https") and is_silent(
            entry, "properties.sslCertificate"
        ):
            yield Refusal(
                f"{at}.properties.sslCertificate", "a listener of HTTPS names its certificate"
            )


def _judge_capacity(write: Write) -> Iterator[Refusal]:
    if is_stated(write.after, "properties.sku.capacity") and is_stated(
        write.after, "properties.autoscaleConfiguration"
    ):
        yield Refusal(
            "properties.sku.capacity",
            "a gateway has a capacity, or scales by itself (autoscaleConfiguration), not both",
        )


def _judge_tier(write: Write) -> Iterator[Refusal]:
    stated = is_stated(write.after, "properties.firewallPolicy")
    if stated and is_at(write.after, _TIER, "Standard_v2", "Standard", "Basic"):
        yield Refusal(
            "properties.firewallPolicy", "only a gateway of the tier WAF_v2 has a firewall policy"
        )


def _judge_own_rules(write: Write) -> Iterator[Refusal]:
    both = is_stated(write.after, "properties.firewallPolicy") and is_stated(write.after, _OWN)
    if both and is_silent(write.before or {}, _OWN):
        yield Refusal(_OWN, "a gateway has a firewallPolicy, or rules of its own, not both")


def _judge_address(write: Write) -> Iterator[Refusal]:
    if is_at(write.after, _TIER, *_V2):
        yield from non_standard_addresses(write)


def _judge_use(write: Write) -> Iterator[Refusal]:
    yield from addresses_in_use(write)


def _judge_region(write: Write) -> Iterator[Refusal]:
    paths = [at for at, _named in addresses_of(write.type, write.after)]
    yield from references_to_other_regions(
        write.after,
        write.neighbours,
        region_in(write.after),
        "properties.firewallPolicy.id",
        *paths,
    )


def _judge_custom_rules(write: Write) -> Iterator[Refusal]:
    seen: set[int] = set()
    for at, entry in entries_at(write.after, _CUSTOM):
        priority = number_at(entry, "priority")
        if priority is not None and priority in seen:
            yield Refusal(f"{at}.priority", f"two rules have the priority {priority}")
        if priority is not None:
            seen.add(priority)


RULES = (
    ServiceRule(
        id="application-gateway-names-a-part-it-lacks", type=_GATEWAY,
        code="InvalidResourceReference",
        source="Azure/azure-cli#16567; MicrosoftDocs/azure-docs#111001",
        judge=_judge_parts,
    ),
    ServiceRule(
        id="application-gateway-rule-priority", type=_GATEWAY,
        code="ApplicationGatewayRequestRoutingRulePriorityCannotBeEmpty",
        source="aztfm/terraform-azurerm-application-gateway#10",
        judge=_judge_priorities,
    ),
    ServiceRule(
        id="application-gateway-equal-rule-priorities", type=_GATEWAY, code=None,
        source=f"{_DOCS}/multiple-site-overview (rule priority: a unique number)",
        judge=_judge_equal_priorities,
    ),
    ServiceRule(
        id="application-gateway-two-rules-of-a-listener", type=_GATEWAY,
        code="ApplicationGatewayRequestRoutingRulesUsingSameHttpListener",
        source="aztfm/terraform-azurerm-application-gateway#9", judge=_judge_shared_listeners,
    ),
    ServiceRule(
        id="application-gateway-listener-without-certificate", type=_GATEWAY,
        code=None,
        source=f"{_DOCS}/configuration-listeners (protocol)", judge=_judge_certificates,
    ),
    ServiceRule(
        id="application-gateway-capacity-beside-autoscaling", type=_GATEWAY, code=None,
        source=f"{_DOCS}/application-gateway-autoscaling-zone-redundant", judge=_judge_capacity,
    ),
    ServiceRule(
        id="application-gateway-policy-of-other-tier", type=_GATEWAY, code=None,
        source="learn.microsoft.com/azure/web-application-firewall/ag/policy-overview",
        judge=_judge_tier,
    ),
    ServiceRule(
        id="application-gateway-rules-beside-policy", type=_GATEWAY,
        code="ApplicationGatewayWafConfigurationCannotBeChangedWithWafPolicy",
        source="Azure/application-gateway-kubernetes-ingress#1417", judge=_judge_own_rules,
    ),
    ServiceRule(
        id="application-gateway-address-sku", type=_GATEWAY, code=None,
        source=f"{_DOCS}/configuration-frontend-ip (v2: a Standard address)",
        judge=_judge_address,
    ),
    ServiceRule(
        id="application-gateway-address-in-use", type=_GATEWAY, code="PublicIPAddressInUse",
        source="gardener/gardener-extension-provider-azure#757 (of a NAT gateway)",
        judge=_judge_use,
    ),
    ServiceRule(
        id="application-gateway-refers-to-other-region", type=_GATEWAY, code=OTHER_REGION,
        source="recorded message of InvalidResourceReference (errors.jsonl)", judge=_judge_region,
    ),
    ServiceRule(
        id="application-gateway-instances", type=_GATEWAY, code=None,
        source="learn.microsoft.com/azure/azure-resource-manager/management/"
        "azure-subscription-service-limits (instances of a v2 gateway)",
        judge=in_range("properties.autoscaleConfiguration.maxCapacity", 2, 125),
    ),
    ServiceRule(
        id="web-firewall-rule-priorities", type=_POLICY, code=None,
        source="learn.microsoft.com/azure/web-application-firewall/ag/custom-waf-rules-overview",
        judge=_judge_custom_rules,
    ),
    ServiceRule(
        id="web-firewall-rule-priority-range", type=_POLICY, code=None,
        source="learn.microsoft.com/azure/web-application-firewall/ag/custom-waf-rules-overview",
        judge=in_range("properties.customRules[].priority", 1, 100),
    ),
)  # fmt: skip
