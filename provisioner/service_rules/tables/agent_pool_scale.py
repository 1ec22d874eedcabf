"""Node counts, autoscaler limits and upgrade settings of AKS node pools.

Codes are of AKS's own list of error codes ("apierror", Microsoft, of which guidelines.md §3.2 is an
extract: "AKS error codes" below) or of the issue or page that is named at each rule; where only the
documentation states a rule, the code is InvalidParameter, with which AKS refuses values (recorded:
ext/test_aks_nodepool_update_with_localdns_empty_config.yaml).
"""

import re
from collections.abc import Iterator

from provisioner.catalog.node_pools import DEFAULT_SURGE, POOL
from provisioner.model.estate import Resource
from provisioner.service_rules.conditions import in_range, is_at, is_off
from provisioner.service_rules.partial_bodies import is_silent, is_stated, number_at, text_at
from provisioner.service_rules.rule import Refusal, ServiceRule, Write

_AUTOSCALING = "properties.enableAutoScaling"
_COUNT, _LEAST, _MOST = "properties.count", "properties.minCount", "properties.maxCount"
_SURGE = "properties.upgradeSettings.maxSurge"
_UNAVAILABLE = "properties.upgradeSettings.maxUnavailable"
_MAX_PODS = "properties.maxPods"
# guidelines.md §3.6.
_LARGEST_POOL = 1000
# Pods per node, and the least that a pool has to hold (guidelines.md §2.2, §3.2:
# InsufficientAgentPoolMaxPodsPerAgentPool).
_FEWEST_PODS, _MOST_PODS, _LEAST_IN_POOL = 10, 250, 30
_NODES = re.compile(r"(?P<number>\d{1,9})(?P<share>%?)")

_SCALER = "learn.microsoft.com/azure/aks/cluster-autoscaler"
_SYSTEM = "learn.microsoft.com/azure/aks/use-system-pools"
_UPGRADES = "learn.microsoft.com/azure/aks/upgrade-options"
_CODES = "AKS error codes; guidelines.md §3.2"


def _is_system(write: Write) -> bool:
    return is_at(write.after, "properties.mode", "System")


def _judge_limits_missing(write: Write) -> Iterator[Refusal]:
    if not is_at(write.after, _AUTOSCALING, True):
        return
    for path in (_LEAST, _MOST):
        if is_silent(write.after, path):
            yield Refusal(
                path,
                "a pool with the cluster autoscaler (enableAutoScaling) needs minCount and "
                "maxCount",
                "State both.",
            )
            return


def _judge_limits_alone(write: Write) -> Iterator[Refusal]:
    if not is_off(write.after, _AUTOSCALING):
        return
    for path in (_LEAST, _MOST):
        if is_stated(write.after, path):
            yield Refusal(
                path,
                "minCount and maxCount are limits of the cluster autoscaler, which is off "
                "(enableAutoScaling)",
                "Switch it on, or remove them.",
            )
            return


def _judge_limits_order(write: Write) -> Iterator[Refusal]:
    least, most = number_at(write.after, _LEAST), number_at(write.after, _MOST)
    if least is not None and most is not None and least > most:
        yield Refusal(_LEAST, f"minCount {least} is more than maxCount {most}")


def _judge_counts(write: Write) -> Iterator[Refusal]:
    # A user pool can be scaled to 0, a system pool cannot (guidelines.md §3.6).
    least = 1 if _is_system(write) else 0
    for path in (_COUNT, _LEAST, _MOST):
        value = number_at(write.after, path)
        name = path.removeprefix("properties.")
        if value is not None and not least <= value <= _LARGEST_POOL:
            yield Refusal(
                path,
                f"{name} is {value}; a {'system' if least else 'user'} pool has {least} to "
                f"{_LARGEST_POOL} nodes",
            )


def _judge_spot_system(write: Write) -> Iterator[Refusal]:
    if _is_system(write) and is_at(write.after, "properties.scaleSetPriority", "Spot"):
        yield Refusal(
            "properties.scaleSetPriority",
            "a system pool cannot be of Spot machines (scaleSetPriority: Spot)",
            "Use mode User, or scaleSetPriority Regular.",
        )


def _judge_windows_system(write: Write) -> Iterator[Refusal]:
    if _is_system(write) and is_at(write.after, "properties.osType", "Windows"):
        yield Refusal(
            "properties.osType",
            "a system pool cannot be of Windows nodes",
            "Use mode User.",
        )


