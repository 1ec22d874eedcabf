"""Pods that the outline's restricted PodSecurityPolicy refused are refused today, and more are.

Each row is a good pod with one thing wrong. `outline` is what the policy of 2018 did with it:
refused it, filled in what was missing, or did not look. `field` is where the cluster says it is.
"""

import json

import pytest

from tests.manifests import GOOD, REGISTRY, REMOVED, changed, judge, render
from tests.outline_policy import filled_in, refusals

REFUSED, FILLED_IN, SILENT = "refused", "filled in", "silent"
MAIN = "containers.0"
CONTEXT = "containers.0.securityContext"
OTHER = {"name": "other", "image": f"{REGISTRY}/other:1", "imagePullPolicy": "Always"}
APPARMOR = "container.apparmor.security.beta.kubernetes.io/main"


def container(**context):
    safe = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    return {**OTHER, "securityContext": {**safe, **context}}


def projected(*sources):
    return {"name": "t", "projected": {"sources": list(sources)}}


def image(reference, pull="Always"):
    return {"name": "i", "image": {"reference": reference, "pullPolicy": pull}}


ENTRA = {"serviceAccountToken": {"path": "e", "audience": "api://AzureADTokenExchange"}}

BAD = {
    "privileged": (f"{CONTEXT}.privileged", True, REFUSED),
    "privileged, of a container that starts first": (
        "initContainers", [container(privileged=True)], REFUSED,
    ),
    "privileged, of a container for debugging": (
        "ephemeralContainers", [container(privileged=True)], REFUSED,
    ),
    "the node's network": ("hostNetwork", True, REFUSED),
    "the node's processes": ("hostPID", True, REFUSED),
    "the node's shared memory": ("hostIPC", True, REFUSED),
    "a port of the node": (f"{MAIN}.ports", [{"containerPort": 1, "hostPort": 80}], REFUSED),
    "a folder of the node": (
        "volumes", [{"name": "etc", "hostPath": {"path": "/etc"}}], REFUSED,
    ),
    "a share by its address": (
        "volumes", [{"name": "nfs", "nfs": {"server": "10.0.0.4", "path": "/"}}], REFUSED,
    ),
    "a disk by its id": (
        "volumes", [{"name": "d", "azureDisk": {"diskName": "d", "diskURI": "d"}}], REFUSED,
    ),
    "a volume of a driver": ("volumes", [{"name": "c", "csi": {"driver": "x.io"}}], REFUSED),
    "a volume that lives with its pod": (
        "volumes", [{"name": "e", "ephemeral": {"volumeClaimTemplate": {"spec": {}}}}], REFUSED,
    ),
    "may be root": ("securityContext.runAsNonRoot", False, REFUSED),
    "is root": ("securityContext.runAsUser", 0, REFUSED),
    "is root in one container": (f"{CONTEXT}.runAsUser", 0, REFUSED),
    "may be root in one container": (f"{CONTEXT}.runAsNonRoot", False, REFUSED),
    "says nothing of root": (
        "securityContext", {"seccompProfile": {"type": "RuntimeDefault"}}, FILLED_IN,
    ),
    "volumes of the root group": ("securityContext.fsGroup", 0, REFUSED),
    "volumes of a group out of range": ("securityContext.fsGroup", 65536, REFUSED),
    "in the root group too": ("securityContext.supplementalGroups", [1000, 0], REFUSED),
    "in a group out of range": ("securityContext.supplementalGroups", [70000], REFUSED),
    "is the root group": ("securityContext.runAsGroup", 0, SILENT),
    "is the root group in one container": (f"{CONTEXT}.runAsGroup", 0, SILENT),
    "adds a capability": (f"{CONTEXT}.capabilities", {"drop": ["ALL"], "add": ["SYS_ADMIN"]},
                          REFUSED),
    "adds the capability that the standard allows": (
        f"{CONTEXT}.capabilities", {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}, REFUSED,
    ),
    "keeps its capabilities": (f"{CONTEXT}.capabilities", REMOVED, FILLED_IN),
    "drops some capabilities": (f"{CONTEXT}.capabilities", {"drop": ["KILL"]}, FILLED_IN),
    "may gain privileges": (f"{CONTEXT}.allowPrivilegeEscalation", True, REFUSED),
    "says nothing of privileges": (f"{CONTEXT}.allowPrivilegeEscalation", REMOVED, FILLED_IN),
    "no seccomp profile": ("securityContext.seccompProfile", REMOVED, FILLED_IN),
    "no seccomp": ("securityContext.seccompProfile", {"type": "Unconfined"}, REFUSED),
    "a seccomp profile of the node": (
        f"{CONTEXT}.seccompProfile", {"type": "Localhost", "localhostProfile": "x"}, REFUSED,
    ),
    "no AppArmor": (f"{CONTEXT}.appArmorProfile", {"type": "Unconfined"}, REFUSED),
    "an AppArmor profile of the node": (
        f"{CONTEXT}.appArmorProfile", {"type": "Localhost", "localhostProfile": "x"}, REFUSED,
    ),
    "no AppArmor, by annotation": ("metadata.annotations", {APPARMOR: "unconfined"}, REFUSED),
    "the whole of proc": (f"{CONTEXT}.procMount", "Unmasked", REFUSED),
    "a kernel setting of the node": (
        "securityContext.sysctls", [{"name": "kernel.msgmax", "value": "1"}], REFUSED,
    ),
    "the node's own process": (
        f"{CONTEXT}.windowsOptions", {"hostProcess": True}, SILENT,
    ),
    "a type of SELinux": (f"{CONTEXT}.seLinuxOptions", {"type": "spc_t"}, SILENT),
    "a probe of another host": (
        f"{MAIN}.livenessProbe", {"tcpSocket": {"host": "169.254.169.254", "port": 80}}, SILENT,
    ),
    "another registry": (f"{MAIN}.image", "docker.io/app:1.2.3", SILENT),
    "a registry that looks alike": (f"{MAIN}.image", f"{REGISTRY}.evil.io/app:1", SILENT),
    "no registry": (f"{MAIN}.image", "app:1.2.3", SILENT),
    "latest": (f"{MAIN}.image", f"{REGISTRY}/app:latest", SILENT),
    "no tag": (f"{MAIN}.image", f"{REGISTRY}/app", SILENT),
    "half a digest": (f"{MAIN}.image", f"{REGISTRY}/app@sha256:abc", SILENT),
    "runs what the node has": (f"{MAIN}.imagePullPolicy", "IfNotPresent", SILENT),
    "leaves pulling to the default": (f"{MAIN}.imagePullPolicy", REMOVED, SILENT),
    "the account of all": ("serviceAccountName", "default", SILENT),
    "no account": ("serviceAccountName", REMOVED, SILENT),
    "a token": ("automountServiceAccountToken", True, SILENT),
    "a token of an account that nobody declared": ("serviceAccountName", "stranger", SILENT),
    "a token for the API server by a volume": (
        "volumes", [projected({"serviceAccountToken": {"path": "t", "audience": ""}})], SILENT,
    ),
    "a token of which nobody says whom it is for": (
        "volumes", [projected({"serviceAccountToken": {"path": "t"}})], SILENT,
    ),
    "a token for the issuer of the cluster, beside a good one": (
        "volumes",
        [
            projected({"configMap": {"name": "a"}}),
            projected(
                ENTRA, {"serviceAccountToken": {"path": "t", "audience": "https://kubernetes"}}
            ),
        ],
        SILENT,
    ),
    "a projected volume without sources": ("volumes", [{"name": "t", "projected": {}}], SILENT),
    "a certificate for the API server": (
        "volumes",
        [
            projected(
                {"podCertificate": {"signerName": "kubernetes.io/kube-apiserver-client-pod"}}
            )
        ],
        SILENT,
    ),
    "an image of another registry as a volume": (
        "volumes", [image("docker.io/tools:1.2.3")], REFUSED,
    ),
    "an image of a volume that is not pinned": (
        "volumes", [image(f"{REGISTRY}/tools")], REFUSED,
    ),
    "an image of a volume that the node has": (
        "volumes", [image(f"{REGISTRY}/tools:1", "IfNotPresent")], REFUSED,
    ),
    "a group that nobody says": ("securityContext.runAsGroup", REMOVED, SILENT),
}  # fmt: skip


