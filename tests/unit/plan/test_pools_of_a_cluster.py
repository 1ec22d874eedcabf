"""Pools that a cluster's body gets or loses after the cluster was made: AKS makes and deletes them
at …/agentPools alone, and refuses a write of the cluster that adds or leaves out one."""

import pytest

from provisioner.documents.plan import Action
from provisioner.model.azure_error import AzureError
from provisioner.model.diagnostic import GateError
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import lookup
from provisioner.workflow.inventory import list_resources
from tests.environments import Bench

POOL = "Microsoft.ContainerService/managedClusters/agentPools"
CLUSTER = """\
aks:
  type: Microsoft.ContainerService/managedClusters
  resourceGroup: main
  name: aks
  identity: {type: SystemAssigned}
  properties:
    dnsPrefix: aks
    disableLocalAccounts: true
    agentPoolProfiles:
      - {name: system, mode: System, vmSize: Standard_D4s_v5, count: 3}
"""
EXTRA = "      - {name: extra, mode: User, vmSize: Standard_D4s_v5, count: 1}\n"
LARGER = CLUSTER.replace("Standard_D4s_v5", "Standard_D8s_v5")
CHANGES = [
    pytest.param(CLUSTER, id="alone"),
    pytest.param(CLUSTER.replace("Accounts: true", "Accounts: false"), id="beside a change"),
    pytest.param(LARGER, id="beside a rotation"),
]


@pytest.fixture
def cluster(bench: Bench) -> Bench:
    """A built-in Azure with a cluster of one pool."""
    bench.apply(bench.plan(bench.compose(CLUSTER)))
    return bench


def pools(bench: Bench) -> list[str]:
    texts = (ResourceId.parse(text) for text in bench.server.resource_ids())
    return sorted(resource.name for resource in texts if resource.type == POOL)


def test_a_pool_of_the_clusters_body_has_not_left_the_blueprint(cluster: Bench) -> None:
    listed = list_resources(cluster.compose(CLUSTER), cluster.catalog, cluster.client).resources
    (pool,) = (each for each in listed if each.type == POOL)
    assert (pool.name, pool.address, pool.declared) == ("system", "aks", True)


@pytest.mark.parametrize("text", CHANGES)
def test_a_pool_that_comes_is_made_by_itself(cluster: Bench, text: str) -> None:
    desired = cluster.compose(text + EXTRA)
    plan = cluster.plan(desired)
    change = next(c for c in plan.document.changes if c.id.endswith("/agentPools/extra"))
    assert (change.address, change.action) == ("aks/agentPools/extra", Action.CREATE)
    step = next(s for s in plan.steps if s.id.name == "extra")
    written = next(s for s in plan.steps if s.address == "aks")
    # The cluster carries the mark of the pool, and so is written first.
    assert written.key in step.after
    listed = lookup(written.body, ("properties", "agentPoolProfiles"))
    assert "extra" not in str(listed)

    applied = cluster.apply(plan, allow_delete=True)
    assert {s.outcome.value for s in applied.steps} == {"succeeded"}
    assert pools(cluster) == ["extra", "system"]
    again = cluster.plan(desired)
    assert (again.steps, again.document.unmanaged, again.document.additions) == ((), (), ())


@pytest.mark.parametrize("text", CHANGES)
def test_a_pool_that_goes_is_deleted_by_itself(cluster: Bench, text: str) -> None:
    cluster.apply(cluster.plan(cluster.compose(CLUSTER + EXTRA)))
    desired = cluster.compose(text)
    plan = cluster.plan(desired)
    change = next(c for c in plan.document.changes if c.id.endswith("/agentPools/extra"))
    assert (change.address, change.action) == ("aks/agentPools/extra", Action.DELETE)
    with pytest.raises(GateError):
        cluster.apply(plan)

    applied = cluster.apply(plan, allow_delete=True)
    assert {s.outcome.value for s in applied.steps} == {"succeeded"}
    assert pools(cluster) == ["system"]
    assert cluster.plan(desired).steps == ()


def test_a_pool_of_others_stays(cluster: Bench) -> None:
    """What somebody added by hand and the blueprint never had is none of its pools that went."""
    aks = ResourceId.parse(str(cluster.body_of("aks")["id"]))
    version = cluster.catalog.get(POOL).api_version
    theirs = ResourceId(POOL, ("aks", "theirs"), aks.scope)
    body = {"properties": {"mode": "User", "vmSize": "Standard_D4s_v5", "count": 1}}
    cluster.client.put(theirs, version, body, None, lambda _status: None)  # type: ignore[arg-type]

    plan = cluster.plan(cluster.compose(CLUSTER + EXTRA))
    assert [s.id.name for s in plan.steps] == ["aks", "extra"]
    assert "theirs" in str(lookup(plan.steps[0].body, ("properties", "agentPoolProfiles")))
    cluster.apply(plan)
    assert pools(cluster) == ["extra", "system", "theirs"]


@pytest.mark.parametrize(
    "named", [["system", "extra"], ["other"], []], ids=["added", "another", "left out"]
)
def test_the_cluster_takes_no_other_pools(cluster: Bench, named: list[str]) -> None:
    pool = {"mode": "System", "vmSize": "Standard_D4s_v5", "count": 3}
    with pytest.raises(AzureError, match="BadRequest"):
        cluster.tamper("aks", agentPoolProfiles=[{"name": name, **pool} for name in named])
    assert pools(cluster) == ["system"]