def _judge_eviction(write: Write) -> Iterator[Refusal]:
    evicts = is_at(write.after, "properties.scaleSetEvictionPolicy", "Deallocate")
    priority = "properties.scaleSetPriority"
    if evicts and (is_silent(write.after, priority) or is_at(write.after, priority, "Regular")):
        yield Refusal(
            "properties.scaleSetEvictionPolicy",
            "scaleSetEvictionPolicy Deallocate is for Spot pools alone",
        )


def _judge_no_surge(write: Write) -> Iterator[Refusal]:
    surge, unavailable = text_at(write.after, _SURGE), text_at(write.after, _UNAVAILABLE)
    if _node_count(surge) == 0 and (
        is_silent(write.after, _UNAVAILABLE) or _node_count(unavailable) == 0
    ):
        yield Refusal(
            _SURGE,
            "maxSurge and maxUnavailable are both 0, so that no node could be upgraded",
            "Give one of them a value of more than 0.",
        )


def _judge_both_ways(write: Write) -> Iterator[Refusal]:
    """Yield a pool whose surge and maxUnavailable are both above 0.

    A silent pool has a surge of 10% (`node_pools.DEFAULT_SURGE`).
    """
    silent = is_silent(write.after, _SURGE)
    surge = DEFAULT_SURGE if silent else text_at(write.after, _SURGE)
    unavailable = text_at(write.after, _UNAVAILABLE)
    if (_node_count(surge) or 0) > 0 and (_node_count(unavailable) or 0) > 0:
        yield Refusal(
            _UNAVAILABLE,
            f"maxSurge {surge}{' (the default)' if silent else ''} and maxUnavailable "
            f"{unavailable} cannot both be more than 0",
            "Set maxSurge to 0, or remove maxUnavailable.",
        )


def _judge_surge_form(write: Write) -> Iterator[Refusal]:
    for path in (_SURGE, _UNAVAILABLE):
        text = text_at(write.after, path)
        found = _NODES.fullmatch(text) if text is not None else None
        if text is not None and (
            found is None or (found["share"] and not int(found["number"]) <= 100)
        ):
            yield Refusal(
                path,
                f"{path.rpartition('.')[2]} is {text!r}, and has to be a number of nodes, or a "
                "share of them up to 100%",
            )


def _node_count(text: str | None) -> int | None:
    found = _NODES.fullmatch(text) if text is not None else None
    return int(found["number"]) if found is not None else None


def _judge_few_pods(write: Write) -> Iterator[Refusal]:
    pods = number_at(write.after, _MAX_PODS)
    if pods and pods < _FEWEST_PODS:
        yield Refusal(
            _MAX_PODS,
            f"maxPods is {pods}; AKS takes {_FEWEST_PODS} to {_MOST_PODS} a node",
        )


def _judge_many_pods(write: Write) -> Iterator[Refusal]:
    pods = number_at(write.after, _MAX_PODS)
    if pods and pods > _MOST_PODS:
        yield Refusal(
            _MAX_PODS,
            f"maxPods is {pods}; AKS takes {_FEWEST_PODS} to {_MOST_PODS} a node",
        )


def _judge_small_pool(write: Write) -> Iterator[Refusal]:
    pods = number_at(write.after, _MAX_PODS)
    scaled = is_at(write.after, _AUTOSCALING, True)
    # With the autoscaler a pool may grow to its maximum.
    nodes = number_at(write.after, _MOST if scaled else _COUNT)
    if pods and nodes and pods >= _FEWEST_PODS and nodes * pods < _LEAST_IN_POOL:
        yield Refusal(
            _MAX_PODS,
            f"{nodes} nodes of {pods} pods hold {nodes * pods}; a pool has to hold "
            f"{_LEAST_IN_POOL} at least",
            "Change maxPods, or the number of nodes.",
        )


def _has_system(write: Write, *, siblings_alone: bool) -> bool:
    """Return whether a cluster has a system pool, or may have one.

    It may if its pools are not all known, if it is deleted itself, or if AKS runs its system pool.
    """
    cluster = write.parent
    if not isinstance(cluster, Resource) or not write.siblings.whole:
        return True
    if is_at(cluster.body, "properties.hostedSystemProfile.enabled", True):
        return True
    own = () if siblings_alone else (write.after,)
    pools = (*own, *(pool.body for pool in write.siblings))
    return any(
        not (
            is_silent(pool, "properties.mode") or is_at(pool, "properties.mode", "User", "Gateway")
        )
        for pool in pools
    )


