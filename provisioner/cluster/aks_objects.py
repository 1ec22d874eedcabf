"""Objects that AKS and its add-ons create in a cluster, recognized by name and by effect.

A name alone would be a hiding place. So the object of a known name is AKS' only where what it does
is AKS', too: whom a webhook asks, whom a binding is for, what a role allows, which images a pod
runs. Everything else is reported, and `kubernetes.accepted` is the way out.

Sources: `kubectl get` of AKS clusters in public repositories (henrywhitaker3/argo-zombies, bundle
for AKS: names); `kubectl get runtimeclass` of AKS clusters in public repositories (VijayRod/demo;
learn.microsoft.com, "Pod Sandboxing" and "Confidential Containers": names and handlers); `kubectl
get secrets -A` of one (bootstrap-token-0f44ke, as old as the cluster; Azure/AgentBaker, TLS
bootstrapping).

Called by `undeclared_objects`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from provisioner.blueprint.kubernetes import EXTENSION_NAMESPACES
from provisioner.catalog.aks_add_ons import ADD_ON_NAMESPACES, AddOn
from provisioner.cluster.added_values import BOOTSTRAP_TOKEN
from provisioner.cluster.aks_access import is_binding, is_role
from provisioner.cluster.aks_services import find_backed, is_api_service, is_webhook
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

_CSI_DRIVERS: Mapping[str, AddOn | None] = {
    "disk.csi.azure.com": None,
    "file.csi.azure.com": None,
    "blob.csi.azure.com": AddOn.BLOB_DRIVER,
    "secrets-store.csi.k8s.io": AddOn.SECRETS_STORE,
}
"""Those for disks and files are on by default, and their objects may outlive them."""

_ENTRA = "api://AzureADTokenExchange"
"""The audience of the tokens that AKS' drivers request for pods (learn.microsoft.com, "Workload
identity")."""

_INGRESS_CONTROLLERS: Mapping[str, tuple[AddOn | None, str]] = {
    "azure-alb-external": (None, "alb.networking.azure.io/alb-controller"),
    "azure-application-gateway": (AddOn.APPLICATION_GATEWAY, "azure/application-gateway"),
    "webapprouting.kubernetes.azure.com": (
        AddOn.APP_ROUTING,
        "webapprouting.kubernetes.azure.com/nginx",
    ),
}
"""The ingress classes of the add-ons for application routing and Application Gateway, and of
Application Gateway for Containers (which is installed by its chart), each with its controller
(pages of learn.microsoft.com)."""

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
class AksContext:
    """Facts of a cluster that objects of AKS are verified against.

    They are the object ids of the cluster's groups of administrators in small letters, what it has
    of AKS, the workloads of AKS in it, the services of AKS that AKS' own images alone are behind,
    its roles, and when it was made (None: not known).
    """

    administrators: frozenset[str]
    add_ons: frozenset[AddOn]
    controllers: Controllers
    backed: frozenset[str]
    roles: Roles
    made: datetime | None

    def has(self, add_on: AddOn | None) -> bool:
        """Return whether the cluster has a part of AKS; None stands for what each of them has."""
        return add_on is None or add_on in self.add_ons


CONTEXT_KINDS = ("DaemonSet", "Deployment", "Namespace", "ReplicaSet", "Service", "StatefulSet")
"""The kinds that `read_aks_context` looks at."""


def read_aks_context(
    administrators: frozenset[str],
    add_ons: frozenset[AddOn],
    bodies: Iterable[Object],
    roles: Roles,
) -> AksContext:
    """Return the facts of a cluster with add-ons, roles, and objects of `CONTEXT_KINDS`."""
    known = tuple(bodies)
    system = next(
        (b for b in known if (b["kind"], b["metadata"]["name"]) == _FIRST_NAMESPACE), None
    )
    return AksContext(
        administrators,
        add_ons,
        find_controllers(known, add_ons),
        find_backed(known),
        roles,
        None if system is None else _creation_time(system),
    )


_FIRST_NAMESPACE = ("Namespace", "kube-system")
_CREATION_MARGIN = timedelta(hours=1)


def _creation_time(body: Object) -> datetime | None:
    """Return when an object was made: the API server writes that, whatever a client states."""
    try:
        return datetime.fromisoformat(str(body["metadata"].get("creationTimestamp")))
    except ValueError:
        return None


def _is_bootstrap_token(_key: Key, body: Object, context: AksContext) -> bool:
    """Return whether a secret is the bootstrap token that AKS makes with a cluster, for its nodes.

    Its name is random and its content is not read. So it is AKS' where AKS' workloads stand, and it
    is as old as the cluster: one that somebody makes later is not.
    """
    made = _creation_time(body)
    if body.get("type") != BOOTSTRAP_TOKEN or made is None or context.made is None:
        return False
    is_first = abs(made - context.made) <= _CREATION_MARGIN
    return context.controllers.has_daemon_sets and is_first


