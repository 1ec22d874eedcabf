"""What else adds up: pods that are not there yet, ways around a service, and kinds of add-ons.

As in `test_drift`: each row does something to a real API server, as others would, and is undone.
"""

import time
from typing import Any

import pytest

from tests.cluster.api_server import ApiServer
from tests.cluster.bench import custom_resource
from tests.cluster.test_drift import (
    IDENTITIES,
    IDENTITY_SERVICE,
    RBAC,
    Applied,
    Case,
    adds,
    applied,
    binding,
    identity_webhook,
    owned_by,
    pod,
    role,
    thing,
    told_by,
    workload_of,
)

__all__ = ["applied"]

_CUSTOM = (
    ("gateway.networking.k8s.io", "v1", "Gateway", "gateways", "Namespaced"),
    ("gateway.networking.k8s.io", "v1", "ReferenceGrant", "referencegrants", "Namespaced"),
    (
        "cilium.io", "v2", "CiliumLocalRedirectPolicy", "ciliumlocalredirectpolicies", "Namespaced",
    ),
    ("cilium.io", "v2", "CiliumEgressGatewayPolicy", "ciliumegressgatewaypolicies", "Cluster"),
    ("crd.projectcalico.org", "v1", "GlobalNetworkPolicy", "globalnetworkpolicies", "Cluster"),
    ("networking.istio.io", "v1", "EnvoyFilter", "envoyfilters", "Namespaced"),
    ("security.istio.io", "v1", "AuthorizationPolicy", "authorizationpolicies", "Namespaced"),
    ("config.gatekeeper.sh", "v1", "Config", "configs", "Namespaced"),
    ("mutations.gatekeeper.sh", "v1", "Assign", "assign", "Cluster"),
)  # fmt: skip
"""Kinds of add-ons: their definitions are AKS' own, their objects are not."""

EVIL: dict[str, Any] = {"name": "c", "image": "example.com/c:1"}
PRIVILEGED = {"containers": [{**EVIL, "securityContext": {"privileged": True}}]}

AGENT = {
    "containers": [
        {
            "name": "c",
            "image": "mcr.microsoft.com/oss/cilium/cilium:1.17.0",
            "securityContext": {"privileged": True},
        }
    ]
}
BLOB = {
    "hostPID": True,
    "containers": [
        {
            "name": "c",
            "image": "mcr.microsoft.com/oss/v2/kubernetes-csi/blob-csi:v1.27.0",
            "command": ["sh", "-c", "evil"],
        }
    ],
}


def template(spec: dict[str, Any], restart: str | None = None) -> dict[str, Any]:
    restarts = {"restartPolicy": restart} if restart else {}
    return {"metadata": {"labels": {"a": "b"}}, "spec": {**spec, **restarts}}


def debugs(server: ApiServer) -> None:
    """Put a container into a running pod, as `kubectl debug` does."""
    path = "/api/v1/namespaces/kube-system/pods"
    server.apply(pod("web", "kube-system"))
    debugger = {"ephemeralContainers": [{"name": "debugger", "image": "busybox"}]}
    server.patch(f"{path}/web/ephemeralcontainers", {"spec": debugger}, "strategic-merge")


JOBS = "/apis/batch/v1/namespaces/azsec-benchmark/jobs"


def pod_of_the_benchmark(server: ApiServer, name: str, namespace: str) -> dict[str, Any]:
    """Return a pod of the declared job, as its controller makes it."""
    job = server.get(f"{JOBS}/kube-bench")
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": "kube-bench", "controller": True}
    body = thing("v1", "Pod", name, namespace, spec=job["spec"]["template"]["spec"])
    body["metadata"]["ownerReferences"] = [{**owner, "uid": job["metadata"]["uid"]}]
    return body


def benchmarks(server: ApiServer) -> None:
    server.apply(pod_of_the_benchmark(server, "kube-bench-x7k2p", "azsec-benchmark"))


