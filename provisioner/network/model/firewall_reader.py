"""Reads Azure Firewalls from an estate, with the rules of their policies in order of evaluation.

`topology_reader` calls it for the topology; `firewalls` evaluates the rules.
"""

from collections.abc import Iterator

from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import list_items
from provisioner.network.model.body_values import (
    address_or_key,
    id_key_at,
    integer_at,
    parse_port_texts,
    text_at,
    texts_at,
    value_at,
)
from provisioner.network.model.intervals import Intervals, parse_addresses
from provisioner.network.model.topology_elements import Firewall, FirewallPolicy, FirewallRule

FIREWALL = "Microsoft.Network/azureFirewalls"
POLICY = "Microsoft.Network/firewallPolicies"
RULE_GROUP = f"{POLICY}/ruleCollectionGroups"


def read_firewalls(estate: Estate) -> Iterator[Firewall]:
    """Yield the firewalls of an estate."""
    reader = _FirewallReader(estate)
    for resource in estate.of_type(FIREWALL):
        yield reader.read_firewall(resource)


class _FirewallReader:
    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        # By policy and not by firewall: several firewalls can share one.
        self._policies = {r.id.key: self._read_policy(r) for r in estate.of_type(POLICY)}

    def read_firewall(self, resource: Resource) -> Firewall:
        entries = list_items(value_at(resource.body, "properties.ipConfigurations"))
        subnets = [key for entry in entries if (key := id_key_at(entry, "properties.subnet.id"))]
        declared = resource.address is not None
        policy, known = self._rules_of_firewall(resource)
        # A firewall in a virtual hub has no subnet; its routes are the hub's, which are not read.
        if not subnets:
            return Firewall(
                resource.id.key,
                resource.label,
                "",
                "",
                None,
                policy,
                (),
                known=False,
                declared=declared,
            )
        # All configurations of a firewall share one private address.
        address = text_at(entries[0], "properties.privateIPAddress")
        found = parse_addresses(address) if address else None
        return Firewall(
            key=resource.id.key,
            label=resource.label,
            network=subnets[0].rpartition("/subnets/")[0],
            subnet=subnets[0],
            address=found.lowest if found else None,
            policy=policy,
            public_addresses=tuple(
                key
                for entry in entries
                if (key := id_key_at(entry, "properties.publicIPAddress.id"))
            ),
            known=known,
            declared=declared,
        )

    def _rules_of_firewall(self, firewall: Resource) -> tuple[FirewallPolicy | None, bool]:
        """Return the policy of a firewall, and whether all of it was read.

        A firewall without a policy has classic rules in its own body, as all had before there were
        policies.
        """
        named = value_at(firewall.body, "properties.firewallPolicy.id")
        if named:
            key = id_key_at(firewall.body, "properties.firewallPolicy.id") or ""
            base = (
                value_at(self._estate.resources[key].body, "properties.basePolicy.id")
                if (key in self._policies)
                else None
            )
            base_id = parse_resource_id(base)
            is_base_read = not base or (base_id is not None and base_id.key in self._policies)
            return self._policies.get(key), key in self._policies and is_base_read
        rules = sorted(self._classic_rules(firewall), key=lambda rule: rule.order)
        if not rules:
            return None, True
        return FirewallPolicy(firewall.id.key, firewall.label, tuple(rules), False, ()), True

    def _classic_rules(self, firewall: Resource) -> Iterator[FirewallRule]:
        for kind in ("network", "application", "nat"):
            path = f"properties.{kind}RuleCollections"
            for collection in list_items(value_at(firewall.body, path)):
                order = integer_at(collection, "properties.priority")
                allows = (text_at(collection, "properties.action.type") or "").lower() != "deny"
                for position, rule in enumerate(
                    list_items(value_at(collection, "properties.rules"))
                ):
                    label = (
                        f"{firewall.label} {text_at(collection, 'name')}.{text_at(rule, 'name')}"
                    )
                    place = (order, 0, position)
                    yield self._read_rule(label, place, rule, kind, allows)

    def _read_policy(self, resource: Resource) -> FirewallPolicy:
        rules = [
            rule
            for group in self._estate.children(resource.id, RULE_GROUP)
            for rule in self._rules_of_group(group)
        ]
        return FirewallPolicy(
            key=resource.id.key,
            label=resource.label,
            # What is inherited goes before one's own, whatever its priority
            # (firewall-manager, "Azure Firewall policy rule sets").
            rules=(*self._inherited_rules(resource), *sorted(rules, key=lambda rule: rule.order)),
            dns_proxy=value_at(resource.body, "properties.dnsSettings.enableProxy") is True,
            dns_servers=tuple(
                address_or_key(self._estate, server) or "?"
                for server in list_items(value_at(resource.body, "properties.dnsSettings.servers"))
            ),
        )

    def _inherited_rules(self, resource: Resource) -> tuple[FirewallRule, ...]:
        base = parse_resource_id(value_at(resource.body, "properties.basePolicy.id"))
        parent = self._estate.get(base) if base and base != resource.id else None
        # A policy that inherits passes nothing on: Azure knows two levels.
        if parent is None or value_at(parent.body, "properties.basePolicy.id"):
            return ()
        return self._read_policy(parent).rules

    def _rules_of_group(self, group: Resource) -> Iterator[FirewallRule]:
        group_priority = integer_at(group.body, "properties.priority")
        for collection in list_items(value_at(group.body, "properties.ruleCollections")):
            collection_priority = integer_at(collection, "priority")
            name = text_at(collection, "name") or ""
            # Collections of DNAT rules have the action Dnat, which allows.
            allows = (text_at(collection, "action.type") or "").lower() != "deny"
            for position, rule in enumerate(list_items(value_at(collection, "rules"))):
                label = f"{group.label} {name}.{text_at(rule, 'name') or position}"
                kind = (text_at(rule, "ruleType") or "").lower().removesuffix("rule")
                yield self._read_rule(
                    label, (group_priority, collection_priority, position), rule, kind, allows
                )

    def _read_rule(
        self, label: str, order: tuple[int, int, int], rule: object, kind: str, allows: bool
    ) -> FirewallRule:
        destinations = list(texts_at(rule, "destinationAddresses"))
        sources, open_sources = self._ranges_of_ip_groups(rule, "sourceIpGroups")
        group_ranges, open_destinations = self._ranges_of_ip_groups(rule, "destinationIpGroups")
        if kind == "application":
            entries = list_items(value_at(rule, "protocols"))
            protocols = frozenset((text_at(e, "protocolType") or "").lower() for e in entries)
            ports = Intervals.of(
                (port, port) for port in (integer_at(entry, "port") for entry in entries)
            )
        else:
            stated_protocols = (*texts_at(rule, "ipProtocols"), *texts_at(rule, "protocols"))
            protocols = frozenset(text.lower() for text in stated_protocols)
            ports = parse_port_texts(texts_at(rule, "destinationPorts"))
        # destinationAddresses mixes ranges and service tags.
        tags = [text for text in destinations if parse_addresses(text) is None]
        return FirewallRule(
            label=label,
            kind=kind,
            order=order,
            allows=allows,
            protocols=protocols,
            sources=(*texts_at(rule, "sourceAddresses"), *sources),
            destinations=tuple(t for t in [*destinations, *group_ranges] if t not in tags),
            names=(
                *texts_at(rule, "targetFqdns"),
                *texts_at(rule, "destinationFqdns"),
                # targetUrls are used with TLS inspection; for reachability their host counts.
                *(url.partition("/")[0] for url in texts_at(rule, "targetUrls")),
            ),
            tags=(*tags, *texts_at(rule, "fqdnTags")),
            ports=ports,
            open_sources=open_sources,
            open_destinations=open_destinations,
            translated=text_at(rule, "translatedAddress") or text_at(rule, "translatedFqdn") or "",
            categories=texts_at(rule, "webCategories"),
        )

    def _ranges_of_ip_groups(self, rule: object, path: str) -> tuple[list[str], bool]:
        """Return the ranges of the IP groups that a rule names, and whether one is not known."""
        ranges: list[str] = []
        unknown = False
        for text in texts_at(rule, path):
            named = parse_resource_id(text)
            group = self._estate.get(named) if named else None
            # An IP group that was not read may hold any address: rules with it are judged
            # unknown, not skipped.
            if group is None:
                unknown = True
            else:
                ranges += texts_at(group.body, "properties.ipAddresses")
        return ranges, unknown