ELSEWHERE = {
    "says nothing of root": ["runAsNonRoot", "runAsGroup"],
    "an image of another registry as a volume": ["reference"],
    "a token for the API server by a volume": ["sources"],
    "a token of which nobody says whom it is for": ["sources"],
    "a token for the issuer of the cluster, beside a good one": ["sources"],
    "a certificate for the API server": ["sources"],
    "an image of a volume that is not pinned": ["reference"],
    "an image of a volume that the node has": ["pullPolicy"],
    "a group that nobody says": ["runAsGroup"],
    "leaves pulling to the default": ["imagePullPolicy"],
    "a token of an account that nobody declared": ["automountServiceAccountToken"],
}
"""What is said of another field than the one that was changed."""


@pytest.fixture(scope="module")
def objects():
    return render()


def enforced(pod, objects):
    (judged,) = judge(json.dumps(pod), objects)
    return [verdict for verdict in judged.verdicts if verdict.enforced]


@pytest.mark.parametrize("case", BAD)
def test_a_bad_pod_is_refused(case, objects):
    path, value, outline = BAD[case]
    pod = changed(path, value)
    said = refusals(pod)
    did = REFUSED if said else FILLED_IN if set(filled_in(pod)) - set(filled_in(GOOD)) else SILENT
    assert did == outline, said
    found = enforced(pod, objects)
    assert found, "it is let in"
    words = ELSEWHERE.get(case) or [path.rpartition(".")[2]]
    assert all(any(word in verdict.field for word in words) for verdict in found)


