"""What a list does not answer of a resource is read once more by itself."""

import pytest

from provisioner.documents.plan import Action
from provisioner.simulator.protocol.faults import Fault
from tests.environments import Bench

CLUSTER = """\
one:
  type: Microsoft.ManagedIdentity/userAssignedIdentities
  resourceGroup: main
  name: id-one
aks:
  type: Microsoft.ContainerService/managedClusters
  resourceGroup: main
  name: aks-main
  identity: {type: UserAssigned, userAssignedIdentities: {"${one.id}": {}}}
  properties:
    dnsPrefix: aks-main
    agentPoolProfiles:
      - {name: system, mode: System, count: 1, vmSize: Standard_D4s_v5, osType: Linux}
    %s
"""
PRIVATE = "apiServerAccessProfile: {enablePrivateCluster: true, disableRunCommand: true}"
PATH = r"/managedClusters/aks-main$"


def reads_of_the_cluster(bench: Bench, before: int) -> int:
    return sum(
        request.method == "GET" and request.path.endswith("/managedClusters/aks-main")
        for request in bench.server.requests[before:]
    )


@pytest.mark.parametrize("profile", [PRIVATE, ""], ids=["private", "public"])
def test_a_cluster_is_read_by_itself_once_for_what_its_list_lacks(bench: Bench, profile: str):
    desired = bench.compose(CLUSTER % profile)
    bench.apply(bench.plan(desired))
    before = len(bench.server.requests)
    plan = bench.plan(desired)
    assert plan.steps == ()
    assert reads_of_the_cluster(bench, before) == 1


def test_a_list_lacks_what_azures_list_lacks(bench: Bench):
    bench.apply(bench.plan(bench.compose(CLUSTER % PRIVATE)))
    body = bench.body_of("aks-main")
    group = str(body["id"]).partition("/providers/")[0]
    listed = bench.send("GET", f"{group}/providers/Microsoft.ContainerService/managedClusters")
    assert "apiServerAccessProfile" in body["properties"]
    assert "apiServerAccessProfile" not in listed["value"][0]["properties"]


def test_what_cannot_be_read_by_itself_is_unreadable_and_not_changed(bench: Bench):
    desired = bench.compose(CLUSTER % PRIVATE)
    bench.apply(bench.plan(desired))
    bench.server.faults.add(Fault(method="GET", path=PATH, status=403, code="No", times=None))
    plan = bench.plan(desired)
    assert plan.steps == ()
    (change,) = plan.document.changes
    assert (change.action, change.fields) == (Action.BLOCKED, ())
    assert (change.reason or "").startswith("it cannot be read: No")