def poses(server: ApiServer) -> None:
    """Make a privileged pod that names the declared job as its controller."""
    body = pod_of_the_benchmark(server, "pose", "kube-system")
    server.apply({**body, "spec": pod("pose", "kube-system", **PRIVILEGED)["spec"]})


def poses_elsewhere(server: ApiServer) -> None:
    """Make the very pod of the declared job in another namespace."""
    body = pod_of_the_benchmark(server, "pose", "kube-system")
    for name in ("serviceAccountName", "serviceAccount"):
        body["spec"][name] = "default"
    server.apply(body)


def poses_with_a_hook(server: ApiServer) -> None:
    body = pod_of_the_benchmark(server, "pose", "azsec-benchmark")
    hook = {"postStart": {"exec": {"command": ["sh", "-c", "evil"]}}}
    body["spec"]["containers"][0]["lifecycle"] = hook
    server.apply(body)


def forges_a_revision(server: ApiServer) -> None:
    """Make a pod that names a ReplicaSet of AKS' Deployment as its owner, by its name alone."""
    agent = "mcr.microsoft.com/oss/v2/kubernetes/apiserver-network-proxy/agent:v0.31.1"
    containers = [{"name": "c", "image": agent}]
    server.apply(
        workload_of("Deployment", "konnectivity-agent", "kube-system", {"containers": containers})
    )
    owner = owned_by("ReplicaSet", "konnectivity-agent-6c9f7", "11111111-2222-3333-4444-555555")
    spec = {"hostPID": True, "containers": containers}
    server.apply(thing("v1", "Pod", "forged", "kube-system", metadata=owner, spec=spec))


