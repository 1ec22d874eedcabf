"""Azure Firewalls ("Azure Firewall FAQ", "Azure Firewall Management NIC")."""

from collections.abc import Iterator

from provisioner.service_rules.partial_bodies import (
    entries_at,
    id_at,
    is_silent,
    is_stated,
    text_or,
)
from provisioner.service_rules.public_addresses import (
    addresses_in_use,
    addresses_of,
    find_neighbour,
    non_standard_addresses,
)
from provisioner.service_rules.rule import Refusal, ServiceRule, Write
from provisioner.service_rules.same_region import (
    OTHER_REGION,
    references_to_other_regions,
    region_in,
)
from provisioner.service_rules.service_subnets import (
    ServiceSubnet,
    misnamed_subnets,
    shared_subnets,
    subnets_of,
    undersized_subnets,
)

_FIREWALL = "Microsoft.Network/azureFirewalls"
_FAQ = "learn.microsoft.com/azure/firewall/firewall-faq"
# Names and sizes: guidelines.md §2.2.
_SUBNET = ServiceSubnet("AzureFirewallSubnet", 26)
_MANAGEMENT = ServiceSubnet("AzureFirewallManagementSubnet", 26)
_MANAGED = "properties.managementIpConfiguration"
_MANAGED_SUBNET = f"{_MANAGED}.properties.subnet.id"
_POLICY = "properties.firewallPolicy.id"
_TIERS = ("basic", "standard", "premium")
_COLLECTIONS = (
    "properties.applicationRuleCollections",
    "properties.networkRuleCollections",
    "properties.natRuleCollections",
)


def _sku_tier(write: Write) -> str:
    """Return the tier in lower case; "" where it is not known yet."""
    return (text_or(write.after, "properties.sku.tier", "Standard") or "").lower()


def _judge_name(write: Write) -> Iterator[Refusal]:
    yield from misnamed_subnets(write, _SUBNET, *subnets_of(write.after))
    yield from misnamed_subnets(write, _MANAGEMENT, _MANAGED_SUBNET)


def _judge_size(write: Write) -> Iterator[Refusal]:
    yield from undersized_subnets(write, _SUBNET, *subnets_of(write.after))
    yield from undersized_subnets(write, _MANAGEMENT, _MANAGED_SUBNET)


def _judge_one_subnet(write: Write) -> Iterator[Refusal]:
    paths = [path for path in subnets_of(write.after) if is_stated(write.after, path)]
    if len(paths) > 1:
        yield Refusal(
            paths[1], f"one ipConfiguration of a firewall names its subnet, and {len(paths)} do"
        )


def _judge_shared(write: Write) -> Iterator[Refusal]:
    yield from shared_subnets(write)


def _judge_no_address(write: Write) -> Iterator[Refusal]:
    """Yield a firewall without a public address, unless it has a management configuration.

    A firewall without IP configurations is stopped; one without a management configuration is
    managed by its public address.
    """
    known = [entry for _at, entry in entries_at(write.after, "properties.ipConfigurations")]
    in_hub = not is_silent(write.after, "properties.virtualHub")
    if not known or in_hub or not is_silent(write.after, _MANAGED):
        return
    if all(is_silent(entry, "properties.publicIPAddress") for entry in known):
        yield Refusal(
            "properties.ipConfigurations",
            "a firewall without a managementIpConfiguration needs a public IP address",
        )


def _judge_address(write: Write) -> Iterator[Refusal]:
    yield from non_standard_addresses(write)


def _judge_use(write: Write) -> Iterator[Refusal]:
    yield from addresses_in_use(write)


def _judge_basic(write: Write) -> Iterator[Refusal]:
    in_network = not is_silent(write.after, "properties.ipConfigurations")
    # The Basic tier always manages itself over a second NIC ("Azure Firewall Management NIC").
    if _sku_tier(write) == "basic" and in_network and is_silent(write.after, _MANAGED):
        yield Refusal(_MANAGED, "a firewall of the tier Basic needs a managementIpConfiguration")


def _judge_policy_tier(write: Write) -> Iterator[Refusal]:
    named = id_at(write.after, _POLICY)
    policy = find_neighbour(write.neighbours, named) if named else None
    if policy is None:
        return
    theirs = (text_or(policy.body, "properties.sku.tier", "Standard") or "").lower()
    mine = _sku_tier(write)
    # A policy may only use features that the firewall has.
    if theirs in _TIERS and mine in _TIERS and _TIERS.index(theirs) > _TIERS.index(mine):
        yield Refusal(
            _POLICY,
            f"a firewall of the tier {mine.title()} takes no policy of the tier {theirs.title()}",
        )


def _judge_rules_and_policy(write: Write) -> Iterator[Refusal]:
    for path in _COLLECTIONS if is_stated(write.after, _POLICY) else ():
        if any(True for _ in entries_at(write.after, path)):
            yield Refusal(path, "a firewall has a policy, or rule collections of its own, not both")


def _judge_region(write: Write) -> Iterator[Refusal]:
    paths = [at for at, _named in addresses_of(write.type, write.after)]
    region = region_in(write.after)
    yield from references_to_other_regions(write.after, write.neighbours, region, *paths)


RULES = (
    ServiceRule(
        id="firewall-subnet-name", type=_FIREWALL, code=None, source=f"{_FAQ} (subnet)",
        judge=_judge_name,
    ),
    ServiceRule(
        id="firewall-subnet-size", type=_FIREWALL, code=None, source=f"{_FAQ}: /26",
        judge=_judge_size,
    ),
    ServiceRule(
        id="firewall-two-subnets", type=_FIREWALL, code=None,
        source="learn.microsoft.com/azure/firewall/deploy-multi-public-ip-powershell",
        judge=_judge_one_subnet,
    ),
    ServiceRule(
        id="firewall-beside-another", type=_FIREWALL, code=None,
        source=f"{_FAQ}: AzureFirewallSubnet is the firewall's own", judge=_judge_shared,
    ),
    ServiceRule(
        id="firewall-without-address", type=_FIREWALL, code=None,
        source="learn.microsoft.com/azure/firewall/management-nic", judge=_judge_no_address,
    ),
    ServiceRule(
        id="firewall-address-sku", type=_FIREWALL, code=None,
        source=f"{_FAQ}: Standard public IP addresses", judge=_judge_address,
    ),
    ServiceRule(
        id="firewall-address-in-use", type=_FIREWALL, code="PublicIPAddressInUse",
        source="gardener/gardener-extension-provider-azure#757 (of a NAT gateway)",
        judge=_judge_use,
    ),
    ServiceRule(
        id="firewall-basic-without-management", type=_FIREWALL, code=None,
        source="learn.microsoft.com/azure/firewall/management-nic: Basic requires it",
        judge=_judge_basic,
    ),
    ServiceRule(
        id="firewall-policy-of-higher-tier", type=_FIREWALL, code=None,
        source="learn.microsoft.com/azure/firewall-manager/policy-overview (types of firewalls)",
        judge=_judge_policy_tier,
    ),
    ServiceRule(
        id="firewall-rules-beside-policy", type=_FIREWALL, code=None,
        source="learn.microsoft.com/azure/firewall-manager/policy-overview (classic rules)",
        judge=_judge_rules_and_policy,
    ),
    ServiceRule(
        id="firewall-refers-to-other-region", type=_FIREWALL, code=OTHER_REGION,
        source="recorded message of InvalidResourceReference (errors.jsonl)", judge=_judge_region,
    ),
)  # fmt: skip
