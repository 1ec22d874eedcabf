"""Pods that somebody thought about: what is spelled in another way, stands in another place, or
came with a newer version. The check and the API server come to one verdict on each, as in
`test_admission`."""

from copy import deepcopy
from typing import Any

import pytest

from tests.cluster.api_server import ApiServer
from tests.cluster.test_admission import HOMES, _put, cluster, compare
from tests.manifests import GOOD, REGISTRY

__all__ = ["cluster"]

OTHER = {"name": "other", "image": f"{REGISTRY}/app:1", "imagePullPolicy": "Always"}
SIDECAR = {**deepcopy(GOOD["spec"]["containers"][0]), "name": "s", "restartPolicy": "Always"}
DIGEST = "sha256:" + "0a" * 32


def _volume(**source: Any) -> list[dict[str, Any]]:
    return [{"name": "v", **source}]


def _projected(*sources: dict[str, Any]) -> list[dict[str, Any]]:
    return _volume(projected={"sources": list(sources)})


def _token(**more: Any) -> dict[str, Any]:
    return {"serviceAccountToken": {"path": "t", **more}}


_LABELS = {"path": "l", "fieldRef": {"fieldPath": "metadata.labels"}}
ONE = "containers.0"
MEAN: dict[str, dict[str, Any]] = {
    "windows-host-process": {
        "os": {"name": "windows"}, "hostNetwork": True, "hostUsers": None,
        "securityContext": {"windowsOptions": {"hostProcess": True,
                                               "runAsUserName": "NT AUTHORITY\\SYSTEM"}},
    },
    "windows": {"os": {"name": "windows"}, "hostUsers": None, "securityContext": None,
                f"{ONE}.securityContext": None},
    "token-of-ten-years": {"volumes": _projected(_token(expirationSeconds=315360000))},
    "token-for-a-stranger": {"volumes": _projected(_token(audience="https://evil.example.com"))},
    "token-behind-another-source": {
        "volumes": _projected(
            {"configMap": {"name": "a"}},
            {"downwardAPI": {"items": [_LABELS]}},
            _token(audience="api://AzureADTokenExchange"),
            _token(),
        )
    },
    "trust-bundle": {"volumes": _projected({"clusterTrustBundle": {"path": "b", "name": "c"}})},
    "git-repo": {"volumes": _volume(gitRepo={"repository": "https://example.com/r"})},
    "flex-volume": {"volumes": _volume(flexVolume={"driver": "example.com/d"})},
    "azure-file": {"volumes": _volume(azureFile={"secretName": "s", "shareName": "s"})},
    "azure-disk": {"volumes": _volume(azureDisk={"diskName": "d", "diskURI": "u"})},
    "iscsi": {"volumes": _volume(iscsi={"targetPortal": "1.2.3.4", "iqn": "iqn.a:b", "lun": 0})},
    "claim": {"volumes": _volume(persistentVolumeClaim={"claimName": "c"})},
    "image-volume-by-digest": {
        "volumes": _volume(image={"reference": f"{REGISTRY}/tools@{DIGEST}",
                                  "pullPolicy": "IfNotPresent"})
    },
    "image-volume-never-pulled": {
        "volumes": _volume(image={"reference": f"{REGISTRY}/tools:1", "pullPolicy": "Never"})
    },
    "sub-path-expression": {
        "volumes": _volume(emptyDir={}),
        f"{ONE}.volumeMounts": [{"name": "v", "mountPath": "/v", "subPathExpr": "$(HOME)"}],
        f"{ONE}.env": [{"name": "HOME", "value": "a"}],
    },
    "second-container-without-context": {
        "containers": [deepcopy(GOOD["spec"]["containers"][0]), OTHER]
    },
    "sidecar-of-a-stranger": {"initContainers": [{**SIDECAR, "image": "docker.io/evil:1"}]},
    "sidecar": {"initContainers": [SIDECAR]},
    "tag-and-digest": {f"{ONE}.image": f"{REGISTRY}/app:latest@{DIGEST}"},
    "registry-with-port": {f"{ONE}.image": f"{REGISTRY}:443/app:1"},
    "registry-in-capitals": {f"{ONE}.image": f"{REGISTRY.upper()}/app:1"},
    "registry-as-a-path": {f"{ONE}.image": f"docker.io/{REGISTRY}/app:1"},
    "latest-in-capitals": {f"{ONE}.image": f"{REGISTRY}/app:LATEST"},
    "capabilities-in-small-letters": {
        f"{ONE}.securityContext.capabilities": {"drop": ["all"]}
    },
    "capability-with-its-prefix": {
        f"{ONE}.securityContext.capabilities": {"drop": ["ALL"], "add": ["CAP_NET_BIND_SERVICE"]}
    },
    "groups-merged": {"securityContext.supplementalGroupsPolicy": "Merge"},
    "group-of-root-in-the-list": {"securityContext.supplementalGroups": [1000, 0]},
    "fs-group-of-root": {"securityContext.fsGroup": 0},
    "group-of-one-container": {
        "securityContext.runAsGroup": None, f"{ONE}.securityContext.runAsGroup": 1000,
    },
    "user-namespace-not-said": {"hostUsers": None},
    "host-users": {"hostUsers": True},
    "shared-processes": {"shareProcessNamespace": True},
    "named-node": {"nodeName": "node-1"},
    "system-priority": {"priorityClassName": "system-node-critical"},
    "host-aliases": {"hostAliases": [{"ip": "169.254.169.254", "hostnames": ["vault"]}]},
    "dns-of-a-stranger": {"dnsPolicy": "None", "dnsConfig": {"nameservers": ["203.0.113.53"]}},
    "hook-to-another-host": {
        f"{ONE}.lifecycle": {"preStop": {"httpGet": {"port": 80, "host": "169.254.169.254"}}}
    },
    "start-probe-to-another-host": {
        f"{ONE}.startupProbe": {"tcpSocket": {"port": 80, "host": "10.0.0.1"}}
    },
    "selinux-role": {"securityContext.seLinuxOptions": {"role": "sysadm_r"}},
    "selinux-level": {"securityContext.seLinuxOptions": {"level": "s0:c1,c2"}},
    "apparmor-of-the-node": {
        "securityContext.appArmorProfile": {"type": "Localhost", "localhostProfile": "p"}
    },
    "sysctl-that-is-safe-since-lately": {
        "securityContext.sysctls": [{"name": "net.ipv4.tcp_rmem", "value": "4096 87380 16777216"}]
    },
    "sysctl-with-slashes": {
        "securityContext.sysctls": [{"name": "kernel/msgmax", "value": "1"}]
    },
    "windows-options-on-linux": {
        "securityContext.windowsOptions": {"hostProcess": False},
    },
    "host-port-of-udp": {
        f"{ONE}.ports": [{"containerPort": 53, "hostPort": 53, "protocol": "UDP"}]
    },
    "unmasked-in-a-user-namespace": {f"{ONE}.securityContext.procMount": "Unmasked"},
    "token-mounted": {"automountServiceAccountToken": True},
}  # fmt: skip
"""By a name: what is changed of a good pod, by path in its spec; None takes a field away."""


