"""Values that others wrote into a declared object and that weaken it.

Labels and annotations are everybody's: controllers, GitOps and people leave notes there. Those
below steer security. Everything outside of the metadata does.

Called by `decisions`, `namespace_labels` and `workflow.cluster_drift`.
"""

from provisioner.cluster.comparison import Difference

_SECURITY_PREFIXES = (
    "pod-security.kubernetes.io/",
    "admission.gatekeeper.sh/",
    "azure.workload.identity/",
    "container.apparmor.security.beta.kubernetes.io/",
    "iam.",
    "io.cilium",
    "istio-injection",
    "istio.io/",
    "kubernetes.azure.com/",
    "kubernetes.io/enforce-mountable-secrets",
    "openservicemesh.io/",
    "policy.cilium.io/",
    "rbac.authorization.k8s.io/",
    "rbac.authorization.kubernetes.io/",
    "resource.kubernetes.io/",
    "scheduler.alpha.kubernetes.io/",
    "security.alpha.kubernetes.io/",
    "security.istio.io/",
    "sidecar.istio.io/",
    "traffic.sidecar.istio.io/",
)
"""Beginnings of labels and annotations that decide what admission, the mesh, the data plane or an
identity does (kubernetes.io, "Well-Known Labels, Annotations and Taints" and "Aggregated
ClusterRoles"; Gatekeeper, "Exempting Namespaces"; learn.microsoft.com, "Workload identity: service
account annotations"; istio.io, "Resource Annotations"). `scheduler.alpha.kubernetes.io/` on a
namespace decides on which nodes its pods run (PodNodeSelector and PodTolerationRestriction, which
AKS turns on: learn.microsoft.com, "Frequently asked questions about AKS");
`resource.kubernetes.io/admin-access` lets its pods reach devices that are others' (kubernetes.io,
"Dynamic Resource Allocation", admin access)."""

_SECURITY_NAMES = ("control-plane",)
"""A namespace with this label is left out by AKS's policies (guidelines.md WRK-02.1)."""


def weakens(difference: Difference) -> bool:
    """Return whether a value that nobody declared may weaken what is declared."""
    path = difference.path
    if path[:1] != ("metadata",):
        return True
    if path[1:2] in (("ownerReferences",), ("finalizers",)):
        # Who owns an object decides when it is deleted with its owner.
        return path[1] == "ownerReferences"
    names = [str(path[2])] if len(path) > 2 else _stated_names(difference)
    return any(map(steers_security, names))


def steers_security(name: str) -> bool:
    """Return whether a label or an annotation of this name decides what is enforced."""
    # Charts aggregate by labels of their own domains as well.
    return (
        name in _SECURITY_NAMES or name.startswith(_SECURITY_PREFIXES) or "/aggregate-to-" in name
    )


def _stated_names(difference: Difference) -> list[str]:
    """Return the labels of a difference that has all of them: the other side has none."""
    sides = (difference.before, difference.after)
    return [str(name) for side in sides if isinstance(side, dict) for name in side]
