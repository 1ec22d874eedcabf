"""Who holds what `azsec roles` writes may plan, apply and check for drift, and no more."""

import re
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.api_server import ApiServer
from tests.cluster.bench import ENVIRONMENT, Bench

RBAC = "rbac.authorization.k8s.io"
PERSON = "nobody"


def bind(server: ApiServer, role: dict[str, Any]) -> None:
    """Make a role, and bind it to the person."""
    server.apply(role)
    kind, metadata = role["kind"], role["metadata"]
    server.apply(
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": f"{kind}Binding",
            "metadata": metadata,
            "roleRef": {"apiGroup": RBAC, "kind": kind, "name": metadata["name"]},
            "subjects": [{"apiGroup": RBAC, "kind": "User", "name": PERSON}],
        }
    )


def grant(bench: Bench, purpose: str) -> None:
    """Grant a person what `azsec roles --for PURPOSE` writes."""
    done = bench.azsec("roles", "billing", "--for", purpose, "--out", "roles")
    assert done.code == 0, done.err
    text = (bench.folder / f"roles/azsec-{purpose}.yaml").read_text(encoding="utf-8")
    for body in yaml.safe_load_all(text):
        bind(bench.server, body)


def write(server: ApiServer, kind: str, name: str, **content: Any) -> int:
    """Try to write an RBAC object as the person; return the status."""
    body = {"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": {"name": name}, **content}
    path = f"/apis/{RBAC}/v1/namespaces/billing/{kind.lower()}s/{name}"
    options: dict[str, Any] = {
        "params": {"fieldManager": "test", "force": "true"},
        "headers": {"Content-Type": "application/apply-patch+yaml"},
    }
    return server.request("PATCH", path, body, person=PERSON, **options).status_code


def test_the_roles_are_enough_and_lead_no_further(server: ApiServer, tmp_path: Path) -> None:
    bench = Bench.open(server, tmp_path)
    grant(bench, "cluster-apply")
    done = bench.run("apply", "--yes", person=PERSON)
    assert done.code == 0, done.out + done.err
    grant(bench, "cluster-observe")
    drift = bench.run("drift", "-o", "json", person=PERSON).document
    refused = [each["listed"] for each in drift["census"]["unreadable"]]
    assert (drift["drifted"], refused) == ([], [])
    assert "secrets" in drift["census"]["notCovered"][0]["what"]
    # Nothing of it makes an administrator of its holder.
    everything = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
    assert write(server, "Role", "mine", rules=everything) == 403
    secrets = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]
    assert write(server, "Role", "deployment-manager", rules=secrets) == 403
    subject = {"apiGroup": RBAC, "kind": "User", "name": PERSON}
    admin = {"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"}
    assert write(server, "RoleBinding", "mine", roleRef=admin, subjects=[subject]) == 403
    for path in ("secrets", "pods", "configmaps"):
        assert server.request("GET", f"/api/v1/{path}", person=PERSON).status_code in (
            (200,) if path == "pods" else (403,)
        )


def test_deletes_take_the_role_for_them(server: ApiServer, tmp_path: Path) -> None:
    bench = Bench.open(server, tmp_path)
    bench.apply()
    path = f"/apis/{RBAC}/v1/namespaces/billing/rolebindings/log-reader"
    binding = server.get(path)
    server.delete(path)
    for field in ("resourceVersion", "uid", "creationTimestamp", "managedFields"):
        binding["metadata"].pop(field)
    binding["roleRef"] = {**binding["roleRef"], "kind": "ClusterRole", "name": "cluster-admin"}
    server.apply(binding)
    grant(bench, "cluster-apply")
    refused = bench.run("apply", "--yes", "--allow-delete", "-o", "json", person=PERSON)
    assert refused.code == 1
    assert "cannot delete resource" in refused.out
    grant(bench, "cluster-delete")
    done = bench.run("apply", "--yes", "--allow-delete", person=PERSON)
    assert done.code == 0, done.out + done.err


def test_a_namespace_is_deleted_with_the_role_for_it_unless_others_are_in_it(
    server: ApiServer, tmp_path: Path
) -> None:
    bench = Bench.open(server, tmp_path)
    bench.apply()
    bench.write(ENVIRONMENT.replace("    - name: legacy\n      podSecurity: baseline\n", ""))
    grant(bench, "cluster-apply")
    refused = bench.run("plan", person=PERSON)
    # Custom kinds that other tests serve meanwhile may be listed before it.
    assert re.search(
        r"what it contains cannot be read: (\S+, )*configmaps, ", " ".join(refused.out.split())
    )
    grant(bench, "cluster-delete")
    path = "/api/v1/namespaces/legacy"
    theirs = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "namespace": "legacy"},
    }
    server.apply(theirs)
    kept = bench.run("apply", "--yes", "--allow-delete", person=PERSON)
    assert kept.code == 1
    assert "Secret/s" in kept.err + kept.out
    server.delete(f"{path}/secrets/s")
    done = bench.run("apply", "--yes", "--allow-delete", person=PERSON)
    assert done.code == 0, done.out + done.err
    assert server.get(path)["status"]["phase"] == "Terminating"
    server.remove_namespace("legacy")