_HANDLERS = {
    "kata-cc-isolation": "kata-cc",
    "kata-mshv-vm-isolation": "kata",
    "kata-vm-isolation": "kata",
    "runc": "runc",
}
"""Runtime classes, each with its handler: another one under the name isolates nothing."""


def _is_runtime_class(key: Key, body: Object, _around: AksContext) -> bool:
    return key.name in _HANDLERS and body.get("handler") == _HANDLERS[key.name]


def is_of_aks(key: Key, body: Object, context: AksContext) -> bool:
    """Return whether an object is one that AKS or an add-on puts into clusters, as they put it."""
    recognize = _RECOGNIZERS.get(key.kind)
    return recognize is not None and recognize(key, body, context)


def _is_storage_class(key: Key, body: Object, _around: AksContext) -> bool:
    provisioner = str(body.get("provisioner")).replace("kubernetes.io/azure-", "")
    known = {*_DRIVERS, "disk", "file"}
    stated = {str(name).lower() for name in body.get("parameters") or ()}
    return (
        key.name in _STORAGE_CLASSES
        and provisioner in known
        and stated <= _STORAGE_PARAMETERS
        # AKS makes `default` the default class: another default decides where volumes without a
        # class are made.
        and (key.name == "default" or not _is_default(body, "storageclass"))
    )


def _is_default(body: Object, kind: str) -> bool:
    noted = (body.get("metadata") or {}).get("annotations") or {}
    return noted.get(f"{kind}.kubernetes.io/is-default-class") == "true"


def _is_aks_driver(key: Key, body: Object, context: AksContext) -> bool:
    requested = (body.get("spec") or {}).get("tokenRequests") or ()
    if key.name not in _CSI_DRIVERS or not context.has(_CSI_DRIVERS[key.name]):
        return False
    return all(each.get("audience") == _ENTRA for each in requested)


def _is_ingress_class(key: Key, body: Object, context: AksContext) -> bool:
    add_on, known = _INGRESS_CONTROLLERS.get(key.name, (None, ""))
    if (body.get("spec") or {}).get("controller") != known or not known:
        return False
    return context.has(add_on) and not _is_default(body, "ingressclass")


def _is_add_on_namespace(key: Key, _body: Object, context: AksContext) -> bool:
    return key.name in ADD_ON_NAMESPACES and context.has(ADD_ON_NAMESPACES[key.name])


def _is_aks_definition(_key: Key, body: Object, context: AksContext) -> bool:
    spec = body.get("spec") or {}
    group = str(spec.get("group"))
    webhook = (spec.get("conversion") or {}).get("webhook") or {}
    service = (webhook.get("clientConfig") or {}).get("service") or {}
    # A conversion webhook sees and rewrites every object of its kind.
    if webhook and not _is_own_namespace(str(service.get("namespace")), context):
        return False
    return any(group == known or group.endswith(f".{known}") for known in _API_GROUPS)


def _is_own_namespace(name: str, context: AksContext) -> bool:
    """Return whether nothing but Kubernetes, and what the cluster has of AKS, fills a namespace."""
    if name in EXTENSION_NAMESPACES:
        return context.has(AddOn.EXTENSIONS)
    return name == _SYSTEM or (name in ADD_ON_NAMESPACES and context.has(ADD_ON_NAMESPACES[name]))


_RECOGNIZERS: Mapping[str, Callable[[Key, Object, AksContext], bool]] = {
    "ClusterRoleBinding": lambda key, body, context: is_binding(
        key, body, context.administrators, context.roles, context.add_ons
    ),
    "RoleBinding": lambda key, body, context: is_binding(
        key, body, context.administrators, context.roles, context.add_ons
    ),
    "ClusterRole": lambda _key, body, context: is_role(body, context.add_ons),
    **dict.fromkeys(
        ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"),
        lambda _key, body, context: is_webhook(body, context.add_ons, context.backed),
    ),
    "APIService": lambda _key, body, context: is_api_service(body, context.add_ons, context.backed),
    "StorageClass": _is_storage_class,
    "CSIDriver": _is_aks_driver,
    "RuntimeClass": _is_runtime_class,
    "Secret": _is_bootstrap_token,
    "IngressClass": _is_ingress_class,
    "Namespace": _is_add_on_namespace,
    "CustomResourceDefinition": _is_aks_definition,
    "DaemonSet": lambda _key, body, context: is_workload(body, context.add_ons),
    "Deployment": lambda _key, body, context: is_workload(body, context.add_ons),
    "ReplicaSet": lambda _key, body, context: is_replica_set(body, context.controllers),
    "Pod": lambda _key, body, context: is_pod(body, context.controllers),
}
