"""API versions that Kubernetes removes, by kind.

Sources: kubernetes.io, "Deprecated API Migration Guide" (removals up to 1.32), and the lifecycle
that each type of the module k8s.io/api v0.35.4 states of itself
(zz_generated.prerelease-lifecycle.go) for what is removed after that.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RemovedApi:
    """An API version of some kinds: where it is deprecated, where removed, and its successor.

    The numbers are minor versions of Kubernetes; the successor is None where there is none.
    """

    api_version: str
    kinds: frozenset[str]
    deprecated: int
    removed: int
    successor: str | None


def _removed_api(
    api_version: str, kinds: str, deprecated: int, removed: int, successor: str | None
) -> RemovedApi:
    return RemovedApi(api_version, frozenset(kinds.split()), deprecated, removed, successor)


_ADMISSION, _FLOW = "admissionregistration.k8s.io", "flowcontrol.apiserver.k8s.io"
_CERTIFICATES, _COORDINATION = "certificates.k8s.io", "coordination.k8s.io"
_POLICIES = "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding"
_MUTATING = "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding"
_LEVELS = "FlowSchema PriorityLevelConfiguration"
_DEVICES = "DeviceClass ResourceClaim ResourceClaimTemplate ResourceSlice"
_WORKLOADS = "Deployment StatefulSet"
_ROLES = "ClusterRole ClusterRoleBinding Role RoleBinding"

REMOVED_APIS = (
    _removed_api("extensions/v1beta1", "NetworkPolicy", 9, 16, "networking.k8s.io/v1"),
    _removed_api("extensions/v1beta1", "DaemonSet Deployment ReplicaSet", 8, 16, "apps/v1"),
    _removed_api("apps/v1beta1", _WORKLOADS, 8, 16, "apps/v1"),
    _removed_api("apps/v1beta2", f"{_WORKLOADS} DaemonSet ReplicaSet", 9, 16, "apps/v1"),
    _removed_api("extensions/v1beta1", "PodSecurityPolicy", 10, 16, None),
    _removed_api(
        f"{_ADMISSION}/v1beta1",
        "MutatingWebhookConfiguration ValidatingWebhookConfiguration",
        16,
        22,
        f"{_ADMISSION}/v1",
    ),
    _removed_api(
        "apiextensions.k8s.io/v1beta1",
        "CustomResourceDefinition",
        16,
        22,
        "apiextensions.k8s.io/v1",
    ),
    _removed_api(
        "apiregistration.k8s.io/v1beta1", "APIService", 19, 22, "apiregistration.k8s.io/v1"
    ),
    _removed_api(
        f"{_CERTIFICATES}/v1beta1", "CertificateSigningRequest", 19, 22, f"{_CERTIFICATES}/v1"
    ),
    _removed_api(f"{_COORDINATION}/v1beta1", "Lease", 19, 22, f"{_COORDINATION}/v1"),
    _removed_api("extensions/v1beta1", "Ingress", 14, 22, "networking.k8s.io/v1"),
    _removed_api(
        "networking.k8s.io/v1beta1", "Ingress IngressClass", 19, 22, "networking.k8s.io/v1"
    ),
    _removed_api(
        "rbac.authorization.k8s.io/v1beta1", _ROLES, 17, 22, "rbac.authorization.k8s.io/v1"
    ),
    _removed_api("scheduling.k8s.io/v1beta1", "PriorityClass", 14, 22, "scheduling.k8s.io/v1"),
    _removed_api(
        "storage.k8s.io/v1beta1",
        "CSIDriver StorageClass VolumeAttachment",
        19,
        22,
        "storage.k8s.io/v1",
    ),
    _removed_api("storage.k8s.io/v1beta1", "CSINode", 17, 22, "storage.k8s.io/v1"),
    _removed_api("batch/v1beta1", "CronJob", 21, 25, "batch/v1"),
    _removed_api("discovery.k8s.io/v1beta1", "EndpointSlice", 21, 25, "discovery.k8s.io/v1"),
    _removed_api("events.k8s.io/v1beta1", "Event", 22, 25, "events.k8s.io/v1"),
    _removed_api("autoscaling/v2beta1", "HorizontalPodAutoscaler", 22, 25, "autoscaling/v2"),
    _removed_api("policy/v1beta1", "PodDisruptionBudget", 21, 25, "policy/v1"),
    _removed_api("policy/v1beta1", "PodSecurityPolicy", 21, 25, None),
    _removed_api("node.k8s.io/v1beta1", "RuntimeClass", 22, 25, "node.k8s.io/v1"),
    _removed_api(f"{_FLOW}/v1beta1", _LEVELS, 23, 26, f"{_FLOW}/v1"),
    _removed_api("autoscaling/v2beta2", "HorizontalPodAutoscaler", 23, 26, "autoscaling/v2"),
    _removed_api("storage.k8s.io/v1beta1", "CSIStorageCapacity", 24, 27, "storage.k8s.io/v1"),
    _removed_api(f"{_FLOW}/v1beta2", _LEVELS, 26, 29, f"{_FLOW}/v1"),
    _removed_api(f"{_FLOW}/v1beta3", _LEVELS, 29, 32, f"{_FLOW}/v1"),
    _removed_api(f"{_ADMISSION}/v1alpha1", _POLICIES, 29, 32, f"{_ADMISSION}/v1"),
    _removed_api(f"{_ADMISSION}/v1beta1", _POLICIES, 31, 34, f"{_ADMISSION}/v1"),
    _removed_api("storage.k8s.io/v1alpha1", "VolumeAttributesClass", 32, 35, "storage.k8s.io/v1"),
    _removed_api("storagemigration.k8s.io/v1alpha1", "StorageVersionMigration", 33, 36, None),
    _removed_api(
        f"{_CERTIFICATES}/v1alpha1", "ClusterTrustBundle", 34, 37, f"{_CERTIFICATES}/v1beta1"
    ),
    _removed_api(
        "networking.k8s.io/v1beta1", "IPAddress ServiceCIDR", 34, 37, "networking.k8s.io/v1"
    ),
    _removed_api("storage.k8s.io/v1beta1", "VolumeAttributesClass", 34, 37, "storage.k8s.io/v1"),
    _removed_api(f"{_ADMISSION}/v1alpha1", _MUTATING, 35, 38, f"{_ADMISSION}/v1beta1"),
    _removed_api(f"{_COORDINATION}/v1alpha2", "LeaseCandidate", 35, 38, f"{_COORDINATION}/v1beta1"),
    _removed_api("resource.k8s.io/v1beta1", _DEVICES, 35, 38, "resource.k8s.io/v1"),
    _removed_api("resource.k8s.io/v1beta2", _DEVICES, 36, 39, "resource.k8s.io/v1"),
    _removed_api("resource.k8s.io/v1alpha3", "DeviceTaintRule", 36, 39, None),
    _removed_api(f"{_CERTIFICATES}/v1beta1", "ClusterTrustBundle", 36, 39, None),
    _removed_api(f"{_COORDINATION}/v1beta1", "LeaseCandidate", 36, 39, None),
    _removed_api(f"{_ADMISSION}/v1beta1", _MUTATING, 37, 40, None),
    _removed_api(
        f"{_CERTIFICATES}/v1alpha1", "PodCertificateRequest", 37, 40, f"{_CERTIFICATES}/v1beta1"
    ),
    _removed_api(f"{_CERTIFICATES}/v1beta1", "PodCertificateRequest", 38, 41, None),
    _removed_api("storagemigration.k8s.io/v1beta1", "StorageVersionMigration", 38, 41, None),
)
"""Every API version that goes, the earliest removal first within a group of kinds."""

LAST_KNOWN = 41
"""The newest minor version whose removals are known, as far as they were announced in 1.35."""


def find_removal(api_version: str, kind: str) -> RemovedApi | None:
    """Return what is known of the removal of a kind in an API version, None for nothing."""
    return next(
        (each for each in REMOVED_APIS if each.api_version == api_version and kind in each.kinds),
        None,
    )
