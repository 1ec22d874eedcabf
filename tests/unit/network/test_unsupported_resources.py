"""What stands in the network without facts of its type: no statement that there is no path."""

from dataclasses import replace

import pytest

from provisioner.azure.schema_cache import load_catalog
from provisioner.azure.type_index import InstalledTypes
from provisioner.catalog.registry import Catalog
from provisioner.model.resource_id import ResourceId
from provisioner.network.model.topology import Topology
from provisioner.network.model.topology_reader import read_topology
from provisioner.network.paths.egress_paths import find_egress_paths
from provisioner.network.proofs.proof import Verdict
from provisioner.network.proofs.suite import prove_topology
from provisioner.plan.estates import desired_estate
from tests.environments import compose_small
from tests.unit.network.networks import PROVIDER, network, subnet_id

CLOSED = "defaultOutboundAccess: false"
BASE = network(
    "vnet",
    "10.1.0.0/16",
    nodes=f"addressPrefix: 10.1.0.0/24, {CLOSED}",
    other=f"addressPrefix: 10.1.1.0/24, {CLOSED}",
)


def raw(name: str, kind: str, properties: str) -> str:
    return f"""\
{name}:
  type: {kind}
  apiVersion: 2024-05-01
  resourceGroup: main
  name: {name}
  location: westeurope
  properties: {properties}
"""


def interface(name: str, subnet: str, more: str = "") -> str:
    entry = f'subnet: {{id: "{subnet_id("vnet", subnet)}"}}{more}'
    return f"""\
{name}:
  type: Microsoft.Network/networkInterfaces
  resourceGroup: main
  name: {name}
  properties: {{ipConfigurations: [{{name: i, properties: {{{entry}}}}}]}}
"""


APPLIANCE = "Contoso.Edge/appliances"
GATEWAY = "Contoso.Edge/balancers"


@pytest.fixture(scope="module")
def any_catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    cache = tmp_path_factory.mktemp("cache")
    return load_catalog(cache, directory=InstalledTypes(cache))


def topology(catalog: Catalog, *texts: str) -> Topology:
    desired = compose_small("".join((BASE, *texts)), catalog)
    return read_topology(desired_estate(desired.graph, desired.catalog), "AzureCloud")


def judged(found: Topology) -> dict[str, Verdict]:
    proofs = {proof.name: proof.verdict for proof in prove_topology(found)}
    return {name: proofs[name] for name in ("egress", "inbound")}


def touched(found: Topology) -> dict[str, set[str]]:
    return {each.label: {key.rpartition("/")[2] for key in each.subnets} for each in found.unjudged}


BALANCER_ID = f"{PROVIDER.removesuffix('Microsoft.Network')}{GATEWAY}/balancer"
IN_POOL = f', loadBalancerBackendAddressPools: [{{id: "{BALANCER_ID}/pools/all"}}]'
ADDRESS = f"{PROVIDER}/publicIPAddresses/pip"


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        pytest.param((), {}, id="nothing"),
        pytest.param((raw("site", APPLIANCE, "{size: 1}"),), {}, id="no-reference"),
        pytest.param(
            (raw("site", APPLIANCE, f'{{ports: [{{at: "{subnet_id("vnet", "nodes")}"}}]}}'),),
            {"site": {"nodes"}},
            id="names-a-subnet",
        ),
        pytest.param(
            (raw("site", APPLIANCE, f'{{network: "{PROVIDER}/virtualNetworks/vnet"}}'),),
            {"site": {"nodes", "other"}},
            id="names-the-network",
        ),
        pytest.param(
            (
                interface("nic", "nodes"),
                raw("site", APPLIANCE, f'{{nic: "{PROVIDER}/networkInterfaces/nic"}}'),
            ),
            {"site": {"nodes"}},
            id="names-an-interface",
        ),
        pytest.param(
            (interface("nic", "nodes", IN_POOL), raw("balancer", GATEWAY, "{rules: []}")),
            {"balancer": {"nodes"}},
            id="an-interface-names-a-part-of-it",
        ),
        pytest.param(
            (
                raw("balancer", GATEWAY, "{rules: []}"),
                raw(
                    "machines",
                    APPLIANCE,
                    f'{{pool: "{BALANCER_ID}/pools/all", subnet: "{subnet_id("vnet", "nodes")}"}}',
                ),
            ),
            {"balancer": {"nodes"}, "machines": {"nodes"}},
            id="through-another-one",
        ),
        pytest.param(
            (raw("site", APPLIANCE, f'{{address: "{ADDRESS}"}}'),),
            {"site": {"nodes", "other"}},
            id="holds-a-public-address-for-nobody-knows-whom",
        ),
    ],
)
def test_a_type_without_facts_leaves_its_subnets_unknown(
    any_catalog: Catalog, texts: tuple[str, ...], expected: dict[str, set[str]]
) -> None:
    found = topology(any_catalog, *texts)
    assert touched(found) == expected
    verdict = Verdict.UNKNOWN if expected else Verdict.HOLDS
    assert judged(found)["egress"] is verdict
    (first, *_) = find_egress_paths(found)
    assert bool(first.unjudged) is bool(expected)


def test_what_was_listed_by_its_id_alone_leaves_all_unknown(any_catalog: Catalog) -> None:
    desired = compose_small(BASE, any_catalog)
    estate = desired_estate(desired.graph, desired.catalog)
    assert estate.at("vnet") is not None
    scope = estate.at("vnet").id.scope
    theirs = ResourceId("Microsoft.Network/virtualHubs", ("theirs",), scope)
    profile = ResourceId("Microsoft.Cdn/profiles", ("theirs",), scope)
    found = read_topology(replace(estate, unread=(profile, theirs)), "AzureCloud")
    assert touched(found) == {theirs.text: {"nodes", "other"}}
    assert judged(found)["egress"] is Verdict.UNKNOWN
