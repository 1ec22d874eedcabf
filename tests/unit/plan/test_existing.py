"""Resources that are read and referred to, and not managed."""

import pytest

from provisioner.model.diagnostic import DiagnosticError
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import lookup
from tests.environments import Bench

GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-main"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-given"
RESOURCES = """\
given:
  type: Microsoft.ManagedIdentity/userAssignedIdentities
  resourceGroup: main
  name: id-given
  existing: true
reader:
  type: Microsoft.Authorization/roleAssignments
  scope: ${resourceGroups.main.id}
  name: ${guid(resourceGroups.main.id, given.id, "Reader")}
  properties:
    principalId: ${given.properties.principalId}
    principalType: ServicePrincipal
    roleDefinitionId: ${roleDefinitionId(resourceGroups.main.id, "Reader")}
"""
TABLE = """\
table:
  type: Microsoft.Network/routeTables
  resourceGroup: main
  name: rt-main
  properties: {routes: []}
"""
IN_A_NETWORK = """\
central:
  type: Microsoft.Network/virtualNetworks
  resourceGroup: main
  name: vnet-central
  existing: true
subnet:
  type: Microsoft.Network/virtualNetworks/subnets
  name: snet-mine
  parent: ${central.id}
  properties: {addressPrefix: 10.20.9.0/24, defaultOutboundAccess: false}
"""


def make_identity(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(TABLE)))
    resource = ResourceId.parse(IDENTITY)
    version = bench.catalog.get(resource.type).api_version
    bench.client.put(resource, version, {"location": "westeurope"}, None, lambda _status: None)


def test_its_values_are_known_while_planning_and_it_is_never_written(bench: Bench) -> None:
    make_identity(bench)

    plan = bench.plan(bench.compose(TABLE + RESOURCES))

    assignment = next(c for c in plan.document.changes if c.address == "reader")
    principal = next(f for f in assignment.fields if f.path == "properties.principalId")
    assert not principal.unknown
    assert principal.after == lookup(bench.body_of("id-given"), ("properties", "principalId"))
    assert "given" not in {step.address for step in plan.steps}
    bench.apply(plan)
    assert bench.plan(bench.compose(TABLE + RESOURCES)).steps == ()


def test_one_that_is_not_there_is_an_error_with_its_place(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(TABLE)))

    plan = bench.plan(bench.compose(TABLE + RESOURCES))

    assert not plan.can_apply()
    told = [d for d in plan.document.diagnostics if d.code == "existing-not-found"]
    assert len(told) == 1
    assert told[0].place == "blueprint.yaml:12:3"
    assert told[0].message == (
        f"given is stated as existing, but Azure has no such resource: {IDENTITY}."
    )


def test_a_network_that_is_not_there_is_an_error_beside_proofs_that_name_it(bench: Bench) -> None:
    plan = bench.plan(bench.compose(IN_A_NETWORK))

    told = [d for d in plan.document.diagnostics if d.code == "existing-not-found"]
    assert [d.message.partition(",")[0] for d in told] == ["central is stated as existing"]
    egress = next(proof for proof in plan.document.proofs if proof.name == "egress")
    assert egress.verdict == "unknown"
    assert [breach.element for breach in egress.breaches] == ["vnet-central"]


def test_a_value_that_moved_makes_the_plan_stale(bench: Bench) -> None:
    make_identity(bench)
    plan = bench.plan(bench.compose(TABLE + RESOURCES))
    resource = ResourceId.parse(IDENTITY)
    bench.client.delete(
        resource, bench.catalog.get(resource.type).api_version, None, lambda _status: None
    )

    with pytest.raises(DiagnosticError, match="given was there and was deleted"):
        bench.apply(plan)
