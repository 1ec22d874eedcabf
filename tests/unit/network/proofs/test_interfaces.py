"""Machines with a public address of their own: ways in, and ways out where the routes let them."""

from dataclasses import replace

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.model.estate import Estate
from provisioner.model.values import Unknown
from provisioner.network.addresses.demand import read_demands
from provisioner.network.model.topology import Topology
from provisioner.network.model.topology_reader import read_topology
from provisioner.network.paths.egress_paths import find_egress_paths
from provisioner.network.proofs.proof import Proof, Verdict
from provisioner.network.proofs.suite import prove_topology
from provisioner.plan.estates import desired_estate
from tests.environments import compose_small
from tests.unit.network.networks import PROVIDER, network, routes, subnet_id

GROUP = f'networkSecurityGroup: {{id: "{PROVIDER}/networkSecurityGroups/nsg"}}'
CLOSED = f"defaultOutboundAccess: false, {GROUP}"
TABLE = f'routeTable: {{id: "{PROVIDER}/routeTables/table"}}'
ADDRESS = """\
pip:
  type: Microsoft.Network/publicIPAddresses
  resourceGroup: main
  name: pip-jump
  sku: {name: Standard}
  properties: {publicIPAllocationMethod: Static}
"""


def group(name: str, direction: str = "Inbound", access: str = "Deny") -> str:
    return f"""\
{name}:
  type: Microsoft.Network/networkSecurityGroups
  resourceGroup: main
  name: {name}
  properties:
    securityRules:
      - name: all
        properties: {{priority: 100, direction: {direction}, access: {access}, protocol: "*",
          sourceAddressPrefix: "*", sourcePortRange: "*", destinationAddressPrefix: "*",
          destinationPortRange: "*"}}
"""


def site(subnet: str = "", more: str = "") -> str:
    return network("vnet", "10.1.0.0/16", jump=f"addressPrefix: 10.1.0.0/24, {CLOSED}{subnet}") + (
        group("nsg") + more
    )


def interface(public: str = "", more: str = "") -> str:
    return f"""\
nic:
  type: Microsoft.Network/networkInterfaces
  resourceGroup: main
  name: nic-jump
  properties:
    ipConfigurations:
      - {{name: i, properties: {{subnet: {{id: "{subnet_id("vnet", "jump")}"}}{public}}}}}{more}
"""


PUBLIC = ', publicIPAddress: {id: "${pip.id}"}'
OWN_GROUP = f'\n    networkSecurityGroup: {{id: "{PROVIDER}/networkSecurityGroups/own"}}'


def estate(catalog: Catalog, *texts: str) -> Estate:
    desired = compose_small("".join(texts), catalog)
    return desired_estate(desired.graph, desired.catalog)


def proofs(found: Topology) -> dict[str, Proof]:
    return {proof.name: proof for proof in prove_topology(found)}


FIREWALLED = site(f", {TABLE}", routes("table", "0.0.0.0/0", "VirtualNetworkGateway"))
INTERNET = site(f", {TABLE}", routes("table", "192.0.2.0/24", "None"))


@pytest.mark.parametrize(
    ("texts", "egress", "inbound"),
    [
        pytest.param((site(), interface()), Verdict.HOLDS, Verdict.HOLDS, id="no-public-address"),
        pytest.param(
            (site(), ADDRESS, interface(PUBLIC)), Verdict.FAILS, Verdict.FAILS, id="system-route"
        ),
        pytest.param(
            (INTERNET, ADDRESS, interface(PUBLIC)),
            Verdict.FAILS,
            Verdict.FAILS,
            id="a-table-that-leaves-the-default-route",
        ),
        pytest.param(
            (FIREWALLED, ADDRESS, interface(PUBLIC)),
            Verdict.HOLDS,
            Verdict.FAILS,
            id="forced-tunneling",
        ),
        pytest.param(
            (site(), group("own", "Outbound"), ADDRESS, interface(PUBLIC, OWN_GROUP)),
            Verdict.HOLDS,
            Verdict.FAILS,
            id="its-own-group-lets-nothing-out",
        ),
        pytest.param(
            (site(), group("own", "Outbound", "Allow"), ADDRESS, interface(PUBLIC, OWN_GROUP)),
            Verdict.FAILS,
            Verdict.FAILS,
            id="its-own-group-lets-it-out",
        ),
    ],
)
def test_a_public_address_of_an_interface_leads_out_as_far_as_its_routes_lead_to_the_internet(
    catalog: Catalog, texts: tuple[str, ...], egress: Verdict, inbound: Verdict
) -> None:
    found = proofs(read_topology(estate(catalog, *texts), "AzureCloud"))

    assert found["egress"].verdict is egress
    assert found["inbound"].verdict is inbound


