"""Rule collection groups of Azure Firewall policies.

Sources: guidelines.md §3.3, "Azure Firewall policy rule sets", "Azure Firewall rule processing",
and the reports named at each rule.
"""

from collections.abc import Iterator

from provisioner.service_rules.addresses import (
    is_port_range,
    is_span,
    port_range_error,
    read_loosely,
)
from provisioner.service_rules.duplicate_names import repeated_names
from provisioner.service_rules.partial_bodies import (
    Tree,
    entries_at,
    is_silent,
    is_stated,
    number_at,
    text_at,
    texts_at,
)
from provisioner.service_rules.rule import Refusal, ServiceRule, Write

_GROUP = "Microsoft.Network/firewallPolicies/ruleCollectionGroups"
_SETS = "learn.microsoft.com/azure/firewall/policy-rule-sets"
_COLLECTIONS = "properties.ruleCollections"
# guidelines.md §3.3.
_LOWEST, _HIGHEST = 100, 65000
_HIGHEST_PORT = 64000
_MOST_GROUPS = 100
_PROTOCOLS = {
    "networkrule": "ipProtocols",
    "natrule": "ipProtocols",
    "applicationrule": "protocols",
}
_NAT = "firewallpolicynatrulecollection"


def _rule_collections(write: Write) -> Iterator[tuple[str, Tree]]:
    yield from entries_at(write.after, _COLLECTIONS)


def _collection_rules(write: Write, kind: str = "") -> Iterator[tuple[str, Tree]]:
    """Yield (path, rule) of all collections: those of one `ruleType`, or of any."""
    for at, _collection in _rule_collections(write):
        for where, rule in entries_at(write.after, f"{at}.rules"):
            if not kind or (text_at(rule, "ruleType") or "").lower() == kind:
                yield where, rule


def _judge_priority(write: Write) -> Iterator[Refusal]:
    paths = ["properties.priority", *(f"{at}.priority" for at, _one in _rule_collections(write))]
    for path in paths:
        priority = number_at(write.after, path)
        if priority is not None and not _LOWEST <= priority <= _HIGHEST:
            yield Refusal(
                path, f"the priority {priority} is not between {_LOWEST} and {_HIGHEST:,}"
            )


def _judge_names(write: Write) -> Iterator[Refusal]:
    yield from repeated_names(write.after, _COLLECTIONS)
    for at, _collection in _rule_collections(write):
        yield from repeated_names(write.after, f"{at}.rules")


def _judge_count(write: Write) -> Iterator[Refusal]:
    count = len(write.siblings.resources) + 1
    if count > _MOST_GROUPS:
        yield Refusal("", f"the policy has {count} groups, and takes {_MOST_GROUPS}")


def _judge_kinds(write: Write) -> Iterator[Refusal]:
    """Yield rules of another kind than their collection: it has one kind, a NAT collection NAT."""
    for at, collection in _rule_collections(write):
        sort = text_at(collection, "ruleCollectionType")
        is_nat = (sort or "").lower() == _NAT
        kinds = {
            kind.lower(): where
            for where, rule in entries_at(write.after, f"{at}.rules")
            if (kind := text_at(rule, "ruleType")) is not None
        }
        if len(kinds) > 1:
            yield Refusal(at, f"a collection holds rules of one kind, and not {', '.join(kinds)}")
        elif kinds and sort and is_nat is not ("natrule" in kinds):
            wanted = "NatRule" if is_nat else "ApplicationRule or NetworkRule"
            yield Refusal(next(iter(kinds.values())), f"this collection holds a {wanted}")


def _judge_ports(write: Write) -> Iterator[Refusal]:
    for at, rule in _collection_rules(write):
        kind = (text_at(rule, "ruleType") or "").lower()
        highest, lowest = (_HIGHEST_PORT, 1) if kind == "natrule" else (65535, 0)
        for where, text in texts_at(write.after, f"{at}.destinationPorts"):
            if not is_port_range(text, highest, lowest) and not (text == "*" and kind != "natrule"):
                yield Refusal(
                    where,
                    port_range_error(text)
                    or f"{text!r} is neither a port nor a range of ports, of {lowest} to {highest}",
                )
        for where, _protocol in entries_at(write.after, f"{at}.protocols"):
            port = number_at(write.after, f"{where}.port")
            if port is not None and not 1 <= port <= _HIGHEST_PORT:
                yield Refusal(f"{where}.port", f"the port {port} is not of 1 to {_HIGHEST_PORT}")


def _judge_names_of_hosts(write: Write) -> Iterator[Refusal]:
    for at, _rule in _collection_rules(write, "networkrule"):
        for where, text in texts_at(write.after, f"{at}.destinationFqdns"):
            if "*" in text:
                yield Refusal(
                    where,
                    f"a network rule takes whole names, and not {text}",
                    "Use a wildcard in an application rule.",
                )


