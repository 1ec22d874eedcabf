"""What AKS and its add-ons put into a cluster, known by what others cannot give theirs.

A name alone would be a hiding place. So the object of a known name is AKS' only where what it does
is AKS', too: whom a webhook asks, whom a binding is for, what a role allows, which images a pod
runs. Everything else is reported, and `kubernetes.accepted` is the way out.

Sources: `kubectl get` of AKS clusters in public repositories (henrywhitaker3/argo-zombies, bundle
for AKS: names); the webhooks: microsoft/azure-container-apps#993 (aks-webhook-admission-controller
is asked at https://localhost:8443, beside the API server), Azure/AKS#4139
(azure-wi-webhook-webhook-service of kube-system), Azure/AKS#1837 (gatekeeper-webhook-service of
gatekeeper-system), learn.microsoft.com, "Troubleshoot Azure Policy add-on" (names), "Istio-based
service mesh add-on" (istiod-asm-REVISION of aks-istio-system), `kubectl get services` of an AKS
cluster (azure-policy-webhook-service of kube-system); `kubectl get runtimeclass` of AKS clusters in
public repositories (VijayRod/demo; learn.microsoft.com, "Pod Sandboxing" and "Confidential
Containers": names and handlers); `kubectl get secrets -A` of one (bootstrap-token-0f44ke, as old as
the cluster; Azure/AgentBaker, TLS bootstrapping).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from provisioner.blueprint.kubernetes import EXTENSION_NAMESPACES, SYSTEM_NAMESPACES
from provisioner.cluster.added_values import BOOTSTRAP_TOKEN
from provisioner.cluster.aks_access import is_binding, is_role
from provisioner.cluster.aks_workloads import (
    Controllers,
    find_controllers,
    is_pod,
    is_replica_set,
    is_workload,
)
from provisioner.cluster.objects import Key, Object
from provisioner.cluster.permissions import Roles

_SYSTEM = "kube-system"
_OWN_NAMESPACES = frozenset({*SYSTEM_NAMESPACES, *EXTENSION_NAMESPACES})

_LOCAL = "https://localhost:"
"""A webhook beside the API server, on its own machine: in AKS nobody else gets a process there."""

_MESH = "aks-istio-system/istiod-asm-*"
_POLICY = "kube-system/azure-policy-webhook-service"
_GATEKEEPER = "gatekeeper-system/gatekeeper-webhook-service"

_WEBHOOKS: Mapping[str, str] = {
    "aks-node-mutating-webhook": _LOCAL,
    "aks-node-validating-webhook": _LOCAL,
    "aks-webhook-admission-controller": _LOCAL,
    "azure-policy-mutating-webhook-configuration": _POLICY,
    "azure-policy-validating-webhook-configuration": _POLICY,
    "azure-service-mesh-ccp-mutator-webhook": _MESH,
    "azure-service-mesh-ccp-validating-webhook": _MESH,
    "azure-wi-webhook-mutating-webhook-configuration": (
        "kube-system/azure-wi-webhook-webhook-service"
    ),
    "gatekeeper-mutating-webhook-configuration": _GATEKEEPER,
    "gatekeeper-validating-webhook-configuration": _GATEKEEPER,
}
"""Webhook configurations, each with the service (NAMESPACE/NAME) that it asks; what runs in AKS'
control plane may be asked beside the API server, too."""

_API_SERVICES: Mapping[str, str] = {
    "v1beta1.external.metrics.k8s.io": "kube-system/keda-operator-metrics-apiserver",
    "v1beta1.metrics.k8s.io": "kube-system/metrics-server",
}
"""API services, each with its service (the metrics server; learn.microsoft.com, "KEDA add-on")."""

_STORAGE_CLASSES = frozenset({
    "azureblob-fuse-premium", "azureblob-nfs-premium", "azurefile", "azurefile-csi",
    "azurefile-csi-premium", "azurefile-premium", "default", "managed", "managed-csi",
    "managed-csi-premium", "managed-premium",
})  # fmt: skip
_STORAGE_PARAMETERS = frozenset({
    "cachingmode", "kind", "protocol", "skuname", "storageaccounttype", "useragent",
})  # fmt: skip
"""In small letters, what AKS' classes state: not an account or a server, which would lead volumes
to a storage account of somebody's own (azurefile-csi-driver, "Driver parameters")."""