def test_proofs_and_traces_name_the_interface_and_its_address(catalog: Catalog) -> None:
    topology = read_topology(estate(catalog, site(), ADDRESS, interface(PUBLIC)), "AzureCloud")

    found = proofs(topology)

    (out,) = found["egress"].breaches
    (into,) = found["inbound"].breaches
    assert (out.element, into.element) == ("nic", "nic")
    assert "through the public address pip of nic" in out.message
    assert "nic in vnet[jump] has the public IP address pip" in into.message
    (way,) = find_egress_paths(topology)
    assert way.leaves
    assert "through the public address pip of nic" in way.path.hops[-1].words


def test_a_public_address_that_is_not_known_yet_leaves_both_unknown(catalog: Catalog) -> None:
    made = estate(catalog, site(), interface())
    nic = made.at("nic")
    assert nic is not None
    later = Unknown("later", {}, ("later.properties.value",))
    (entry,) = nic.body["properties"]["ipConfigurations"]
    holed = {**entry, "properties": {**entry["properties"], "publicIPAddress": later}}
    body = {**nic.body, "properties": {"ipConfigurations": [holed]}}
    holes = Estate({**made.resources, nic.id.key: replace(nic, body=body)})

    found = proofs(read_topology(holes, "AzureCloud"))

    assert found["egress"].verdict is found["inbound"].verdict is Verdict.UNKNOWN


def scale_set(public: str = "", capacity: int = 2) -> str:
    subnet = f'subnet: {{id: "{subnet_id("vnet", "jump")}"}}'
    inner = f"{{name: ip, properties: {{primary: true, {subnet}{public}}}}}"
    return f"""\
set:
  type: Microsoft.Compute/virtualMachineScaleSets
  resourceGroup: main
  name: vmss-jump
  sku: {{name: Standard_D2ds_v5, capacity: {capacity}}}
  properties:
    orchestrationMode: Flexible
    virtualMachineProfile:
      networkProfile:
        networkInterfaceConfigurations:
          - {{name: nic, properties: {{ipConfigurations: [{inner}]}}}}
"""


OWN = ", publicIPAddressConfiguration: {name: pip}"
AT_RULE = (
    ", loadBalancerBackendAddressPools: "
    f'[{{id: "{PROVIDER}/loadBalancers/lb/backendAddressPools/all"}}]'
)
OUT = f"""\
lb:
  type: Microsoft.Network/loadBalancers
  resourceGroup: main
  name: lb
  sku: {{name: Standard}}
  properties:
    frontendIPConfigurations:
      - {{name: f, properties: {{publicIPAddress: {{id: "${{pip.id}}"}}}}}}
    backendAddressPools: [{{name: all}}]
    outboundRules:
      - name: out
        properties:
          protocol: All
          frontendIPConfigurations: [{{id: "${{lb.id}}/frontendIPConfigurations/f"}}]
          backendAddressPool: {{id: "{PROVIDER}/loadBalancers/lb/backendAddressPools/all"}}
"""


def test_machines_of_a_scale_set_stand_in_the_network_by_its_profile(catalog: Catalog) -> None:
    plain = proofs(read_topology(estate(catalog, site(), scale_set()), "AzureCloud"))
    own = proofs(read_topology(estate(catalog, site(), scale_set(OWN)), "AzureCloud"))
    pooled = read_topology(estate(catalog, site(), ADDRESS, OUT, scale_set(AT_RULE)), "AzureCloud")

    assert plain["egress"].verdict is plain["inbound"].verdict is Verdict.HOLDS
    assert own["egress"].verdict is own["inbound"].verdict is Verdict.FAILS
    (breach,) = own["inbound"].breaches
    assert "set[nic] in vnet[jump] has the public IP address pip" in breach.message
    (out,) = proofs(pooled)["egress"].breaches
    assert "through the outbound rule out of lb (for set[nic])" in out.message


def test_a_scale_set_takes_an_address_for_each_machine(catalog: Catalog) -> None:
    (demand,) = read_demands(estate(catalog, site(), scale_set(capacity=12)), ())

    assert (demand.addresses, demand.arithmetic) == (12, "12 machines x 1 = 12")
