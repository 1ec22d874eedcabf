"""Children in the list of their parent: nowhere beside it, and named as by themselves."""

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.model.diagnostic import DiagnosticError
from tests.environments import compose_small

GROUP = """
nsg:
  type: Microsoft.Network/networkSecurityGroups
  name: nsg
  resourceGroup: main
  {how}
rule:
  type: Microsoft.Network/networkSecurityGroups/securityRules
  name: ssh
  parent: ${{nsg.id}}
  properties:
    {{access: Deny, direction: Inbound, priority: 200, protocol: Tcp, sourceAddressPrefix: "*",
     sourcePortRange: "*", destinationAddressPrefix: "*", destinationPortRange: "22"}}
"""


def test_a_rule_beside_a_group_that_states_its_rules_is_refused(catalog: Catalog) -> None:
    with pytest.raises(DiagnosticError) as refused:
        compose_small(GROUP.format(how="properties: {}"), catalog)

    (told,) = refused.value.diagnostics
    assert told.code == "stated-by-parent"
    assert str(told).startswith("blueprint.yaml:")
    assert "Move it into properties.securityRules of nsg" in str(told)


def test_a_rule_in_a_group_that_exists_is_a_resource_of_its_own(catalog: Catalog) -> None:
    desired = compose_small(GROUP.format(how="existing: true"), catalog)

    assert desired.graph.resources["rule"].managed


NAMES = [
    pytest.param(
        "Microsoft.ContainerService/managedClusters",
        "{dnsPrefix: aks, agentPoolProfiles: [{name: System, mode: System, count: 1}]}",
        "'System' is not a name for a Microsoft.ContainerService/managedClusters/agentPools",
        id="a pool in the body of its cluster",
    ),
    pytest.param(
        "Microsoft.Network/networkSecurityGroups",
        '{securityRules: [{name: "a b", properties: {}}]}',
        "'a b' is not a name for a Microsoft.Network/networkSecurityGroups/securityRules",
        id="a rule",
    ),
]


@pytest.mark.parametrize(("type_name", "properties", "told"), NAMES)
def test_the_name_of_a_child_in_a_body_is_that_of_one_by_itself(
    catalog: Catalog, type_name: str, properties: str, told: str
) -> None:
    one = f"one: {{type: {type_name}, resourceGroup: main, name: one, properties: {properties}}}\n"

    with pytest.raises(DiagnosticError) as refusal:
        compose_small(one, catalog)

    found = [each for each in refusal.value.diagnostics if each.code == "wrong-name"]
    assert [each.message for each in found] == [f"{told}."]
    assert found[0].span is not None
    assert found[0].span.column > one.index("name: one")
