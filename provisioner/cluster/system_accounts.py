"""Service accounts of Kubernetes and AKS, with the roles that they are bound to.

Whoever may write service accounts in kube-system can make one there under any name. So an account
is the system's only for a role that Kubernetes or AKS binds it to, and only while that role allows
no more than theirs does.

Sources: kubernetes.io, "Using RBAC Authorization" (controller roles: the account NAME has the role
system:controller:NAME; core component roles); what roles allow: `bootstrap/KUBERNETES.json`, read
off real API servers; AKS: `aks_access`.

Called by `controls.cluster_objects.access`.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from provisioner.catalog.aks_add_ons import AddOn
from provisioner.cluster.aks_access import find_account_roles
from provisioner.cluster.permissions import find_capabilities
from provisioner.cluster.system_objects import find_allowed

_KUBE_SYSTEM = "kube-system"
_CONTROLLER = "system:controller:"
_COMPONENTS = frozenset({
    ("kube-controller-manager", "system::leader-locking-kube-controller-manager"),
    ("kube-dns", "system:kube-dns"),
    ("kube-scheduler", "system::leader-locking-kube-scheduler"),
})  # fmt: skip
"""Accounts of components, each with its role: the policy that kube-apiserver bootstraps."""


def is_system_grant(
    account: tuple[str, str],
    role: tuple[str, str],
    within: str,
    rules: Iterable[Mapping[str, Any]] | None,
    add_ons: frozenset[AddOn],
) -> bool:
    """Return whether Kubernetes or AKS gives a role to a service account.

    `account` is its namespace and name, `role` the kind and name that the binding refers to,
    `within` the namespace of the binding ("" for all), `rules` are those of the role with what is
    aggregated into it, None where the cluster does not have it: it allows nothing then. `add_ons`
    are what the cluster has of AKS.
    """
    found = find_capabilities(rules or ())
    known = _find_allowed_capabilities(account, role, within, add_ons)
    # A role of the system that somebody extended is no longer the system's grant.
    return any(set(found) <= allowed for allowed in known)


def _find_allowed_capabilities(
    account: tuple[str, str], role: tuple[str, str], within: str, add_ons: frozenset[AddOn]
) -> Iterator[frozenset[str]]:
    """Yield the most that a role may allow to an account, for each who binds it."""
    namespace, name = account
    kind, role_name = role
    is_controller = role_name == f"{_CONTROLLER}{name}"
    if namespace == _KUBE_SYSTEM and (is_controller or (name, role_name) in _COMPONENTS):
        yield find_allowed(kind, within if kind == "Role" else "", role_name) or frozenset()
    for allowed in find_account_roles(f"{namespace}/{name}", role_name, within, add_ons):
        # What AKS binds of Kubernetes' own roles allows what Kubernetes' does.
        yield allowed if allowed is not None else find_allowed(kind, "", role_name) or frozenset()
