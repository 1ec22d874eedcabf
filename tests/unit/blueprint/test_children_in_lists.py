"""Rules and routes: in the list of their parent, and nowhere beside it."""

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
