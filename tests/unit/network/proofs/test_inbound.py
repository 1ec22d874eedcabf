"""What a breach of the inbound proof says: a waiver is for one, in its words."""

from collections.abc import Sequence

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.network.model.topology_reader import read_topology
from provisioner.network.proofs.suite import prove_topology
from provisioner.plan.estates import desired_estate
from tests.environments import compose_small

NETWORK = """\
nsg:
  type: Microsoft.Network/networkSecurityGroups
  resourceGroup: main
  name: nsg
  properties:
    securityRules:
{rules}
vnet:
  type: Microsoft.Network/virtualNetworks
  resourceGroup: main
  name: vnet
  properties: {{addressSpace: {{addressPrefixes: [10.0.0.0/16]}}}}
subnet:
  type: Microsoft.Network/virtualNetworks/subnets
  parent: ${{vnet.id}}
  name: work
  properties: {{addressPrefix: 10.0.0.0/24, networkSecurityGroup: {{id: "${{nsg.id}}"}}}}
"""


def rule(
    name: str,
    priority: int,
    *,
    protocol: str = "Tcp",
    source: str = "Internet",
    target: str = "*",
    port: str = "443",
    access: str = "Allow",
) -> str:
    return (
        f"      - {{name: {name}, properties: {{priority: {priority}, direction: Inbound, "
        f'access: {access}, protocol: "{protocol}", sourceAddressPrefix: "{source}", '
        f'sourcePortRange: "*", destinationAddressPrefix: "{target}", '
        f'destinationPortRange: "{port}"}}}}'
    )


def breaches(catalog: Catalog, rules: Sequence[str]) -> list[str]:
    desired = compose_small(NETWORK.format(rules="\n".join(rules)), catalog)
    topology = read_topology(desired_estate(desired.graph, desired.catalog), "AzureCloud")
    proofs = {proof.name: proof for proof in prove_topology(topology)}
    return [
        breach.message.removeprefix("nsg[web] allows public addresses into subnet ")
        for breach in proofs["inbound"].breaches
        if breach.element == "nsg[web]"
    ]


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        pytest.param(
            [rule("web", 100, source="203.0.113.7/32", target="10.0.0.4/32")],
            ["(tcp, port 443, from 203.0.113.7 to 10.0.0.4)."],
            id="one address to another",
        ),
        pytest.param(
            [rule("web", 100, protocol="*", source="*")],
            ["(any protocol, port 443, from any to the whole subnet)."],
            id="every protocol, source and destination",
        ),
        pytest.param(
            [rule("web", 100, protocol="Udp", port="53")],
            ["(udp, port 53, from any to the whole subnet)."],
            id="a protocol that is not the first",
        ),
        pytest.param(
            [
                rule("no", 90, source="203.0.113.0/24", access="Deny"),
                rule("web", 100, source="203.0.112.0/22"),
            ],
            ["(tcp, port 443, from 203.0.112.0/24, 203.0.114.0/23 to the whole subnet)."],
            id="what an earlier rule leaves",
        ),
        pytest.param(
            [
                rule("no", 90, protocol="Udp", target="10.0.0.0/25", access="Deny"),
                rule("web", 100, protocol="*", source="203.0.113.7"),
            ],
            [
                "(tcp and icmp and esp and ah, port 443, from 203.0.113.7 to the whole subnet).",
                "(udp, port 443, from 203.0.113.7 to 10.0.0.128/25).",
            ],
            id="one breach for each that differs",
        ),
    ],
)
def test_a_breach_names_all_that_is_let_in(
    catalog: Catalog, rules: list[str], told: list[str]
) -> None:
    assert breaches(catalog, rules) == told


def test_ranges_beyond_a_few_are_told_apart(catalog: Catalog) -> None:
    sources = [f"203.0.{number}.7" for number in range(0, 40, 2)]

    def told(addresses: Sequence[str]) -> str:
        listed = ", ".join(addresses)
        web = rule("web", 100).replace(
            'sourceAddressPrefix: "Internet"', f"sourceAddressPrefixes: [{listed}]"
        )
        (only,) = breaches(catalog, [web])
        return only

    assert "from 203.0.0.7, 203.0.2.7 and 18 more ranges, digest " in told(sources)
    assert told(sources) != told([*sources[:-1], "203.0.99.7"])
