"""Load balancers: who leaves by their public frontends, and whom what arrives there reaches."""

from collections.abc import Sequence

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.model.resource_id import ResourceId
from provisioner.network.model.topology import Topology
from provisioner.network.model.topology_reader import read_topology
from provisioner.network.paths.flow_paths import find_flow_paths
from provisioner.network.paths.trace_endpoints import parse_destination
from provisioner.network.proofs.proof import Proof, Verdict
from provisioner.network.proofs.suite import prove_topology
from provisioner.plan.estates import desired_estate
from tests.environments import compose_small
from tests.unit.network.networks import PROVIDER, network, routes, subnet_id

BALANCER = f"{PROVIDER}/loadBalancers/lb"
POOL = f"{BALANCER}/backendAddressPools/all"
CLOSED = "defaultOutboundAccess: false"
GROUP = f'networkSecurityGroup: {{id: "{PROVIDER}/networkSecurityGroups/nsg"}}'
TABLE = f'routeTable: {{id: "{PROVIDER}/routeTables/table"}}'
ADDRESS = """\
pip:
  type: Microsoft.Network/publicIPAddresses
  resourceGroup: main
  name: pip-lb
  sku: {name: Standard}
  properties: {publicIPAllocationMethod: Static}
"""
PUBLIC = 'publicIPAddress: {id: "${pip.id}"}'
PRIVATE = f'subnet: {{id: "{subnet_id("vnet", "front")}"}}, privateIPAddress: 10.1.1.10'


def named(kind: str, name: str) -> str:
    return f'{{id: "{BALANCER}/{kind}/{name}"}}'


def rule(more: str = "", port: int = 443, backend: int = 8443) -> str:
    return (
        f"loadBalancingRules: [{{name: https, properties: {{protocol: Tcp, frontendPort: {port}, "
        f"backendPort: {backend}, frontendIPConfiguration: {named('frontendIPConfigurations', 'f')}"
        f", backendAddressPool: {named('backendAddressPools', 'all')}{more}}}}}]"
    )


OUTBOUND = (
    "outboundRules: [{name: out, properties: {protocol: All, "
    f"frontendIPConfigurations: [{named('frontendIPConfigurations', 'f')}], "
    f"backendAddressPool: {named('backendAddressPools', 'all')}}}}}]"
)
NAT = (
    "inboundNatRules: [{name: ssh, properties: {protocol: Tcp, frontendPort: 2222, backendPort: 22"
    f", frontendIPConfiguration: {named('frontendIPConfigurations', 'f')}}}}}]"
)
NO_SNAT = ", disableOutboundSnat: true"


def balancer(frontend: str, *rules: str, addresses: str = "", tier: str = "Regional") -> str:
    return f"""\
lb:
  type: Microsoft.Network/loadBalancers
  resourceGroup: main
  name: lb
  sku: {{name: Standard, tier: {tier}}}
  properties:
    frontendIPConfigurations: [{{name: f, properties: {{{frontend}}}}}]
    backendAddressPools:
      - {{name: all, properties: {{loadBalancerBackendAddresses: [{addresses}]}}}}
    {f"{chr(10)}    ".join(rules)}
"""


def interface(behind: str = f'loadBalancerBackendAddressPools: [{{id: "{POOL}"}}]') -> str:
    subnet = f'subnet: {{id: "{subnet_id("vnet", "jump")}"}}, privateIPAddress: 10.1.0.9'
    return f"""\
nic:
  type: Microsoft.Network/networkInterfaces
  resourceGroup: main
  name: nic
  properties: {{ipConfigurations: [{{name: i, properties: {{{subnet}, {behind}}}}}]}}
"""


def group(*rules: str) -> str:
    return f"""\
nsg:
  type: Microsoft.Network/networkSecurityGroups
  resourceGroup: main
  name: nsg
  properties: {{securityRules: [{", ".join(rules)}]}}
"""


def allow(port: str, source: str = '"*"', priority: int = 100) -> str:
    return (
        f"{{name: in-{priority}, properties: {{priority: {priority}, direction: Inbound, "
        f'access: Allow, protocol: Tcp, sourceAddressPrefix: {source}, sourcePortRange: "*", '
        f'destinationAddressPrefix: "*", destinationPortRange: "{port}"}}}}'
    )


def topology(catalog: Catalog, *texts: str, more: str = "", rules: Sequence[str] = ()) -> Topology:
    base = network(
        "vnet",
        "10.1.0.0/16",
        jump=f"addressPrefix: 10.1.0.0/24, {CLOSED}, {GROUP}{more}",
        front=f"addressPrefix: 10.1.1.0/24, {CLOSED}, {GROUP}",
    )
    desired = compose_small("".join((base, group(*rules), *texts)), catalog)
    return read_topology(desired_estate(desired.graph, desired.catalog), "AzureCloud")


def proofs(found: Topology) -> dict[str, Proof]:
    return {proof.name: proof for proof in prove_topology(found)}