MANIPULATIONS = (
    adds(
        "cron-job-of-the-night",
        thing(
            "batch/v1", "CronJob", "night", "kube-system",
            spec={
                "schedule": "0 3 * * *",
                "jobTemplate": {"spec": {"template": template(PRIVILEGED, "Never")}},
            },
        ),
        "privileged",
    ),
    adds(
        "daemon-set-named-as-azures",
        workload_of("DaemonSet", "azure-npm", "kube-system", PRIVILEGED), "privileged",
    ),
    adds(
        "daemon-set-of-an-add-on-that-is-not-there",
        workload_of("DaemonSet", "csi-blob-node", "kube-system", BLOB), "hostPID",
    ),
    Case(
        "pod-of-a-forged-revision", "kube-system/Pod/forged", forges_a_revision,
        (
            "/api/v1/namespaces/kube-system/pods/forged",
            "/apis/apps/v1/namespaces/kube-system/deployments/konnectivity-agent",
        ),
        "hostPID", changes=False,
    ),
    adds("webhook-of-a-service-that-leads-elsewhere", IDENTITIES, "azure-wi-webhook",
         IDENTITY_SERVICE, identity_webhook("evil.example/webhook:1")),
    adds(
        "external-address-of-others",
        thing("v1", "Service", "mitm", "default",
              spec={"externalIPs": ["203.0.113.7"], "ports": [{"port": 5432}]}),
        "203.0.113.7",
    ),
    adds(
        "slice-of-the-system",
        thing(
            "discovery.k8s.io/v1", "EndpointSlice", "kube-dns-evil", "kube-system",
            addressType="IPv4",
            metadata={"labels": {"kubernetes.io/service-name": "kube-dns"}},
            endpoints=[{"addresses": ["203.0.113.9"]}],
        ),
        "203.0.113.9",
    ),
    adds(
        "cron-job-without-a-profile",
        thing(
            "batch/v1", "CronJob", "night", "kube-system",
            spec={
                "schedule": "0 3 * * *",
                "jobTemplate": {"spec": {"template": {
                    **template({"containers": [EVIL]}, "Never"),
                    "metadata": {"annotations": {
                        "container.apparmor.security.beta.kubernetes.io/c": "unconfined"}},
                }}},
            },
        ),
        "appArmorProfile Unconfined",
    ),
    adds("daemon-set", workload_of("DaemonSet", "d", "default", PRIVILEGED), "privileged"),
    adds(
        "deployment-of-none",
        workload_of("Deployment", "none", "kube-system", {"hostPID": True, "containers": [EVIL]}),
        "hostPID",
    ),
    adds(
        "init-container",
        pod("init", "kube-system", initContainers=[{**PRIVILEGED["containers"][0], "name": "i"}]),
        "privileged",
    ),
    Case(
        "ephemeral-container", "kube-system/Pod/web", debugs,
        ("/api/v1/namespaces/kube-system/pods/web",), "debugger", changes=False,
    ),
    adds(
        "host-process",
        pod(
            "win", "kube-system", hostNetwork=True,
            securityContext={"windowsOptions": {"hostProcess": True}},
        ),
        "hostProcess",
    ),
    # containerd takes a capability in any case; the standard baseline has few.
    *(
        adds(
            f"capability-{name}",
            pod("cap", "kube-system", container={
                "securityContext": {"capabilities": {"add": [name]}}}),
            name.upper(),
        )
        for name in ("sys_admin", "all", "SYSLOG", "SYS_TIME", "MAC_ADMIN", "SYS_RESOURCE")
    ),
    Case(
        "pod-that-poses-as-the-benchmarks", "kube-system/Pod/pose", poses,
        ("/api/v1/namespaces/kube-system/pods/pose",), "privileged", changes=False,
    ),
    Case(
        "pod-of-the-benchmark-elsewhere", "kube-system/Pod/pose", poses_elsewhere,
        ("/api/v1/namespaces/kube-system/pods/pose",), "hostPID", changes=False,
    ),
    Case(
        "pod-of-the-benchmark-with-a-hook", "azsec-benchmark/Pod/pose", poses_with_a_hook,
        ("/api/v1/namespaces/azsec-benchmark/pods/pose",), "hostPID", changes=False,
    ),
    adds(
        "super-privileged-type",
        pod("se", "kube-system", securityContext={"seLinuxOptions": {"type": "spc_t"}}),
        "spc_t",
    ),
    adds(
        "unconfined",
        pod("u", "kube-system", securityContext={"seccompProfile": {"type": "Unconfined"}}),
        "Unconfined",
    ),
    adds(
        "sysctl",
        pod("sys", "kube-system", securityContext={"sysctls": [{"name": "kernel.msgmax",
                                                               "value": "1"}]}),
        "kernel.msgmax",
    ),
    adds(
        "external-name",
        thing("v1", "Service", "pay", "billing",
              spec={"type": "ExternalName", "externalName": "evil.example.com"}),
        "evil.example.com",
    ),
    adds(
        "slice-elsewhere",
        thing(
            "discovery.k8s.io/v1", "EndpointSlice", "away", "billing", addressType="IPv4",
            metadata={"labels": {"kubernetes.io/service-name": "api"}},
            endpoints=[{"addresses": ["203.0.113.66"]}],
        ),
        "203.0.113.66",
    ),
    adds(
        "slice-that-poses-as-pods",
        thing(
            "discovery.k8s.io/v1", "EndpointSlice", "pose", "billing", addressType="IPv4",
            metadata={"labels": {"kubernetes.io/service-name": "api"}},
            endpoints=[{"addresses": ["168.63.129.16"],
                        "targetRef": {"kind": "Pod", "name": "p", "namespace": "billing"}}],
        ),
        "168.63.129.16",
    ),
    Case(
        "endpoints-elsewhere", "billing/Endpoints/api",
        lambda server: server.apply(
            thing("v1", "Endpoints", "api", "billing",
                  subsets=[{"addresses": [{"ip": "203.0.113.67"}], "ports": [{"port": 443}]}])
        ),
        ("/api/v1/namespaces/billing/endpoints/api",), "203.0.113.67", changes=False,
    ),
    adds(
        "priority",
        thing("scheduling.k8s.io/v1", "PriorityClass", "first", value=1000000000,
              globalDefault=True),
        "globalDefault",
    ),
    adds(
        "storage-class",
        thing("storage.k8s.io/v1", "StorageClass", "managed-csi", provisioner="evil.example.com"),
        "evil.example.com",
    ),
    adds(
        "driver-that-gets-tokens",
        thing("storage.k8s.io/v1", "CSIDriver", "evil.example.com",
              spec={"tokenRequests": [{"audience": "api://AzureADTokenExchange"}]}),
        "api://AzureADTokenExchange",
    ),
    adds(
        "ingress-class",
        thing("networking.k8s.io/v1", "IngressClass", "webapprouting.kubernetes.azure.com",
              spec={"controller": "evil.example.com/nginx"}),
        "evil.example.com/nginx",
    ),
    adds(
        "ingress-snippet",
        thing(
            "networking.k8s.io/v1", "Ingress", "i", "billing",
            metadata={"annotations": {
                "nginx.ingress.kubernetes.io/configuration-snippet": "return 200;"}},
            spec={"defaultBackend": {"service": {"name": "s", "port": {"number": 80}}}},
        ),
        "configuration-snippet",
    ),
    adds(
        "signs-certificates",
        role("s", None, "certificates.k8s.io", "signers", "approve"), "approves certificates",
    ),
    adds(
        "impersonates-with-extras",
        role("x", None, "authentication.k8s.io", "userextras", "impersonate"), "impersonates",
    ),
    adds("writes-slices", role("w", "billing", "discovery.k8s.io", "endpointslices", "patch"),
         "redirects the traffic of services"),
    adds("wildcard-verbs", role("v", None, "", "secrets", "*"), "reads secrets"),
    adds("wildcard-subresource", role("sub", None, "", "*/exec", "create"), "runs commands"),
    adds(
        "every-account-of-a-namespace",
        binding("accounts", None, "edit", [
            {"kind": "Group", "apiGroup": RBAC, "name": "system:serviceaccounts:billing"}]),
        "system:serviceaccounts:billing",
    ),
    adds(
        "account-of-another-namespace",
        binding("other", "billing", "view", [
            {"kind": "ServiceAccount", "name": "default", "namespace": "default"}]),
        "service account default of default",
    ),
    adds(
        "everybody",
        binding("everybody", "billing", "view", [
            {"kind": "Group", "apiGroup": RBAC, "name": "system:authenticated"}]),
        "system:authenticated",
    ),
    Case(
        "gateway", "billing/Gateway/g",
        lambda server: server.apply(
            thing("gateway.networking.k8s.io/v1", "Gateway", "g", "billing", spec={})
        ),
        ("/apis/gateway.networking.k8s.io/v1/namespaces/billing/gateways/g",), changes=False,
    ),
    adds(
        "reference-grant",
        thing("gateway.networking.k8s.io/v1", "ReferenceGrant", "r", "billing",
              spec={"from": [{"kind": "Gateway", "namespace": "default"}],
                    "to": [{"kind": "Secret"}]}),
        "Gateway in default",
    ),
    adds("local-redirect",
         thing("cilium.io/v2", "CiliumLocalRedirectPolicy", "l", "billing", spec={})),
    adds("egress-gateway", thing("cilium.io/v2", "CiliumEgressGatewayPolicy", "e", spec={})),
    adds("calico", thing("crd.projectcalico.org/v1", "GlobalNetworkPolicy", "all", spec={})),
    adds("envoy-filter", thing("networking.istio.io/v1", "EnvoyFilter", "f", "billing", spec={})),
    adds("mesh-policy",
         thing("security.istio.io/v1", "AuthorizationPolicy", "a", "billing", spec={})),
    adds("gatekeeper-exempts",
         thing("config.gatekeeper.sh/v1", "Config", "config", "gatekeeper-system", spec={})),
    Case(
        "gatekeeper-mutates", "Assign/m",
        lambda server: server.apply(thing("mutations.gatekeeper.sh/v1", "Assign", "m", spec={})),
        ("/apis/mutations.gatekeeper.sh/v1/assign/m",), changes=False,
    ),
)  # fmt: skip

