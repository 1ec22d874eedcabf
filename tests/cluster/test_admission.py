"""`azsec manifests --check` and a real API server come to one verdict on every pod.

Pods are created by dry run in namespaces that azsec rendered, with its policies in force: those of
Kubernetes' own tests of Pod Security (k8s.io/pod-security-admission, from the Go module proxy), and
generated ones, most of them a good pod with a few fields changed. What the API server calls invalid
is no pod, and is not compared.
"""

import json
import random
import re
import time
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from typing import Any

import pytest
import yaml

from cluster_tools.binaries import module_folder
from cluster_tools.build_error import BuildError
from provisioner.manifests.admission import admit
from tests.cluster.api_server import ApiServer, fail_or_skip
from tests.manifests import GOOD, REGISTRY, changed, find, judge, render

TEXT = """\
namespaces:
  - {name: app, serviceAccounts: [{name: app}]}
  - {name: legacy, podSecurity: baseline, pullAlways: false, serviceAccounts: [{name: app}]}
  - {name: agents, podSecurity: privileged, apiAccess: true, serviceAccounts: [{name: app}]}
"""
SKIPPED = ("cilium.io", "secrets-store.csi.x-k8s.io", "security.istio.io")
"""The groups of custom resources, which this API server does not have."""

MODULE = "k8s.io/pod-security-admission"
COUNT = 1000


def objects_of(server: ApiServer) -> Any:
    major, minor = server.minor.split(".")
    return render(TEXT, version=(int(major), int(minor)))


@pytest.fixture(scope="module")
def cluster(each_server: ApiServer) -> Iterator[ApiServer]:
    """The API server with azsec's objects. A quota waits for a controller to count, and there is
    none here."""
    for manifest in objects_of(each_server).manifests:
        group = manifest.body["apiVersion"].rpartition("/")[0]
        if group not in SKIPPED and manifest.kind not in ("ResourceQuota", "LimitRange"):
            each_server.apply(json.loads(json.dumps(manifest.body)))
    _wait_for_policies(each_server)
    yield each_server
    each_server.wipe()


def _wait_for_policies(server: ApiServer) -> None:
    """Policies take effect a moment after they are made: until the one by the name that comes last
    refuses, none is taken to be in force. Those of the tests before are in force as much longer,
    with other registries, so a good pod has to be let in too."""
    bad = changed("serviceAccountName", "default")
    for _ in range(100):
        if verdict(server, bad) == (True, {"azsec-service-accounts"}) and (
            verdict(server, dict(GOOD)) == (False, set())
        ):
            return
        time.sleep(0.2)
    pytest.fail("the policies do not come into force")


def verdict(server: ApiServer, pod: dict[str, Any]) -> tuple[bool, set[str]] | None:
    """Return whether the API server refuses a pod, and the policies that it names; None for what is
    no pod. It names the first policy that refuses, and the standard if that does."""
    body = {"apiVersion": "v1", "kind": "Pod", **pod}
    path = f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods"
    answer = server.request("POST", path, body, params={"dryRun": "All"})
    if answer.status_code == 201:
        return False, set()
    message = answer.json().get("message", "")
    named = set(re.findall(r"ValidatingAdmissionPolicy '([^']+)'", message))
    if "violates PodSecurity" in message:
        named.add("pod-security")
    return (True, named) if named else None


def compare(server: ApiServer, pods: Iterable[dict[str, Any]], most: int) -> tuple[int, list[str]]:
    """Return how many pods were compared, up to `most`, and those on which the two differ, with
    both verdicts."""
    objects = objects_of(server)
    compared, differing = 0, []
    for pod in pods:
        seen = verdict(server, pod)
        if seen is None:
            continue
        compared += 1
        (judged,) = judge(json.dumps(pod), objects)
        rules = {found.rule for found in judged.verdicts if found.enforced}
        named = {"pod-security" if rule.startswith("pod-security") else rule for rule in rules}
        refused, said = seen
        if refused != bool(rules) or not said <= named:
            differing.append(f"{json.dumps(pod)}: the server says {said}, the check {named}")
        if compared == most:
            break
    return compared, differing