_DRIVERS = ("disk.csi.azure.com", "file.csi.azure.com", "blob.csi.azure.com")
"""The drivers of AKS, whose storage classes these are (learn.microsoft.com, "Storage options for
applications in AKS": storage classes; "CSI drivers on AKS")."""

_MORE_DRIVERS = (*_DRIVERS, "secrets-store.csi.k8s.io")
_ENTRA = "api://AzureADTokenExchange"
"""The audience of the tokens that AKS' drivers request for pods (learn.microsoft.com, "Workload
identity")."""

_INGRESS_CONTROLLERS = {
    "azure-alb-external": "alb.networking.azure.io/alb-controller",
    "azure-application-gateway": "azure/application-gateway",
    "webapprouting.kubernetes.azure.com": "webapprouting.kubernetes.azure.com/nginx",
}
"""The ingress classes of the add-ons for application routing and Application Gateway, and of
Application Gateway for Containers, each with its controller (pages of learn.microsoft.com)."""

_API_GROUPS = (
    "autoscaling.k8s.io", "azmon.container.insights", "azmonitoring.coreos.com", "azure.com",
    "azure.io", "cilium.io", "crd.projectcalico.org", "dapr.io", "fluxcd.io", "gatekeeper.sh",
    "gateway.networking.k8s.io", "istio.io", "kaito.sh", "karpenter.sh", "keda.sh",
    "operator.tigera.io", "policy.networking.k8s.io", "retina.sh", "secrets-store.csi.x-k8s.io",
    "snapshot.storage.k8s.io",
)  # fmt: skip
"""The groups, and what they end with, of the custom resources of AKS, its add-ons and extensions
(`kubectl get crd` of clusters in public repositories; the pages of the add-ons)."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What objects of AKS are held against: the object ids of the cluster's groups of
    administrators in small letters, the workloads of AKS that stand in the cluster, its roles, and
    when it was made (None: not known)."""

    administrators: frozenset[str]
    controllers: Controllers
    roles: Roles
    made: datetime | None


def survey(administrators: frozenset[str], bodies: Iterable[Object], roles: Roles) -> Surroundings:
    """Return the surroundings in a cluster with these roles, DaemonSets, Deployments and
    namespaces."""
    known = tuple(bodies)
    system = next((b for b in known if (b["kind"], b["metadata"]["name"]) == _BIRTH), None)
    workloads = [body for body in known if body["kind"] != "Namespace"]
    made = None if system is None else _made(system)
    return Surroundings(administrators, find_controllers(workloads), roles, made)


_BIRTH = ("Namespace", "kube-system")
_FIRST = timedelta(hours=1)


def _made(body: Object) -> datetime | None:
    """Return when an object was made: the API server writes that, whatever a client states."""
    try:
        return datetime.fromisoformat(str(body["metadata"].get("creationTimestamp")))
    except ValueError:
        return None


def _is_bootstrap_token(_key: Key, body: Object, around: Surroundings) -> bool:
    """Tell whether a secret is the bootstrap token that AKS makes with a cluster, for its nodes.

    Its name is random and its content is not read. So it is AKS' where AKS' workloads stand, and it
    is as old as the cluster: one that somebody makes later is not.
    """
    made = _made(body)
    if body.get("type") != BOOTSTRAP_TOKEN or made is None or around.made is None:
        return False
    is_first = abs(made - around.made) <= _FIRST
    return bool(around.controllers.daemon_sets) and is_first


_HANDLERS = {
    "kata-cc-isolation": "kata-cc",
    "kata-mshv-vm-isolation": "kata",
    "kata-vm-isolation": "kata",
    "runc": "runc",
}
"""Runtime classes, each with its handler: another one under the name isolates nothing."""


def _is_runtime_class(key: Key, body: Object, _around: Surroundings) -> bool:
    return key.name in _HANDLERS and body.get("handler") == _HANDLERS[key.name]