ALLOWED = {
    "as it is": ("hostUsers", False),
    "a volume of each kind": (
        "volumes",
        [
            {"name": "a", "configMap": {"name": "a"}},
            {"name": "b", "emptyDir": {}},
            {"name": "c", "projected": {"sources": []}},
            {"name": "d", "secret": {"secretName": "d"}},
            {"name": "e", "downwardAPI": {"items": []}},
            {"name": "f", "persistentVolumeClaim": {"claimName": "f"}},
        ],
    ),
    "a digest": (f"{MAIN}.image", f"{REGISTRY}/app@sha256:{'a1' * 32}"),
    "a tag and a digest": (f"{MAIN}.image", f"{REGISTRY}/app:1@sha256:{'a1' * 32}"),
    "the largest group": ("securityContext.fsGroup", 65535),
    "no group": ("securityContext.fsGroup", REMOVED),
    "a token that signs in to Entra": ("volumes", [projected(ENTRA)]),
    "a safe kernel setting": (
        "securityContext.sysctls", [{"name": "net.ipv4.tcp_syncookies", "value": "1"}],
    ),
    "no token, said twice": ("automountServiceAccountToken", False),
    "another good container": ("initContainers", [container(readOnlyRootFilesystem=True)]),
    "AppArmor's own profile": (f"{CONTEXT}.appArmorProfile", {"type": "RuntimeDefault"}),
    "a probe of itself": (f"{MAIN}.livenessProbe", {"httpGet": {"port": 80, "path": "/"}}),
}  # fmt: skip


@pytest.mark.parametrize("case", ALLOWED)
def test_a_good_pod_is_let_in(case, objects):
    pod = changed(*ALLOWED[case])
    (judged,) = judge(json.dumps(pod), objects)
    assert judged.verdicts == ()
    assert refusals(pod) == []


def test_secrets_of_a_vault_are_the_one_thing_that_the_outline_refused(objects):
    # Drivers of volumes were not there in 2018.
    volume = {"name": "s", "csi": {"driver": "secrets-store.csi.k8s.io", "readOnly": True}}
    pod = changed("volumes", [volume])
    assert refusals(pod) == ["volumes"]
    assert enforced(pod, objects) == []


def test_an_image_of_ones_own_is_a_volume(objects):
    # Volumes of images were not there in 2018; what is asked of the images of containers holds.
    pod = changed("volumes", [image(f"{REGISTRY}/tools:1")])
    assert refusals(pod) == ["volumes"]
    assert enforced(pod, objects) == []


def test_before_1_35_an_api_server_drops_volumes_of_images():
    pod = changed("volumes", [image("docker.io/tools:1"), {"name": "v", "hostPath": {"path": "/"}}])
    old = enforced(pod, render(version=(1, 34)))
    assert {v.rule for v in old} == {"pod-security restricted: Volume Types"}
    assert len(old) == 1
    only = changed("volumes", [image("docker.io/tools:1")])
    assert enforced(only, render(version=(1, 34))) == []
    assert {v.rule for v in enforced(only, render())} == {"azsec-approved-registries"}


def test_a_group_is_said_by_the_pod_or_by_every_container(objects):
    own = {**container(runAsGroup=1)["securityContext"]}
    pod = changed("securityContext.runAsGroup", REMOVED)
    said = changed(f"{CONTEXT}.runAsGroup", 1, pod)
    assert enforced(said, objects) == []
    silent = changed("initContainers", [container()], said)
    (verdict,) = enforced(silent, objects)
    assert verdict.field == "spec.initContainers[0].securityContext.runAsGroup"
    assert enforced(changed("initContainers.0.securityContext", own, silent), objects) == []


def test_root_in_a_user_namespace_is_refused_by_a_policy_and_not_by_the_standard(objects):
    pod = changed("securityContext", {**GOOD["spec"]["securityContext"], "runAsUser": 0})
    assert {verdict.rule for verdict in enforced(pod, objects)} == {"azsec-non-root"}
    before = enforced(pod, render(version=(1, 34)))
    assert {v.rule for v in before} == {"pod-security restricted: Running as Non-root user"}


def test_a_writable_root_is_told_and_let_in(objects):
    pod = changed(f"{CONTEXT}.readOnlyRootFilesystem", False)
    (judged,) = judge(json.dumps(pod), objects)
    assert [(v.rule, v.enforced) for v in judged.verdicts] == [("azsec-read-only-root", False)]
    assert refusals(pod) == []


@pytest.mark.parametrize("word", ["yes", "1", "'true'"])
def test_a_value_of_another_type_is_no_way_around(word, objects):
    # An API server reads YAML 1.1, where `yes` is true.
    text = json.dumps(changed("hostNetwork", "WORD")).replace('"WORD"', word)
    (judged,) = judge(text, objects)
    assert "spec.hostNetwork" in [verdict.field for verdict in judged.verdicts]