def _judge_last_system(write: Write) -> Iterator[Refusal]:
    was_system = is_at(write.before, "properties.mode", "System")
    if was_system and not _has_system(write, siblings_alone=write.deletes):
        yield Refusal(
            "properties.mode",
            f"{write.id.name} is the last system pool of its cluster, which needs one",
            "Add another pool of mode System first.",
        )


RULES = (
    ServiceRule(
        id="pool-autoscaling-without-limits",
        type=POOL,
        code="InvalidParameter",
        source=f"{_SCALER}; pulumi/pulumi-azure-native#2943 has the code",
        judge=_judge_limits_missing,
    ),
    ServiceRule(
        id="pool-limits-without-autoscaling",
        type=POOL,
        code="InvalidParameter",
        source=_SCALER,
        judge=_judge_limits_alone,
    ),
    ServiceRule(
        id="pool-limits-order",
        type=POOL,
        code="InvalidParameter",
        source=_SCALER,
        judge=_judge_limits_order,
    ),
    ServiceRule(
        id="pool-node-count",
        type=POOL,
        code="InvalidParameter",
        source="Azure/azure-cli#22442; kubernetes-sigs/cluster-api-provider-azure#5947",
        judge=_judge_counts,
    ),
    ServiceRule(
        id="pool-system-spot",
        type=POOL,
        code="SystemPoolMustBeRegular",
        source=f"{_CODES}; {_SYSTEM}",
        judge=_judge_spot_system,
    ),
    ServiceRule(
        id="pool-system-windows",
        type=POOL,
        code="SystemPoolMustBeLinux",
        source=f"{_CODES}; {_SYSTEM}",
        judge=_judge_windows_system,
    ),
    ServiceRule(
        id="pool-eviction-without-spot",
        type=POOL,
        code="InvalidParameter",
        source="REST reference of agentPools, scaleSetEvictionPolicy",
        judge=_judge_eviction,
    ),
    ServiceRule(
        id="pool-upgrade-without-nodes",
        type=POOL,
        code="InvalidParameter",
        source=_UPGRADES,
        judge=_judge_no_surge,
    ),
    ServiceRule(
        id="pool-surge-and-unavailable",
        type=POOL,
        code="InvalidParameter",
        source=f"{_UPGRADES}; Azure/ARO-HCP#6038",
        judge=_judge_both_ways,
    ),
    ServiceRule(
        id="pool-surge-form",
        type=POOL,
        code="InvalidParameter",
        source=_UPGRADES,
        judge=_judge_surge_form,
    ),
    ServiceRule(
        id="pool-drain-timeout",
        type=POOL,
        code="InvalidParameter",
        source=f"{_UPGRADES}; guidelines.md CLU-06.6",
        judge=in_range("properties.upgradeSettings.drainTimeoutInMinutes", 1, 1440),
    ),
    ServiceRule(
        id="pool-node-soak",
        type=POOL,
        code="InvalidParameter",
        source=f"{_UPGRADES}, node soak duration",
        judge=in_range("properties.upgradeSettings.nodeSoakDurationInMinutes", 0, 30),
    ),
    ServiceRule(
        id="pool-too-few-pods",
        type=POOL,
        code="InsufficientMaxPods",
        source=_CODES,
        judge=_judge_few_pods,
    ),
    ServiceRule(
        id="pool-too-many-pods",
        type=POOL,
        code="MaxPodsLimitExceeded",
        source=_CODES,
        judge=_judge_many_pods,
    ),
    ServiceRule(
        id="pool-too-small",
        type=POOL,
        code="InsufficientAgentPoolMaxPodsPerAgentPool",
        source=_CODES,
        judge=_judge_small_pool,
    ),
    ServiceRule(
        id="pool-last-system",
        type=POOL,
        code="MustDefineAtLeastOneSystemPool",
        source=f"{_CODES}; {_SYSTEM}",
        judge=_judge_last_system,
    ),
    ServiceRule(
        id="pool-last-system-deleted",
        type=POOL,
        code="MustDefineAtLeastOneSystemPool",
        source=f"{_CODES}; {_SYSTEM}",
        judge=_judge_last_system,
        deletes=True,
    ),
)
