"""How rules are judged: what is unknown, unseen or stood before refuses nothing."""

from dataclasses import dataclass
from typing import Any

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.model.estate import Resource
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Unknown
from provisioner.service_rules.evaluation import judge_write
from provisioner.service_rules.rule import UNSEEN, Listing, Unseen, Write

GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg"
NETWORK = "Microsoft.Network/virtualNetworks"
SUBNET = f"{NETWORK}/subnets"
VNET = ResourceId.parse(f"{GROUP}/providers/{NETWORK}/vnet")
NSG = ResourceId.parse(f"{GROUP}/providers/Microsoft.Network/networkSecurityGroups/nsg")
LATER = Unknown("later", {}, ("later.properties.value",))
RULE = {
    "priority": 100, "access": "Allow", "direction": "Inbound", "protocol": "Tcp",
    "sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "*",
    "destinationPortRange": "22",
}  # fmt: skip


@dataclass(frozen=True)
class Beside:
    """Neighbours that are these resources, all or nothing of which was read."""

    resources: tuple[Resource, ...] = ()
    read: bool = True

    def lookup(self, resource: ResourceId) -> Resource | Unseen | None:
        found = next((r for r in self.resources if r.id == resource), None)
        return found or (None if self.read else UNSEEN)

    def children(self, container: ResourceId, type_name: str) -> Listing:
        found = (r for r in self.of_type(type_name) if r.id.container == container)
        return Listing(tuple(found), self.read)

    def of_type(self, type_name: str) -> Listing:
        return Listing(tuple(r for r in self.resources if r.type == type_name), self.read)


def subnet(name: str) -> ResourceId:
    return ResourceId.parse(f"{VNET}/subnets/{name}")


def write(
    resource: ResourceId, after: Any, before: Any = None, around: Beside | None = None
) -> Write:
    return Write(resource.type, resource, before, after, around or Beside(), "2024-05-01")


def codes(catalog: Catalog, judged: Write) -> list[str]:
    return [found.rule.id for found in judge_write(judged, catalog)]


def network(*prefixes: Any) -> dict[str, Any]:
    return {"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": prefixes}}}


def rules(*entries: tuple[str, Any]) -> dict[str, Any]:
    listed = [{"name": name, "properties": body} for name, body in entries]
    return {"location": "westeurope", "properties": {"securityRules": listed}}


IN_SPACE = Beside((Resource(VNET, NETWORK, network("10.0.0.0/16")),))
OUTSIDE = {"properties": {"addressPrefix": "10.1.0.0/24"}}


@pytest.mark.parametrize(
    ("judged", "expected"),
    [
        pytest.param(write(subnet("a"), OUTSIDE, around=IN_SPACE), ["subnet-outside-of-network"],
                     id="the space is known"),
        pytest.param(write(subnet("a"), OUTSIDE, around=Beside(read=False)), [],
                     id="the network was not read"),
        pytest.param(
            write(subnet("a"), OUTSIDE,
                  around=Beside((Resource(VNET, NETWORK, network("10.0.0.0/16", LATER)),))),
            [], id="a range of the space is known after apply"),
        pytest.param(
            write(subnet("a"), OUTSIDE,
                  around=Beside((Resource(VNET, NETWORK, {"properties": LATER}),))),
            [], id="nothing of the network is known before apply"),
        pytest.param(write(subnet("a"), {"properties": {"addressPrefix": LATER}}, around=IN_SPACE),
                     [], id="the range is known after apply"),
        pytest.param(write(NSG, rules(("a", {**RULE, "priority": LATER}), ("b", RULE))), [],
                     id="a priority is known after apply"),
        pytest.param(write(NSG, rules(("a", LATER))), [],
                     id="nothing of a rule is known before apply, and so nothing is missing"),
        pytest.param(
            write(NSG, rules(("a", {**RULE, "sourceAddressPrefix": LATER}))), [],
            id="a source is known after apply, and so not missing"),
        pytest.param(write(NSG, rules(("a", {**RULE, "sourceAddressPrefix": "789"}))), [],
                     id="an address of one number (recorded: cli/test_network_nsg.yaml)"),
        pytest.param(write(NSG, rules(("a", {**RULE, "sourceAddressPrefix": "10.256.1"}))),
                     ["security-rule-address"], id="an address of three, one too large"),
        pytest.param(write(subnet("a"), OUTSIDE, OUTSIDE, IN_SPACE), [],
                     id="it stood so before, and Azure bears it"),
        pytest.param(
            write(subnet("a"), {"properties": {"addressPrefix": "10.2.0.0/24"}}, OUTSIDE, IN_SPACE),
            ["subnet-outside-of-network"], id="it stood otherwise before"),
        pytest.param(
            write(NSG, rules(("a", RULE), ("b", RULE)), rules(("a", RULE))),
            ["security-rule-same-priority"], id="the entry is new in its list"),
        pytest.param(
            write(NSG, rules(("b", RULE)), around=Beside((
                Resource(ResourceId.parse(f"{NSG}/securityRules/a"), f"{NSG.type}/securityRules",
                         {"properties": RULE}),))),
            [], id="what the body's list no longer has goes with the write"),
    ],
)  # fmt: skip
def test_what_is_not_known_refuses_nothing(
    catalog: Catalog, judged: Write, expected: list[str]
) -> None:
    assert codes(catalog, judged)[:1] == expected


def test_a_child_is_told_at_its_place_in_the_body(catalog: Catalog) -> None:
    (found,) = judge_write(write(NSG, rules(("a", RULE), ("b", {**RULE, "priority": 50}))), catalog)
    assert found.refusal.path == "properties.securityRules[1].properties.priority"


def test_what_a_list_of_our_own_says_is_judged_where_it_is_asked_for(catalog: Catalog) -> None:
    table = ResourceId.parse(f"{GROUP}/providers/Microsoft.Network/routeTables/rt")
    judged = write(table, {"location": "a-region-of-next-year"})
    assert judge_write(judged, catalog) == ()
    (found,) = judge_write(judged, catalog, by_lists=True)
    assert found.rule.code == "LocationNotAvailableForResourceType"