VNET = f'virtualNetwork: {{id: "{PROVIDER}/virtualNetworks/vnet"}}'
MEMBER = f"{{name: a, properties: {{ipAddress: 10.1.0.9, {VNET}}}}}"


@pytest.mark.parametrize(
    ("texts", "verdict"),
    [
        pytest.param((balancer(PUBLIC, OUTBOUND), interface()), Verdict.FAILS, id="outbound-rule"),
        pytest.param(
            (balancer(PUBLIC, rule()), interface()), Verdict.FAILS, id="a-rule-translates-by-itself"
        ),
        pytest.param(
            (balancer(PUBLIC, rule(NO_SNAT)), interface()),
            Verdict.HOLDS,
            id="a-rule-that-does-not-translate",
        ),
        pytest.param(
            (
                balancer(PUBLIC, NAT),
                interface(f"loadBalancerInboundNatRules: [{named('inboundNatRules', 'ssh')}]"),
            ),
            Verdict.HOLDS,
            id="inbound-nat-alone",
        ),
        pytest.param(
            (balancer(PUBLIC, OUTBOUND), interface("primary: true")),
            Verdict.HOLDS,
            id="nothing-in-the-pool",
        ),
        pytest.param(
            (balancer(PUBLIC, OUTBOUND, addresses=MEMBER),), Verdict.FAILS, id="a-pool-by-address"
        ),
        pytest.param(
            (balancer(PRIVATE, rule()), interface()), Verdict.HOLDS, id="a-private-frontend"
        ),
        pytest.param(
            (balancer(PUBLIC, rule(), tier="Global"), interface()),
            Verdict.HOLDS,
            id="across-regions",
        ),
    ],
)
def test_members_of_a_pool_leave_by_outbound_rules_and_by_rules_that_translate(
    catalog: Catalog, texts: tuple[str, ...], verdict: Verdict
) -> None:
    found = proofs(topology(catalog, ADDRESS, *texts))["egress"]

    assert found.verdict is verdict, found.breaches


def test_the_breach_names_the_rule_and_the_member(catalog: Catalog) -> None:
    (breach,) = proofs(topology(catalog, ADDRESS, balancer(PUBLIC, OUTBOUND), interface()))[
        "egress"
    ].breaches

    assert breach.element == "lb"
    assert "through the outbound rule out of lb (for nic)" in breach.message


def test_a_default_route_to_a_gateway_goes_before_outbound_rules(catalog: Catalog) -> None:
    tunnel = routes("table", "0.0.0.0/0", "VirtualNetworkGateway")
    texts = (ADDRESS, balancer(PUBLIC, OUTBOUND), interface(), tunnel)

    assert proofs(topology(catalog, *texts, more=f", {TABLE}"))["egress"].verdict is Verdict.HOLDS


def test_what_a_group_lets_in_is_told_with_the_frontend_that_leads_there(catalog: Catalog) -> None:
    texts = (ADDRESS, balancer(PUBLIC, rule(NO_SNAT)), interface())
    open_port = proofs(topology(catalog, *texts, rules=[allow("8443")]))["inbound"]
    other = proofs(topology(catalog, *texts, rules=[allow("22")]))["inbound"]
    closed = proofs(topology(catalog, *texts))["inbound"]

    assert next(breach.message for breach in open_port.breaches) == (
        "nsg[in-100] allows public addresses into vnet[jump] (tcp, port 8443, from any to "
        "the whole subnet), and lb forwards it from its public frontend f."
    )
    assert all("frontend" not in breach.message for breach in other.breaches)
    assert closed.verdict is Verdict.HOLDS


def test_a_trace_to_a_private_frontend_goes_on_to_what_is_behind_it(catalog: Catalog) -> None:
    rules = [allow("8443", source='"10.1.1.0/24"')]
    found = topology(catalog, balancer(PRIVATE, rule()), interface(), rules=rules)
    source = next(s for s in found.subnets.values() if s.name == "front")

    (reached,) = find_flow_paths(found, source, parse_destination("10.1.1.10:443"), "tcp")
    (other,) = find_flow_paths(found, source, parse_destination("10.1.1.10:80"), "tcp")

    assert reached.path.delivered
    words = [hop.words for hop in reached.path.hops]
    assert "f hands it on to nic by the load balancing rule https" in words
    assert not other.path.delivered
    assert other.path.hops[-1].words == "no rule of f takes tcp 80"


def test_an_interface_behind_a_balancer_that_was_not_read_leaves_its_subnet_unknown(
    catalog: Catalog,
) -> None:
    theirs = BALANCER.replace("/lb", "/theirs")
    pool = f'loadBalancerBackendAddressPools: [{{id: "{theirs}/backendAddressPools/all"}}]'
    found = topology(catalog, interface(pool))

    (unjudged,) = found.unjudged
    assert (unjudged.label, unjudged.subnets) == (
        theirs,
        frozenset({ResourceId.parse(subnet_id("vnet", "jump")).key}),
    )
    egress = proofs(found)["egress"]
    assert egress.verdict is Verdict.UNKNOWN
    assert "its rules were not read" in egress.breaches[0].message
