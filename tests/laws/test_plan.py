"""The invariants of planning and applying (ARCHITECTURE.md), on every environment there is."""

from pathlib import Path

import pytest

from provisioner.documents.apply import Outcome
from provisioner.documents.plan import Action
from provisioner.model.values import lookup
from provisioner.plan.plan_file import read_plan_file, write_plan_file
from tests.environments import ENVIRONMENTS, Bench

every_environment = pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)


@every_environment
def test_plan_after_apply_is_empty(path: Path, bench: Bench) -> None:
    desired = bench.load(path)

    applied = bench.apply(bench.plan(desired))
    again = bench.plan(desired).document

    assert [s for s in applied.steps if s.outcome is not Outcome.SUCCEEDED] == []
    assert again.changes == ()
    assert again.undeclared == ()
    assert again.unmanaged == ()


@every_environment
def test_apply_sends_exactly_the_steps_of_the_plan(path: Path, bench: Bench) -> None:
    saved = write_plan_file(bench.plan(bench.load(path)))
    plan = read_plan_file(saved, "saved.azplan")
    before = len(bench.server.requests)

    bench.apply(plan)

    writes = [
        (request.method, request.path.lower())
        for request in bench.server.requests[before:]
        if request.method not in ("GET", "HEAD")
    ]
    assert sorted(writes) == sorted((step.verb, step.id.key) for step in plan.steps)


@every_environment
def test_destroy_deletes_everything_and_nothing_is_left(path: Path, bench: Bench) -> None:
    desired = bench.load(path)
    bench.apply(bench.plan(desired))

    plan = bench.plan_destroy(desired)
    destroyed = bench.apply(plan, allow_delete=True)

    assert {change.action for change in plan.document.changes} == {Action.DELETE}
    assert [s for s in destroyed.steps if s.outcome is not Outcome.SUCCEEDED] == []
    assert bench.plan_destroy(desired).steps == ()


def test_the_same_input_gives_the_same_bytes(bench: Bench) -> None:
    path = ENVIRONMENTS[0]
    bench.apply(bench.plan(bench.load(path), "resourceGroups"))

    first = write_plan_file(bench.plan(bench.load(path)))
    bench.server.page_size = 3
    second = write_plan_file(bench.plan(bench.load(path)))

    assert first == second, "the size of the pages that Azure answers in is nothing to a plan"


def test_the_order_of_a_file_is_nothing_to_a_plan(bench: Bench) -> None:
    entries = [_SECURITY_GROUP, _NETWORK, _SUBNET]

    one = write_plan_file(bench.plan(bench.compose("\n".join(entries))))
    other = write_plan_file(bench.plan(bench.compose("\n".join(reversed(entries)))))

    assert one == other


def test_reads_do_not_grow_with_subnets_and_rules(bench: Bench) -> None:
    counts = []
    for size in (2, 20):
        desired = bench.compose(_SECURITY_GROUP + "\n" + _NETWORK + "\n" + _subnets(size))
        bench.apply(bench.plan(desired))
        before = len(bench.server.requests)
        assert bench.plan(desired).steps == ()
        counts.append(len(bench.server.requests) - before)

    assert counts[0] == counts[1]


def test_values_of_azure_reach_what_refers_to_them(bench: Bench) -> None:
    desired = bench.compose(_IDENTITY_WITH_ROLE)

    plan = bench.plan(desired)
    assignment = next(c for c in plan.document.changes if c.address == "reader")
    principal = next(f for f in assignment.fields if f.path == "properties.principalId")
    assert principal.unknown
    assert principal.after == "(known after apply: identity.properties.principalId)"

    bench.apply(plan)
    identity = bench.body_of("id-reader")
    role = bench.body_of(assignment.id.rpartition("/")[2])
    assert lookup(role, ("properties", "principalId")) == lookup(
        identity, ("properties", "principalId")
    )


def _subnets(count: int) -> str:
    return "\n".join(
        f"""
subnet{number}:
  type: Microsoft.Network/virtualNetworks/subnets
  parent: ${{vnet.id}}
  name: subnet-{number}
  properties: {{addressPrefix: '${{cidrsubnet("10.0.0.0/16", 8, {number})}}'}}
""".strip()
        for number in range(count)
    )


_SECURITY_GROUP = """\
nsg:
  type: Microsoft.Network/networkSecurityGroups
  resourceGroup: main
  name: nsg
  properties: {securityRules: []}
"""
_NETWORK = """\
vnet:
  type: Microsoft.Network/virtualNetworks
  resourceGroup: main
  name: vnet
  properties: {addressSpace: {addressPrefixes: [10.0.0.0/16]}}
"""
_SUBNET = """\
nodes:
  type: Microsoft.Network/virtualNetworks/subnets
  parent: ${vnet.id}
  name: nodes
  properties: {addressPrefix: 10.0.1.0/24, networkSecurityGroup: {id: "${nsg.id}"}}
"""
_IDENTITY_WITH_ROLE = """\
identity:
  type: Microsoft.ManagedIdentity/userAssignedIdentities
  resourceGroup: main
  name: id-reader
reader:
  type: Microsoft.Authorization/roleAssignments
  scope: ${resourceGroups.main.id}
  name: ${guid(resourceGroups.main.id, identity.id, "Reader")}
  properties:
    principalId: ${identity.properties.principalId}
    principalType: ServicePrincipal
    roleDefinitionId: ${roleDefinitionId(resourceGroups.main.id, "Reader")}
"""