HARMLESS = (
    adds(
        "slice-of-pods",
        thing(
            "discovery.k8s.io/v1", "EndpointSlice", "own", "billing", addressType="IPv4",
            metadata={"labels": {
                "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
                "kubernetes.io/service-name": "own",
            }},
            endpoints=[{"addresses": ["10.0.0.7"], "targetRef": {"kind": "Pod", "name": "p"}}],
        ),
        "",
        thing("v1", "Service", "own", "billing",
              spec={"selector": {"a": "b"}, "ports": [{"port": 443}]}),
    ),
    adds("ingress", thing(
        "networking.k8s.io/v1", "Ingress", "i", "billing",
        spec={"defaultBackend": {"service": {"name": "s", "port": {"number": 80}}}},
    )),
    adds("aks-storage-class",
         thing("storage.k8s.io/v1", "StorageClass", "managed-csi",
               provisioner="disk.csi.azure.com")),
    adds("aks-driver", thing("storage.k8s.io/v1", "CSIDriver", "disk.csi.azure.com", spec={})),
    adds("aks-ingress-class",
         thing("networking.k8s.io/v1", "IngressClass", "azure-alb-external",
               spec={"controller": "alb.networking.azure.io/alb-controller"})),
    adds("aks-daemon-set", workload_of("DaemonSet", "cilium", "kube-system", AGENT)),
    Case(
        "pod-of-the-benchmark", "", benchmarks,
        ("/api/v1/namespaces/azsec-benchmark/pods/kube-bench-x7k2p",), changes=False,
    ),
    adds("aks-definition",
         custom_resource("approuting.kubernetes.azure.com", "v1", "Nic", "nics", "Cluster")),
    adds("job", thing(
        "batch/v1", "Job", "j", "billing",
        spec={"template": {"spec": {"restartPolicy": "Never", "containers": [EVIL]}}},
    )),
)  # fmt: skip


