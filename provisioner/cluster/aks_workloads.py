"""DaemonSets and Deployments of AKS and their pods, recognized by images and controllers.

Whoever may create pods in kube-system can name one as AKS names its own, and can name AKS'
DaemonSet as its owner. So a workload is AKS' only in kube-system, by its name, with the images that
are made for it (mcr.microsoft.com: Microsoft alone publishes there), and if the environment's
cluster has the add-on that brings it: of others nobody puts anything back. A ReplicaSet or a pod is
AKS' only with the UID of such a workload that was seen, and with what its template states. What is
left is that somebody changes the DaemonSet of an enabled add-on and keeps its images: AKS puts that
back within minutes (learn.microsoft.com, "Support policies for AKS": managed resources are
reconciled).

Sources: `kubectl drain` of AKS nodes and learn.microsoft.com, "Core AKS concepts" (names);
Azure/AgentBaker, parts/common/components.json (the images that are cached on every node);
learn.microsoft.com, the pages of the add-ons (Key Vault provider, Defender, Container insights,
Network Observability).

Called by `aks_objects` and `aks_services`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from provisioner.catalog.aks_add_ons import AddOn
from provisioner.cluster.objects import Object, key_of
from provisioner.cluster.pod_templates import controller_of, keeps_to
from provisioner.cluster.pods import pod_spec_of

_NAMESPACE = "kube-system"
_CSI_SIDECARS = (
    "mcr.microsoft.com/oss/*/csi-node-driver-registrar",
    "mcr.microsoft.com/oss/*/livenessprobe",
)
_MONITOR = ("mcr.microsoft.com/azuremonitor/*", "mcr.microsoft.com/aks/*/addon-token-adapter*")
_DEFENDER = ("mcr.microsoft.com/azuredefender/*",)
_NETWORK = "mcr.microsoft.com/containernetworking/*"

_KNOWN_WORKLOADS: Mapping[tuple[str, str], tuple[AddOn | None, tuple[str, ...]]] = {
    ("DaemonSet", "ama-logs"): (AddOn.CONTAINER_INSIGHTS, _MONITOR),
    ("DaemonSet", "ama-logs-windows"): (AddOn.CONTAINER_INSIGHTS, _MONITOR),
    ("DaemonSet", "ama-metrics-node"): (AddOn.METRICS, _MONITOR),
    ("DaemonSet", "aks-secrets-store-csi-driver"): (
        AddOn.SECRETS_STORE, ("mcr.microsoft.com/oss/*/secrets-store/driver", *_CSI_SIDECARS),
    ),
    ("DaemonSet", "aks-secrets-store-provider-azure"): (
        AddOn.SECRETS_STORE, ("mcr.microsoft.com/oss/*/secrets-store/provider-azure",),
    ),
    ("DaemonSet", "azure-cns"): (
        AddOn.AZURE_CNI, (_NETWORK, "mcr.microsoft.com/oss/cilium/*"),
    ),
    ("DaemonSet", "azure-ip-masq-agent"): (
        None, ("mcr.microsoft.com/oss/*/ip-masq-agent*", "mcr.microsoft.com/aks/*ip-masq-*"),
    ),
    ("DaemonSet", "azure-npm"): (
        AddOn.AZURE_NPM, ("mcr.microsoft.com/containernetworking/azure-npm",),
    ),
    ("DaemonSet", "cilium"): (AddOn.CILIUM, ("mcr.microsoft.com/oss/cilium/*", _NETWORK)),
    ("DaemonSet", "cloud-node-manager"): (
        None, ("mcr.microsoft.com/oss/*/azure-cloud-node-manager",),
    ),
    ("DaemonSet", "csi-azuredisk-node"): (
        AddOn.DISK_DRIVER, ("mcr.microsoft.com/oss/*/azuredisk-csi", *_CSI_SIDECARS),
    ),
    ("DaemonSet", "csi-azurefile-node"): (
        AddOn.FILE_DRIVER, ("mcr.microsoft.com/oss/*/azurefile-csi", *_CSI_SIDECARS),
    ),
    ("DaemonSet", "csi-blob-node"): (
        AddOn.BLOB_DRIVER, ("mcr.microsoft.com/oss/*/blob-csi", *_CSI_SIDECARS),
    ),
    ("DaemonSet", "kube-proxy"): (AddOn.KUBE_PROXY, ("mcr.microsoft.com/oss/*/kube-proxy",)),
    ("DaemonSet", "microsoft-defender-collector-ds"): (AddOn.DEFENDER, _DEFENDER),
    ("DaemonSet", "microsoft-defender-publisher-ds"): (AddOn.DEFENDER, _DEFENDER),
    ("DaemonSet", "retina-agent"): (AddOn.NETWORK_OBSERVABILITY, (_NETWORK,)),
    ("Deployment", "azure-wi-webhook-controller-manager"): (
        AddOn.WORKLOAD_IDENTITY, ("mcr.microsoft.com/oss/*/workload-identity/webhook",),
    ),
    ("Deployment", "cilium-operator"): (
        AddOn.CILIUM, ("mcr.microsoft.com/oss/cilium/operator*",),
    ),
    ("Deployment", "konnectivity-agent"): (
        None, ("mcr.microsoft.com/oss/*/apiserver-network-proxy/agent",),
    ),
}  # fmt: skip
"""By kind and name of a workload, the part of AKS that brings it (None: every cluster has it) and
the repositories of its images."""


@dataclass(frozen=True, slots=True)
class Controller:
    """A workload of AKS that stands in a cluster, and the repositories of its images."""

    body: Object
    images: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Controllers:
    """DaemonSets, Deployments and ReplicaSets of AKS in a cluster, by UID."""

    known: Mapping[str, Controller]

    @property
    def has_daemon_sets(self) -> bool:
        """Whether one is a DaemonSet: nodes of AKS run some."""
        return any(each.body["kind"] == "DaemonSet" for each in self.known.values())

    def find_owner(self, body: Object, kind: str) -> Controller | None:
        """Return the controller of a kind that an object names, by UID.

        Anybody can write the name of a controller; only the UID identifies it.
        """
        reference = controller_of(body)
        found = self.known.get(str(reference.get("uid")))
        return found if found and found.body["kind"] == reference.get("kind") == kind else None


def find_controllers(bodies: Iterable[Object], add_ons: frozenset[AddOn]) -> Controllers:
    """Return the DaemonSets, Deployments and ReplicaSets of AKS, in a cluster with some add-ons."""
    stated = tuple(bodies)
    known = {
        _uid_of(body): Controller(body, _KNOWN_WORKLOADS[body["kind"], body["metadata"]["name"]][1])
        for body in stated
        if is_workload(body, add_ons)
    }
    workloads = Controllers(known)
    revisions = {
        _uid_of(body): Controller(body, owner.images)
        for body in stated
        if body["kind"] == "ReplicaSet"
        and (owner := workloads.find_owner(body, "Deployment"))
        and is_replica_set(body, workloads)
    }
    return Controllers({**known, **revisions})


def _uid_of(body: Object) -> str:
    return str(body["metadata"].get("uid"))


def is_workload(body: Object, add_ons: frozenset[AddOn]) -> bool:
    """Return whether a DaemonSet or a Deployment is AKS'.

    It is by its name, in kube-system, by its images, and where the cluster has the part of AKS that
    brings it.
    """
    key = key_of(body)
    known = _KNOWN_WORKLOADS.get((key.kind, key.name))
    if known is None or key.namespace != _NAMESPACE:
        return False
    return (known[0] is None or known[0] in add_ons) and has_only(pod_spec_of(body), known[1])


def is_replica_set(body: Object, controllers: Controllers) -> bool:
    """Return whether a ReplicaSet is of a Deployment of AKS.

    It is by its controller, its images and what it runs.
    """
    owner = controllers.find_owner(body, "Deployment")
    return owner is not None and _runs_template_of(body, pod_spec_of(body), owner)


def is_pod(body: Object, controllers: Controllers) -> bool:
    """Return whether a pod is of a workload of AKS: its controller, images, and command."""
    found = (controllers.find_owner(body, kind) for kind in ("DaemonSet", "ReplicaSet"))
    return any(owner and _runs_template_of(body, body.get("spec") or {}, owner) for owner in found)


def _runs_template_of(body: Object, spec: Mapping[str, Any], owner: Controller) -> bool:
    return (
        key_of(body).namespace == _NAMESPACE
        and has_only(spec, owner.images)
        and keeps_to(spec, pod_spec_of(owner.body))
    )


def has_only(spec: Mapping[str, Any], images: tuple[str, ...]) -> bool:
    """Return whether every container runs one of some images; a debugger is never AKS'."""
    containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    if spec.get("ephemeralContainers") or not containers:
        return False
    repositories = {_repository_of_image(str(container.get("image"))) for container in containers}
    return all(any(fnmatchcase(each, known) for known in images) for each in repositories)


def _repository_of_image(image: str) -> str:
    """Return an image without its tag and its digest."""
    bare = image.partition("@")[0]
    # The tag is after the last slash: a colon before it belongs to the port of the registry.
    path, _, last = bare.rpartition("/")
    return f"{path}/{last.partition(':')[0]}"
