"""Kinds whose objects have an additive effect, and the order in which objects are created.

Sources: docs.tigera.io, "Calico network policy"; istio.io, "Traffic Management" and "Security";
kubernetes.io, "Network Policies" (they are additive), "Using RBAC Authorization" (purely
additive), "Dynamic Admission Control", "Validating Admission Policy", "Aggregation layer",
"Runtime Class", "Authenticating with Bootstrap Tokens"; docs.cilium.io, "Network Policy" and
"Per-node configuration"; gateway-api.sigs.k8s.io, "HTTPRoute"; fluxcd.io, "Kustomization" and
"HelmRelease"; argo-cd.readthedocs.io, "Declarative Setup"; open-policy-agent.github.io/gatekeeper,
"Mutation" and "External Data"; guidelines.md CLU-05, MAN-01 to MAN-05, SA-01.

Called by `decisions`, `undeclared_objects`, `manifests.observer` and the workflows of a cluster.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from provisioner.cluster.objects import Object, ServedKind, group_of
from provisioner.model.cluster_contents import Kind

_RBAC = "rbac.authorization.k8s.io"
_ADMISSION = "admissionregistration.k8s.io"
_NETWORK = "networking.k8s.io"
_POLICY_NETWORK = "policy.networking.k8s.io"
_CILIUM = "cilium.io"
_CALICO = "crd.projectcalico.org"
_GATEWAY = "gateway.networking.k8s.io"
_ISTIO = "networking.istio.io"
_MESH_SECURITY = "security.istio.io"
_MUTATIONS = "mutations.gatekeeper.sh"
_FLUX = "toolkit.fluxcd.io"
_ARGO = "argoproj.io"

MESH_NAMESPACES = frozenset({"aks-istio-system", "istio-system"})
"""The root namespaces of meshes: what stands there counts in the whole mesh (istio.io, "Global Mesh
Options": rootNamespace; learn.microsoft.com, "Istio-based service mesh add-on")."""


class Reach(StrEnum):
    """Where an undeclared object of a kind counts."""

    EVERYWHERE = "everywhere"
    """In any namespace, or in the cluster itself."""
    OWNED = "owned"
    """In the namespaces that the environment declares: what others do in theirs is theirs."""
    MESH = "mesh"
    """In those, and in the root namespaces of meshes."""


@dataclass(frozen=True, slots=True)
class AdditiveKind:
    """A kind whose undeclared objects are judged: what one adds, in words, and where it counts.

    `query` narrows its list.
    """

    group: str
    kind: str
    reach: Reach
    adds: str
    query: Mapping[str, str] = field(default_factory=dict)


_EVERYWHERE, _OWNED, _MESH = Reach.EVERYWHERE, Reach.OWNED, Reach.MESH
_MAKES_PODS = "creates pods with privileged access to their node"
_SOURCES = ("Bucket", "GitRepository", "HelmChart", "HelmRepository", "OCIRepository")
_COMMON_SECRETS = (
    "Opaque", "helm.sh/release.v1", "kubernetes.io/dockercfg", "kubernetes.io/dockerconfigjson",
    "kubernetes.io/tls",
)  # fmt: skip

_QUERIES: Mapping[tuple[str, str], Mapping[str, str]] = {
    # A selector excludes, and has no "or": secrets of these types sign nobody in.
    ("", "Secret"): {"fieldSelector": ",".join(f"type!={name}" for name in _COMMON_SECRETS)},
}
_ROWS: tuple[tuple[str, str, Reach, str], ...] = (
    (
        "", "Namespace", _EVERYWHERE,
        "has none of the environment's network policies, quotas and limits",
    ),
    (_NETWORK, "NetworkPolicy", _OWNED, "allows more traffic: network policies add up"),
    (_CILIUM, "CiliumNetworkPolicy", _OWNED, "allows more traffic: network policies add up"),
    (_CILIUM, "CiliumClusterwideNetworkPolicy", _EVERYWHERE, "changes what traffic is allowed"),
    (_POLICY_NETWORK, "AdminNetworkPolicy", _EVERYWHERE, "goes before network policies"),
    (_POLICY_NETWORK, "BaselineAdminNetworkPolicy", _EVERYWHERE, "changes the default"),
    (_POLICY_NETWORK, "ClusterNetworkPolicy", _EVERYWHERE, "goes before network policies"),
    (_RBAC, "Role", _OWNED, "defines permissions that a binding can grant"),
    (_RBAC, "RoleBinding", _EVERYWHERE, "grants access"),
    (_RBAC, "ClusterRole", _EVERYWHERE, "defines permissions that a binding can grant"),
    (_RBAC, "ClusterRoleBinding", _EVERYWHERE, "grants access in the whole cluster"),
    (_ADMISSION, "ValidatingWebhookConfiguration", _EVERYWHERE, "judges and sees requests"),
    (_ADMISSION, "MutatingWebhookConfiguration", _EVERYWHERE, "changes and sees requests"),
    (_ADMISSION, "ValidatingAdmissionPolicy", _EVERYWHERE, "judges requests"),
    (_ADMISSION, "ValidatingAdmissionPolicyBinding", _EVERYWHERE, "judges requests"),
    (_ADMISSION, "MutatingAdmissionPolicy", _EVERYWHERE, "changes requests"),
    (_ADMISSION, "MutatingAdmissionPolicyBinding", _EVERYWHERE, "changes requests"),
    ("apiregistration.k8s.io", "APIService", _EVERYWHERE, "answers for a part of the API"),
    ("", "ServiceAccount", _OWNED, "is an identity for pods"),
    ("", "Secret", _EVERYWHERE, "is a credential that the API server accepts"),
    ("", "Node", _EVERYWHERE, "runs pods of the cluster, and is given their secrets"),
    ("", "ResourceQuota", _OWNED, "bounds what pods take"),
    ("", "LimitRange", _OWNED, "changes the defaults of containers"),
    ("", "PersistentVolume", _EVERYWHERE, "mounts a folder of the node"),
    ("", "Service", _OWNED, "is reached from outside of the cluster"),
    ("", "Pod", _EVERYWHERE, "has privileged access to its node"),
    ("apiextensions.k8s.io", "CustomResourceDefinition", _EVERYWHERE, "adds to the API"),
    ("discovery.k8s.io", "EndpointSlice", _OWNED, "redirects the traffic of a service"),
    ("", "Endpoints", _OWNED, "redirects the traffic of a service"),
    ("", "PodTemplate", _EVERYWHERE, _MAKES_PODS),
    ("", "ReplicationController", _EVERYWHERE, _MAKES_PODS),
    ("apps", "DaemonSet", _EVERYWHERE, _MAKES_PODS),
    ("apps", "Deployment", _EVERYWHERE, _MAKES_PODS),
    ("apps", "ReplicaSet", _EVERYWHERE, _MAKES_PODS),
    ("apps", "StatefulSet", _EVERYWHERE, _MAKES_PODS),
    ("batch", "CronJob", _EVERYWHERE, _MAKES_PODS),
    ("batch", "Job", _EVERYWHERE, _MAKES_PODS),
    ("node.k8s.io", "RuntimeClass", _EVERYWHERE, "decides how pods are isolated"),
    ("scheduling.k8s.io", "PriorityClass", _EVERYWHERE, "evicts pods of less priority"),
    ("storage.k8s.io", "StorageClass", _EVERYWHERE, "decides who makes volumes"),
    ("storage.k8s.io", "CSIDriver", _EVERYWHERE, "mounts volumes on nodes"),
    (_NETWORK, "IngressClass", _EVERYWHERE, "decides who serves ingresses"),
    (_NETWORK, "Ingress", _OWNED, "changes the configuration of the proxy"),
    (_GATEWAY, "Gateway", _OWNED, "is reached from outside of the cluster"),
    *(
        (_GATEWAY, kind, _OWNED, "leads the traffic of a gateway to services")
        for kind in ("GRPCRoute", "HTTPRoute", "TCPRoute", "TLSRoute", "UDPRoute")
    ),
    (_GATEWAY, "ReferenceGrant", _OWNED, "lets other namespaces refer to what is in this one"),
    (_CILIUM, "CiliumLocalRedirectPolicy", _OWNED, "redirects traffic"),
    (_CILIUM, "CiliumEnvoyConfig", _OWNED, "redirects traffic"),
    (_CILIUM, "CiliumClusterwideEnvoyConfig", _EVERYWHERE, "redirects traffic"),
    (_CILIUM, "CiliumEgressGatewayPolicy", _EVERYWHERE, "redirects traffic"),
    (_CILIUM, "CiliumNodeConfig", _EVERYWHERE, "changes what the agents of nodes enforce"),
    (_CALICO, "NetworkPolicy", _OWNED, "allows more traffic, or goes before other policies"),
    (_CALICO, "GlobalNetworkPolicy", _EVERYWHERE, "changes what traffic is allowed"),
    (_ISTIO, "EnvoyFilter", _MESH, "changes the configuration of proxies"),
    (_ISTIO, "Gateway", _MESH, "is reached from outside of the cluster"),
    (_ISTIO, "ServiceEntry", _MESH, "redirects traffic in the mesh"),
    (_ISTIO, "Sidecar", _MESH, "changes what proxies let through"),
    (_ISTIO, "VirtualService", _MESH, "redirects traffic in the mesh"),
    (_ISTIO, "WorkloadEntry", _MESH, "adds an endpoint to the mesh"),
    (_ISTIO, "DestinationRule", _MESH, "changes the mesh's encryption"),
    ("extensions.istio.io", "WasmPlugin", _MESH, "runs code in proxies"),
    ("telemetry.istio.io", "Telemetry", _MESH, "changes what proxies record, and where"),
    (_MESH_SECURITY, "AuthorizationPolicy", _MESH, "changes what the mesh allows"),
    (_MESH_SECURITY, "PeerAuthentication", _EVERYWHERE, "changes the mesh's encryption"),
    (_MESH_SECURITY, "RequestAuthentication", _MESH, "changes whose tokens the mesh accepts"),
    ("config.gatekeeper.sh", "Config", _EVERYWHERE, "exempts namespaces from Azure Policy"),
    ("expansion.gatekeeper.sh", "ExpansionTemplate", _EVERYWHERE, "changes what is judged"),
    ("externaldata.gatekeeper.sh", "Provider", _EVERYWHERE, "sees requests"),
    *(
        (_MUTATIONS, kind, _EVERYWHERE, "changes requests")
        for kind in ("Assign", "AssignImage", "AssignMetadata", "ModifySet")
    ),
    ("secrets-store.csi.x-k8s.io", "SecretProviderClass", _OWNED, "mounts secrets of a vault"),
    (f"kustomize.{_FLUX}", "Kustomization", _EVERYWHERE, "applies what its source holds"),
    (f"helm.{_FLUX}", "HelmRelease", _EVERYWHERE, "applies what its source holds"),
    *((f"source.{_FLUX}", kind, _EVERYWHERE, "is a source of manifests") for kind in _SOURCES),
    (_ARGO, "AppProject", _EVERYWHERE, "decides what may be applied from where"),
    (_ARGO, "Application", _EVERYWHERE, "applies what its source holds"),
    (_ARGO, "ApplicationSet", _EVERYWHERE, "applies what its sources hold"),
    ("certificates.k8s.io", "CertificateSigningRequest", _EVERYWHERE, "signs a certificate"),
)  # fmt: skip

ADDITIVE = tuple(AdditiveKind(*row, _QUERIES.get(row[:2], {})) for row in _ROWS)

SECURITY_GROUPS = (
    "argoproj.io", "cert-manager.io", "cilium.io", "external-secrets.io", "gatekeeper.sh", _GATEWAY,
    "istio.io", "k8s.nginx.org", "karpenter.sh", "kyverno.io", _POLICY_NETWORK, "projectcalico.org",
    "secrets-store.csi.x-k8s.io", "tigera.io", _FLUX, "traefik.io",
)  # fmt: skip
"""What the groups of custom resources end with whose kinds decide on traffic, admission, identities
or what is deployed: those of them that are not above are named first where nobody looks at them."""


def decides_on_security(kind: Kind) -> bool:
    """Return whether a custom kind is of a group that decides on security."""
    return any(kind.group == known or kind.group.endswith(f".{known}") for known in SECURITY_GROUPS)


_SERVED_BY_KUBERNETES = frozenset({
    "", "apps", "batch", _NETWORK, _RBAC, _ADMISSION, "apiregistration.k8s.io",
    "apiextensions.k8s.io", "discovery.k8s.io", "scheduling.k8s.io", "storage.k8s.io",
    "certificates.k8s.io", "node.k8s.io",
})  # fmt: skip
_NOT_BY_DEFAULT = frozenset({"MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"})
"""Beta up to Kubernetes 1.35, and beta APIs are off by default (kubernetes.io, "Mutating Admission
Policy"; KEP-3136)."""

ALWAYS_SERVED = frozenset(
    (each.group, each.kind)
    for each in ADDITIVE
    if each.group in _SERVED_BY_KUBERNETES and each.kind not in _NOT_BY_DEFAULT
)
"""The kinds that every API server serves from 1.30 on (API reference of Kubernetes): what was seen
of a cluster without a list of one of them is not all of it."""

_STAGES = (
    ("Namespace",),
    ("CustomResourceDefinition",),
    ("ResourceQuota", "LimitRange", "ServiceAccount", "Role", "ClusterRole"),
    (),
    ("RoleBinding", "ClusterRoleBinding"),
    ("ValidatingAdmissionPolicy", "MutatingAdmissionPolicy"),
    ("ValidatingAdmissionPolicyBinding", "MutatingAdmissionPolicyBinding"),
    ("Job", "CronJob", "Deployment", "DaemonSet", "StatefulSet", "Pod"),
)
"""What is made first. The empty stage has all others: they need their namespace and their kind."""

_ANY = _STAGES.index(())


def stage_of(kind: str) -> int:
    """Return in which stage objects of a kind are made: those of one stage wait for no other."""
    # Kinds without a stage, custom resources among them, come after what they may need.
    return next((number for number, kinds in enumerate(_STAGES) if kind in kinds), _ANY)


def is_made_by_kubernetes(body: Object) -> bool:
    """Return whether Kubernetes itself creates an object in each namespace.

    Taking it over is then no adoption: kubernetes.io, "Service Accounts" (default), and the root
    CA's ConfigMap.
    """
    name = (body["kind"], body["metadata"]["name"])
    return group_of(str(body["apiVersion"])) == "" and name in (
        ("ServiceAccount", "default"),
        ("ConfigMap", "kube-root-ca.crt"),
    )


def additive_of(kind: ServedKind) -> AdditiveKind | None:
    """Return what undeclared objects of a served kind add, where they do."""
    return next(
        (each for each in ADDITIVE if (each.group, each.kind) == (kind.group, kind.kind)), None
    )
