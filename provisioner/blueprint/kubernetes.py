"""The schema of an environment's `kubernetes:`, for what is in the cluster and has no ARM form.

The defaults are the secure ones: what is not stated is refused, limited or not given.

`blueprint.kubernetes_checks` checks the values; the manifests and the cluster's comparison are made
from them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from ipaddress import IPv4Network, ip_network
from typing import Literal

from pydantic import Field

from provisioner.blueprint.file_model import FilePart

Quantity = str | int | float
PodSecurity = Literal["restricted", "baseline", "privileged"]

METADATA_SERVICE = IPv4Network("169.254.169.254/32")
"""Where a node's identity gives out tokens (ENV-02.6)."""

SYSTEM_NAMESPACES = (
    "aks-command", "aks-istio-egress", "aks-istio-ingress", "aks-istio-system",
    "app-routing-system", "azure-arc", "azure-extensions-usage-system", "calico-system",
    "dataprotection-microsoft", "gatekeeper-system", "kube-node-lease", "kube-public",
    "kube-system", "tigera-operator",
)  # fmt: skip
"""The namespaces of Kubernetes and of AKS, whose pods are not the environment's to judge
(guidelines.md WRK-02.1, CLU-05.1)."""

EXTENSION_NAMESPACES: Mapping[str, str] = {
    "acstor": "Azure Container Storage (its quickstart for AKS)",
    "azappconfig-system": "the extension for App Configuration (azure-app-configuration)",
    "azureml": "the extension for Azure Machine Learning (how-to-deploy-kubernetes-extension)",
    "dapr-system": "the extension for Dapr (dapr-overview)",
    "flux-system": "the extension for Flux, GitOps (tutorial-use-gitops-flux2)",
    "gpu-operator": "the GPU operator of NVIDIA (nvidia-gpu-operator)",
    "gpu-resources": "the device plugin for GPUs (use-nvidia-gpu, use-amd-gpus)",
    "kaito-workspace": "KAITO, as its chart installs it; the add-on is in kube-system "
    "(ai-toolchain-operator)",
}
"""The namespaces of extensions of AKS and of what its documentation installs beside it, by the page
that names them. They are left alone unless the environment declares one as its own."""


class Quota(FilePart):
    """What the pods of a namespace may take together (CLU-05.2). None: no limit."""

    cpu_request: Quantity | None = Field("4", alias="cpuRequest")
    cpu_limit: Quantity | None = Field("8", alias="cpuLimit")
    memory_request: Quantity | None = Field("8Gi", alias="memoryRequest")
    memory_limit: Quantity | None = Field("16Gi", alias="memoryLimit")
    pods: Quantity | None = "50"


class Limits(FilePart):
    """What a container gets that states nothing, and the most that it may state (CLU-05.3)."""

    cpu_request: Quantity = Field("100m", alias="cpuRequest")
    cpu: Quantity = "500m"
    memory_request: Quantity = Field("128Mi", alias="memoryRequest")
    memory: Quantity = "512Mi"
    max_cpu: Quantity | None = Field(None, alias="maxCpu")
    max_memory: Quantity | None = Field(None, alias="maxMemory")


_QUOTA = Quota.model_validate({})
_LIMITS = Limits.model_validate({})


class IngressRule(FilePart):
    """A namespace whose pods may reach the pods of another, and on which ports."""

    source: str = Field(alias="from")
    ports: tuple[int, ...] = Field(min_length=1)


class EgressRule(FilePart):
    """A destination of pods (see `parse_peer`), its ports, and the reason.

    `pods` are labels of the pods that it is for; none is all of the namespace.
    """

    to: str
    ports: tuple[int, ...] = Field(min_length=1)
    protocol: Literal["TCP", "UDP"] = "TCP"
    pods: Mapping[str, str] = Field(default_factory=dict)
    reason: str = ""


class ServiceAccountSettings(FilePart):
    """A service account; with a client id it signs in as that managed identity."""

    name: str
    client_id: str | None = Field(None, alias="clientId")


class SecretsSettings(FilePart):
    """Secrets of a key vault that pods mount as files, as the identity of a service account.

    `vault` is its name; it may be left out where the environment has one vault.
    """

    name: str
    service_account: str = Field(alias="serviceAccount")
    vault: str | None = None
    objects: tuple[str, ...] = Field(min_length=1)


class NamespaceSettings(FilePart):
    """One namespace. Groups are object ids of Entra.

    `isolated`: pods run in virtual machines of their own. `pullAlways`: an image that a node has
    is still asked for. `apiAccess`: pods may hold a token for the API server.
    """

    name: str
    pod_security: PodSecurity = Field("restricted", alias="podSecurity")
    isolated: bool = False
    pull_always: bool = Field(True, alias="pullAlways")
    api_access: bool = Field(False, alias="apiAccess")
    quota: Quota = _QUOTA
    limits: Limits = _LIMITS
    deployers: tuple[str, ...] = ()
    log_readers: tuple[str, ...] = Field((), alias="logReaders")
    ingress: tuple[IngressRule, ...] = ()
    egress: tuple[EgressRule, ...] = ()
    service_accounts: tuple[ServiceAccountSettings, ...] = Field((), alias="serviceAccounts")
    secrets: tuple[SecretsSettings, ...] = ()


class BenchmarkSettings(FilePart):
    """The image of kube-bench, as the environment's registry has it.

    REPOSITORY@sha256:DIGEST or REPOSITORY:TAG.
    """

    image: str


