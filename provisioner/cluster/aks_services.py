"""Services of AKS that the API server calls: backends of webhooks and of aggregated APIs.

Whoever may write services in kube-system can give one the name of AKS' own, with pods of their own
behind it. So a webhook or a part of the API is AKS' only where the cluster has the add-on that
brings it, and where workloads with AKS' images stand behind its service, and no others. A pod
without a workload that has the same labels is not told from them.

Sources: microsoft/azure-container-apps#993 (aks-webhook-admission-controller is asked at
https://localhost:8443, beside the API server), Azure/AKS#4139 (azure-wi-webhook-webhook-service of
kube-system), Azure/AKS#1837 (gatekeeper-webhook-service of gatekeeper-system), learn.microsoft.com,
"Troubleshoot Azure Policy add-on" (names), "Istio-based service mesh add-on" (istiod-asm-REVISION
of aks-istio-system), `kubectl get services` of an AKS cluster (azure-policy-webhook-service of
kube-system).

Called by `aks_objects`.
"""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from provisioner.catalog.aks_add_ons import AddOn
from provisioner.cluster.aks_workloads import has_only
from provisioner.cluster.objects import Object, key_of
from provisioner.cluster.pods import pod_labels_of, pod_spec_of

_LOCAL = "https://localhost:"
"""A webhook beside the API server, on its own machine: in AKS nobody else gets a process there."""

_MESH = "aks-istio-system/istiod-asm-*"
_POLICY = "kube-system/azure-policy-webhook-service"
_GATEKEEPER = "gatekeeper-system/gatekeeper-webhook-service"
_IDENTITY = "kube-system/azure-wi-webhook-webhook-service"
_KEDA = "kube-system/keda-operator-metrics-apiserver"
_METRICS = "kube-system/metrics-server"

_WEBHOOKS: Mapping[str, tuple[AddOn | None, str]] = {
    "aks-node-mutating-webhook": (None, _LOCAL),
    "aks-node-validating-webhook": (None, _LOCAL),
    "aks-webhook-admission-controller": (None, _LOCAL),
    "azure-policy-mutating-webhook-configuration": (AddOn.POLICY, _POLICY),
    "azure-policy-validating-webhook-configuration": (AddOn.POLICY, _POLICY),
    "azure-service-mesh-ccp-mutator-webhook": (AddOn.MESH, _MESH),
    "azure-service-mesh-ccp-validating-webhook": (AddOn.MESH, _MESH),
    "azure-wi-webhook-mutating-webhook-configuration": (AddOn.WORKLOAD_IDENTITY, _IDENTITY),
    "gatekeeper-mutating-webhook-configuration": (AddOn.POLICY, _GATEKEEPER),
    "gatekeeper-validating-webhook-configuration": (AddOn.POLICY, _GATEKEEPER),
}
"""Webhook configurations, each with the part of AKS that brings it (None: every cluster has it) and
the service (NAMESPACE/NAME) that it asks; what runs in AKS' control plane may be asked beside the
API server, too."""

_API_SERVICES: Mapping[str, tuple[AddOn | None, str]] = {
    "v1beta1.external.metrics.k8s.io": (AddOn.KEDA, _KEDA),
    "v1beta1.metrics.k8s.io": (None, _METRICS),
}
"""API services, likewise (the metrics server; learn.microsoft.com, "KEDA add-on")."""

_BACKENDS: Mapping[str, tuple[str, ...]] = {
    _GATEKEEPER: ("mcr.microsoft.com/oss/*gatekeeper*",),
    _IDENTITY: ("mcr.microsoft.com/oss/*workload-identity/webhook",),
    _KEDA: ("mcr.microsoft.com/oss/*kedacore/*",),
    _MESH: ("mcr.microsoft.com/oss/*istio/*",),
    _METRICS: ("mcr.microsoft.com/oss/*",),
    _POLICY: ("mcr.microsoft.com/azure-policy/*",),
}
"""The services of AKS that the API server calls, each with the repositories of the images behind it
(Azure/aks-engine, parts/k8s and vhdbuilder: azure-policy, open-policy-agent; the tables of images
above; learn.microsoft.com, "KEDA add-on", "Istio-based service mesh add-on")."""


def find_backed(bodies: tuple[Object, ...]) -> frozenset[str]:
    """Return the services of AKS, by NAMESPACE/NAME, whose backends are workloads of AKS alone.

    At least one workload of its namespace has the labels that it selects, and each that has them
    runs AKS' images. `bodies` are the services of a cluster, and its DaemonSets, Deployments and
    StatefulSets.
    """
    return frozenset(_backed_services(bodies))


def _backed_services(bodies: tuple[Object, ...]) -> Iterator[str]:
    for body in bodies:
        key = key_of(body)
        name = f"{key.namespace}/{key.name}"
        known = next((images for n, images in _BACKENDS.items() if fnmatchcase(name, n)), None)
        spec = body.get("spec") or {}
        selector = spec.get("selector")
        # No service of AKS has an external IP, which would take traffic of other destinations
        # (CVE-2020-8554).
        if key.kind != "Service" or known is None or not selector or spec.get("externalIPs"):
            continue
        behind = [
            other
            for other in bodies
            if other["kind"] in ("DaemonSet", "Deployment", "StatefulSet")
            and key_of(other).namespace == key.namespace
            and selector.items() <= pod_labels_of(other).items()
        ]
        # One workload of somebody else's with the same labels gets a part of the requests.
        if behind and all(has_only(pod_spec_of(other), known) for other in behind):
            yield name


def is_webhook(body: Object, add_ons: frozenset[AddOn], backed: frozenset[str]) -> bool:
    """Return whether a webhook configuration is AKS' in a cluster with some add-ons.

    It is where it calls the service that AKS' does, and that is one of `backed`.
    """
    add_on, known = _WEBHOOKS.get(str(body["metadata"]["name"]), (None, ""))
    clients = (hook.get("clientConfig") or {} for hook in body.get("webhooks") or ())
    is_there = bool(known) and (add_on is None or add_on in add_ons)
    return is_there and all(_calls_aks(client, known, backed) for client in clients)


def _calls_aks(client: Mapping[str, Any], known: str, backed: frozenset[str]) -> bool:
    if client.get("url"):
        return known in (_LOCAL, _MESH) and str(client["url"]).startswith(_LOCAL)
    return _is_backed_service(client.get("service"), known, backed)


def _is_backed_service(
    reference: Mapping[str, Any] | None, known: str, backed: frozenset[str]
) -> bool:
    service = reference or {}
    name = f"{service.get('namespace')}/{service.get('name')}"
    return fnmatchcase(name, known) and name in backed


def is_api_service(body: Object, add_ons: frozenset[AddOn], backed: frozenset[str]) -> bool:
    """Return whether a part of the API is answered for by AKS, as `is_webhook` does."""
    add_on, known = _API_SERVICES.get(str(body["metadata"]["name"]), (None, ""))
    spec = body.get("spec") or {}
    # The metrics server signs its certificate itself, and is called unverified in its manifest
    # (kubernetes/kubernetes, cluster/addons/metrics-server/metrics-apiservice.yaml).
    if spec.get("insecureSkipTLSVerify") and known != _METRICS:
        return False
    is_there = bool(known) and (add_on is None or add_on in add_ons)
    return is_there and _is_backed_service(spec.get("service"), known, backed)
