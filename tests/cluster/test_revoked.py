"""What an environment no longer declares goes, of whatever kind it was, and by its mark alone."""

from pathlib import Path

import pytest
import yaml

from tests.cluster.api_server import ApiServer
from tests.cluster.bench import ENVIRONMENT, Bench
from tests.cluster.test_roles import PERSON, bind, grant

RBAC = "rbac.authorization.k8s.io"
OBSERVER = '  observer: {image: "tools/azsec:1.0.0"}\n'
READERS = "      logReaders: [9a6e3d40-af71-4d94-8b17-65d3f4a6d803]\n"
DEPLOYERS = "      deployers: [9a6e3d40-af71-4d94-8b17-65d3f4a6d802]\n"
NOBODY_IN = ENVIRONMENT.replace(READERS, "").replace(DEPLOYERS, "")
"""No Role and no RoleBinding is declared any more."""
GRANTS = "  accepted:\n" + "".join(
    f"    - {{kind: {kind}, name: azsec-billing-*, namespace: '*', reason: What a test grants., "
    "subjects: ['User *'], allows: ['*'], owner: tests, expires: 2099-01-01}\n"
    for kind in ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")
)
REVOKED = {
    f"billing/{kind}/{name}"
    for kind in ("Role", "RoleBinding")
    for name in ("deployment-manager", "log-reader")
}


@pytest.fixture
def bench(server: ApiServer, tmp_path: Path) -> Bench:
    return Bench.open(server, tmp_path)


def _changes(bench: Bench) -> dict[str, str]:
    plan = bench.run("plan", "-o", "json").document
    return {change["address"]: change["action"] for change in plan["changes"]}


def test_the_last_access_of_its_kind_is_revoked(bench: Bench) -> None:
    bench.apply()
    bench.write(NOBODY_IN)
    assert _changes(bench) == dict.fromkeys(REVOKED, "delete")
    drift = bench.run("drift", "-o", "json")
    assert drift.code == 2
    assert {d["address"]: d["kind"] for d in drift.document["drifted"]} == dict.fromkeys(
        REVOKED, "orphaned"
    )
    assert not drift.document["additions"], "what azsec made is not of others"
    bench.apply("--allow-delete")
    roles = bench.server.get(f"/apis/{RBAC}/v1/namespaces/billing/roles")
    assert not roles["items"]
    assert bench.run("drift").code == 0


def test_the_observer_goes_as_a_whole_with_what_it_wrote(bench: Bench) -> None:
    bench.write(ENVIRONMENT + OBSERVER)
    bench.apply()
    for kind, name in (("ConfigMap", "observation"), ("Secret", "azsec-observer")):
        metadata = {"name": name, "namespace": "azsec-observer"}
        bench.server.apply({"apiVersion": "v1", "kind": kind, "metadata": metadata})
    bench.write(ENVIRONMENT)
    changes = _changes(bench)
    assert set(changes.values()) == {"delete"}
    assert set(changes) == {
        "Namespace/azsec-observer",
        "ClusterRole/azsec-observer",
        "ClusterRoleBinding/azsec-observer",
        "azsec-observer/CronJob/observer",
        "azsec-observer/NetworkPolicy/default-deny",
        "azsec-observer/Role/observer",
        "azsec-observer/RoleBinding/observer",
        "azsec-observer/ServiceAccount/observer",
    }
    drift = bench.run("drift", "-o", "json").document
    assert {d["kind"] for d in drift["drifted"]} == {"orphaned"}
    assert not drift["additions"]


def test_the_role_for_an_apply_sees_what_is_revoked_and_that_for_deletes_revokes_it(
    bench: Bench,
) -> None:
    bench.apply()
    bench.write(NOBODY_IN)
    grant(bench, "cluster-apply")
    plan = bench.run("plan", "-o", "json", person=PERSON).document
    assert {c["address"]: c["action"] for c in plan["changes"]} == dict.fromkeys(REVOKED, "delete")
    assert not plan["census"]["unreadable"]
    grant(bench, "cluster-delete")
    done = bench.run("apply", "--yes", "--allow-delete", person=PERSON)
    assert done.code == 0, done.out + done.err
    assert bench.run("plan", "--detailed-exitcode").code == 0


