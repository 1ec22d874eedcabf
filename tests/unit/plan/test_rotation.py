"""Node pools are replaced by rotation: another pool stands in, so that a cluster is never without.

Every test runs on the built-in Azure, which refuses what Azure refuses: a cluster whose body holds
another size of machine for a pool that is there, and a pool that changes its size.
"""

import pytest

from provisioner.catalog.field import Disruption
from provisioner.documents.apply import Event, Outcome, StepSucceeded
from provisioner.documents.plan import Action
from provisioner.model.diagnostic import DiagnosticError, GateError
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, lookup
from provisioner.plan.plan import Plan
from provisioner.plan.plan_file import read_plan_file, write_plan_file
from provisioner.plan.reads import Read
from provisioner.workflow.plan import Desired
from tests.environments import Bench

CLUSTER = """\
kubelet:
  type: Microsoft.ManagedIdentity/userAssignedIdentities
  resourceGroup: main
  name: id-kubelet
aks:
  type: Microsoft.ContainerService/managedClusters
  resourceGroup: main
  name: aks
  identity: {type: UserAssigned, userAssignedIdentities: {"${kubelet.id}": {}}}
  properties:
    identityProfile: {kubeletidentity: {resourceId: "${kubelet.id}"}}
    dnsPrefix: aks
    kubernetesVersion: "1.33"
    agentPoolProfiles:
      - name: system
        mode: System
        vmSize: Standard_D4s_v5
        count: 3
batch:
  type: Microsoft.ContainerService/managedClusters/agentPools
  parent: ${aks.id}
  name: batch
  properties:
    mode: User
    vmSize: Standard_D8s_v5
    count: 2
    tags: {team: batch}
"""
LARGE_SYSTEM = CLUSTER.replace("Standard_D4s_v5", "Standard_D16s_v5")
LARGE_BATCH = CLUSTER.replace("Standard_D8s_v5", "Standard_D32s_v5")
SCALED = CLUSTER.replace(
    "    count: 2\n",
    "    count: 2\n    enableAutoScaling: true\n    minCount: 1\n    maxCount: 9\n",
)

ROTATIONS = pytest.mark.parametrize(
    ("changed", "address", "name"),
    [
        pytest.param(LARGE_SYSTEM, "aks/agentPools/system", "system", id="in the cluster's body"),
        pytest.param(LARGE_BATCH, "batch", "batch", id="a resource of its own"),
    ],
)


@pytest.fixture
def cluster(bench: Bench) -> Bench:
    """A built-in Azure with the cluster and its pools."""
    bench.apply(bench.plan(bench.compose(CLUSTER)))
    return bench


def pools_of(bench: Bench) -> dict[str, Body]:
    """Return the pools that the cluster has now, by name."""
    cluster = next(t for t in bench.server.resource_ids() if t.endswith("/aks"))
    pool_type = bench.catalog.get("Microsoft.ContainerService/managedClusters/agentPools")
    read = Read(f"{cluster}/agentPools", pool_type.api_version, pool_type.name, is_list=True)
    return {str(body["name"]): body for body in bench.client.read([read])[0].items}


def at(body: Body, name: str) -> object:
    return lookup(body, ("properties", name))


def steps_of(plan: Plan) -> list[tuple[str, str]]:
    return [(step.verb, step.id.name) for step in plan.steps]


class Watcher:
    """Looks at the pools after every step; interrupts, as Ctrl-C does, after one of them."""

    def __init__(self, bench: Bench, stop_after: int | None = None) -> None:
        self.seen: list[dict[str, Body]] = []
        self._bench = bench
        self._stop_after = stop_after

    def __call__(self, event: Event) -> None:
        if isinstance(event, StepSucceeded):
            self.seen.append(pools_of(self._bench))
            if len(self.seen) == self._stop_after:
                raise KeyboardInterrupt


