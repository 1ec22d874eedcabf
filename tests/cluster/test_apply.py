"""Objects are planned and applied on a real API server, and nothing of others is touched."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster_tools.binaries import MINORS
from provisioner.cluster.decisions import Permission
from provisioner.workflow.cluster_apply import apply_cluster
from provisioner.workflow.cluster_plan import plan_cluster
from tests.cluster.api_server import ApiServer, run_api_server
from tests.cluster.bench import ENVIRONMENT, Bench
from tests.cluster.test_drift import Applied, applied

__all__ = ["applied"]


@pytest.fixture
def bench(server: ApiServer, tmp_path: Path) -> Iterator[Bench]:
    """An environment whose objects nobody has applied."""
    return Bench.open(server, tmp_path)


def test_a_plan_after_an_apply_is_empty(bench: Bench) -> None:
    first = bench.run("plan", "-o", "json", "--detailed-exitcode")
    assert first.code == 2, first.err
    summary = first.document["summary"]
    assert summary["create"] > 50
    assert summary["create"] == sum(summary.values())
    bench.apply()
    again = bench.run("plan", "--detailed-exitcode")
    assert again.code == 0, again.out
    assert "No changes." in again.out
    assert bench.run("drift").code == 0


def test_a_second_apply_writes_nothing(bench: Bench) -> None:
    bench.apply()
    before = bench.server.get("/apis/networking.k8s.io/v1/networkpolicies")
    done = bench.apply("-o", "json")
    assert done.document["steps"] == []
    after = bench.server.get("/apis/networking.k8s.io/v1/networkpolicies")
    assert [i["metadata"]["resourceVersion"] for i in before["items"]] == [
        i["metadata"]["resourceVersion"] for i in after["items"]
    ]


def test_a_plan_file_is_applied_if_it_is_the_plan_of_now(bench: Bench) -> None:
    assert bench.run("plan", "--out", "plan.json").code == 0
    # What a file shows is what its digest is over: so it can be verified by itself.
    saved = json.loads((bench.folder / "plan.json").read_text(encoding="utf-8"))
    none = dict.fromkeys(saved["summary"], 0)
    for edit in ({"changes": [], "steps": [], "summary": none}, {"path": "other.yaml"}):
        (bench.folder / "edited.json").write_text(json.dumps({**saved, **edit}), encoding="utf-8")
        edited = bench.run("apply", subject="edited.json")
        assert (edited.code, "was changed after azsec wrote it" in edited.err) == (1, True)
    assert bench.run("apply", subject="plan.json").code == 0
    stale = bench.run("apply", subject="plan.json")
    assert stale.code == 1
    assert "was approved" in stale.err


def test_what_is_no_longer_declared_goes_with_a_permission_alone(bench: Bench) -> None:
    bench.apply()
    line = "      deployers: [9a6e3d40-af71-4d94-8b17-65d3f4a6d802]\n"
    bench.write(ENVIRONMENT.replace(line, ""))
    refused = bench.run("apply", "--yes")
    assert refused.code == 3
    assert "--allow-delete" in refused.err
    done = bench.apply("--allow-delete", "-o", "json")
    assert {step["address"] for step in done.document["steps"] if step["verb"] == "DELETE"} == {
        "billing/Role/deployment-manager",
        "billing/RoleBinding/deployment-manager",
    }
    assert bench.run("plan", "--detailed-exitcode").code == 0


def test_a_namespace_with_the_objects_of_others_does_not_go(bench: Bench) -> None:
    bench.apply()
    bench.server.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "theirs", "namespace": "legacy"},
        }
    )
    start = ENVIRONMENT.index("    - name: legacy")
    bench.write(ENVIRONMENT[:start])
    refused = bench.run("apply", "--yes", "--allow-delete")
    assert refused.code == 1
    assert "it contains objects that this environment did not make: ConfigMap/theirs" in refused.err


def test_what_carries_no_mark_is_taken_over_with_a_permission_alone(bench: Bench) -> None:
    bench.server.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "billing"}})
    asked = bench.run("plan")
    assert asked.code == 3
    assert "adopt" in asked.out
    assert bench.run("apply", "--yes").code == 3
    bench.apply("--adopt", "Namespace/billing")
    assert bench.run("plan", "--detailed-exitcode").code == 0


def test_a_copied_mark_makes_nothing_ours(bench: Bench) -> None:
    bench.apply()
    path = "/apis/networking.k8s.io/v1/namespaces/billing/networkpolicies/default-deny"
    copied = bench.server.get(path)
    metadata = {
        "name": "copy",
        "namespace": "billing",
        "labels": copied["metadata"]["labels"],
        "annotations": copied["metadata"]["annotations"],
    }
    bench.server.apply({**copied, "metadata": metadata})
    plan = bench.run("plan", "-o", "json").document
    assert not plan["changes"]
    found = bench.run("drift", "-o", "json")
    assert found.code == 2
    assert [each["address"] for each in found.document["additions"]] == [
        "billing/NetworkPolicy/copy"
    ]


def test_a_conflict_names_the_other_manager_and_is_never_forced_unasked(bench: Bench) -> None:
    bench.apply()
    path = "/api/v1/namespaces/billing/limitranges/azsec-limits"
    bench.server.patch(path, {"spec": {"limits": [{"type": "Container", "default": {"cpu": "9"}}]}})
    refused = bench.run("apply", "--yes")
    assert refused.code == 1
    assert 'conflict with "kubectl-edit"' in refused.err
    assert bench.server.get(path)["spec"]["limits"][0]["default"]["cpu"] == "9"
    bench.apply("--force-conflicts")
    assert bench.run("drift").code == 0


def test_an_immutable_field_is_replaced_with_a_permission_alone(bench: Bench) -> None:
    bench.apply()
    path = "/apis/rbac.authorization.k8s.io/v1/namespaces/billing/rolebindings/log-reader"
    binding = bench.server.get(path)
    bench.server.delete(path)
    for field in ("resourceVersion", "uid", "creationTimestamp", "managedFields"):
        binding["metadata"].pop(field)
    binding["roleRef"] = {**binding["roleRef"], "kind": "ClusterRole", "name": "cluster-admin"}
    bench.server.apply(binding)
    plan = bench.run("plan", "-o", "json").document
    assert [(c["address"], c["action"]) for c in plan["changes"]] == [
        ("billing/RoleBinding/log-reader", "replace")
    ]
    assert bench.run("apply", "--yes").code == 3
    bench.apply("--allow-delete")
    assert bench.run("drift").code == 0


def test_a_kind_that_is_not_served_is_one_line(tmp_path: Path) -> None:
    with run_api_server(MINORS[0], tmp_path) as bare:
        bench = Bench.open(bare, tmp_path / "bench", add_ons=False)
        done = bench.run("plan", "-o", "json")
    assert done.code == 1
    told = [d for d in done.document["diagnostics"] if d["code"] == "missing-kind"]
    assert len(told) == 2
    assert [d["hint"] for d in told] == [
        "The cluster's data plane has to be Cilium (networkDataplane: cilium).",
        "Enable the add-on azureKeyvaultSecretsProvider.",
    ]


def test_who_may_not_read_is_told_the_verb_the_resource_and_the_user(bench: Bench) -> None:
    done = bench.run("plan", person="nobody")
    assert done.code == 1
    assert 'User "nobody" cannot get resource "namespaces"' in done.err


def test_no_way_to_the_api_server_names_the_way_and_the_observer(
    bench: Bench, tmp_path: Path
) -> None:
    config = bench.server.kubeconfig()
    text = config.read_text(encoding="utf-8")
    other = tmp_path / "closed.kubeconfig"
    other.write_text(text.replace(bench.server.url, "https://127.0.0.1:9"), encoding="utf-8")
    done = bench.run("plan", "--kubeconfig", str(other))
    assert done.code == 1
    assert f"kubeconfig {other}, context test" in done.err
    assert "azsec cluster drift --observation" in done.err


def test_a_webhook_that_cannot_be_asked_blocks_and_is_named(bench: Bench) -> None:
    bench.apply()
    bench.server.apply(
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "theirs"},
            "webhooks": [
                {
                    "name": "closed.example.com",
                    "admissionReviewVersions": ["v1"],
                    "sideEffects": "None",
                    "clientConfig": {"url": "https://127.0.0.1:9/"},
                    "rules": [
                        {
                            "apiGroups": [""],
                            "apiVersions": ["v1"],
                            "resources": ["limitranges"],
                            "operations": ["CREATE", "UPDATE"],
                        }
                    ],
                }
            ],
        }
    )
    done = bench.run("plan")
    assert done.code == 1
    assert "closed.example.com" in done.out


def test_each_version_is_in_sync_after_an_apply(each_server: ApiServer, tmp_path: Path) -> None:
    bench = Bench.open(each_server, tmp_path)
    bench.apply()
    found = bench.run("drift", "-o", "json")
    each_server.wipe()
    assert found.code == 0, found.out
    assert not found.document["census"]["notCovered"]


def test_an_interrupt_ends_what_is_in_flight_and_tells_what_was_done(applied: Applied) -> None:
    server, path = applied.bench.server, "/apis/networking.k8s.io/v1/namespaces/billing"
    for policy in server.get(f"{path}/networkpolicies")["items"]:
        server.delete(f"{path}/networkpolicies/{policy['metadata']['name']}")
    plan = plan_cluster(applied.desired, applied.objects, applied.api, "test", Permission())
    assert len(plan.document.steps) > 3
    asked = []

    def interrupt() -> None:
        asked.append(1)
        if len(asked) == 2:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.3)  # The main thread has it by then.

    # A shell starts what it runs in the background with SIGINT ignored, these tests too.
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        done = apply_cluster(plan, applied.api, interrupt, parallelism=1)
    finally:
        signal.signal(signal.SIGINT, handler)
    outcomes = [str(step.outcome) for step in done.steps]
    assert outcomes[:2] == ["succeeded", "succeeded"]
    assert set(outcomes[2:]) == {"skipped"}
    assert {step.message for step in done.steps[2:]} == {"interrupted"}
    assert [told.code for told in done.diagnostics] == ["interrupted"]
    assert not done.is_whole
    applied.restore()
    assert not applied.drift().found
