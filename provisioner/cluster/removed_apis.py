"""API versions that Kubernetes stops serving, and which objects of a cluster still use them.

Sources: kubernetes.io, "Deprecated API Migration Guide" (removals up to 1.32), and the lifecycle
that each type of the module k8s.io/api v0.35.4 states of itself
(zz_generated.prerelease-lifecycle.go) for what is removed after that.

A server lists objects in the version that it prefers, whatever version they were written in. What a
client used is noted by `kubectl apply` in the annotation `last-applied-configuration`; server-side
apply notes it in managedFields, which an observation does not have.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.cluster.objects import Object, group_of

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True, slots=True)
class RemovedApi:
    """An API version of some kinds: the minor versions of Kubernetes that deprecate and no longer
    serve it, and the API version to use instead (None where it has no successor)."""

    api_version: str
    kinds: frozenset[str]
    deprecated: int
    removed: int
    successor: str | None


def _api(
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
    _api("extensions/v1beta1", "NetworkPolicy", 9, 16, "networking.k8s.io/v1"),
    _api("extensions/v1beta1", "DaemonSet Deployment ReplicaSet", 8, 16, "apps/v1"),
    _api("apps/v1beta1", _WORKLOADS, 8, 16, "apps/v1"),
    _api("apps/v1beta2", f"{_WORKLOADS} DaemonSet ReplicaSet", 9, 16, "apps/v1"),
    _api("extensions/v1beta1", "PodSecurityPolicy", 10, 16, None),
    _api(
        f"{_ADMISSION}/v1beta1",
        "MutatingWebhookConfiguration ValidatingWebhookConfiguration",
        16,
        22,
        f"{_ADMISSION}/v1",
    ),
    _api(
        "apiextensions.k8s.io/v1beta1",
        "CustomResourceDefinition",
        16,
        22,
        "apiextensions.k8s.io/v1",
    ),
    _api("apiregistration.k8s.io/v1beta1", "APIService", 19, 22, "apiregistration.k8s.io/v1"),
    _api(f"{_CERTIFICATES}/v1beta1", "CertificateSigningRequest", 19, 22, f"{_CERTIFICATES}/v1"),
    _api(f"{_COORDINATION}/v1beta1", "Lease", 19, 22, f"{_COORDINATION}/v1"),
    _api("extensions/v1beta1", "Ingress", 14, 22, "networking.k8s.io/v1"),
    _api("networking.k8s.io/v1beta1", "Ingress IngressClass", 19, 22, "networking.k8s.io/v1"),
    _api("rbac.authorization.k8s.io/v1beta1", _ROLES, 17, 22, "rbac.authorization.k8s.io/v1"),
    _api("scheduling.k8s.io/v1beta1", "PriorityClass", 14, 22, "scheduling.k8s.io/v1"),
    _api(
        "storage.k8s.io/v1beta1",
        "CSIDriver StorageClass VolumeAttachment",
        19,
        22,
        "storage.k8s.io/v1",
    ),
    _api("storage.k8s.io/v1beta1", "CSINode", 17, 22, "storage.k8s.io/v1"),
    _api("batch/v1beta1", "CronJob", 21, 25, "batch/v1"),
    _api("discovery.k8s.io/v1beta1", "EndpointSlice", 21, 25, "discovery.k8s.io/v1"),
    _api("events.k8s.io/v1beta1", "Event", 22, 25, "events.k8s.io/v1"),
    _api("autoscaling/v2beta1", "HorizontalPodAutoscaler", 22, 25, "autoscaling/v2"),
    _api("policy/v1beta1", "PodDisruptionBudget", 21, 25, "policy/v1"),
    _api("policy/v1beta1", "PodSecurityPolicy", 21, 25, None),
    _api("node.k8s.io/v1beta1", "RuntimeClass", 22, 25, "node.k8s.io/v1"),
    _api(f"{_FLOW}/v1beta1", _LEVELS, 23, 26, f"{_FLOW}/v1"),
    _api("autoscaling/v2beta2", "HorizontalPodAutoscaler", 23, 26, "autoscaling/v2"),
    _api("storage.k8s.io/v1beta1", "CSIStorageCapacity", 24, 27, "storage.k8s.io/v1"),
    _api(f"{_FLOW}/v1beta2", _LEVELS, 26, 29, f"{_FLOW}/v1"),
    _api(f"{_FLOW}/v1beta3", _LEVELS, 29, 32, f"{_FLOW}/v1"),
    _api(f"{_ADMISSION}/v1alpha1", _POLICIES, 29, 32, f"{_ADMISSION}/v1"),
    _api(f"{_ADMISSION}/v1beta1", _POLICIES, 31, 34, f"{_ADMISSION}/v1"),
    _api("storage.k8s.io/v1alpha1", "VolumeAttributesClass", 32, 35, "storage.k8s.io/v1"),
    _api("storagemigration.k8s.io/v1alpha1", "StorageVersionMigration", 33, 36, None),
    _api(f"{_CERTIFICATES}/v1alpha1", "ClusterTrustBundle", 34, 37, f"{_CERTIFICATES}/v1beta1"),
    _api("networking.k8s.io/v1beta1", "IPAddress ServiceCIDR", 34, 37, "networking.k8s.io/v1"),
    _api("storage.k8s.io/v1beta1", "VolumeAttributesClass", 34, 37, "storage.k8s.io/v1"),
    _api(f"{_ADMISSION}/v1alpha1", _MUTATING, 35, 38, f"{_ADMISSION}/v1beta1"),
    _api(f"{_COORDINATION}/v1alpha2", "LeaseCandidate", 35, 38, f"{_COORDINATION}/v1beta1"),
    _api("resource.k8s.io/v1beta1", _DEVICES, 35, 38, "resource.k8s.io/v1"),
    _api("resource.k8s.io/v1beta2", _DEVICES, 36, 39, "resource.k8s.io/v1"),
    _api("resource.k8s.io/v1alpha3", "DeviceTaintRule", 36, 39, None),
    _api(f"{_CERTIFICATES}/v1beta1", "ClusterTrustBundle", 36, 39, None),
    _api(f"{_COORDINATION}/v1beta1", "LeaseCandidate", 36, 39, None),
    _api(f"{_ADMISSION}/v1beta1", _MUTATING, 37, 40, None),
    _api(f"{_CERTIFICATES}/v1alpha1", "PodCertificateRequest", 37, 40, f"{_CERTIFICATES}/v1beta1"),
    _api(f"{_CERTIFICATES}/v1beta1", "PodCertificateRequest", 38, 41, None),
    _api("storagemigration.k8s.io/v1beta1", "StorageVersionMigration", 38, 41, None),
)
"""Every API version that goes, the earliest removal first within a group of kinds."""

LAST_KNOWN = 41
"""The newest minor version whose removals are known, as far as they were announced in 1.35."""


@dataclass(frozen=True, slots=True)
class ApiUse:
    """Objects that use an API version which goes, by their addresses, and how that is known:
    `listed` where it is the version that the server lists them in, else `applied`, by kubectl's
    annotation."""

    api: RemovedApi
    kind: str
    objects: tuple[str, ...]
    how: str


def find_uses(lists: Iterable[tuple[str, str, Iterable[Object]]], target: int) -> list[ApiUse]:
    """Return the uses of API versions that Kubernetes 1.`target` deprecates or no longer serves.

    `lists` are the observed ones: API version, kind and objects of each.
    """
    found: dict[tuple[str, str, str], tuple[RemovedApi, list[str]]] = {}
    for api_version, kind, items in lists:
        for item in items:
            for version, how in _versions_of(item, api_version, kind):
                api = find_removal(version, kind)
                if api is not None and api.deprecated <= target:
                    _, objects = found.setdefault((version, kind, how), (api, []))
                    objects.append(_address(item))
    uses = [
        ApiUse(api, kind, tuple(sorted(objects)), how)
        for (_, kind, how), (api, objects) in found.items()
    ]
    return sorted(uses, key=lambda use: (use.api.removed, use.api.api_version, use.kind))


def find_removal(api_version: str, kind: str) -> RemovedApi | None:
    """Return what is known of the removal of a kind in an API version, None for nothing."""
    return next(
        (each for each in REMOVED_APIS if each.api_version == api_version and kind in each.kinds),
        None,
    )


def find_unobserved(observed: Iterable[tuple[str, str]], current: int, target: int) -> list[str]:
    """Return the kinds, as GROUP/KIND, of which an API version goes after 1.`current` and up to
    1.`target`, and which nobody listed. `observed` are group and kind of the lists."""
    seen = set(observed)
    wanted = {
        (group_of(each.api_version), kind)
        for each in REMOVED_APIS
        if current < each.removed <= target
        for kind in each.kinds
    }
    return sorted(f"{group}/{kind}" for group, kind in wanted - seen)


def _versions_of(item: Object, api_version: str, kind: str) -> Iterator[tuple[str, str]]:
    """Yield the API versions that an object uses, and how each is known."""
    yield api_version, "listed"
    applied = _last_applied(item)
    version = applied.get("apiVersion")
    if isinstance(version, str) and version != api_version and applied.get("kind") == kind:
        yield version, "applied"


def _last_applied(item: Object) -> Mapping[str, Any]:
    text = ((item.get("metadata") or {}).get("annotations") or {}).get(_LAST_APPLIED)
    try:
        found = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _address(item: Object) -> str:
    metadata = item.get("metadata") or {}
    namespace, name = metadata.get("namespace"), metadata.get("name")
    return f"{namespace}/{name}" if namespace else str(name)
