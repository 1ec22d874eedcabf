"""An observation is refused that is old, of another cluster, altered, or not signed."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from provisioner.cluster.observation import seal_observation, sign_content, verify_content
from provisioner.documents.observation import ObservationDocument
from tests.cluster.api_server import ApiServer
from tests.cluster.bench import ENVIRONMENT, Bench

KEY = "a key that is shared by both"
Change = Callable[[dict[str, Any]], dict[str, Any]]


def reseal(content: dict[str, Any], age: timedelta = timedelta()) -> dict[str, Any]:
    found = ObservationDocument.model_validate(content)
    return seal_observation(datetime.now(UTC) - age, found.cluster, found.lists).to_json()


def without_policies(content: dict[str, Any]) -> dict[str, Any]:
    for each in content["lists"]:
        if each["kind"] == "NetworkPolicy":
            each["items"] = []
    return content


BAD: tuple[tuple[str, Change, str | None, str], ...] = (
    # What is done to it, the key that it is signed with then, and what is said.
    ("altered", without_policies, KEY, "was altered"),
    ("forged", lambda c: reseal(without_policies(c)), None, "is not signed"),
    ("other-key", reseal, "another key, also long", "another key"),
    ("old", lambda c: reseal(c, timedelta(days=3)), KEY, "was made 3 d ago"),
    ("future", lambda c: reseal(c, -timedelta(days=1)), KEY, "in the future"),
    ("no-json", lambda c: {"kind": "List"}, KEY, "is not an observation"),
)


def read_signed(content: bytes) -> dict[str, Any]:
    """Return the observation in what was written with a key, which is verified."""
    return json.loads(verify_content(content, "written", KEY))


@pytest.fixture
def bench(server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setenv("AZSEC_OBSERVATION_KEY", KEY)
    return Bench.open(server, tmp_path)


def test_what_an_observation_shows_is_compared_and_a_bad_one_refused(bench: Bench) -> None:
    bench.apply()
    assert bench.run("observe", "--out", "seen.json").code == 0
    path = bench.folder / "seen.json"
    good = path.read_bytes()
    assert bench.read("drift", "--observation", "seen.json").code == 0
    for name, change, key, says in BAD:
        text = json.dumps(change(read_signed(good)))
        path.write_bytes(sign_content(text.encode(), key))
        done = bench.read("drift", "--observation", "seen.json")
        assert (name, done.code) == (name, 1)
        assert says in done.err
    path.write_bytes(good.replace(b"hmac-sha256:", b"hmac-sha256:\xc3\xa9", 1))
    assert "another key" in bench.read("drift", "--observation", "seen.json").err
    path.write_bytes(good)
    uid = "5f4c6a1e-2f51-4a0e-9d3c-6a0f5b1c2d3e"
    bench.write(f"{ENVIRONMENT}  observation: {{cluster: {uid}}}\n")
    other = bench.read("drift", "--observation", "seen.json")
    assert other.code == 1
    assert uid in other.err


def test_an_observation_in_a_config_map_is_read_as_kubectl_prints_it(bench: Bench) -> None:
    bench.apply()
    path = "/apis/networking.k8s.io/v1/namespaces/billing/networkpolicies/default-deny"
    bench.server.patch(path, {"spec": {"ingress": [{}]}})
    assert bench.run("observe", "--config-map", "billing/seen").code == 0
    found = bench.server.get("/api/v1/namespaces/billing/configmaps/seen")
    (bench.folder / "seen.json").write_text(json.dumps(found), encoding="utf-8")
    done = bench.read("drift", "--observation", "seen.json")
    assert done.code == 2
    assert "spec.ingress" in done.out


WITHOUT = {
    "no list of a kind that is always served": lambda c: _without(c, "Pod"),
    "no list of the bindings": lambda c: _without(c, "ClusterRoleBinding"),
    "no list of an add-on's kind that is served": lambda c: _without(c, "CiliumNetworkPolicy"),
    "fewer items than were counted": lambda c: _emptied(c, "ClusterRoleBinding"),
}


def _without(content: dict[str, Any], kind: str) -> dict[str, Any]:
    return {**content, "lists": [each for each in content["lists"] if each["kind"] != kind]}


def _emptied(content: dict[str, Any], kind: str) -> dict[str, Any]:
    lists = [{**e, "items": []} if e["kind"] == kind else e for e in content["lists"]]
    return {**content, "lists": lists}


def test_a_list_that_is_missing_is_not_an_empty_one(bench: Bench) -> None:
    bench.apply()
    assert bench.run("observe", "--out", "seen.json").code == 0
    path = bench.folder / "seen.json"
    good = read_signed(path.read_bytes())
    for name, change in WITHOUT.items():
        found = ObservationDocument.model_validate(change(good))
        now = datetime.now(UTC)
        made = seal_observation(now, found.cluster, found.lists, found.not_served)
        path.write_bytes(sign_content(json.dumps(made.to_json()).encode(), KEY))
        done = bench.read("drift", "--observation", "seen.json")
        assert (name, done.code) == (name, 1)
        assert "No drift was found in what could be read." in done.out


def test_a_list_that_is_refused_is_not_an_empty_one(bench: Bench) -> None:
    bench.apply()
    bench.server.apply(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": "one"},
            "rules": [{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "list"]}],
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "reader"},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": "one",
            },
            "subjects": [
                {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "nobody"}
            ],
        },
    )
    done = bench.run("observe", "--out", "seen.json", person="nobody")
    assert done.code == 1
    assert "not observed: pods" in done.err, done.err[:3000]


def test_a_plan_of_azure_says_what_was_seen_of_the_objects(bench: Bench) -> None:
    bench.apply()
    bench.server.apply(
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": "x", "namespace": "billing"},
        }
    )
    assert bench.run("observe", "--out", "environments/seen.json").code == 0
    bare = bench.azure("plan", "--offline")
    assert "objects in the cluster: not observed" in bare.out
    bench.write(f"{ENVIRONMENT}  observation: {{file: seen.json}}\n")
    plan = bench.azure("plan", "--offline")
    assert "objects in the cluster, seen 0 min ago from environments/seen.json" in plan.out
    assert "+ billing/ServiceAccount/x" in plan.out
    assert plan.code == bare.code
    digests = re.findall(r"sha256:\S+", bare.out + plan.out)
    assert len(digests) == 2
    assert digests[0] == digests[1]


def test_controls_are_answered_by_an_observation(bench: Bench) -> None:
    bench.apply()
    assert bench.run("observe", "--out", "seen.json").code == 0
    before = bench.azure("check", "--all", "-o", "json").document
    after = bench.azure("check", "--observation", "seen.json", "--all", "-o", "json").document
    unknown = [
        sum(result["verdict"] == "unknown" for result in document["results"])
        for document in (before, after)
    ]
    assert unknown[1] < unknown[0]
    assert after["census"]["cluster"]["source"] == "seen.json"
