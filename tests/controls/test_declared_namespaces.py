"""What an environment states of its cluster in `kubernetes:` is judged, and proves nothing yet."""

from dataclasses import dataclass

import pytest

from provisioner.blueprint.memory_files import MemoryFiles
from provisioner.catalog.registry import Catalog
from provisioner.documents.controls import CheckDocument, ResultDocument
from provisioner.documents.trace import StateKind
from provisioner.model.diagnostic import DiagnosticError
from provisioner.workflow.check import check_environment
from provisioner.workflow.plan import Desired, load_desired
from tests.environments import BLUEPRINT, ENVIRONMENT, TODAY, Bench

CLUSTER = """\
  cluster:
    type: Microsoft.ContainerService/managedClusters
    resourceGroup: main
    name: aks-test
    identity: {type: SystemAssigned}
    properties:
      dnsPrefix: test
      kubernetesVersion: "1.34"
      addonProfiles: {azurepolicy: {enabled: true}}
      agentPoolProfiles: [{name: system, mode: System, count: 3, vmSize: Standard_D4s_v5}]
"""
GUARDS = """\
  guards:
    type: Microsoft.ContainerService/deploymentSafeguards
    name: default
    scope: ${cluster.id}
    properties:
      level: Enforce
      podSecurityStandardsLevel: Restricted
      excludedNamespaces: [EXCLUDED]
"""
MANAGED = """\
  app:
    type: Microsoft.ContainerService/managedClusters/managedNamespaces
    parent: ${cluster.id}
    name: app
    properties:
      labels: {pod-security.kubernetes.io/enforce: restricted}
      defaultResourceQuota: {cpuRequest: "2", cpuLimit: "4", memoryRequest: 4Gi, memoryLimit: 8Gi}
      defaultNetworkPolicy: {ingress: DenyAll, egress: DenyAll}
"""


@dataclass(frozen=True)
class Case:
    """What `kubernetes:` states, the resources beside the cluster, and which controls fail."""

    stated: str
    failing: tuple[str, ...]
    resources: str = ""


ROWS = {
    "a namespace with everything at its default": Case("{name: app}", ()),
    "privileged, and named to nobody": Case(
        "{name: app, podSecurity: privileged}",
        ("CLU-05.5", "MAN-04", "WRK-02.4", "WRK-02.5", "WRK-02.6", "WRK-02.7"),
    ),
    "privileged, while the safeguards leave out another": Case(
        "{name: app, podSecurity: privileged}",
        ("CLU-05.5", "MAN-04", "WRK-02.4", "WRK-02.5", "WRK-02.6", "WRK-02.7"),
        GUARDS.replace("EXCLUDED", "agents"),
    ),
    "privileged, and left out by a pattern that names nobody": Case(
        "{name: app, podSecurity: privileged}",
        ("CLU-05.5", "MAN-04", "WRK-02.4", "WRK-02.5", "WRK-02.6", "WRK-02.7"),
        GUARDS.replace("EXCLUDED", '"a*"'),
    ),
    "privileged, and named as one of agents": Case(
        "{name: agents, podSecurity: privileged}", (), GUARDS.replace("EXCLUDED", "agents")
    ),
    "baseline where restricted is asked for": Case(
        "{name: app, podSecurity: baseline}", ("CLU-05.5", "WRK-02.5")
    ),
    "privileged beside what Azure keeps restricted": Case(
        "{name: app, podSecurity: privileged}", (), MANAGED
    ),
    "baseline in what Azure keeps, which is a finding of that": Case(
        "{name: app}", ("WRK-02.5",), MANAGED.replace("restricted", "baseline")
    ),
    "a quota without a limit of memory": Case(
        "{name: app, quota: {memoryLimit: null}}", ("CLU-05.2",)
    ),
    "a quota of no processor": Case("{name: app, quota: {cpuLimit: 0}}", ("CLU-05.2",)),
    "no quota, where Azure keeps one": Case(
        "{name: app, quota: {cpuRequest: null, cpuLimit: null, memoryRequest: null, "
        "memoryLimit: null, pods: null}}",
        (),
        MANAGED,
    ),
    "limits of nothing": Case(
        '{name: app, limits: {memory: "0", memoryRequest: "0"}}', ("CFG-01", "CLU-05.3")
    ),
    "the internet in one range": Case(
        "{name: app, egress: [{to: 0.0.0.0/0, ports: [443]}]}", ("WRK-03.2",)
    ),
    "the internet in halves, for two ports": Case(
        "{name: app, egress: [{to: 0.0.0.0/1, ports: [443]}, {to: 128.0.0.0/1, ports: [80]}]}",
        ("WRK-03.2",),
    ),
    "the internet out of what Azure keeps closed": Case(
        "{name: app, egress: [{to: 0.0.0.0/0, ports: [443]}]}", ("WRK-03.2",), MANAGED
    ),
    "private ranges, however wide": Case(
        "{name: app, egress: [{to: 10.0.0.0/8, ports: [443]}, {to: 172.16.0.0/12, ports: [1]}]}", ()
    ),
    "images of everybody": Case("{name: app}", ("WRK-01.2",), "REGISTRIES docker.io"),
    "images of one owner where everybody publishes": Case(
        "{name: app}", (), "REGISTRIES docker.io/contoso"
    ),
    "images that a node may have already": Case("{name: app, pullAlways: false}", ("WRK-07",)),
    "pods that may hold a token": Case("{name: app, apiAccess: true}", ()),
}


