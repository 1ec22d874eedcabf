"""An identity that is made again is another principal: what holds the old one is written again."""

import pytest

from provisioner.documents.plan import Action
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import lookup
from tests.environments import Bench

IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"
SITE = f"""\
who: {{type: {IDENTITY}, resourceGroup: main, name: id-who}}
kubelet: {{type: {IDENTITY}, resourceGroup: main, name: id-kubelet}}
aks:
  type: Microsoft.ContainerService/managedClusters
  resourceGroup: main
  name: aks
  identity: {{type: UserAssigned, userAssignedIdentities: {{"${{who.id}}": {{}}}}}}
  properties:
    dnsPrefix: aks
    identityProfile: {{kubeletidentity: {{resourceId: "${{kubelet.id}}"}}}}
    agentPoolProfiles: [{{name: system, mode: System, vmSize: Standard_D4s_v5, count: 3}}]
imagesofus:
  type: Microsoft.ContainerRegistry/registries
  resourceGroup: main
  name: imagesofus
  sku: {{name: Premium}}
  identity: {{type: UserAssigned, userAssignedIdentities: {{"${{who.id}}": {{}}}}}}
grant:
  type: Microsoft.Authorization/roleAssignments
  name: ${{guid(imagesofus.id, who.id)}}
  scope: ${{imagesofus.id}}
  properties:
    roleDefinitionId: ${{roleDefinitionId(imagesofus.id, "AcrPull")}}
    principalId: ${{who.properties.principalId}}
    principalType: ServicePrincipal
"""
HOLDERS = [
    pytest.param("id-who", ["aks", "imagesofus"], id="assigned"),
    pytest.param("id-kubelet", ["aks"], id="of the kubelets"),
]


def remove(bench: Bench, name: str) -> None:
    (text,) = (t for t in bench.server.resource_ids() if t.endswith(f"/{name}"))
    version = bench.catalog.get(IDENTITY).api_version
    bench.client.delete(ResourceId.parse(text), version, None, lambda _status: None)


def principal(bench: Bench, name: str) -> object:
    return lookup(bench.body_of(name), ("properties", "principalId"))


def held(bench: Bench, name: str) -> set[object]:
    """Return the principals that a resource holds."""
    body = bench.body_of(name)
    assigned = lookup(body, ("identity", "userAssignedIdentities"))
    kubelet = lookup(body, ("properties", "identityProfile", "kubeletidentity", "objectId"))
    assert isinstance(assigned, dict)
    return {entry["principalId"] for entry in assigned.values()} | {kubelet}


@pytest.mark.parametrize(("name", "holders"), HOLDERS)
def test_its_holders_are_written_after_it(bench: Bench, name: str, holders: list[str]) -> None:
    desired = bench.compose(SITE)
    bench.apply(bench.plan(desired))
    before = principal(bench, name)
    remove(bench, name)

    plan = bench.plan(desired)
    steps = {step.address: step for step in plan.steps if step.verb == "PUT"}
    assert set(holders) < set(steps)
    made = next(step.key for step in plan.steps if step.id.name == name)
    updates = {c.address: c for c in plan.document.changes if c.action is Action.UPDATE}
    assert sorted(updates) == holders
    for holder in holders:
        assert made in steps[holder].after
        assert all(field.before == before for field in updates[holder].fields)

    bench.apply(plan, allow_delete=True)
    assert principal(bench, name) != before
    for holder in holders:
        assert principal(bench, name) in held(bench, holder)
        assert before not in held(bench, holder)
    assert bench.plan(desired).steps == ()


@pytest.mark.parametrize(("name", "holders"), HOLDERS)
def test_what_others_made_again_is_found(bench: Bench, name: str, holders: list[str]) -> None:
    desired = bench.compose(SITE)
    bench.apply(bench.plan(desired))
    body = bench.body_of(name)
    remove(bench, name)
    identity = ResourceId.parse(str(body["id"]))
    version = bench.catalog.get(IDENTITY).api_version
    kept = {"location": "westeurope", "tags": body["tags"]}
    bench.client.put(identity, version, kept, None, lambda _status: None)  # type: ignore[arg-type]

    changes = {c.address: c.action for c in bench.plan(desired).document.changes}
    assert {address for address, action in changes.items() if action is Action.UPDATE} == {*holders}
