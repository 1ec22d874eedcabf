"""Reads network security groups from an estate: their rules by priority.

`topology_reader` and the controls on exposure call it; `security_groups` evaluates the rules.
"""

from collections.abc import Mapping

from provisioner.model.estate import Estate, Resource
from provisioner.model.values import list_items
from provisioner.network.model.body_values import (
    id_key_at,
    integer_at,
    parse_port_texts,
    text_at,
    texts_at,
    value_at,
)
from provisioner.network.model.intervals import ANY_PORT
from provisioner.network.model.topology_elements import SecurityGroup, SecurityRule

GROUP = "Microsoft.Network/networkSecurityGroups"
RULE = f"{GROUP}/securityRules"


def read_security_groups(estate: Estate) -> Mapping[str, SecurityGroup]:
    """Return the network security groups of an estate by the keys of their ids.

    Included are those that no subnet has. The label of a rule is that of its resource.
    """
    return {group.id.key: _read_group(estate, group) for group in estate.of_type(GROUP)}


def _read_group(estate: Estate, resource: Resource) -> SecurityGroup:
    rules = [_read_rule(child) for child in estate.children(resource.id, RULE)]
    # Azure refuses two rules of one direction with the same priority, so the order is total.
    return SecurityGroup(resource.label, tuple(sorted(rules, key=lambda rule: rule.priority)))


def _read_rule(resource: Resource) -> SecurityRule:
    body = resource.body
    return SecurityRule(
        label=resource.label,
        priority=integer_at(body, "properties.priority"),
        inbound=(text_at(body, "properties.direction") or "").lower() == "inbound",
        allows=(text_at(body, "properties.access") or "").lower() == "allow",
        protocol=(text_at(body, "properties.protocol") or "*").lower(),
        sources=_texts_of_forms(
            body, "properties.sourceAddressPrefix", "sourceApplicationSecurityGroups"
        ),
        destinations=_texts_of_forms(
            body, "properties.destinationAddressPrefix", "destinationApplicationSecurityGroups"
        ),
        ports=parse_port_texts(_texts_of_forms(body, "properties.destinationPortRange")),
        # Azure refuses a rule that names no source port.
        source_ports=parse_port_texts(_texts_of_forms(body, "properties.sourcePortRange"))
        or ANY_PORT,
    )


def _texts_of_forms(body: object, path: str, groups: str = "") -> tuple[str, ...]:
    """Return what a rule states in the singular property, the plural one, or as groups."""
    # ARM has each value twice, for one and for many (sourceAddressPrefix, sourceAddressPrefixes),
    # and either may be set.
    plural = f"{path}es" if path.endswith("Prefix") else f"{path}s"
    single = text_at(body, path)
    named = [
        f"asg:{key}"
        for entry in list_items(value_at(body, f"properties.{groups}") if groups else None)
        if (key := id_key_at(entry, "id"))
    ]
    return (*([single] if single else []), *texts_at(body, plural), *named)