def test_the_api_server_takes_every_object_without_a_warning(cluster: ApiServer) -> None:
    found = cluster.get("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies")
    names = {item["metadata"]["name"] for item in found["items"]}
    assert {policy.name for policy in objects_of(cluster).policies} <= names
    # Each rendered expression compiles: the server refuses a policy that does not.
    assert len(names) == 2 * len(objects_of(cluster).policies)


def test_a_good_pod_is_let_in(cluster: ApiServer) -> None:
    assert verdict(cluster, dict(GOOD)) == (False, set())


def test_a_workload_whose_pods_are_refused_is_made_with_a_warning(cluster: ApiServer) -> None:
    bad = changed("containers.0.image", "docker.io/evil:1", changed("serviceAccountName", "app"))
    template = {"metadata": {"labels": {"a": "b"}}, "spec": bad["spec"]}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    once = {"spec": {**bad["spec"], "restartPolicy": "Never"}}
    made = {
        "apps/v1 Deployment": spec,
        "apps/v1 StatefulSet": {**spec, "serviceName": "a"},
        "apps/v1 DaemonSet": spec,
        "apps/v1 ReplicaSet": spec,
        "batch/v1 Job": {"template": once},
        "batch/v1 CronJob": {"schedule": "0 0 * * *", "jobTemplate": {"spec": {"template": once}}},
    }
    for what, content in made.items():
        api, kind = what.split()
        body = {
            "apiVersion": api,
            "kind": kind,
            "metadata": {"name": "bad", "namespace": "app"},
            "spec": content,
        }
        path = cluster.path_of(body).rpartition("/")[0]
        answer = cluster.request("POST", path, body, params={"dryRun": "All"})
        assert answer.status_code == 201, answer.text
        warned = answer.headers.get("Warning", "")
        assert "azsec-approved-registries-workloads" in warned, kind


# -- Kubernetes' own pods ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def corpus(cluster: ApiServer) -> dict[str, list[dict[str, Any]]]:
    """The pods of Kubernetes' tests, by level: those of the release that the server is of."""
    minor = cluster.minor
    try:
        root = module_folder(minor, MODULE) / "test/testdata"
    except BuildError as failure:
        fail_or_skip(str(failure))
    return {
        level: [
            yaml.safe_load(path.read_text(encoding="utf-8"))
            for path in sorted((root / level / f"v{minor}").rglob("*.yaml"))
        ]
        for level in ("baseline", "restricted")
    }


HOMES = {"restricted": "app", "baseline": "legacy"}


def at_home(pod: dict[str, Any], namespace: str) -> dict[str, Any]:
    """Return a pod of the corpus as one that only what is tried of it keeps out: in a namespace,
    with an account, and with images that may run."""
    body = deepcopy(pod)
    # The fixtures' names are no names of objects.
    name = body["metadata"]["name"].replace("_", "-")
    body["metadata"] = {**body["metadata"], "name": name, "namespace": namespace}
    spec = body["spec"]
    spec["serviceAccountName"] = "app"
    for name in ("containers", "initContainers"):
        for container in spec.get(name) or ():
            container["image"] = f"{REGISTRY}/app:1"
            container["imagePullPolicy"] = "Always"
    context = spec.setdefault("securityContext", {})
    if (spec.get("os") or {}).get("name") != "windows":
        context.setdefault("runAsGroup", 1000)
    return body


@pytest.mark.parametrize("level", HOMES)
def test_one_verdict_on_the_pods_of_kubernetes(
    level: str, cluster: ApiServer, corpus: dict[str, list[dict[str, Any]]]
) -> None:
    pods = corpus[level]
    asked = [at_home(pod, home) for pod in pods for home in (HOMES[level], "agents")]
    compared, differing = compare(cluster, asked, len(asked))
    assert differing == []
    assert compared > len(asked) * 0.8


# -- generated pods ---------------------------------------------------------------------------

ENTRA = "api://AzureADTokenExchange"


def _token(**more: Any) -> dict[str, Any]:
    source = {"serviceAccountToken": {"path": "t", **more}}
    return {"name": "t", "projected": {"sources": [source]}}