def finish(bench: Bench, desired: Desired) -> None:
    """Plan and apply, and expect that nothing is left to do."""
    applied = bench.apply(bench.plan(desired), allow_delete=True)
    assert [step.message for step in applied.steps if step.outcome is Outcome.FAILED] == []
    assert_settled(bench, desired)


def assert_settled(bench: Bench, desired: Desired) -> None:
    again = bench.plan(desired)
    assert again.steps == ()
    assert again.document.changes == ()
    assert [field for field in again.document.undeclared if not field.kept] == []
    assert again.document.unmanaged == ()
    assert sorted(pools_of(bench)) == ["batch", "system"]


@ROTATIONS
def test_the_plan_shows_the_rotation_of_the_pool_alone(
    changed: str, address: str, name: str, cluster: Bench
) -> None:
    plan = cluster.plan(cluster.compose(changed))

    (change,) = plan.document.changes
    assert (change.address, change.action) == (address, Action.REPLACE)
    assert change.type == "Microsoft.ContainerService/managedClusters/agentPools"
    assert change.id.endswith(f"/managedClusters/aks/agentPools/{name}")
    assert change.reason == "by rotation · vmSize cannot change in place"
    assert change.disruption == Disruption.NODES
    assert [field.path for field in change.fields] == ["properties.vmSize"]
    assert plan.document.summary.replace == 1
    assert steps_of(plan) == [
        ("PUT", f"{name}tmp"),
        ("DELETE", name),
        ("PUT", name),
        ("DELETE", f"{name}tmp"),
    ]
    with pytest.raises(GateError, match=f"replaces {address}"):
        cluster.apply(plan)


@ROTATIONS
def test_the_pool_has_the_new_shape_and_the_cluster_was_never_without(
    changed: str, address: str, name: str, cluster: Bench
) -> None:
    plan = read_plan_file(write_plan_file(cluster.plan(cluster.compose(changed))), "p.azplan")
    watcher = Watcher(cluster)

    applied = cluster.apply(plan, allow_delete=True, on_event=watcher)

    assert {step.outcome for step in applied.steps} == {Outcome.SUCCEEDED}
    mode = "System" if name == "system" else "User"
    for pools in watcher.seen:
        assert any(at(pool, "mode") == mode for pool in pools.values())
        assert any(at(pool, "mode") == "System" for pool in pools.values())
    stand_in = watcher.seen[0][f"{name}tmp"]
    assert at(stand_in, "vmSize") == at(pools_of(cluster)[name], "vmSize")
    assert at(pools_of(cluster)[name], "vmSize") in ("Standard_D16s_v5", "Standard_D32s_v5")
    assert_settled(cluster, cluster.compose(changed))


@ROTATIONS
@pytest.mark.parametrize("done", [1, 2, 3])
def test_an_apply_that_stops_anywhere_is_taken_up_by_the_next_plan(
    changed: str, address: str, name: str, done: int, cluster: Bench
) -> None:
    desired = cluster.compose(changed)

    stopped = cluster.apply(
        cluster.plan(desired), allow_delete=True, on_event=Watcher(cluster, stop_after=done)
    )

    assert stopped.interrupted
    resumed = cluster.plan(desired)
    changes = {change.address: change for change in resumed.document.changes}
    # Deleted and not made again, the pool has lost its mark on the cluster, which gets it anew.
    assert set(changes) == {address, *(["aks"] if done == 2 else [])}
    assert changes[address].action is Action.REPLACE
    assert str(changes[address].reason).startswith("by rotation · ")
    assert resumed.document.unmanaged == ()
    assert steps_of(resumed)[-2:] == [("PUT", name), ("DELETE", f"{name}tmp")]
    watcher = Watcher(cluster)
    cluster.apply(resumed, allow_delete=True, on_event=watcher)
    for pools in watcher.seen:
        assert any(at(pool, "mode") == "System" for pool in pools.values())
    assert_settled(cluster, desired)


