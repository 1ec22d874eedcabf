"""The kinds whose objects add up, and in which order objects are made.

Sources: docs.tigera.io, "Calico network policy"; istio.io, "Traffic Management" and "Security";
kubernetes.io, "Network Policies" (they are additive), "Using RBAC Authorization" (purely
additive), "Dynamic Admission Control", "Validating Admission Policy", "Aggregation layer";
docs.cilium.io, "Network Policy"; guidelines.md CLU-05, MAN-01 to MAN-05, SA-01.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from provisioner.cluster.objects import Object, ServedKind, group_of

_RBAC = "rbac.authorization.k8s.io"
_ADMISSION = "admissionregistration.k8s.io"
_NETWORK = "networking.k8s.io"
_POLICY_NETWORK = "policy.networking.k8s.io"
_CILIUM = "cilium.io"
_CALICO = "crd.projectcalico.org"
_GATEWAY = "gateway.networking.k8s.io"
_ISTIO = "networking.istio.io"


class Reach(StrEnum):
    """Where an undeclared object of a kind counts."""

    EVERYWHERE = "everywhere"
    """In any namespace, or in the cluster itself."""
    OWNED = "owned"
    """In the namespaces that the environment declares: what others do in theirs is theirs."""


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


_EVERYWHERE, _OWNED = Reach.EVERYWHERE, Reach.OWNED

ADDITIVE = tuple(
    AdditiveKind(*row)
    for row in (
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
        (
            "", "Secret", _EVERYWHERE, "is a token of a service account that never expires",
            {"fieldSelector": "type=kubernetes.io/service-account-token"},
        ),
        ("", "ResourceQuota", _OWNED, "bounds what pods take"),
        ("", "LimitRange", _OWNED, "changes the defaults of containers"),
        ("", "PersistentVolume", _EVERYWHERE, "mounts a folder of the node"),
        ("", "Service", _OWNED, "is reached from outside of the cluster"),
        ("", "Pod", _EVERYWHERE, "has privileged access to its node"),
        ("apiextensions.k8s.io", "CustomResourceDefinition", _EVERYWHERE, "adds to the API"),
        ("discovery.k8s.io", "EndpointSlice", _OWNED, "redirects the traffic of a service"),
        ("", "Endpoints", _OWNED, "redirects the traffic of a service"),
        ("apps", "DaemonSet", _EVERYWHERE, "creates pods with privileged access to their node"),
        ("apps", "Deployment", _EVERYWHERE, "creates pods with privileged access to their node"),
        ("apps", "StatefulSet", _EVERYWHERE, "creates pods with privileged access to their node"),
        ("batch", "CronJob", _EVERYWHERE, "creates pods with privileged access to their node"),
        ("batch", "Job", _EVERYWHERE, "creates pods with privileged access to their node"),
        ("scheduling.k8s.io", "PriorityClass", _EVERYWHERE, "evicts pods of less priority"),
        ("storage.k8s.io", "StorageClass", _EVERYWHERE, "decides who makes volumes"),
        ("storage.k8s.io", "CSIDriver", _EVERYWHERE, "mounts volumes on nodes"),
        (_NETWORK, "IngressClass", _EVERYWHERE, "decides who serves ingresses"),
        (_NETWORK, "Ingress", _OWNED, "changes the configuration of the proxy"),
        (_GATEWAY, "Gateway", _OWNED, "is reached from outside of the cluster"),
        (_GATEWAY, "ReferenceGrant", _OWNED, "lets other namespaces refer to what is in this one"),
        (_CILIUM, "CiliumLocalRedirectPolicy", _OWNED, "redirects traffic"),
        (_CILIUM, "CiliumEnvoyConfig", _OWNED, "redirects traffic"),
        (_CILIUM, "CiliumClusterwideEnvoyConfig", _EVERYWHERE, "redirects traffic"),
        (_CILIUM, "CiliumEgressGatewayPolicy", _EVERYWHERE, "redirects traffic"),
        (_CALICO, "NetworkPolicy", _OWNED, "allows more traffic, or goes before other policies"),
        (_CALICO, "GlobalNetworkPolicy", _EVERYWHERE, "changes what traffic is allowed"),
        (_ISTIO, "EnvoyFilter", _OWNED, "changes the configuration of proxies"),
        (_ISTIO, "ServiceEntry", _OWNED, "redirects traffic in the mesh"),
        (_ISTIO, "VirtualService", _OWNED, "redirects traffic in the mesh"),
        (_ISTIO, "DestinationRule", _OWNED, "changes the mesh's encryption"),
        ("security.istio.io", "AuthorizationPolicy", _OWNED, "changes what the mesh allows"),
        ("config.gatekeeper.sh", "Config", _EVERYWHERE, "exempts namespaces from Azure Policy"),
        ("mutations.gatekeeper.sh", "Assign", _EVERYWHERE, "changes requests"),
        ("mutations.gatekeeper.sh", "AssignMetadata", _EVERYWHERE, "changes requests"),
        ("mutations.gatekeeper.sh", "ModifySet", _EVERYWHERE, "changes requests"),
        ("secrets-store.csi.x-k8s.io", "SecretProviderClass", _OWNED, "mounts secrets of a vault"),
        ("security.istio.io", "PeerAuthentication", _EVERYWHERE, "changes the mesh's encryption"),
        ("certificates.k8s.io", "CertificateSigningRequest", _EVERYWHERE, "signs a certificate"),
    )
)  # fmt: skip

_SERVED_BY_KUBERNETES = frozenset({
    "", "apps", "batch", _NETWORK, _RBAC, _ADMISSION, "apiregistration.k8s.io",
    "apiextensions.k8s.io", "discovery.k8s.io", "scheduling.k8s.io", "storage.k8s.io",
    "certificates.k8s.io",
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
    return next((number for number, kinds in enumerate(_STAGES) if kind in kinds), _ANY)


def is_made_by_kubernetes(body: Object) -> bool:
    """Tell whether Kubernetes itself puts an object into each namespace, so that taking it over is
    no adoption: kubernetes.io, "Service Accounts" (default), and the root CA's ConfigMap."""
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
