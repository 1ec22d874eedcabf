"""The proof of egress where traffic goes on premises: forced tunneling, by whatever road."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import ResourceId
from provisioner.network.model.topology_reader import read_topology
from provisioner.network.proofs.egress import prove_egress
from provisioner.network.proofs.proof import Verdict
from provisioner.plan.estates import desired_estate
from tests.environments import compose_small, load_shipped
from tests.unit.network.networks import PROVIDER, network

NETWORK = "Microsoft.Network"
TABLES = ("spoke.routes", "hub.sharedRoutes")
TO_GATEWAY = {"nextHopType": "VirtualNetworkGateway", "nextHopIpAddress": None}


@pytest.fixture(scope="module")
def estate(catalog) -> Estate:
    """The shipped network, with a gateway in its hub that the spoke uses."""
    shipped = desired_estate(load_shipped("local", catalog).graph, catalog)
    hub = shipped.at("hub.network")
    subnet = hub.id.text + "/subnets/GatewaySubnet"
    gateway = Resource(
        ResourceId(f"{NETWORK}/virtualNetworkGateways", ("vgw",), hub.id.scope),
        f"{NETWORK}/virtualNetworkGateways",
        {"properties": {"ipConfigurations": [{"properties": {"subnet": {"id": subnet}}}]}},
        "hub.gateway",
    )
    lent = Estate.of([*shipped, gateway])
    return change(
        lent,
        {
            "spoke.toHub": {"useRemoteGateways": True},
            "spoke.fromHub": {"allowGatewayTransit": True},
        },
    )


def change(estate: Estate, changes: Mapping[str, Mapping[str, Any] | None]) -> Estate:
    """Return a state with properties set, by address; None takes the resource away."""
    for address, properties in changes.items():
        found = estate.at(address)
        assert found is not None, address
        kept = dict(estate.resources)
        if properties is None:
            del kept[found.id.key]
        else:
            body = deepcopy(dict(found.body))
            body["properties"] = {**body["properties"], **properties}
            kept[found.id.key] = replace(found, body=body)
        estate = Estate(kept)
    return estate


LEARNING = {table: {"disableBgpRoutePropagation": False} for table in TABLES}
NO_DEFAULT: dict[str, None] = {f"{table}[default]": None for table in TABLES}
TUNNELED = {f"{table}[default]": TO_GATEWAY for table in TABLES}
HALVES = {
    f"{table}[default]": {**TO_GATEWAY, "addressPrefix": half}
    for table, half in zip(TABLES, ("0.0.0.0/1", "128.0.0.0/1"), strict=True)
}
OPEN = {"cluster.cluster": {"networkProfile": {"outboundType": "loadBalancer"}}}
DEFAULT_SITE = {"hub.gateway": {"gatewayDefaultSite": {"id": (
    "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/"
    "Microsoft.Network/localNetworkGateways/site")}}}  # fmt: skip

CASES = {
    "a default route to the gateway": (TUNNELED, Verdict.HOLDS),
    "half of all addresses to the gateway, the rest to the load balancer": (
        {**HALVES, **OPEN},
        Verdict.FAILS,
    ),
    "learned routes, where all goes to the gateway anyway": (
        {**TUNNELED, **LEARNING},
        Verdict.HOLDS,
    ),
    "learned routes, where the default route leads to the firewall": (LEARNING, Verdict.FAILS),
    "a default site, whose default route is learned": (
        {**NO_DEFAULT, **LEARNING, **OPEN, **DEFAULT_SITE},
        Verdict.HOLDS,
    ),
    "a default site, and tables that learn nothing": (
        {**NO_DEFAULT, **OPEN, **DEFAULT_SITE},
        Verdict.FAILS,
    ),
    "learned routes of which no default route is known": (
        {**NO_DEFAULT, **LEARNING, **OPEN},
        Verdict.FAILS,
    ),
}


@pytest.mark.parametrize(("changes", "verdict"), CASES.values(), ids=CASES)
def test_traffic_to_a_gateway_goes_on_premises_and_not_to_the_internet(estate, changes, verdict):
    proof = prove_egress(read_topology(change(estate, changes), "AzureCloud"))
    assert proof.verdict is verdict, [breach.message for breach in proof.breaches]


def test_a_nat_gateway_is_the_one_way_out_of_its_subnet(catalog) -> None:
    """Default outbound access is for what has no explicit method; a NAT gateway is one."""
    gateway = f'natGateway: {{id: "{PROVIDER}/natGateways/nat"}}'
    texts = (network("vnet", "10.0.0.0/16", app=f"addressPrefix: 10.0.0.0/24, {gateway}"),)
    proof = prove_egress(
        read_topology(
            desired_estate(compose_small("".join(texts), catalog).graph, catalog), "AzureCloud"
        )
    )

    (breach,) = proof.breaches
    assert "through the NAT gateway" in breach.message
