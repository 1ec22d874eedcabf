"""Disruption budgets and pods that block, or are lost in, a node drain.

Sources: kubernetes.io, "Specifying a Disruption Budget for your Application" and "Disruptions" (how
minAvailable and maxUnavailable count, and of whom), "API-initiated Eviction" (an eviction is
refused while a budget allows none, and fails where two budgets select the pod), "Safely Drain a
Node" (daemon sets and static pods are passed over; a pod without a controller is not made again);
Kubernetes v1.35.4, pkg/controller/disruption/disruption.go, `getExpectedPodCount` and
`getExpectedScale` (pods without a controller are not counted; one whose controller has no scale is
an error, after which no eviction is allowed); AKS, "Troubleshoot UpgradeFailed errors due to
eviction failures caused by PDBs".

Called by the workflow of upgrades (`workflow.upgrade_findings`, `workflow.upgrade_objects`).
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from provisioner.cluster.objects import Object
from provisioner.cluster.pods import is_static
from provisioner.model.label_selectors import selects

_PERCENT = re.compile(r"(\d{1,3})%")

_UNSCALED = frozenset(("Job", "DaemonSet"))
"""Controllers of Kubernetes' own without the subresource `scale`, of which a share cannot be taken.
A custom resource may have one; an observation does not tell."""


class DrainBlockKind(StrEnum):
    """How a drain is hindered."""

    BLOCKED = "blocked"
    """The budget as it is written allows no eviction, whatever the health of the pods."""
    NO_ROOM = "no room"
    """The budget allowed no eviction when the cluster was observed: pods were not healthy."""
    SEVERAL = "several budgets"
    """The eviction API refuses a pod that two budgets select."""
    UNMANAGED = "no controller"
    """Nothing makes the pod again elsewhere."""


@dataclass(frozen=True, slots=True)
class DrainBlocker:
    """One hindrance: of the budget or pod at an address (NAMESPACE/NAME), why, and what to do."""

    kind: DrainBlockKind
    address: str
    reason: str
    hint: str


@dataclass(frozen=True, slots=True)
class DrainedObjects:
    """Objects that decide over a drain, as they were observed.

    One of `pods` may stand for several that are alike.
    """

    pods: tuple[Object, ...]
    budgets: tuple[Object, ...]
    workloads: tuple[Object, ...]


def find_drain_blockers(observed: DrainedObjects) -> tuple[DrainBlocker, ...]:
    """Return what hinders a drain of every node, what blocks it first."""
    pods, workloads = _by_namespace(observed.pods), _by_namespace(observed.workloads)
    budgets = _by_namespace(observed.budgets)
    found = [
        _unmanaged_blocker(pod)
        for pod in observed.pods
        if _is_drained(pod) and _controller_reference(pod) is None
    ]
    # A budget selects within its namespace, so that a large cluster is no product of its lists.
    for namespace, within in budgets.items():
        drained = [pod for pod in pods[namespace] if _is_drained(pod)]
        for budget in within:
            found.extend(_budget_blockers(budget, pods[namespace], drained, workloads[namespace]))
        found.extend(_blockers_of_several(within, drained))
    order = list(DrainBlockKind)
    return tuple(sorted(found, key=lambda each: (order.index(each.kind), each.address)))


def _by_namespace(objects: Iterable[Object]) -> defaultdict[str, list[Object]]:
    found: defaultdict[str, list[Object]] = defaultdict(list)
    for each in objects:
        found[_namespace(each)].append(each)
    return found


def _budget_blockers(
    budget: Object, pods: list[Object], drained: list[Object], workloads: list[Object]
) -> Iterator[DrainBlocker]:
    covered = [pod for pod in drained if _selects_pod(budget, pod)]
    scaled = [each for each in workloads if _selects_pod(budget, _template_as_pod(each))]
    expected = _expected_pods(budget, scaled, covered)
    if not covered and not expected:
        return  # It selects nothing that is drained.
    reason = _written_block(budget, expected, [pod for pod in pods if _selects_pod(budget, pod)])
    if reason is not None:
        yield DrainBlocker(
            DrainBlockKind.BLOCKED,
            _address(budget),
            reason,
            "Let one pod go (maxUnavailable: 1), or run more replicas.",
        )
    elif (status := budget.get("status") or {}).get("disruptionsAllowed") == 0:
        healthy, needed = status.get("currentHealthy"), status.get("desiredHealthy")
        yield DrainBlocker(
            DrainBlockKind.NO_ROOM,
            _address(budget),
            f"no pod may be evicted: {healthy} healthy, {needed} needed, of {expected}",
            "Repair its pods before the upgrade.",
        )


def _written_block(budget: Object, expected: int, pods: list[Object]) -> str | None:
    """Return why a budget never allows an eviction of `expected` pods, None where it may.

    `pods` are all that it selects, those too that a drain passes over.
    """
    spec = budget.get("spec") or {}
    most, least = spec.get("maxUnavailable"), spec.get("minAvailable")
    # Only a whole minAvailable counts the pods themselves; a share and maxUnavailable are taken of
    # the controllers' scales (`getExpectedPodCount`).
    is_counted = isinstance(least, int) and most is None
    unscaled = next(
        (pod for pod in pods if (_controller_reference(pod) or ("",))[0] in _UNSCALED), None
    )
    if unscaled is not None and not is_counted:
        kind = (_controller_reference(unscaled) or ("",))[0]
        return f"the pod {_name(unscaled)} is of a {kind}: only a whole minAvailable counts it"
    if expected == 0 and not is_counted:
        return "no pod that it selects has a controller: only a whole minAvailable counts them"
    if most is not None:
        allowed = _pods_of_share(most, expected)
        return f"maxUnavailable is {most}" if allowed == 0 else None
    needed = _pods_of_share(least, expected) if least is not None else None
    # With as many needed as there are, the eviction of any pod is refused, however healthy all are.
    if needed is not None and needed >= expected:
        replicas = "1 replica" if expected == 1 else f"{expected} replicas"
        return f"minAvailable is {least}, with {replicas}"
    return None


def _blockers_of_several(budgets: list[Object], drained: list[Object]) -> Iterator[DrainBlocker]:
    """Yield the pods that several budgets select, one for those of a controller."""
    seen: set[tuple[str, ...]] = set()
    for pod in drained:
        names = sorted(_name(budget) for budget in budgets if _selects_pod(budget, pod))
        key = (str(_controller_reference(pod) or _name(pod)), *names)
        if len(names) < 2 or key in seen:
            continue
        seen.add(key)
        yield DrainBlocker(
            DrainBlockKind.SEVERAL,
            _address(pod),
            f"it is selected by the budgets {' and '.join(names)}, and cannot be evicted",
            "Leave one budget that selects it.",
        )


def _unmanaged_blocker(pod: Object) -> DrainBlocker:
    return DrainBlocker(
        DrainBlockKind.UNMANAGED,
        _address(pod),
        "it has no controller, and is not made again on another node",
        "Run it by a Deployment, a StatefulSet or a Job.",
    )


def _expected_pods(budget: Object, workloads: list[Object], pods: list[Object]) -> int:
    """Return how many pods a budget counts: by its status, else the replicas of what it selects.

    Pods that are alike are observed as one, so that they alone are too few. Those without a
    controller are counted by a whole minAvailable alone.
    """
    stated = (budget.get("status") or {}).get("expectedPods")
    if isinstance(stated, int) and stated > 0:
        return stated
    replicas = sum(_replicas(each) for each in workloads)
    is_counted = isinstance((budget.get("spec") or {}).get("minAvailable"), int)
    bare = sum(_controller_reference(pod) is None for pod in pods) if is_counted else 0
    managed = sum(_controller_reference(pod) is not None for pod in pods)
    return (replicas or managed) + bare


def _replicas(workload: Object) -> int:
    stated = (workload.get("spec") or {}).get("replicas")
    return stated if isinstance(stated, int) else 1


def _pods_of_share(value: object, expected: int) -> int | None:
    """Return a number of pods, or a share of them rounded up, as the disruption controller does."""
    share = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    if share:
        # Ceiling division in whole numbers: in floats 7 % of 100 is 7.000000000000001, which would
        # be rounded up to 8.
        return -(-expected * int(share[1]) // 100)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _selects_pod(budget: Object, pod: Object) -> bool:
    """Return whether a budget selects a pod.

    An empty selector selects all of its namespace, an unset one selects none (policy/v1).
    """
    selector = (budget.get("spec") or {}).get("selector")
    labels = (pod.get("metadata") or {}).get("labels") or {}
    same = _namespace(budget) == _namespace(pod)
    return same and isinstance(selector, Mapping) and selects(selector, labels)


def _template_as_pod(workload: Object) -> Object:
    """Return the pods of a workload as one, in its namespace."""
    template = (workload.get("spec") or {}).get("template") or {}
    metadata = {**(template.get("metadata") or {}), "namespace": _namespace(workload)}
    return {"metadata": metadata}


def _is_drained(pod: Object) -> bool:
    """Return whether a drain evicts a pod.

    It does not evict those of daemon sets and of files of the node, nor what has ended.
    """
    ended = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
    owner = _controller_reference(pod)
    return not ended and not is_static(pod) and (owner is None or owner[0] != "DaemonSet")


def _controller_reference(pod: Object) -> tuple[str, str] | None:
    owners: Iterable[Mapping[str, Any]] = (pod.get("metadata") or {}).get("ownerReferences") or ()
    return next(
        (((str(o.get("kind"))), str(o.get("name"))) for o in owners if o.get("controller")), None
    )


def _namespace(body: Object) -> str:
    return str((body.get("metadata") or {}).get("namespace") or "")


def _name(body: Object) -> str:
    return str((body.get("metadata") or {}).get("name"))


def _address(body: Object) -> str:
    return f"{_namespace(body)}/{_name(body)}"