def is_of_aks(key: Key, body: Object, around: Surroundings) -> bool:
    """Tell whether an object is one that AKS or an add-on puts into clusters, as they put it."""
    judge = _JUDGES.get(key.kind)
    return judge is not None and judge(key, body, around)


def _is_webhook(key: Key, body: Object, _around: Surroundings) -> bool:
    known = _WEBHOOKS.get(key.name)
    hooks = body.get("webhooks") or ()
    return known is not None and all(_asks(hook.get("clientConfig") or {}, known) for hook in hooks)


def _asks(client: Mapping[str, Any], known: str) -> bool:
    if client.get("url"):
        return known in (_LOCAL, _MESH) and str(client["url"]).startswith(_LOCAL)
    return _is_service(client.get("service"), known)


def _is_service(reference: Mapping[str, Any] | None, known: str) -> bool:
    service = reference or {}
    return fnmatchcase(f"{service.get('namespace')}/{service.get('name')}", known)


def _is_api_service(key: Key, body: Object, _around: Surroundings) -> bool:
    known = _API_SERVICES.get(key.name)
    return known is not None and _is_service((body.get("spec") or {}).get("service"), known)


def _is_storage_class(key: Key, body: Object, _around: Surroundings) -> bool:
    provisioner = str(body.get("provisioner")).replace("kubernetes.io/azure-", "")
    known = {*_DRIVERS, "disk", "file"}
    stated = {str(name).lower() for name in body.get("parameters") or ()}
    return (
        key.name in _STORAGE_CLASSES
        and provisioner in known
        and stated <= _STORAGE_PARAMETERS
        and (key.name == "default" or not _is_default(body, "storageclass"))
    )


def _is_default(body: Object, kind: str) -> bool:
    noted = (body.get("metadata") or {}).get("annotations") or {}
    return noted.get(f"{kind}.kubernetes.io/is-default-class") == "true"


def _is_driver(key: Key, body: Object, _around: Surroundings) -> bool:
    requested = (body.get("spec") or {}).get("tokenRequests") or ()
    return key.name in _MORE_DRIVERS and all(e.get("audience") == _ENTRA for e in requested)


def _is_ingress_class(key: Key, body: Object, _around: Surroundings) -> bool:
    known = _INGRESS_CONTROLLERS.get(key.name)
    stated = (body.get("spec") or {}).get("controller")
    return known is not None and stated == known and not _is_default(body, "ingressclass")


def _is_definition(_key: Key, body: Object, _around: Surroundings) -> bool:
    spec = body.get("spec") or {}
    group = str(spec.get("group"))
    webhook = (spec.get("conversion") or {}).get("webhook") or {}
    service = (webhook.get("clientConfig") or {}).get("service") or {}
    if webhook and service.get("namespace") not in _OWN_NAMESPACES:
        return False
    return any(group == known or group.endswith(f".{known}") for known in _API_GROUPS)


_JUDGES: Mapping[str, Callable[[Key, Object, Surroundings], bool]] = {
    "ClusterRoleBinding": lambda key, body, around: is_binding(
        key, body, around.administrators, around.roles
    ),
    "RoleBinding": lambda key, body, around: is_binding(
        key, body, around.administrators, around.roles
    ),
    "ClusterRole": lambda _key, body, _around: is_role(body),
    "MutatingWebhookConfiguration": _is_webhook,
    "ValidatingWebhookConfiguration": _is_webhook,
    "APIService": _is_api_service,
    "StorageClass": _is_storage_class,
    "CSIDriver": _is_driver,
    "RuntimeClass": _is_runtime_class,
    "Secret": _is_bootstrap_token,
    "IngressClass": _is_ingress_class,
    "CustomResourceDefinition": _is_definition,
    "DaemonSet": lambda _key, body, _around: is_workload(body),
    "Deployment": lambda _key, body, _around: is_workload(body),
    "ReplicaSet": lambda _key, body, around: is_replica_set(body, around.controllers),
    "Pod": lambda _key, body, around: is_pod(body, around.controllers),
}