def _judge_ends(write: Write) -> Iterator[Refusal]:
    for at, rule in _collection_rules(write):
        kind = (text_at(rule, "ruleType") or "").lower()
        wanted: dict[str, tuple[str, ...]] = {"source": ("sourceAddresses", "sourceIpGroups")}
        if kind == "networkrule":
            wanted["destination"] = (
                "destinationAddresses",
                "destinationIpGroups",
                "destinationFqdns",
            )
        elif kind == "natrule":
            wanted["destination"] = ("destinationAddresses",)
        elif kind == "applicationrule":
            wanted["destination"] = ("targetFqdns", "targetUrls", "fqdnTags", "webCategories")
        for end, names in wanted.items() if kind else ():
            if all(is_silent(rule, name) for name in names):
                name = text_at(rule, "name") or at
                yield Refusal(
                    at, f"the rule {name} has no {end}: one of {', '.join(names)} is required"
                )


def _judge_protocols(write: Write) -> Iterator[Refusal]:
    """Yield rules without a protocol, except application rules without FQDNs.

    FQDN tags and web categories imply their protocols, at least in older versions.
    """
    for at, rule in _collection_rules(write):
        kind = (text_at(rule, "ruleType") or "").lower()
        wanted = _PROTOCOLS.get(kind)
        by_name = kind != "applicationrule" or is_stated(rule, "targetFqdns")
        if wanted and by_name and is_silent(rule, wanted):
            name = text_at(rule, "name") or at
            yield Refusal(f"{at}.{wanted}", f"the rule {name} names no protocol")


def _judge_addresses(write: Write) -> Iterator[Refusal]:
    """Yield texts that have the form of an address or range and are neither.

    A word may be a service tag that is newer than any list.
    """
    for at, _rule in _collection_rules(write):
        paths = (f"{at}.sourceAddresses", f"{at}.destinationAddresses")
        for where, text in texts_at(write.after, *paths):
            written = "/" in text or text[0].isdigit()
            if written and read_loosely(text) is None and not is_span(text):
                yield Refusal(where, f"{text!r} is neither an address nor a range of addresses")


def _judge_translation(write: Write) -> Iterator[Refusal]:
    for at, rule in _collection_rules(write, "natrule"):
        stated = [n for n in ("translatedAddress", "translatedFqdn") if is_stated(rule, n)]
        if len(stated) != 1:
            has = "both of them" if stated else "neither"
            yield Refusal(
                at, f"a NAT rule has one of translatedAddress and translatedFqdn, and this {has}"
            )


RULES = (
    ServiceRule(
        id="rule-group-priority", type=_GROUP, code=None,
        source="guidelines.md §3.3; learn.microsoft.com/azure/firewall/rule-processing",
        judge=_judge_priority,
    ),
    ServiceRule(
        id="rule-group-names", type=_GROUP, code=None,
        source=f"{_SETS}: names are unique within their group, and within their collection",
        judge=_judge_names,
    ),
    ServiceRule(
        id="rule-groups-too-many", type=_GROUP, code=None,
        source="MicrosoftDocs/azure-docs#98291 (firewall-limits: 100)", judge=_judge_count,
    ),
    ServiceRule(
        id="rule-collection-of-mixed-kinds", type=_GROUP, code=None,
        source=f"{_SETS}; Azure/azure-cli-extensions#1226", judge=_judge_kinds,
    ),
    ServiceRule(
        id="firewall-rule-port", type=_GROUP,
        code="FirewallPolicyRuleConditionInvalidPortOrRangeFormat",
        source="Azure/azure-rest-api-specs#11831", judge=_judge_ports,
    ),
    ServiceRule(
        id="firewall-rule-wildcard", type=_GROUP, code="FirewallPolicyRuleInvalidFqdnFormat",
        source="learn.microsoft.com/azure/firewall/fqdn-filtering-network-rules",
        judge=_judge_names_of_hosts,
    ),
    ServiceRule(
        id="firewall-rule-without-end", type=_GROUP, code=None,
        source="REST reference of rule collection groups; a rule needs a source and a destination",
        judge=_judge_ends,
    ),
    ServiceRule(
        id="firewall-rule-protocols", type=_GROUP, code=None,
        source="hashicorp/terraform-provider-azurerm#8603, #22942 (required of rules by FQDN)",
        judge=_judge_protocols,
    ),
    ServiceRule(
        id="firewall-rule-address", type=_GROUP, code=None,
        source="REST reference of rule collection groups: addresses, ranges and service tags",
        judge=_judge_addresses,
    ),
    ServiceRule(
        id="firewall-rule-translation", type=_GROUP, code=None,
        source="REST reference of rule collection groups (NatRule)", judge=_judge_translation,
    ),
)  # fmt: skip