CONTAINER: dict[str, list[Any]] = {
    "image": [
        f"{REGISTRY}/app:latest", f"{REGISTRY}/app", "docker.io/app:1", "nginx",
        f"{REGISTRY}/app@sha256:{'0a' * 32}", f"{REGISTRY}.evil.io/app:1",
    ],
    "imagePullPolicy": ["Always", "IfNotPresent", None],
    "securityContext.privileged": [False],
    "securityContext.allowPrivilegeEscalation": [True, False, None],
    "securityContext.runAsNonRoot": [True, False],
    "securityContext.runAsUser": [0, 1],
    "securityContext.runAsGroup": [0, 1, 65535, 65536],
    "securityContext.procMount": ["Default", "Unmasked"],
    "securityContext.readOnlyRootFilesystem": [False],
    "securityContext.capabilities": [
        {"drop": ["ALL"]}, {"drop": ["KILL"]}, {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
        {"drop": ["ALL"], "add": ["SYS_ADMIN"]}, None,
    ],
    "securityContext.seccompProfile": [
        {"type": "Unconfined"}, {"type": "RuntimeDefault"},
        {"type": "Localhost", "localhostProfile": "a"},
    ],
    "securityContext.appArmorProfile": [{"type": "Unconfined"}, {"type": "RuntimeDefault"}],
    "securityContext.seLinuxOptions": [{"type": "container_t"}, {"type": "spc_t"}, {"user": "a"}],
    "ports": [[{"containerPort": 80}], [{"containerPort": 80, "hostPort": 80}]],
    "livenessProbe": [
        {"httpGet": {"port": 80}}, {"httpGet": {"port": 80, "host": "127.0.0.1"}},
        {"tcpSocket": {"port": 80, "host": "169.254.169.254"}},
    ],
}  # fmt: skip
SPEC: dict[str, list[Any]] = {
    "hostNetwork": [True, False],
    "hostPID": [True],
    "hostIPC": [True],
    "hostUsers": [True, False, None],
    "serviceAccountName": ["default", "app", None],
    "automountServiceAccountToken": [True, False, None],
    "runtimeClassName": [None],
    "securityContext": [None, {}],
    "securityContext.runAsNonRoot": [True, False, None],
    "securityContext.runAsUser": [0, 1, None],
    "securityContext.runAsGroup": [0, 1, 65536, None],
    "securityContext.fsGroup": [0, 1, 65536, None],
    "securityContext.supplementalGroups": [[], [0], [1], [70000, 1]],
    "securityContext.seccompProfile": [{"type": "Unconfined"}, {"type": "RuntimeDefault"}, None],
    "securityContext.sysctls": [
        [{"name": "kernel.shm_rmid_forced", "value": "1"}],
        [{"name": "net.ipv4.tcp_keepalive_time", "value": "1"}],
        [{"name": "kernel.msgmax", "value": "1"}],
    ],
    "volumes": [
        [{"name": "t", "emptyDir": {}}],
        [{"name": "t", "hostPath": {"path": "/"}}],
        [{"name": "t", "nfs": {"server": "a", "path": "/"}}],
        [{"name": "t", "csi": {"driver": "x.io"}}],
        [{"name": "t", "csi": {"driver": "secrets-store.csi.k8s.io"}}],
        [{"name": "t", "image": {"reference": f"{REGISTRY}/tools:1", "pullPolicy": "Always"}}],
        [{"name": "t", "image": {"reference": "docker.io/tools:1"}}],
        [{"name": "t", "image": {"reference": f"{REGISTRY}/tools"}}],
        [_token()],
        [_token(audience="")],
        [_token(audience=ENTRA)],
        [_token(audience="https://kubernetes.default.svc")],
        [{"name": "t", "ephemeral": {"volumeClaimTemplate": {"spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
        }}}}],
    ],
    "os": [{"name": "linux"}],
}  # fmt: skip
ANNOTATIONS = [None, {}, {"a": "b"}]


