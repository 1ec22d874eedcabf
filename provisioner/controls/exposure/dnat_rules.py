"""DNAT rules by which Azure Firewall admits traffic from the internet.

Such a rule lets in what it translates, without a network rule for it. Facts: the documentation
"Azure Firewall rule processing logic" and "Filter inbound internet traffic with Azure Firewall
DNAT".

Called by controls of ENV-04.4.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from provisioner.catalog.registry import Catalog
from provisioner.controls.resource_types import (
    APPLICATION_GATEWAY,
    FIREWALL,
    FIREWALL_POLICY,
    IP_GROUP,
    RULE_COLLECTION_GROUP,
)
from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import list_items, lookup
from provisioner.network.model.public_ranges import PublicReach, read_reach
from provisioner.network.model.topology_elements import FirewallRule
from provisioner.network.model.topology_reader import read_topology

_POLICY = "properties.firewallPolicy.id"
_BASE = "properties.basePolicy.id"
_CLASSIC_RULES = "properties.natRuleCollections"
_FRONTENDS = "properties.frontendIPConfigurations"

DNAT_READS: Mapping[str, Sequence[str]] = {
    FIREWALL: ("properties.ipConfigurations", _POLICY, _CLASSIC_RULES),
    FIREWALL_POLICY: (_BASE,),
    RULE_COLLECTION_GROUP: ("properties.priority", "properties.ruleCollections"),
    IP_GROUP: ("properties.ipAddresses",),
    APPLICATION_GATEWAY: (_FRONTENDS,),
}
"""What the translations of firewalls are read from."""

_CLOUD = "AzureCloud"


@dataclass(frozen=True, slots=True)
class DnatOpening:
    """What a firewall lets strangers reach; not `certain` where its rules are not all known."""

    certain: bool
    evidence: str


def find_dnat_openings(estate: Estate, _catalog: Catalog) -> Mapping[str, tuple[DnatOpening, ...]]:
    """Return what each firewall lets strangers reach, by its key.

    Web gateways may be reached through a firewall: what guards them is judged with them.
    """
    gateways = frozenset(_gateway_addresses(estate))
    policies = {f.key: f.policy for f in read_topology(estate, _CLOUD).firewalls}
    found: dict[str, tuple[DnatOpening, ...]] = {}
    for firewall in estate.of_type(FIREWALL):
        policy = policies.get(firewall.id.key)
        rules = policy.rules if policy else ()
        found[firewall.id.key] = (
            # What is translated to a gateway with a WAF is judged with that gateway.
            *_judge_rules([r for r in rules if r.kind == "nat" and r.translated not in gateways]),
            *_unknown_policies(estate, firewall),
        )
    return found


def find_dnat_targets(estate: Estate, _catalog: Catalog) -> frozenset[str]:
    """Return the addresses and host names that the firewalls lead the internet to."""
    return frozenset(
        rule.translated
        for firewall in read_topology(estate, _CLOUD).firewalls
        for rule in (firewall.policy.rules if firewall.policy else ())
        if rule.kind == "nat" and rule.translated
    )


def _judge_rules(rules: Sequence[FirewallRule]) -> Iterator[DnatOpening]:
    combined, is_open_alone = PublicReach(), False
    for rule in rules:
        reach = read_reach(rule.sources)
        combined = combined | reach
        if reach.holds_strangers:
            is_open_alone = True
            evidence = f"{rule.label} forwards traffic from {reach} to {rule.translated}"
            yield DnatOpening(True, f"{evidence}, which is not behind a web application firewall")
        elif rule.open_sources:
            yield DnatOpening(
                False,
                (
                    f"the sources of {rule.label} are unknown: its IP group is not in the "
                    "environment"
                ),
            )
        elif reach.unclear:
            named = ", ".join(reach.unclear)
            yield DnatOpening(
                False, (f"{rule.label} allows {named}, which is not in the environment")
            )
    # Partners' ranges in separate rules can be all of the internet together.
    if combined.holds_strangers and not is_open_alone:
        named = ", ".join(rule.label for rule in rules)
        yield DnatOpening(True, f"{named} together allow {combined}")


def _unknown_policies(estate: Estate, firewall: Resource) -> Iterator[DnatOpening]:
    """Yield the policies of a firewall that nothing is known of."""
    # Rules of a policy that was not read may translate anything: unknown, not closed.
    named = parse_resource_id(lookup(firewall.body, _POLICY.split(".")))
    policy = estate.get(named) if named else None
    if named is not None and policy is None:
        yield DnatOpening(
            False, (f"its DNAT rules are unknown: {named.name} is not in the environment")
        )
    base = parse_resource_id(lookup(policy.body, _BASE.split("."))) if policy else None
    if base is not None and estate.get(base) is None:
        yield DnatOpening(
            False, (f"its inherited rules are unknown: {base.name} is not in the environment")
        )


def _gateway_addresses(estate: Estate) -> Iterator[str]:
    for gateway in estate.of_type(APPLICATION_GATEWAY):
        for entry in list_items(lookup(gateway.body, _FRONTENDS.split("."))):
            address = lookup(entry, ("properties", "privateIPAddress"))
            if isinstance(address, str):
                yield address
