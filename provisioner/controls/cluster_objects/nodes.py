"""Nodes of a cluster, the workloads on them, and cluster-wide settings.

Its rules are collected by `rules`.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from provisioner.controls.cluster_objects.view import (
    ObjectFinding,
    ObservedRule,
    View,
    conclude,
    containers_of,
    count,
    fails,
)
from provisioner.manifests.cluster_kinds import (
    CILIUM_NODE,
    CONFIG_MAP,
    DAEMON_SET,
    DEPLOYMENT,
    DISRUPTION_BUDGET,
    NODE,
    STATEFUL_SET,
)
from provisioner.model.cluster_contents import (
    Object,
    annotations_of,
    at,
    items,
    name_of,
    namespace_of,
)
from provisioner.model.label_selectors import selects

_DEFENDER_DAEMON_SET = "microsoft-defender-collector-ds"
_ROOT = "kube-root-ca.crt"
_WIREGUARD = "network.cilium.io/wg-pub-key"
_LEAST_VALIDITY = timedelta(days=90)


def _judge_defender_sensor(view: View) -> Iterator[ObjectFinding]:
    found = next(
        (
            d
            for d in view.contents.in_namespace(DAEMON_SET, "kube-system")
            if name_of(d) == _DEFENDER_DAEMON_SET
        ),
        None,
    )
    if found is None:
        yield fails(f"DaemonSet {_DEFENDER_DAEMON_SET} is missing in kube-system")
        return
    scheduled = at(found, "status", "desiredNumberScheduled") or 0
    ready = at(found, "status", "numberReady") or 0
    evidence = f"{ready} of {scheduled} sensor pods are ready"
    # None scheduled is no sensor either: its node selector matches no node.
    broken = (
        fails(evidence, found, "status.numberReady") if ready < scheduled or not scheduled else None
    )
    yield from conclude([broken] if broken else [], evidence)


def _judge_ca_expiry(view: View) -> Iterator[ObjectFinding]:
    """Judge when the cluster's CA expires, from its ConfigMap (feature RootCAConfigMap)."""
    # A bundle can hold several certificates during a rotation; the first that expires breaks
    # clients.
    ends = [
        (end, found)
        for found in view.of(CONFIG_MAP)
        if name_of(found) == _ROOT
        for end in _expiry_dates(str(at(found, "data", "ca.crt") or ""))
    ]
    if not ends:
        yield fails(f"no ConfigMap {_ROOT} contains a CA certificate")
        return
    end, found = min(ends, key=lambda entry: entry[0])
    left = (end - view.today).days
    evidence = f"the cluster CA expires on {end}, in {left} days"
    is_near = end - view.today < _LEAST_VALIDITY
    yield from conclude([fails(evidence, found, "data")] if is_near else [], evidence)


def _expiry_dates(text: str) -> Iterator[date]:
    from cryptography import x509  # 20 ms, and few states hold a cluster's objects

    try:
        certificates = x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        return
    for certificate in certificates:
        yield certificate.not_valid_after_utc.date()


def _judge_dashboards(view: View) -> Iterator[ObjectFinding]:
    def judge() -> Iterator[ObjectFinding]:
        for found in view.of(DEPLOYMENT):
            images = [
                str(container.get("image")) for _, container in containers_of(_pod_template(found))
            ]
            # Names of deployments are free; the image is what runs, also from a mirror.
            repositories = [image.partition("@")[0].rpartition("/")[2] for image in images]
            if name_of(found) == "kubernetes-dashboard" or any(
                name.partition(":")[0] in _DASHBOARD_IMAGES for name in repositories
            ):
                yield fails("it is a dashboard", found)

    yield from conclude(judge(), f"{count(len(view.of(DEPLOYMENT)), 'deployment')}: no dashboard")


_DASHBOARD_IMAGES = frozenset(
    ("dashboard", "dashboard-api", "dashboard-auth", "dashboard-web", "kubernetes-dashboard",
     "kubernetes-dashboard-amd64", "headlamp", "kubesphere", "rancher", "octant", "skooner")
)  # fmt: skip
"""The last part of the images of dashboards that run in a cluster."""


def _pod_template(workload: Object) -> Object:
    return at(workload, "spec", "template") or {}


def _judge_wireguard(view: View) -> Iterator[ObjectFinding]:
    """Judge whether each node has a WireGuard key, which Cilium writes to its CiliumNode."""
    keyed = {name_of(n) for n in view.of(CILIUM_NODE) if annotations_of(n).get(_WIREGUARD)}
    found = (
        fails("it has no WireGuard public key", node)
        for node in view.of(NODE)
        if name_of(node) not in keyed
    )
    yield from conclude(
        found, (f"{count(len(view.of(NODE)), 'node')}: all have a WireGuard public key")
    )


def _judge_readiness(view: View) -> Iterator[ObjectFinding]:
    if not view.of(NODE):
        yield fails("the cluster has no nodes")
        return
    found = (
        fails("its condition Ready is not True", node, "status.conditions")
        for node in view.of(NODE)
        if not any(
            at(entry, "type") == "Ready" and at(entry, "status") == "True"
            for entry in items(at(node, "status", "conditions"))
        )
    )
    yield from conclude(found, f"{count(len(view.of(NODE)), 'node')}: all are Ready")