def generate(seed: int) -> Iterator[dict[str, Any]]:
    """Yield pods without end that are a good one with up to four fields changed; the same ones for
    a seed."""
    dice = random.Random(seed)
    for number in count():
        pod: dict[str, Any] = deepcopy(dict(GOOD))
        pod["metadata"] = {
            "name": f"p{number}",
            "namespace": dice.choice([*HOMES.values(), "agents"]),
        }
        if dice.random() < 0.3:
            pod["spec"]["initContainers"] = [
                {**deepcopy(pod["spec"]["containers"][0]), "name": "first"}
            ]
        for _ in range(dice.randint(0, 4)):
            if dice.random() < 0.5:
                path = dice.choice(list(SPEC))
                _put(pod["spec"], path, dice.choice(SPEC[path]))
                if path.startswith("host") and path != "hostUsers":
                    pod["spec"].pop("hostUsers", None)  # The API server takes one of them alone.
            else:
                path = dice.choice(list(CONTAINER))
                place = dice.choice(
                    [p for p in ("containers", "initContainers") if p in pod["spec"]]
                )
                _put(pod["spec"][place][0], path, dice.choice(CONTAINER[path]))
        yield pod


def _put(body: dict[str, Any], path: str, value: Any) -> None:
    *above, last = path.split(".")
    for step in above:
        if body.get(step) is None:
            body[step] = {}
        body = body[step]
    if value is None:
        body.pop(last, None)
    else:
        body[last] = deepcopy(value)


def test_one_verdict_on_a_thousand_generated_pods(cluster: ApiServer) -> None:
    compared, differing = compare(cluster, generate(13), COUNT)
    assert differing == []
    assert compared == COUNT
    let_in = sum(verdict(cluster, pod) == (False, set()) for pod in islice(generate(13), 200))
    assert 20 < let_in < 180  # Neither all nor none: the pods are near what is allowed.


def test_an_ephemeral_container_is_judged_with_its_pod(cluster: ApiServer) -> None:
    pods = "/api/v1/namespaces/app/pods"
    body = {"apiVersion": "v1", "kind": "Pod", **changed("metadata.name", "debugged")}
    assert cluster.request("POST", pods, body).status_code == 201
    container = {**GOOD["spec"]["containers"][0], "name": "debug"}
    for image, refused in (("docker.io/debug:1", True), (f"{REGISTRY}/debug:1", False)):
        answer = cluster.request(
            "PATCH",
            f"{pods}/debugged/ephemeralcontainers",
            {"spec": {"ephemeralContainers": [{**container, "image": image}]}},
            params={"dryRun": "All"},
            headers={"Content-Type": "application/strategic-merge-patch+json"},
        )
        assert ("azsec-approved-registries" in answer.text and not answer.ok) is refused
    # What was let in may still be relabelled.
    cluster.patch(f"{pods}/debugged", {"metadata": {"labels": {"a": "b"}}})


def test_an_exemption_ends_by_itself_in_the_cluster(cluster: ApiServer) -> None:
    pod = changed("containers.0.image", f"{REGISTRY}/app:latest")
    today = datetime.now(UTC).date()
    try:
        for days, refused in ((-1, True), (1, False)):
            exempted = (
                f"{TEXT}exemptions:\n  - {{policy: azsec-pinned-images, namespace: app, reason: a, "
                f"owner: b, expires: {today + timedelta(days=days)}}}\n"
            )
            _apply_policy(cluster, exempted)
            _wait_until(lambda: verdict(cluster, pod), (refused, {_PINNED} if refused else set()))
    finally:
        _apply_policy(cluster, TEXT)
    _wait_until(lambda: verdict(cluster, pod), (True, {_PINNED}))


_PINNED = "azsec-pinned-images"


def _apply_policy(server: ApiServer, text: str) -> None:
    body = find(render(text), "ValidatingAdmissionPolicy", _PINNED)
    server.apply(json.loads(json.dumps(body)))


def _wait_until(look: Callable[[], object], wanted: object) -> None:
    for _ in range(100):
        if look() == wanted:
            return
        time.sleep(0.1)
    assert look() == wanted


def test_the_api_server_adds_what_the_check_takes_it_to_add(cluster: ApiServer) -> None:
    pod = changed("automountServiceAccountToken", True, changed("metadata.namespace", "agents"))
    path = "/api/v1/namespaces/agents/pods"
    body = {"apiVersion": "v1", "kind": "Pod", **pod}
    made = cluster.request("POST", path, body, params={"dryRun": "All"}).json()
    taken = admit(pod, {})
    added = [v["name"].startswith("kube-api-access-") for v in made["spec"]["volumes"]]
    assert [v["name"].startswith("kube-api-access-") for v in taken["spec"]["volumes"]] == added