@ROTATIONS
@pytest.mark.parametrize("failing", range(4))
def test_a_step_that_azure_fails_is_taken_up_by_the_next_plan(
    changed: str, address: str, name: str, failing: int, cluster: Bench
) -> None:
    desired = cluster.compose(changed)
    plan = cluster.plan(desired)
    verb, failed = steps_of(plan)[failing]
    cluster.server.faults.fail_operation(
        f"/agentPools/{failed}$", "AllocationFailed", "There is no capacity.", method=verb
    )

    applied = cluster.apply(plan, allow_delete=True)

    assert [step.outcome for step in applied.steps].count(Outcome.FAILED) == 1
    assert any(at(pool, "mode") == "System" for pool in pools_of(cluster).values())
    finish(cluster, desired)


def test_both_pools_and_the_cluster_change_in_one_plan(cluster: Bench) -> None:
    """The cluster goes first, as it is, so that pools can be made in a version it gets only now."""
    text = LARGE_SYSTEM.replace("Standard_D8s_v5", "Standard_D32s_v5").replace("1.33", "1.34")
    desired = cluster.compose(text)

    plan = cluster.plan(desired)

    actions = {change.address: change.action for change in plan.document.changes}
    assert actions == {
        "aks": Action.UPDATE,
        "aks/agentPools/system": Action.REPLACE,
        "batch": Action.REPLACE,
    }
    assert steps_of(plan)[0] == ("PUT", "aks")
    finish(cluster, desired)


def test_what_is_in_place_of_a_rotated_pool_goes_with_the_rotation(cluster: Bench) -> None:
    text = LARGE_SYSTEM.replace("count: 3", "count: 5")

    plan = cluster.plan(cluster.compose(text))

    (change,) = plan.document.changes
    assert sorted(field.path for field in change.fields) == [
        "properties.count",
        "properties.vmSize",
    ]
    finish(cluster, cluster.compose(text))
    assert at(pools_of(cluster)["system"], "count") == 5


def test_an_autoscaled_pool_keeps_its_size(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(SCALED)))
    grow(bench, "batch", 7)
    desired = bench.compose(SCALED.replace("Standard_D8s_v5", "Standard_D32s_v5"))
    watcher = Watcher(bench)

    bench.apply(bench.plan(desired), allow_delete=True, on_event=watcher)

    stand_in = watcher.seen[0]["batchtmp"]
    assert [at(stand_in, name) for name in ("count", "minCount", "maxCount")] == [7, 1, 9]
    assert at(pools_of(bench)["batch"], "count") == 7
    assert_settled(bench, desired)


def test_new_bounds_of_an_autoscaled_pool_hold_its_new_size(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(SCALED)))
    grow(bench, "batch", 7)
    text = SCALED.replace("Standard_D8s_v5", "Standard_D32s_v5").replace(
        "maxCount: 9", "maxCount: 4"
    )
    watcher = Watcher(bench)

    bench.apply(bench.plan(bench.compose(text)), allow_delete=True, on_event=watcher)

    assert at(watcher.seen[0]["batchtmp"], "maxCount") == 9, (
        "a stand-in is sized as what it relieves"
    )
    assert at(pools_of(bench)["batch"], "count") == 4


def test_the_pool_of_somebody_else_is_never_taken_for_a_stand_in(cluster: Bench) -> None:
    put_pool(cluster, "batchtmp", {"mode": "User", "vmSize": "Standard_D2s_v5", "count": 1})
    desired = cluster.compose(LARGE_BATCH)

    plan = cluster.plan(desired)

    assert [resource.id.rpartition("/")[2] for resource in plan.document.additions] == ["batchtmp"]
    assert ("PUT", "batchtmp1") in steps_of(plan)
    cluster.apply(plan, allow_delete=True)
    assert at(pools_of(cluster)["batchtmp"], "vmSize") == "Standard_D2s_v5"
    assert sorted(pools_of(cluster)) == ["batch", "batchtmp", "system"]