class PolicyExemption(FilePart):
    """A namespace whose new pods an admission policy admits, the reason, and the last day of it."""

    policy: str
    namespace: str
    reason: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    expires: date


class AccessSettings(FilePart):
    """The access to the API server.

    `kubeconfig`: a context of a kubeconfig, exec plugins too. `in-cluster`: the service account of
    the pod that azsec runs in. `entra`: a token of Entra from where the environment's `auth`
    states, for the `server` of an AKS cluster; without one, its address is read from Azure Resource
    Manager.

    Paths are relative to the environment's file. Without `kubeconfig` the variable KUBECONFIG names
    it, else ~/.kube/config. `cluster` is the UID of the one cluster that is meant, however it is
    reached: that of its namespace kube-system.
    """

    via: Literal["kubeconfig", "in-cluster", "entra"]
    kubeconfig: str | None = None
    context: str | None = None
    server: str | None = None
    certificate_authority: str | None = Field(None, alias="certificateAuthority")
    cluster: str | None = None


class ObserverSettings(FilePart):
    """A job in the cluster that writes observations.

    It has the image of azsec, as the environment's registry has it, and a schedule (cron, in UTC).
    `clientId` is the identity that it writes a blob as, where the environment's federated
    credentials do not state it.
    """

    image: str
    client_id: str | None = Field(None, alias="clientId")
    schedule: str = Field("17 * * * *", pattern=r"^[0-9*/,-]+( [0-9A-Za-z*/,-]+){4}$")


class ObservationSettings(FilePart):
    """The observation that replaces the API server.

    It is a file, relative to the environment's, or a blob
    (https://ACCOUNT.blob.core.windows.net/CONTAINER/NAME), with the cluster it has to be of (the
    UID of the namespace kube-system), and its greatest age in hours.
    """

    file: str | None = None
    blob: str | None = None
    cluster: str | None = None
    max_age_hours: int = Field(24, alias="maxAgeHours", ge=1, le=24 * 30)


_OBSERVATION = ObservationSettings.model_validate({})


class AcceptedObject(FilePart):
    """An object in the cluster that nobody declared and that is known, with an expiry.

    `name` and `namespace` may hold `*`; without a namespace it is an object of the cluster.

    A role or a binding is accepted by what it does: `role` is the role that a binding gives, and
    `subjects` are whom it gives it to (NAMESPACE/ACCOUNT, `User NAME`, `Group NAME`), and `allows`
    are what it may give of what escalates, runs commands or bypasses what is enforced, and the
    roles that it may be aggregated into, in the words of the report: all of them are patterns as
    well. Without subjects they have to be service accounts, without `allows` it may give none.
    """

    kind: str
    name: str
    namespace: str = ""
    role: str | None = None
    subjects: tuple[str, ...] = ()
    allows: tuple[str, ...] = ()
    reason: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    expires: date


class KubernetesSettings(FilePart):
    """The `kubernetes:` of an environment.

    `registries` are those that images may come from, beside the environment's own; `tokenAudiences`
    those that projected tokens may be for, beside Entra's; `access` is how its API server is
    reached, `observation` what replaces it, `accepted` what others put there that is no drift.
    """

    access: AccessSettings | None = None
    observation: ObservationSettings = _OBSERVATION
    observer: ObserverSettings | None = None
    accepted: tuple[AcceptedObject, ...] = ()
    registries: tuple[str, ...] = ()
    token_audiences: tuple[str, ...] = Field((), alias="tokenAudiences")
    exemptions: tuple[PolicyExemption, ...] = ()
    benchmark: BenchmarkSettings | None = None
    namespaces: tuple[NamespaceSettings, ...] = ()


class PeerKind(StrEnum):
    """The kinds of destinations of pods."""

    RANGE = "range"
    HOST = "host"
    NAMESPACE = "namespace"
    PRIVATE_ENDPOINTS = "private-endpoints"


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of an egress rule; `value` is a range, a host or a namespace."""

    kind: PeerKind
    value: str = ""


_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_HOST = re.compile(
    r"[a-z0-9*]([-a-z0-9*]*[a-z0-9*])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+", re.IGNORECASE
)


def is_label(name: str) -> bool:
    """Return whether a name is a DNS label, as that of a namespace has to be."""
    return _LABEL.fullmatch(name) is not None


def is_subdomain(name: str) -> bool:
    """Return whether a name is labels with dots between, as that of most objects has to be."""
    return len(name) <= 253 and all(map(is_label, name.split(".")))


def is_system_namespace(name: str) -> bool:
    """Return whether a namespace is the system's or a shared one, which no environment states."""
    return name == "default" or name.startswith("kube-") or name in SYSTEM_NAMESPACES


def parse_peer(text: str) -> Peer | None:
    """Return the destination that `to` names; None where it names none.

    It is a range (10.20.1.5/32), a host (api.example.com, *.example.com), `namespace:NAME` or
    `private-endpoints`.
    """
    if text == PeerKind.PRIVATE_ENDPOINTS:
        return Peer(PeerKind.PRIVATE_ENDPOINTS)
    if text.startswith("namespace:"):
        name = text.removeprefix("namespace:")
        return Peer(PeerKind.NAMESPACE, name) if _LABEL.fullmatch(name) else None
    if "/" in text:
        try:
            return Peer(PeerKind.RANGE, str(ip_network(text)))
        except ValueError:
            return None
    if _HOST.fullmatch(text) and not re.fullmatch(r"[0-9.]+", text):
        return Peer(PeerKind.HOST, text.lower())
    return None
