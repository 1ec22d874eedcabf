"""How mistakes read: one sentence, one full stop, the name of a thing once, and what to write."""

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.catalog.version_changes import pool_goes_with_control_plane
from provisioner.model.diagnostic import DiagnosticError
from provisioner.service_rules.addresses import port_range_error
from tests.environments import compose_small

ROLE = """\
grant:
  type: Microsoft.Authorization/roleAssignments
  name: ${guid("grant")}
  scope: ${resourceGroups.main.id}
  properties: {roleDefinitionId: '${roleDefinitionId(resourceGroups.main.id, "Raeder")}'}
"""


def test_a_refusal_of_a_function_ends_with_one_full_stop(catalog: Catalog) -> None:
    with pytest.raises(DiagnosticError) as refused:
        compose_small(ROLE, catalog)
    said = " ".join(str(found) for found in refused.value.diagnostics)
    assert "State a custom role by the id of its definition." in said
    assert ".." not in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("500-443", "'500-443' ends before it begins: write 443-500", id="reversed"),
        pytest.param("443-500", None, id="in order"),
        pytest.param("443-", None, id="no range at all is said otherwise"),
        pytest.param("443", None, id="one port"),
    ],
)
def test_a_reversed_range_of_ports_is_named(text: str, said: str | None) -> None:
    assert port_range_error(text) == said


@pytest.mark.parametrize("nodes", ["1.35", "1.29"], ids=["newer", "older"])
def test_the_reason_leaves_the_property_to_the_path(nodes: str) -> None:
    reason = pool_goes_with_control_plane(
        {"properties": {"kubernetesVersion": "1.34"}},
        {"properties": {"orchestratorVersion": nodes}},
    )
    assert reason is not None
    assert reason.startswith(f"{nodes} is ")