def test_stand_ins_of_pools_with_like_names_do_not_meet(bench: Bench) -> None:
    one = CLUSTER[CLUSTER.index("batch:") :]
    pools = "".join(one.replace("batch", f"workerpool{number}") for number in "12")
    text = CLUSTER[: CLUSTER.index("batch:")] + pools
    bench.apply(bench.plan(bench.compose(text)))
    desired = bench.compose(text.replace("Standard_D8s_v5", "Standard_D32s_v5"))

    plan = bench.plan(desired)

    made = {name for verb, name in steps_of(plan) if verb == "PUT"}
    assert made == {"workerpool1", "workerpool2", "workerpootmp", "workerpotmp1"}
    bench.apply(plan, allow_delete=True)
    assert sorted(pools_of(bench)) == ["system", "workerpool1", "workerpool2"]
    assert bench.plan(desired).steps == ()


def test_a_pool_that_somebody_makes_after_the_plan_makes_it_stale(cluster: Bench) -> None:
    plan = cluster.plan(cluster.compose(LARGE_BATCH))
    put_pool(cluster, "batchtmp", {"mode": "User", "vmSize": "Standard_D2s_v5", "count": 1})

    with pytest.raises(DiagnosticError, match="batch/batchtmp was absent and exists now"):
        cluster.apply(plan, allow_delete=True)


def test_the_stand_in_of_a_pool_that_left_the_blueprint_goes(cluster: Bench) -> None:
    cluster.apply(
        cluster.plan(cluster.compose(LARGE_BATCH)),
        allow_delete=True,
        on_event=Watcher(cluster, stop_after=1),
    )
    without = cluster.compose(CLUSTER[: CLUSTER.index("batch:")])

    plan = cluster.plan(without)

    gone = {change.address: change.reason for change in plan.document.changes}
    assert gone["batch/batchtmp"] == "stood in for a resource that has left the blueprint"
    cluster.apply(plan, allow_delete=True)
    assert sorted(pools_of(cluster)) == ["system"]
    assert cluster.plan(without).steps == ()


def test_a_wish_that_changes_midway_is_fulfilled(cluster: Bench) -> None:
    cluster.apply(
        cluster.plan(cluster.compose(LARGE_SYSTEM)),
        allow_delete=True,
        on_event=Watcher(cluster, stop_after=1),
    )

    finish(cluster, cluster.compose(CLUSTER.replace("Standard_D4s_v5", "Standard_E8s_v5")))

    assert at(pools_of(cluster)["system"], "vmSize") == "Standard_E8s_v5"


def test_a_wish_that_is_taken_back_midway_leaves_no_stand_in(cluster: Bench) -> None:
    cluster.apply(
        cluster.plan(cluster.compose(LARGE_SYSTEM)),
        allow_delete=True,
        on_event=Watcher(cluster, stop_after=1),
    )

    finish(cluster, cluster.compose(CLUSTER))

    assert at(pools_of(cluster)["system"], "vmSize") == "Standard_D4s_v5"


@pytest.mark.parametrize("done", [1, 2, 3])
def test_an_environment_is_destroyed_in_the_middle_of_a_rotation(done: int, cluster: Bench) -> None:
    desired = cluster.compose(LARGE_SYSTEM)
    cluster.apply(
        cluster.plan(desired), allow_delete=True, on_event=Watcher(cluster, stop_after=done)
    )

    destroyed = cluster.apply(cluster.plan_destroy(desired), allow_delete=True)

    assert {step.outcome for step in destroyed.steps} == {Outcome.SUCCEEDED}
    assert not [text for text in cluster.server.resource_ids() if "/managedClusters/" in text]


def test_a_cluster_that_is_replaced_takes_its_pools_along(cluster: Bench) -> None:
    desired = cluster.compose(LARGE_BATCH.replace("dnsPrefix: aks", "dnsPrefix: other"))

    plan = cluster.plan(desired)

    assert steps_of(plan) == [("DELETE", "aks"), ("PUT", "aks"), ("PUT", "batch")]
    finish(cluster, desired)