def test_a_kind_that_may_not_be_listed_is_named_and_is_not_no_change(bench: Bench) -> None:
    bench.apply()
    bench.write(NOBODY_IN)
    done = bench.azsec("roles", "billing", "--for", "cluster-apply", "--out", "roles")
    assert done.code == 0, done.err
    text = (bench.folder / "roles/azsec-cluster-apply.yaml").read_text(encoding="utf-8")
    for body in yaml.safe_load_all(text):
        for rule in body["rules"]:
            if rule["apiGroups"] == [RBAC] and "list" in rule["verbs"]:
                rule["resources"].remove("roles")
        bind(bench.server, body)
    plan = bench.run("plan", person=PERSON)
    assert plan.code == 1
    assert "not looked at" in plan.out
    assert f"{RBAC}/v1/Role" in plan.out
    assert "No changes" not in plan.out


def test_what_was_not_read_is_not_in_sync(bench: Bench) -> None:
    bench.write(ENVIRONMENT + GRANTS)
    bench.apply()
    grant(bench, "cluster-apply")
    seen = bench.run("drift", "-o", "json", person=PERSON).document
    every = bench.run("drift", "-o", "json").document["inSync"]
    assert seen["inSync"] + seen["notCompared"] == every
    roles = bench.server.get(f"/apis/{RBAC}/v1/clusterroles/azsec-billing-apply")
    for rule in roles["rules"]:
        if "limitranges" in rule["resources"]:
            rule["resources"].remove("limitranges")
    bench.server.apply(
        {k: roles[k] for k in ("apiVersion", "kind", "rules")}
        | {"metadata": {"name": "azsec-billing-apply"}}
    )
    found = bench.run("drift", "-o", "json", person=PERSON)
    assert found.code == 1
    limits = len(bench.server.get("/api/v1/limitranges")["items"])
    assert found.document["notCompared"] == limits > 0
    assert found.document["inSync"] == every - limits
    assert f"{limits} not compared" in bench.run("drift", person=PERSON).out


def test_a_role_without_secrets_leaves_a_gap_that_is_stated_and_fails_nothing(
    bench: Bench,
) -> None:
    bench.write(ENVIRONMENT + GRANTS)
    bench.apply()
    grant(bench, "cluster-apply")
    grant(bench, "cluster-observe")
    config = str(bench.server.kubeconfig(PERSON))
    done = bench.azsec("cluster", "observe", "--kubeconfig", config, "--out", "seen.json")
    assert done.code == 0, done.err
    assert "left out: secrets" in done.err
    for found in (
        bench.run("drift", "-o", "json", person=PERSON),
        bench.read("drift", "--observation", "seen.json", "-o", "json"),
    ):
        assert found.code == 0, found.out
        census = found.document["census"]
        assert not census["unreadable"]
        assert "secrets" in census["notCovered"][0]["what"]
    assert "No drift in what was looked at" in bench.run("drift", person=PERSON).out


def test_the_rights_that_are_missing_are_named_with_the_role_that_has_them(bench: Bench) -> None:
    done = bench.run("plan", person="nobody")
    assert "azsec roles ENV --for cluster-apply" in done.err


def test_the_mark_of_another_environment_says_which(bench: Bench) -> None:
    bench.apply()
    other = ENVIRONMENT.replace("name: billing, id: 01d4", "name: shop, id: 02d4")
    (bench.folder / "environments/shop.yaml").write_text(other, encoding="utf-8")
    done = bench.run("plan", subject="shop")
    assert done.code == 1
    assert "azsec.dev/environment: billing" in " ".join(done.out.split())
