"""What a real API server shows answers the controls of the cluster: by an observation, and by what
`kubectl get -o json` prints."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.api_server import ApiServer
from tests.cluster.bench import Bench

UNSEEN = {"CLU-02.7": "no report of kube-bench"}
"""What an observation of a cluster without nodes and Cilium cannot answer, and what is missing."""

IN_PART = {"CLU-07", "CLU-08.1", "CLU-10.1"}
"""Of these Azure answers a part; the report of kube-bench, configmaps and ciliumnodes the rest."""

ALLOW_ALL = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "allow-all", "namespace": "billing"},
    "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]},
}
RBAC = "rbac.authorization.k8s.io"


def grant(role: str, namespace: str = "") -> dict[str, Any]:
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "metadata": {"name": "more", **({"namespace": namespace} if namespace else {})},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": RBAC, "kind": "User", "name": "eve@example.com"}],
    }


CHANGES = {
    "an allow-all policy": (ALLOW_ALL, {"CLU-05.4", "WRK-03.2"}),
    "a binding to admin": (grant("admin", "billing"), {"CLU-03.5", "WRK-02.8", "MAN-01"}),
    "a binding to cluster-admin": (grant("cluster-admin"), {"CLU-03.4", "CLU-03.5"}),
    "a namespace that nobody declared": (
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shadow"}},
        {"MAN-04", "CLU-05.2", "CLU-05.4", "WRK-14"},
    ),
}


@pytest.fixture
def bench(server: ApiServer, tmp_path: Path) -> Bench:
    made = Bench.open(server, tmp_path)
    made.apply()
    return made


def check(bench: Bench, *files: str) -> dict[str, Any]:
    """Return how each control ends by `azsec check billing --observation FILE`, by its id."""
    given = [word for file in files for word in ("--observation", file)]
    done = bench.azsec("check", "billing", *given, "-o", "json")
    assert done.code in (0, 3), done.err
    return {entry["control"]["id"]: entry for entry in done.document["results"]}


def failing(results: dict[str, Any]) -> set[tuple[str, str, str]]:
    """Return what fails: the control, the object and the evidence. Here some does from the start:
    what AKS and Azure Resource Manager keep is not there."""
    return {
        (name, seen["address"], seen["evidence"])
        for name, entry in results.items()
        for seen in entry["findings"]
        if seen["verdict"] == "fail"
    }


def test_an_observation_answers_the_controls_of_the_cluster(bench: Bench) -> None:
    assert bench.run("observe", "--out", "seen.json").code == 0
    seen = check(bench, "seen.json")
    by_cluster = {name: entry for name, entry in seen.items() if entry["control"]["objects"]}
    unknown = {n: e for n, e in by_cluster.items() if "seen.json: no " in e["why"]}
    assert {n: e["why"].partition("seen.json: ")[2] for n, e in unknown.items()} == UNSEEN
    assert {name for name, entry in by_cluster.items() if entry["verdict"] == "partial"} >= IN_PART
    before = failing(seen)
    for name, (body, turned) in CHANGES.items():
        bench.server.apply(body, manager="kubectl")
        assert bench.run("observe", "--out", "after.json").code == 0
        found = {control for control, _, _ in failing(check(bench, "after.json")) - before}
        assert turned <= found, name
        bench.server.delete(bench.server.path_of(body))


def test_lists_of_kubectl_say_the_same(bench: Bench) -> None:
    folder = bench.folder
    for root, name in (
        ("/apis/networking.k8s.io/v1", "networkpolicies"),
        ("/api/v1", "namespaces"),
    ):
        content = bench.server.get(f"{root}/{name}")
        # kubectl prints a List without the kind of its items.
        items = [{"apiVersion": content["apiVersion"], **item} for item in content["items"]]
        kind = content["kind"].removesuffix("List")
        printed = [{**item, "kind": kind} for item in items]
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": printed})
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    results = check(bench, "networkpolicies.json", "namespaces.json")
    assert results["WRK-03.2"]["verdict"] == "pass"
    assert results["SA-02"]["verdict"] == "unknown"
    assert "no list of pods" in results["SA-02"]["why"]