def _budget_of(view: View, workload: Object) -> Object | None:
    labels = at(_pod_template(workload), "metadata", "labels") or {}
    return next(
        (
            budget
            for budget in view.contents.in_namespace(DISRUPTION_BUDGET, namespace_of(workload))
            if selects(at(budget, "spec", "selector") or {}, labels)
        ),
        None,
    )


def blocks_drains(budget: Object) -> bool:
    """Return whether a budget lets no pod go: by what it states, or as the cluster counts."""
    spec, status = at(budget, "spec") or {}, at(budget, "status") or {}
    # An upgrade waits for such a budget until drainTimeoutInMinutes and fails with
    # PodDrainFailure (guidelines.md CLU-06.6).
    if spec.get("maxUnavailable") in (0, "0", "0%") or spec.get("minAvailable") == "100%":
        return True
    # By count too: minAvailable 2 of 2 replicas blocks as 100% does. Without expected pods
    # nothing is blocked.
    return bool(status.get("expectedPods")) and status.get("disruptionsAllowed") == 0


def _judge_drains(view: View) -> Iterator[ObjectFinding]:
    def judge() -> Iterator[ObjectFinding]:
        for budget in view.outside(DISRUPTION_BUDGET):
            if blocks_drains(budget):
                yield fails(
                    ("disruptionsAllowed is 0: drains of its nodes are blocked"), budget, "spec"
                )
        for kind in (DEPLOYMENT, STATEFUL_SET):
            for found in view.outside(kind):
                if _replicas_of(found) > 1 and _budget_of(view, found) is None:
                    yield fails("it has no PodDisruptionBudget", found)

    budgets = count(len(view.outside(DISRUPTION_BUDGET)), "PodDisruptionBudget")
    yield from conclude(judge(), f"{budgets}: each allows disruptions, and each workload has one")


def _replicas_of(workload: Object) -> int:
    stated = at(workload, "spec", "replicas")
    return stated if isinstance(stated, int) else 1


def _judge_availability(view: View) -> Iterator[ObjectFinding]:
    def judge() -> Iterator[ObjectFinding]:
        for found in view.outside(DEPLOYMENT):
            pod = _pod_template(found)
            for path, container in containers_of(pod):
                if ".containers" in path and not (
                    container.get("readinessProbe") or container.get("livenessProbe")
                ):
                    yield fails("a container has no probe", found, f"spec.template.{path}")
            if _replicas_of(found) > 1:
                if _budget_of(view, found) is None:
                    yield fails("it has no PodDisruptionBudget", found)
                if not _is_spread(pod):
                    yield fails(
                        (
                            "it has no topologySpreadConstraints or podAntiAffinity: all pods can "
                            "run on one node"
                        ),
                        found,
                        "spec.template.spec",
                    )
            elif _replicas_of(found) == 1:
                yield fails(
                    ("replicas is 1: no PodDisruptionBudget can keep it available"),
                    found,
                    "spec.replicas",
                )

    deployments = count(len(view.outside(DEPLOYMENT)), "deployment")
    yield from conclude(
        judge(), (f"{deployments}: all have probes, PodDisruptionBudgets and topology spread")
    )


def _is_spread(pod: Object) -> bool:
    affinity = at(pod, "spec", "affinity", "podAntiAffinity") or {}
    return bool(items(at(pod, "spec", "topologySpreadConstraints")) or any(affinity.values()))


def _judge_kubelets(view: View) -> Iterator[ObjectFinding]:
    """Judge section 3 of the CIS benchmark, which is on the nodes."""
    yield from _judge_benchmark(view, "3.")


def _judge_benchmark_sections(view: View) -> Iterator[ObjectFinding]:
    yield from _judge_benchmark(view, "")


def _judge_benchmark(view: View, section: str) -> Iterator[ObjectFinding]:
    report = view.contents.benchmark
    tests = [test for test in report.tests if test.number.startswith(section)] if report else []
    # A job that could not read the node reports no test as passed.
    if report is None or not any(test.status == "PASS" for test in tests):
        yield fails("the kube-bench report has no passed test")
        return
    failed = (fails(f"{test.number} fails: {test.text}") for test in tests if test.status == "FAIL")
    yield from conclude(failed, f"{report.benchmark}: {count(len(tests), 'test')}, none fails")


RULES = {
    "CLU-02.7": ObservedRule(_judge_kubelets, (), benchmark=True),
    "CLU-07": ObservedRule(_judge_benchmark_sections, (), benchmark=True),
    "CLU-04.2": ObservedRule(_judge_defender_sensor, (DAEMON_SET,)),
    "CLU-08.1": ObservedRule(_judge_ca_expiry, (CONFIG_MAP,)),
    "CLU-09.1": ObservedRule(_judge_dashboards, (DEPLOYMENT,)),
    "CLU-10.1": ObservedRule(_judge_wireguard, (NODE, CILIUM_NODE)),
    "NET-12": ObservedRule(_judge_readiness, (NODE,)),
    "CLU-06.6": ObservedRule(_judge_drains, (DISRUPTION_BUDGET, DEPLOYMENT, STATEFUL_SET)),
    "CFG-03": ObservedRule(_judge_availability, (DEPLOYMENT, DISRUPTION_BUDGET)),
}
"""The rules by the id of their control."""
