"""Another cluster than the one that is meant is refused, or at least told apart."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cluster_tools.binaries import MINORS
from tests.cluster.api_server import ApiServer
from tests.cluster.bench import ENVIRONMENT, Bench

NAMESPACES = "/api/v1/namespaces"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases"


def _uid(server: ApiServer) -> str:
    return server.get(f"{NAMESPACES}/kube-system")["metadata"]["uid"]


def _access(uid: str) -> str:
    return f"  access: {{via: kubeconfig, cluster: {uid}}}\n"


def test_only_the_cluster_whose_uid_is_stated_is_written_to(
    server: ApiServer, tmp_path: Path
) -> None:
    bench = Bench.open(server, tmp_path)
    bench.write(ENVIRONMENT + _access("00000000-0000-4000-8000-000000000000"))
    before = server.get(LEASES)["items"]
    for command, options in (("plan", ()), ("apply", ("--yes",)), ("drift", ()), ("observe", ())):
        done = bench.run(command, *options)
        assert done.code == 1, command
        assert f"is the cluster {_uid(server)}" in done.err, command
    assert server.get(LEASES)["items"] == before, "no lock is taken in another cluster"
    bench.write(ENVIRONMENT + _access(_uid(server)))
    assert bench.run("plan").code == 0


def test_another_version_is_warned_of(
    find_server: Callable[[str], ApiServer], tmp_path: Path
) -> None:
    other = find_server(MINORS[-1])
    bench = Bench.open(other, tmp_path)
    done = bench.run("plan", "-o", "json")
    other_uid = _uid(other)
    other.wipe()
    (told,) = [d for d in done.document["diagnostics"] if d["code"] == "other-version"]
    assert "it may be another cluster" in told["message"]
    assert f"kubernetes.access.cluster: {other_uid}" in told["hint"]


def test_a_plan_of_another_cluster_says_so(
    server: ApiServer, find_server: Callable[[str], ApiServer], tmp_path: Path
) -> None:
    other = find_server(MINORS[-1])
    bench = Bench.open(server, tmp_path)
    assert bench.run("plan", "--out", "plan.json").code == 0
    config = str(other.kubeconfig())
    done = bench.azsec("cluster", "apply", "plan.json", "--kubeconfig", config)
    assert done.code == 1
    assert f"was made for the cluster {_uid(server)}" in done.err
    assert f"this is the cluster {_uid(other)}" in done.err


def test_a_plan_that_was_applied_or_has_moved_says_what_moved(
    server: ApiServer, tmp_path: Path
) -> None:
    bench = Bench.open(server, tmp_path)
    assert bench.run("plan", "--out", "plan.json").code == 0
    assert bench.run("apply", subject="plan.json").code == 0
    again = bench.run("apply", subject="plan.json")
    assert again.code == 1
    assert "it was applied already" in again.err
    server.delete(f"{NAMESPACES}/billing/limitranges/azsec-limits")
    moved = bench.run("apply", subject="plan.json")
    assert moved.code == 1
    assert "no longer planned" in moved.err
    assert "planned otherwise" not in moved.err
    server.delete(f"{NAMESPACES}/legacy/limitranges/azsec-limits")
    assert bench.run("plan", "--out", "later.json").code == 0
    server.delete(f"{NAMESPACES}/billing/resourcequotas/azsec-quota")
    new = bench.run("apply", subject="later.json")
    assert "1 not in the approved plan: billing/ResourceQuota/azsec-quota" in new.err


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        pytest.param(
            "billing/NetworkPolcy/default-deny", "billing/NetworkPolicy/default-deny", id="typo"
        ),
        pytest.param(
            "billing/networkpolicy/default-deny", "billing/NetworkPolicy/default-deny", id="kubectl"
        ),
        pytest.param("biling/*", "billing/*", id="namespace"),
    ],
)
def test_nothing_is_adopted_by_a_name_that_is_not_declared(
    newest_server: ApiServer, tmp_path: Path, address: str, hint: str
) -> None:
    bench = Bench.open(newest_server, tmp_path)
    done = bench.run("plan", "--adopt", address)
    newest_server.wipe()
    assert done.code == 1
    assert f"nothing to adopt at '{address}'" in done.err
    assert f"Did you mean '{hint}'?" in done.err


def test_adoption_and_conflict_are_named_at_once_and_what_is_taken_over(
    server: ApiServer, tmp_path: Path
) -> None:
    bench = Bench.open(server, tmp_path)
    server.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "billing"}})
    limits = {"limits": [{"type": "Container", "default": {"cpu": "9"}}]}
    server.apply(
        {
            "apiVersion": "v1",
            "kind": "LimitRange",
            "metadata": {"name": "azsec-limits", "namespace": "billing"},
            "spec": limits,
        },
        manager="kubectl-patch",
    )
    address = "billing/LimitRange/azsec-limits"
    plan = bench.run("plan", "-o", "json").document
    (reason,) = [c["reason"] for c in plan["changes"] if c["address"] == address]
    assert 'conflict with "kubectl-patch"' in reason
    assert "without a mark" in reason
    assert "--force-conflicts" in reason
    assert f"--adopt {address}" in reason
    forced = bench.run("plan", "-o", "json", "--adopt", "*", "--force-conflicts").document
    (taken,) = [c["reason"] for c in forced["changes"] if c["address"] == address]
    assert 'takes fields over from "kubectl-patch"' in taken
    assert "conflict with" not in taken
