"""Which disruption budgets and pods hinder a drain."""

from typing import Any

import pytest

from provisioner.cluster.disruption import DrainedObjects, find_drain_blockers

LABELS = {"app": "web"}
REPLICA_SET = ({"kind": "ReplicaSet", "name": "web-1", "controller": True},)


def pod(name: str = "web-1-a", owners: Any = REPLICA_SET, **more: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop", "labels": LABELS, "ownerReferences": owners}
    return {"metadata": metadata, **more}


def budget(name: str = "web", status: Any = None, selector: Any = None, **spec: Any) -> Any:
    chosen = {"matchLabels": LABELS} if selector is None else selector
    body = {
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"selector": chosen, **spec},
    }
    return {**body, "status": status} if status else body


def deployment(replicas: int = 3) -> dict[str, Any]:
    template = {"metadata": {"labels": LABELS}}
    return {
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"replicas": replicas, "template": template},
    }


def shown(*budgets: Any, pods: Any = None, replicas: int = 3) -> list[str]:
    seen = DrainedObjects(
        (pod(),) if pods is None else tuple(pods), budgets, (deployment(replicas),)
    )
    return [f"{each.kind} {each.address}" for each in find_drain_blockers(seen)]


BLOCKED = ["blocked shop/web"]
HEALTHY = {"disruptionsAllowed": 1, "currentHealthy": 3, "desiredHealthy": 2, "expectedPods": 3}
AILING = {"disruptionsAllowed": 0, "currentHealthy": 2, "desiredHealthy": 2, "expectedPods": 3}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(budget(maxUnavailable=1), [], id="one may go"),
        pytest.param(budget(maxUnavailable=0), BLOCKED, id="maxUnavailable 0"),
        pytest.param(budget(maxUnavailable="0%"), BLOCKED, id="maxUnavailable 0%"),
        pytest.param(budget(maxUnavailable="1%"), [], id="a share is rounded up to one"),
        pytest.param(budget(minAvailable=2), [], id="minAvailable below the replicas"),
        pytest.param(budget(minAvailable=3), BLOCKED, id="minAvailable of all replicas"),
        pytest.param(budget(minAvailable=5), BLOCKED, id="minAvailable above the replicas"),
        pytest.param(budget(minAvailable="100%"), BLOCKED, id="minAvailable 100%"),
        pytest.param(budget(minAvailable="66%"), [], id="two of three"),
        pytest.param(budget(minAvailable="67%"), BLOCKED, id="a share rounded up to all"),
        pytest.param(budget(status=HEALTHY, maxUnavailable=1), [], id="room by its status"),
        pytest.param(
            budget(status=AILING, maxUnavailable=1), ["no room shop/web"], id="no healthy room"
        ),
        pytest.param(
            budget(status={"expectedPods": 1}, minAvailable=1), BLOCKED, id="one, by its status"
        ),
        pytest.param(budget(maxUnavailable=0, selector={}), BLOCKED, id="an empty selector"),
        pytest.param(
            budget(maxUnavailable=0, selector={"matchLabels": {"app": "other"}}),
            [],
            id="it selects nothing",
        ),
        pytest.param(
            budget(
                maxUnavailable=0,
                selector={
                    "matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]
                },
            ),
            BLOCKED,
            id="a selector by expression",
        ),
        pytest.param(
            budget(
                maxUnavailable=0,
                selector={"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]},
            ),
            [],
            id="an expression that selects others",
        ),
    ],
)
def test_a_budget(given: Any, expected: list[str]) -> None:
    assert shown(given) == expected


def test_an_unset_selector_selects_nothing() -> None:
    unset = budget(maxUnavailable=0)
    del unset["spec"]["selector"]
    assert shown(unset) == []


def test_one_replica_with_minavailable_one_never_goes() -> None:
    assert shown(budget(minAvailable=1), replicas=1) == BLOCKED


def test_a_budget_of_another_namespace_is_none_of_its_pods() -> None:
    other = budget(maxUnavailable=0)
    other["metadata"]["namespace"] = "other"
    assert shown(other) == []


def test_a_pod_of_two_budgets_is_told_once_for_its_controller() -> None:
    both = (budget(maxUnavailable=1), budget("web-2", maxUnavailable=1))
    assert shown(*both, pods=[pod("web-1-a"), pod("web-1-b")]) == ["several budgets shop/web-1-a"]


def test_the_pods_of_a_daemon_set_are_not_evicted() -> None:
    both = (budget(minAvailable=1), budget("web-2", minAvailable=1))
    agent = pod("agent", owners=({"kind": "DaemonSet", "name": "agent", "controller": True},))
    assert shown(*both, pods=[agent]) == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(pod("bare", owners=()), ["no controller shop/bare"], id="no controller"),
        pytest.param(pod("done", owners=(), status={"phase": "Succeeded"}), [], id="it has ended"),
        pytest.param(
            pod("agent", owners=({"kind": "DaemonSet", "name": "agent", "controller": True},)),
            [],
            id="a daemon set's is not drained",
        ),
        pytest.param(
            pod("owned", owners=({"kind": "Shop", "name": "s"},)),
            ["no controller shop/owned"],
            id="an owner that is not a controller",
        ),
    ],
)
def test_a_pod(given: dict[str, Any], expected: list[str]) -> None:
    assert shown(pods=[given]) == expected


@pytest.mark.parametrize(
    ("spec", "is_blocked"),
    [
        pytest.param({"maxUnavailable": 1}, True, id="maxUnavailable has no scale to count by"),
        pytest.param({"minAvailable": "50%"}, True, id="neither has a share"),
        pytest.param({"minAvailable": 0}, False, id="a whole number does"),
    ],
)
def test_a_budget_of_pods_without_a_controller(spec: dict[str, Any], is_blocked: bool) -> None:
    told = shown(budget(**spec), pods=[pod("bare", owners=())], replicas=0)
    assert ("blocked shop/web" in told) is is_blocked


JOB = ({"kind": "Job", "name": "backup", "controller": True},)


@pytest.mark.parametrize(
    ("given", "pods", "expected"),
    [
        pytest.param(
            budget(maxUnavailable=1),
            [pod("backup-a", owners=JOB)],
            BLOCKED,
            id="a Job has no scale, so that no eviction is allowed",
        ),
        pytest.param(
            budget(minAvailable=1),
            [pod("backup-a", owners=JOB), pod("backup-b", owners=JOB)],
            [],
            id="a whole minAvailable counts the pods of a Job",
        ),
        pytest.param(
            budget(maxUnavailable=1),
            [pod(), pod("bare", owners=())],
            ["no controller shop/bare"],
            id="a pod without a controller beside those of a Deployment is not counted",
        ),
        pytest.param(
            budget(minAvailable=3),
            [pod(), pod("bare", owners=())],
            ["no controller shop/bare"],
            id="a whole minAvailable counts it: four, of which three have to stay",
        ),
    ],
)
def test_a_budget_of_several_kinds_of_pods(
    given: Any, pods: list[dict[str, Any]], expected: list[str]
) -> None:
    assert shown(given, pods=pods) == expected
