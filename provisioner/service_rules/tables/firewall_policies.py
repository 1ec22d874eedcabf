"""Azure Firewall policies and the IP groups that they refer to.

Sources: "Azure Firewall Manager policy overview", "Azure Firewall features by SKU".
"""

from collections.abc import Iterator

from provisioner.service_rules.addresses import is_address, is_span, read_loosely
from provisioner.service_rules.partial_bodies import (
    entries_at,
    id_at,
    is_stated,
    text_at,
    text_or,
    texts_at,
)
from provisioner.service_rules.public_addresses import find_neighbour
from provisioner.service_rules.rule import Refusal, ServiceRule, Write

_POLICY = "Microsoft.Network/firewallPolicies"
_GROUPS = "Microsoft.Network/ipGroups"
_TIER, _BASE = "properties.sku.tier", "properties.basePolicy.id"
_INTRUSION, _TLS = "properties.intrusionDetection", "properties.transportSecurity"
_SERVERS = "properties.dnsSettings.servers"
_TIERS = ("basic", "standard", "premium")
_THREATS = "properties.threatIntelMode"
_MOST_ADDRESSES = 5000


def _sku_tier(body: object) -> str:
    """Return the tier in lower case; "" where it is not known yet."""
    return (text_or(body, _TIER, "Standard") or "").lower()


def _judge_features(write: Write) -> Iterator[Refusal]:
    if _sku_tier(write.after) not in ("basic", "standard"):
        return
    mode = text_at(write.after, f"{_INTRUSION}.mode")
    if mode is not None and mode.lower() != "off":
        yield Refusal(_INTRUSION, "intrusion detection needs a policy of the tier Premium")
    if is_stated(write.after, f"{_TLS}.certificateAuthority"):
        yield Refusal(_TLS, "TLS inspection needs a policy of the tier Premium")


def _judge_dns(write: Write) -> Iterator[Refusal]:
    if _sku_tier(write.after) == "basic" and is_stated(write.after, "properties.dnsSettings"):
        yield Refusal("properties.dnsSettings", "a policy of the tier Basic has no DNS settings")


def _judge_threats(write: Write) -> Iterator[Refusal]:
    mode = text_at(write.after, _THREATS)
    if _sku_tier(write.after) == "basic" and mode is not None and mode.lower() == "deny":
        yield Refusal(_THREATS, "a policy of the tier Basic alerts of threats, and denies none")


def _judge_servers(write: Write) -> Iterator[Refusal]:
    for at, text in texts_at(write.after, _SERVERS):
        if not is_address(text):
            yield Refusal(at, f"{text!r} is not an address of a DNS server")


def _judge_base(write: Write) -> Iterator[Refusal]:
    named = id_at(write.after, _BASE)
    if named is not None and named == write.id:
        yield Refusal(_BASE, "a policy is not its own parent")
        return
    base = find_neighbour(write.neighbours, named) if named else None
    if base is None:
        return
    mine, theirs = _sku_tier(write.after), _sku_tier(base.body)
    if theirs in _TIERS and mine in _TIERS and _TIERS.index(theirs) > _TIERS.index(mine):
        yield Refusal(
            _BASE,
            f"a policy of the tier {mine.title()} inherits from none of the tier {theirs.title()}",
        )


def _judge_members(write: Write) -> Iterator[Refusal]:
    for at, text in texts_at(write.after, "properties.ipAddresses"):
        if read_loosely(text) is None and not is_span(text):
            yield Refusal(
                at, f"{text!r} is neither an address, nor a range, nor two addresses in order"
            )


def _judge_size(write: Write) -> Iterator[Refusal]:
    count = sum(1 for _ in entries_at(write.after, "properties.ipAddresses"))
    if count > _MOST_ADDRESSES:
        yield Refusal(
            "properties.ipAddresses",
            f"{count:,} entries are in one group, which takes {_MOST_ADDRESSES:,}",
        )


RULES = (
    ServiceRule(
        id="policy-feature-of-premium", type=_POLICY, code=None,
        source="learn.microsoft.com/azure/firewall/premium-features", judge=_judge_features,
    ),
    ServiceRule(
        id="policy-dns-of-basic", type=_POLICY, code=None,
        source="learn.microsoft.com/azure/firewall/features-by-sku (DNS proxy, custom DNS)",
        judge=_judge_dns,
    ),
    ServiceRule(
        id="policy-threats-of-basic", type=_POLICY, code=None,
        source="learn.microsoft.com/azure/firewall/features-by-sku (threat intelligence)",
        judge=_judge_threats,
    ),
    ServiceRule(
        id="policy-dns-server", type=_POLICY, code=None,
        source="learn.microsoft.com/azure/firewall/dns-settings", judge=_judge_servers,
    ),
    ServiceRule(
        id="policy-base-of-higher-tier", type=_POLICY, code=None,
        source="learn.microsoft.com/azure/firewall-manager/policy-overview (hierarchical policies)",
        judge=_judge_base,
    ),
    ServiceRule(
        id="ip-group-address", type=_GROUPS, code=None,
        source="learn.microsoft.com/azure/firewall/ip-groups: a single address, several, or ranges",
        judge=_judge_members,
    ),
    ServiceRule(
        id="ip-group-size", type=_GROUPS, code=None,
        source="learn.microsoft.com/azure/firewall/ip-groups: 5,000 addresses each",
        judge=_judge_size,
    ),
)  # fmt: skip
