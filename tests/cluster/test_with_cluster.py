"""One apply over Azure and the cluster: the built-in Azure, and a real API server."""

import json
from pathlib import Path

import pytest

from tests.cluster.api_server import ApiServer
from tests.cluster.bench import ENVIRONMENT, Bench

CLOSED = "https://127.0.0.1:9"
_SMALL = ENVIRONMENT.index("  benchmark:"), ENVIRONMENT.index("    - name: legacy")


def reach(bench: Bench, config: Path) -> None:
    """Write an environment with one namespace, whose API server is reached by a kubeconfig."""
    start, end = _SMALL
    text = f"{ENVIRONMENT[:start]}  namespaces:\n{ENVIRONMENT[end:]}"
    text = text.replace("blueprint:", "gates: {controls: none, proofs: warn}\nblueprint:", 1)
    access = f"kubernetes:\n  access: {{via: kubeconfig, kubeconfig: {config}}}\n"
    bench.write(text.replace("kubernetes:\n", access, 1))


@pytest.fixture
def closed(server: ApiServer, tmp_path: Path) -> Path:
    """A kubeconfig that leads nowhere."""
    text = server.kubeconfig().read_text(encoding="utf-8").replace(server.url, CLOSED)
    path = tmp_path / "closed.kubeconfig"
    path.write_text(text, encoding="utf-8")
    return path


def test_azure_first_then_the_cluster_and_what_moved_between_is_refused(
    server: ApiServer, tmp_path: Path, closed: Path
) -> None:
    bench = Bench.open(server, tmp_path / "bench")
    reach(bench, closed)
    # The plan makes the cluster: nobody asks an API server before that.
    first = bench.azure("apply", "--with-cluster", "--yes", "-o", "json")
    assert first.code == 1, first.err
    assert {step["outcome"] for step in first.document["azure"]["steps"]} == {"succeeded"}
    assert first.document["cluster"] is None
    told = first.document["diagnostics"]
    assert [each["code"] for each in told] == ["no-api-server", "cluster-not-applied"]
    assert told[1]["hint"] == "Go on with `azsec cluster apply billing`."
    # Azure stands; of its cluster nothing can be said, so nothing is saved either.
    unseen = bench.azure("plan", "--with-cluster", "--out", "none.json")
    assert unseen.code == 1
    assert "No changes: Azure matches the blueprint." in unseen.out
    assert "The objects in the cluster are not planned" in unseen.out
    assert not (bench.folder / "none.json").exists()
    reach(bench, server.kubeconfig())
    assert bench.azure("plan", "--with-cluster", "--out", "both.json").code == 0
    saved = json.loads((bench.folder / "both.json").read_text(encoding="utf-8"))
    saved["cluster"] |= {"changes": [], "steps": [], "summary": {}}
    (bench.folder / "edited.json").write_text(json.dumps(saved), encoding="utf-8")
    for command in (("show", "edited.json"), ("apply", "edited.json", "--cloud", "local")):
        edited = bench.azsec(*command)
        assert (edited.code, "was changed after azsec wrote it" in edited.err) == (1, True)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "legacy"}}
    server.apply(namespace)
    moved = bench.azsec("apply", "both.json", "--cloud", "local")
    assert moved.code == 1
    assert "Namespace/legacy: create -> adopt" in moved.err
    server.remove_namespace("legacy")
    done = bench.azsec("apply", "both.json", "--cloud", "local", "-o", "json")
    assert done.code == 0, done.err
    assert len(done.document["cluster"]["steps"]) > 20
    assert done.document["azure"]["steps"] == []
    assert bench.azure("plan", "--with-cluster", "--detailed-exitcode").code == 0


def test_what_awaits_a_cluster_is_a_creation_there_and_nothing_else(
    server: ApiServer, tmp_path: Path
) -> None:
    bench = Bench.open(server, tmp_path)
    reach(bench, server.kubeconfig())
    plan = bench.azure("plan", "--with-cluster", "--out", "both.json", "-o", "json")
    assert plan.code == 0, plan.err
    assert plan.document["cluster"]["cluster"] is None
    wrong = bench.azsec("apply", "both.json", "--cloud", "local", "--digest", f"sha256:{'0' * 64}")
    assert (wrong.code, "digest-mismatch" in wrong.err or "was approved" in wrong.err) == (1, True)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "legacy"}}
    server.apply(namespace)
    digest = plan.document["digest"]
    done = bench.azsec("apply", "both.json", "--cloud", "local", "--digest", digest, "-o", "json")
    assert done.code == 1
    moved, _ = done.document["diagnostics"]
    assert moved["message"] == "Namespace/legacy: create was approved, and it is adopt now."
    policies = server.get("/apis/networking.k8s.io/v1/networkpolicies")["items"]
    assert policies == []


def test_the_options_of_cluster_commands_hold_for_both(server: ApiServer, tmp_path: Path) -> None:
    bench = Bench.open(server, tmp_path)
    unread = bench.azure("plan", "--kubeconfig", "any")
    assert (unread.code, "--with-cluster" in unread.err) == (1, True)
    plain = bench.azure("plan", "--with-cluster")
    assert "--kubeconfig FILE" in " ".join(plain.out.split())
    given = ("--with-cluster", "--kubeconfig", str(server.kubeconfig()), "--force-conflicts")
    plan = bench.azure("plan", *given, "-o", "json")
    assert plan.code == 0, plan.err
    assert plan.document["cluster"]["forceConflicts"] is True