@pytest.fixture(scope="module")
def extended(applied: Applied) -> Applied:
    """The environment, in a cluster with the kinds of add-ons."""
    server = applied.bench.server
    server.apply(*(custom_resource(*row) for row in _CUSTOM))
    for group, version, _, plural, _ in _CUSTOM:
        server.wait_for(f"/apis/{group}/{version}/{plural}")
    for name in ("gatekeeper-system",):
        server.apply(thing("v1", "Namespace", name))
    return applied


@pytest.mark.parametrize("case", MANIPULATIONS, ids=lambda case: case.id)
def test_what_adds_up_is_named(extended: Applied, case: Case) -> None:
    with extended.after(case) as found:
        told = told_by(found)
        assert list(told) == [case.names]
        assert case.says in told[case.names]
        seen = told_by(extended.observed_drift())
        assert list(seen) == [case.names]
        assert case.says in seen[case.names]


@pytest.mark.parametrize("case", HARMLESS, ids=lambda case: case.id)
def test_what_adds_nothing_is_silent(extended: Applied, case: Case) -> None:
    with extended.after(case) as found:
        assert not found.found
        assert found.is_certain
        assert not extended.observed_drift().found


def test_a_definition_is_named(extended: Applied) -> None:
    body = custom_resource("evil.example.com", "v1", "Evil", "evils", "Cluster")
    case = adds("definition", body, "evil.example.com")
    with extended.after(case) as found:
        assert list(told_by(found)) == [case.names]
        assert list(told_by(extended.observed_drift())) == [case.names]
    # A definition goes once its objects have gone.
    while extended.bench.server.request("GET", case.undoes[0]).ok:
        time.sleep(0.1)