def _pods() -> dict[str, dict[str, Any]]:
    made = {}
    for name, changes in MEAN.items():
        for home in (*HOMES.values(), "agents"):
            pod: dict[str, Any] = deepcopy(dict(GOOD))
            pod["metadata"] = {"name": f"{name}-{home}", "namespace": home}
            for path, value in changes.items():
                head, _, rest = path.partition(".0.")
                body = pod["spec"][head][0] if rest else pod["spec"]
                _put(body, rest or path, value)
            made[f"{name}-{home}"] = pod
    return made


ANNOTATED = {
    "apparmor-by-annotation": {"container.apparmor.security.beta.kubernetes.io/app": "unconfined"},
    "seccomp-by-annotation": {"seccomp.security.alpha.kubernetes.io/pod": "unconfined"},
    "mirror": {"kubernetes.io/config.mirror": "abc"},
}


@pytest.mark.parametrize("annotations", ANNOTATED.values(), ids=ANNOTATED)
def test_one_verdict_on_what_annotations_ask_for(
    cluster: ApiServer, annotations: dict[str, str]
) -> None:
    pods = []
    for home in (*HOMES.values(), "agents"):
        pod: dict[str, Any] = deepcopy(dict(GOOD))
        pod["metadata"] = {"name": "a", "namespace": home, "annotations": annotations}
        pods.append(pod)
    assert compare(cluster, pods, len(pods))[1] == []


def test_one_verdict_on_mean_pods(cluster: ApiServer) -> None:
    pods = _pods()
    compared, differing = compare(cluster, pods.values(), len(pods))
    assert differing == []
    assert compared > 100
