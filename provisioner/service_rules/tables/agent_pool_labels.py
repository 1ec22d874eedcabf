"""Labels and taints of AKS node pools."""

import re
from collections.abc import Iterator, Mapping

from provisioner.catalog.node_pools import POOL
from provisioner.service_rules.conditions import is_at
from provisioner.service_rules.partial_bodies import texts_at, value_at
from provisioner.service_rules.rule import Refusal, ServiceRule, Write

_LABELS, _TAINTS = "properties.nodeLabels", "properties.nodeTaints"

# Kubernetes "Labels and Selectors", syntax: 63 characters, after a DNS subdomain of up to 253.
_NAME = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_KEY = re.compile(rf"([a-z0-9]([-a-z0-9.]{{0,251}}[a-z0-9])?/)?{_NAME}")
_VALUE = re.compile(rf"({_NAME})?")
_TAINT = re.compile(rf"(?P<key>(?:[^/=:]+/)?{_NAME})(?:=(?P<value>({_NAME})?))?:(?P<effect>\w+)")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_OWN = "kubernetes.azure.com"
_KUBERNETES = re.compile(r"(?:.*\.)?(kubernetes\.io|k8s\.io)")
# AKS#1937 has the list; node-role.kubernetes.io came with AKS#4628, and what is of the topology is
# what the kubelet may set itself (kubernetes.io, "Node authorization").
_ALLOWED = re.compile(
    r"(?:.*\.)?(kubelet|node)\.kubernetes\.io/.+|node-role\.kubernetes\.io/.+"
    r"|(failure-domain\.(beta\.)?|topology\.)kubernetes\.io/(zone|region)"
    r"|(beta\.)?kubernetes\.io/(os|arch|instance-type)|kubernetes\.io/hostname"
)


def _stated_labels(write: Write) -> Iterator[tuple[str, object]]:
    labels = value_at(write.after, _LABELS)
    yield from labels.items() if isinstance(labels, Mapping) else ()


def _judge_label_of_aks(write: Write) -> Iterator[Refusal]:
    """Yield labels in AKS's domain, except those that AKS puts on spot and gateway pools.

    A client that sends back what it read states those.
    """
    marks = {
        "kubernetes.azure.com/scalesetpriority": "spot",
        "kubernetes.azure.com/mode": "gateway",
    }
    for key, value in _stated_labels(write):
        domain = key.lower().partition("/")[0]
        is_own = domain == _OWN or domain.endswith(f".{_OWN}")
        if is_own and marks.get(key.lower()) != value:
            yield Refusal(
                f"{_LABELS}.{key}", f"labels of {_OWN} are those of AKS, and {key} is one"
            )


def _judge_label_of_kubernetes(write: Write) -> Iterator[Refusal]:
    for key, _value in _stated_labels(write):
        domain = key.lower().rpartition("/")[0]
        if _KUBERNETES.fullmatch(domain) and not _ALLOWED.fullmatch(key.lower()):
            yield Refusal(
                f"{_LABELS}.{key}",
                f"the label {key} is of Kubernetes itself; of its domains a pool may have labels "
                "of node.kubernetes.io and kubelet.kubernetes.io",
                "Use a domain of your own.",
            )


def _judge_label_form(write: Write) -> Iterator[Refusal]:
    for key, value in _stated_labels(write):
        if not _KEY.fullmatch(key):
            yield Refusal(
                _LABELS,
                f"{key!r} is not a key of a label: a name of 1 to 63 letters, digits and -_. after "
                "an optional domain",
            )
        elif isinstance(value, str) and not _VALUE.fullmatch(value):
            yield Refusal(
                f"{_LABELS}.{key}",
                f"{value!r} is not a value of a label: up to 63 letters, digits and -_., starting "
                "and "
                "ending with a letter or digit",
            )


def _judge_taint_form(write: Write) -> Iterator[Refusal]:
    for at, taint in texts_at(write.after, _TAINTS):
        found = _TAINT.fullmatch(taint)
        if found is None:
            yield Refusal(at, f"{taint!r} is not a taint: expected key=value:Effect")
        elif found["effect"] not in _EFFECTS:
            yield Refusal(at, f"the effect of the taint {taint!r} is none of {', '.join(_EFFECTS)}")


def _judge_taint_twice(write: Write) -> Iterator[Refusal]:
    seen: dict[tuple[str, str], str] = {}
    for at, taint in texts_at(write.after, _TAINTS):
        found = _TAINT.fullmatch(taint)
        if found is None:
            continue
        first = seen.setdefault((found["key"], found["effect"]), taint)
        if first != taint:
            yield Refusal(at, f"the taints {first!r} and {taint!r} have one key and effect")


def _judge_system_taint(write: Write) -> Iterator[Refusal]:
    if not is_at(write.after, "properties.mode", "System"):
        return
    for at, taint in texts_at(write.after, _TAINTS):
        found = _TAINT.fullmatch(taint)
        if found is None or found["effect"] not in ("NoSchedule", "NoExecute"):
            continue
        if found["key"] != "CriticalAddonsOnly":
            yield Refusal(
                at,
                f"a system pool cannot have the taint {taint!r}: AKS takes CriticalAddonsOnly "
                "there, and taints of the effect PreferNoSchedule",
                "Use a pool of mode User for it.",
            )


RULES = (
    ServiceRule(
        id="pool-label-of-aks",
        type=POOL,
        code="BadRequest",
        source="ams0/aks-nvme-ssd-provisioner#5",
        judge=_judge_label_of_aks,
    ),
    ServiceRule(
        id="pool-label-of-kubernetes",
        type=POOL,
        code="BadRequest",
        source="Azure/AKS#1937, #2866",
        judge=_judge_label_of_kubernetes,
    ),
    ServiceRule(
        id="pool-label-form",
        type=POOL,
        code="BadRequest",
        source="Azure/AKS#1538",
        judge=_judge_label_form,
    ),
    ServiceRule(
        id="pool-taint-form",
        type=POOL,
        code="InvalidParameter",
        source="learn.microsoft.com/azure/aks/use-node-taints",
        judge=_judge_taint_form,
    ),
    ServiceRule(
        id="pool-taint-twice",
        type=POOL,
        code="InvalidParameter",
        source="Azure/AKS#1412",
        judge=_judge_taint_twice,
    ),
    ServiceRule(
        id="pool-system-taint",
        type=POOL,
        code="SystemPoolHasRestrictedTaint",
        source="recorded: ext/test_aks_create_cluster_with_taints.yaml",
        judge=_judge_system_taint,
    ),
)
