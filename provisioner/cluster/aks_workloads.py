"""The DaemonSets and Deployments of AKS, and their pods: known by images and by controllers.

Whoever may create pods in kube-system can name one as AKS names its own, and can name AKS'
DaemonSet as its owner. So a workload is AKS' only in kube-system, by its name, with the images that
are made for it (mcr.microsoft.com: Microsoft alone publishes there); a pod only with the UID of
such a DaemonSet, or of a ReplicaSet of such a Deployment, and with images of it. What is left is
that somebody changes AKS' own DaemonSet and keeps its images: AKS puts that back within minutes
(learn.microsoft.com, "Support policies for AKS": managed resources are reconciled).

Sources: `kubectl drain` of AKS nodes and learn.microsoft.com, "Core AKS concepts" (names);
Azure/AgentBaker, parts/common/components.json (the images that are cached on every node);
learn.microsoft.com, the pages of the add-ons (Key Vault provider, Defender, Container insights,
Network Observability).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from provisioner.cluster.objects import Object, key_of
from provisioner.cluster.pods import pod_spec_of

_NAMESPACE = "kube-system"
_CSI = (
    "mcr.microsoft.com/oss/*/csi-node-driver-registrar",
    "mcr.microsoft.com/oss/*/livenessprobe",
)
_MONITOR = ("mcr.microsoft.com/azuremonitor/*", "mcr.microsoft.com/aks/*/addon-token-adapter*")
_DEFENDER = ("mcr.microsoft.com/azuredefender/*",)
_NETWORK = "mcr.microsoft.com/containernetworking/*"

_IMAGES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("DaemonSet", "ama-logs"): _MONITOR,
    ("DaemonSet", "ama-logs-windows"): _MONITOR,
    ("DaemonSet", "ama-metrics-node"): _MONITOR,
    ("DaemonSet", "aks-secrets-store-csi-driver"): (
        "mcr.microsoft.com/oss/*/secrets-store/driver", *_CSI,
    ),
    ("DaemonSet", "aks-secrets-store-provider-azure"): (
        "mcr.microsoft.com/oss/*/secrets-store/provider-azure",
    ),
    ("DaemonSet", "azure-cns"): (_NETWORK, "mcr.microsoft.com/oss/cilium/*"),
    ("DaemonSet", "azure-ip-masq-agent"): (
        "mcr.microsoft.com/oss/*/ip-masq-agent*", "mcr.microsoft.com/aks/*ip-masq-*",
    ),
    ("DaemonSet", "azure-npm"): ("mcr.microsoft.com/containernetworking/azure-npm",),
    ("DaemonSet", "cilium"): ("mcr.microsoft.com/oss/cilium/*", _NETWORK),
    ("DaemonSet", "cloud-node-manager"): ("mcr.microsoft.com/oss/*/azure-cloud-node-manager",),
    ("DaemonSet", "csi-azuredisk-node"): ("mcr.microsoft.com/oss/*/azuredisk-csi", *_CSI),
    ("DaemonSet", "csi-azurefile-node"): ("mcr.microsoft.com/oss/*/azurefile-csi", *_CSI),
    ("DaemonSet", "csi-blob-node"): ("mcr.microsoft.com/oss/*/blob-csi", *_CSI),
    ("DaemonSet", "kube-proxy"): ("mcr.microsoft.com/oss/*/kube-proxy",),
    ("DaemonSet", "microsoft-defender-collector-ds"): _DEFENDER,
    ("DaemonSet", "microsoft-defender-publisher-ds"): _DEFENDER,
    ("DaemonSet", "retina-agent"): (_NETWORK,),
    ("Deployment", "azure-wi-webhook-controller-manager"): (
        "mcr.microsoft.com/oss/*/workload-identity/webhook",
    ),
    ("Deployment", "cilium-operator"): ("mcr.microsoft.com/oss/cilium/operator*",),
    ("Deployment", "konnectivity-agent"): (
        "mcr.microsoft.com/oss/*/apiserver-network-proxy/agent",
    ),
}  # fmt: skip
"""The repositories of images, by kind and name of the workload."""


@dataclass(frozen=True, slots=True)
class Controllers:
    """The workloads of AKS that stand in a cluster: DaemonSets by UID, Deployments by name, and
    theirs by UID."""

    daemon_sets: Mapping[str, str]
    deployments: frozenset[str]
    deployment_uids: Mapping[str, str]


def find_controllers(bodies: Iterable[Object]) -> Controllers:
    """Return those of some DaemonSets and Deployments that are AKS'."""
    found = [body for body in bodies if is_workload(body)]
    return Controllers(
        {
            str(body["metadata"].get("uid")): str(body["metadata"]["name"])
            for body in found
            if body["kind"] == "DaemonSet"
        },
        frozenset(str(body["metadata"]["name"]) for body in found if body["kind"] == "Deployment"),
        {
            str(body["metadata"].get("uid")): str(body["metadata"]["name"])
            for body in found
            if body["kind"] == "Deployment"
        },
    )


def is_workload(body: Object) -> bool:
    """Tell whether a DaemonSet or a Deployment is AKS': its name, in kube-system, its images."""
    key = key_of(body)
    images = _IMAGES.get((key.kind, key.name))
    return (
        key.namespace == _NAMESPACE and images is not None and _has_only(pod_spec_of(body), images)
    )


def is_replica_set(body: Object, controllers: Controllers) -> bool:
    """Tell whether a ReplicaSet is of a Deployment of AKS: its controller, and its images."""
    owner = _controller_of(body)
    name = controllers.deployment_uids.get(str(owner.get("uid")))
    if key_of(body).namespace != _NAMESPACE or owner.get("kind") != "Deployment" or name is None:
        return False
    return _has_only(pod_spec_of(body), _IMAGES["Deployment", name])


def is_pod(body: Object, controllers: Controllers) -> bool:
    """Tell whether a pod is of a workload of AKS: its controller, and its images."""
    if key_of(body).namespace != _NAMESPACE:
        return False
    workload = _workload_of(_controller_of(body), controllers)
    return workload is not None and _has_only(body.get("spec") or {}, _IMAGES[workload])


def _controller_of(body: Object) -> Mapping[str, Any]:
    references = body["metadata"].get("ownerReferences") or ()
    return next((each for each in references if each.get("controller")), {})


def _workload_of(owner: Mapping[str, Any], controllers: Controllers) -> tuple[str, str] | None:
    if owner.get("kind") == "DaemonSet":
        name = controllers.daemon_sets.get(str(owner.get("uid")))
        return None if name is None else ("DaemonSet", name)
    # A ReplicaSet is called as its Deployment, with a hash of the template.
    name = str(owner.get("name")).rpartition("-")[0]
    is_known = owner.get("kind") == "ReplicaSet" and name in controllers.deployments
    return ("Deployment", name) if is_known else None


def _has_only(spec: Mapping[str, Any], images: tuple[str, ...]) -> bool:
    """Tell whether every container runs one of some images; a debugger is never AKS'."""
    containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    if spec.get("ephemeralContainers") or not containers:
        return False
    repositories = {_repository(str(container.get("image"))) for container in containers}
    return all(any(fnmatchcase(each, known) for known in images) for each in repositories)


def _repository(image: str) -> str:
    """Return an image without its tag and its digest."""
    bare = image.partition("@")[0]
    path, _, last = bare.rpartition("/")
    return f"{path}/{last.partition(':')[0]}"
