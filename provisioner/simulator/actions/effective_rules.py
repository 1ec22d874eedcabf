"""Effective security rules of a network interface (POST effectiveNetworkSecurityGroups).

Source: "Network Interfaces - List Effective Network Security Groups" (shapes) and "Network security
groups" (the subnet's and the interface's both apply; the content of the service tags
`VirtualNetwork` and `AzureLoadBalancer`). Other service tags are named and not expanded: their
addresses are not known here. As with effective routes, no machine has to run.
"""

from collections.abc import Iterator

from provisioner.catalog.network_offers import FIXED_TAGS
from provisioner.catalog.service_actions import NETWORK_INTERFACE
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import Json
from provisioner.simulator.actions.effective_networks import (
    connected_ranges,
    reference_at,
)
from provisioner.simulator.actions.effective_routes import subnet_of
from provisioner.simulator.actions.targets import find_target, require_resource, start_action
from provisioner.simulator.arm.operations import OperationEffect
from provisioner.simulator.bodies.body_paths import split_path, value_at, values_at
from provisioner.simulator.bodies.responses import render
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import OperationKind, Record

_GROUP = "properties.networkSecurityGroup.id"
_HOST = ("168.63.129.16/32",)
_METADATA = ("169.254.169.254/32",)
_LISTS = ("securityRules", "defaultSecurityRules")
_ALL_PORTS = "0-65535"


def get_effective_rules(cloud: Cloud, request: Request, **_path_parameters: str) -> Answer:
    """Answer 202; the groups of the subnet and of the interface are at `Location`."""
    interface = find_target(cloud, request)
    subnet = subnet_of(cloud, interface)
    associations: list[tuple[str, Record]] = [("networkInterface", interface)]
    if subnet is not None:
        associations.insert(0, ("subnet", subnet))
    tags = _service_tags(cloud, subnet) if subnet is not None else {}
    shown = [
        found
        for name, holder in associations
        if (found := _render_group(cloud, name, holder, tags)) is not None
    ]
    answer: Json = {"value": shown}
    return start_action(
        cloud, request, interface, OperationKind.READ, OperationEffect(answer=answer)
    )


def _service_tags(cloud: Cloud, subnet: Record) -> dict[str, tuple[str, ...]]:
    """Return the prefixes of service tags for a subnet, by name in lower case."""
    assert subnet.id.parent is not None
    ranges = connected_ranges(cloud, require_resource(cloud, subnet.id.parent))
    connected = (*ranges.network, *ranges.peers, *ranges.beyond_gateway, *_HOST, *_METADATA)
    fixed = {name.lower(): prefixes for name, prefixes in FIXED_TAGS.items()}
    return {**fixed, "virtualnetwork": tuple(dict.fromkeys(connected))}


def _render_group(
    cloud: Cloud, name: str, holder: Record, tags: dict[str, tuple[str, ...]]
) -> Json | None:
    named = reference_at(holder, _GROUP)
    row = cloud.find(named) if named is not None else None
    if row is None:
        return None
    properties = render(cloud, row)["properties"]
    rules: list[Json] = [
        _render_rule(cloud, f"{kind}/{entry['name']}", entry["properties"], tags)
        for kind in _LISTS
        for entry in properties.get(kind) or ()
    ]
    return {
        "networkSecurityGroup": {"id": row.id.text},
        "association": {name: {"id": holder.id.text}},
        "effectiveSecurityRules": rules,
        "tagMap": None,
    }


def _render_rule(
    cloud: Cloud, name: str, rule: dict[str, Json], tags: dict[str, tuple[str, ...]]
) -> Json:
    protocol = str(rule.get("protocol"))
    shown: dict[str, Json] = {
        "name": name,
        "protocol": "All" if protocol == "*" else protocol,
        "access": rule.get("access"),
        "priority": rule.get("priority"),
        "direction": rule.get("direction"),
    }
    for side in ("source", "destination"):
        ports = [_port_range(text) for text in _values_of(rule, f"{side}PortRange")]
        prefixes = _rule_prefixes(cloud, rule, side)
        shown[f"{side}PortRange"] = ports[0] if len(ports) == 1 else None
        shown[f"{side}PortRanges"] = ports
        shown[f"{side}AddressPrefix"] = prefixes[0] if len(prefixes) == 1 else None
        shown[f"{side}AddressPrefixes"] = prefixes
        expanded = [one for prefix in prefixes for one in tags.get(prefix.lower(), ())]
        if expanded:
            side_name = side.capitalize()
            shown[f"expanded{side_name}AddressPrefix"] = expanded
    return shown


def _rule_prefixes(cloud: Cloud, rule: dict[str, Json], side: str) -> list[str]:
    """Return the prefixes of one side of a rule.

    Application security groups are replaced by the addresses of their members.
    """
    stated = [
        "0.0.0.0/0" if text == "*" else text for text in _values_of(rule, f"{side}AddressPrefix")
    ]
    return [*stated, *_member_addresses(cloud, rule.get(f"{side}ApplicationSecurityGroups"))]


def _member_addresses(cloud: Cloud, groups: Json) -> Iterator[str]:
    entries = groups if isinstance(groups, (list, tuple)) else ()
    group_ids = {parse_resource_id(value_at(entry, "id")) for entry in entries} - {None}
    path = split_path("properties.ipConfigurations[].properties")
    for row in cloud.store.resources.of_type(NETWORK_INTERFACE) if group_ids else ():
        for _, configuration in values_at(row.body, path):
            named = values_at(configuration, split_path("applicationSecurityGroups[].id"))
            address = value_at(configuration, "privateIPAddress")
            is_member = any(parse_resource_id(text) in group_ids for _, text in named)
            if is_member and isinstance(address, str):
                yield f"{address}/32"


def _values_of(rule: dict[str, Json], name: str) -> list[str]:
    """Return the values of a property or its plural (`…PortRange`, `…PortRanges`)."""
    plural = f"{name}es" if name.endswith("Prefix") else f"{name}s"
    many = rule.get(plural)
    listed = [str(one) for one in many] if isinstance(many, (list, tuple)) else []
    one = rule.get(name)
    return listed or ([one] if isinstance(one, str) and one else [])


def _port_range(text: str) -> str:
    if text == "*":
        return _ALL_PORTS
    return text if "-" in text else f"{text}-{text}"