def compose(case: Case, catalog: Catalog, more: str = "") -> Desired:
    resources, _, registry = case.resources.partition("REGISTRIES ")
    registries = f"  registries: [{registry}]\n" if registry else ""
    stated = f"kubernetes:\n{registries}  namespaces:\n    - {case.stated}\n"
    files = {
        "environment.yaml": f"{ENVIRONMENT}{stated}{more}",
        "blueprint.yaml": f"{BLUEPRINT}{CLUSTER}{resources}",
    }
    return load_desired("environment.yaml", catalog, MemoryFiles(files), TODAY)


def check(desired: Desired, bench: Bench, kind: StateKind = StateKind.DESIRED) -> CheckDocument:
    return check_environment(desired, bench.catalog, lambda: bench.client, kind)


def results_of(document: CheckDocument) -> dict[str, ResultDocument]:
    return {result.control.id: result for result in document.results}


def addresses(result: ResultDocument, verdict: str) -> set[str | None]:
    return {seen.address for seen in result.findings if seen.verdict == verdict}


@pytest.mark.parametrize("name", ROWS)
def test_what_is_stated_wrong_fails_by_its_address(name: str, bench: Bench) -> None:
    case = ROWS[name]
    results = results_of(check(compose(case, bench.catalog), bench)).values()
    failing = {
        result.control.id: [s for s in result.findings if "kubernetes." in (s.address or "")]
        for result in results
        if any("kubernetes." in (a or "") for a in addresses(result, "fail"))
    }
    assert sorted(failing) == sorted(case.failing)
    for seen in (seen for found in failing.values() for seen in found):
        assert seen.address in ("kubernetes.namespaces[app]", "kubernetes.namespaces[agents]")
        assert (seen.place or "").startswith("environment.yaml:")


def test_what_is_stated_right_still_needs_the_cluster(bench: Bench) -> None:
    case = Case("{name: app}", ())
    results = results_of(check(compose(case, bench.catalog), bench))
    for control in ("CLU-05.3", "WRK-03.2", "SA-01", "MAN-04", "WRK-02.6"):
        result = results[control]
        assert (result.verdict, addresses(result, "pass")) == (
            "unknown", {"kubernetes.namespaces[app]"},
        )  # fmt: skip
        assert result.outstanding
    # Azure keeps no namespace, so the label that nobody has seen is all that there is.
    assert results["CLU-05.5"].verdict == "unknown"
    assert results["CLU-05.5"].outstanding


def test_nobody_judges_by_it_what_was_read_of_azure(bench: Bench) -> None:
    case = Case("{name: app, podSecurity: privileged}", ())
    desired = compose(case, bench.catalog)
    bench.apply(bench.plan(desired))
    for kind in (StateKind.PLANNED, StateKind.ACTUAL):
        result = results_of(check(desired, bench, kind))["MAN-04"]
        assert (result.verdict, result.findings) == ("unknown", ())


WAIVER = """\
waivers:
  - control: CONTROL
    scope: "kubernetes.namespaces[app]"
    reason: old
    owner: me
    expires: 2027-03-31
"""


def test_what_is_stated_wrong_can_be_waived(bench: Bench) -> None:
    case = Case("{name: app, podSecurity: baseline}", ())
    desired = compose(case, bench.catalog, WAIVER.replace("CONTROL", "WRK-02.5"))
    assert results_of(check(desired, bench))["WRK-02.5"].verdict == "waived"


def test_a_waiver_of_what_is_stated_right_is_refused(bench: Bench) -> None:
    desired = compose(Case("{name: app}", ()), bench.catalog, WAIVER.replace("CONTROL", "MAN-04"))
    with pytest.raises(DiagnosticError, match="waives nothing"):
        check(desired, bench)


ATTESTATION = """\
attestations:
  - {control: MAN-04, by: me, on: 2026-11-01, expires: 2027-03-31, evidence: looked}
"""


def test_nobody_attests_away_what_is_stated_wrong(bench: Bench) -> None:
    wrong = compose(Case("{name: app, podSecurity: privileged}", ()), bench.catalog, ATTESTATION)
    right = compose(Case("{name: app}", ()), bench.catalog, ATTESTATION)
    assert results_of(check(wrong, bench))["MAN-04"].verdict == "fail"
    assert results_of(check(right, bench))["MAN-04"].verdict == "pass"