def test_a_pool_that_left_the_blueprint_is_not_made_again_by_its_cluster(cluster: Bench) -> None:
    without = CLUSTER[: CLUSTER.index("batch:")].replace("1.33", "1.34")

    cluster.apply(cluster.plan(cluster.compose(without)), allow_delete=True)

    assert sorted(pools_of(cluster)) == ["system"]
    assert cluster.plan(cluster.compose(without)).steps == ()


def test_a_target_takes_the_rotation_of_what_its_body_states(cluster: Bench) -> None:
    plan = cluster.plan(cluster.compose(LARGE_SYSTEM), "batch")

    assert [change.address for change in plan.document.changes] == ["aks/agentPools/system"]


@pytest.mark.parametrize(
    ("name", "system", "taken", "expected"),
    [
        ("system", "Linux", (), "systemtmp"),
        ("abcdefghijkl", "Linux", (), "abcdefghitmp"),
        ("abcdefghitmp", "Linux", (), "abcdefghtmp1"),
        ("a", "Linux", ("atmp", "ATMP1"), "atmp2"),
        ("win", "Windows", (), "wintmp"),
        ("win001", "Windows", ("wintmp",), "witmp1"),
    ],
)
def test_the_name_of_a_stand_in_is_one_that_azure_takes_and_nobody_has(
    name: str, system: str, taken: tuple[str, ...], expected: str, bench: Bench
) -> None:
    pool_type = bench.catalog.get("Microsoft.ContainerService/managedClusters/agentPools")
    assert pool_type.rotation is not None

    found = pool_type.rotation.name(name, {"properties": {"osType": system}}, taken)

    assert found == expected
    assert pool_type.accepts_name(found)


def grow(bench: Bench, name: str, nodes: int) -> None:
    """Do what the autoscaler does."""
    live = pools_of(bench)[name]
    assert isinstance(live["properties"], dict)
    put_pool(bench, name, {**live["properties"], "count": nodes})


def put_pool(bench: Bench, name: str, properties: dict[str, object]) -> None:
    """Write a pool as somebody would who knows nothing of azsec."""
    cluster = next(t for t in bench.server.resource_ids() if t.endswith("/aks"))
    pool = ResourceId.parse(f"{cluster}/agentPools/{name}")
    version = bench.catalog.get(pool.type).api_version
    bench.client.put(pool, version, {"properties": properties}, None, lambda _status: None)


def test_the_stand_in_has_no_label_that_names_the_pool(cluster: Bench) -> None:
    """AKS refuses the label `agentpool` with another name than the pool's."""
    labels = "    nodeLabels: {agentpool: batch, tier: low}\n"
    labelled = CLUSTER.replace("    tags: {team: batch}\n", f"    tags: {{team: batch}}\n{labels}")
    cluster.apply(cluster.plan(cluster.compose(labelled)))

    plan = cluster.plan(cluster.compose(labelled.replace("Standard_D8s_v5", "Standard_D32s_v5")))
    sent = {step.id.name: step.body for step in plan.steps if step.body is not None}
    assert at(sent["batchtmp"], "nodeLabels") == {"tier": "low"}
    assert at(sent["batch"], "nodeLabels") == {"agentpool": "batch", "tier": "low"}


def test_nodes_that_stay_behind_after_an_upgrade_are_told(cluster: Bench) -> None:
    cluster.tamper("batch", upgradeSettings={"undrainableNodeBehavior": "Cordon"})

    told = cluster.plan(cluster.compose(CLUSTER)).document.undeclared
    path = "properties.upgradeSettings.undrainableNodeBehavior"
    assert [(e.address, e.field.path, e.field.before, e.field.after) for e in told] == [
        ("batch", path, "Cordon", "Schedule")
    ]
