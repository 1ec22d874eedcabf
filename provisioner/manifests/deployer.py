"""Least-privilege ClusterRoles for applying and for observing an environment's objects.

Kubernetes lets nobody write a role with permissions that they do not hold, or bind one, unless they
hold `escalate` or `bind` (kubernetes.io, "Using RBAC Authorization", "Privilege escalation
prevention and bootstrapping"). `escalate` would allow its holder to gain any permission. This role
therefore holds what the environment's roles grant, and `bind` for the roles that its bindings name:
a binding may be sent before its role exists, and permissions of a missing role cannot be compared.

`workflow/cluster_roles.py` calls it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from provisioner.manifests.declared_kinds import DECLARED_KINDS
from provisioner.manifests.manifest import Manifest
from provisioner.manifests.observer import READ

_RBAC = "rbac.authorization.k8s.io"
_APPLY_VERBS = ("create", "get", "list", "patch")
"""The verbs of a server-side apply and of its dry run, which RBAC does not distinguish; an apply
that creates needs `create` beside `patch`."""

_NAMESPACED = (
    ("", (
        "configmaps", "limitranges", "persistentvolumeclaims", "pods", "podtemplates",
        "replicationcontrollers", "resourcequotas", "secrets", "serviceaccounts", "services",
    )),
    ("apps", ("controllerrevisions", "daemonsets", "deployments", "replicasets", "statefulsets")),
    ("autoscaling", ("horizontalpodautoscalers",)),
    ("batch", ("cronjobs", "jobs")),
    ("networking.k8s.io", ("ingresses", "networkpolicies")),
    ("policy", ("poddisruptionbudgets",)),
    (_RBAC, ("rolebindings", "roles")),
    ("resource.k8s.io", ("resourceclaims", "resourceclaimtemplates")),
    ("storage.k8s.io", ("csistoragecapacities",)),
)  # fmt: skip
"""The namespaced built-in kinds of Kubernetes (API reference of 1.35, without events, endpoints and
leases, which are created and deleted by the cluster itself)."""

_NAMESPACED_RESOURCES = frozenset(
    (group, resource) for group, found in (*_NAMESPACED, *READ) for resource in found
)

_LEASE = {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"]}


def deployer_role(name: str, manifests: Sequence[Manifest], *, deletes: bool) -> dict[str, Any]:
    """Return the ClusterRole for a plan and an apply of some objects; `deletes` for deletes too.

    Deleting a namespace deletes everything in it, so its objects are listed first, including
    secrets: RBAC has no verb for their names alone.

    The role may list and delete objects of kinds that are not declared: an object that is no longer
    declared can be of any kind that an environment can declare.
    """
    declared = {("", "namespaces")} | {
        (_group_of(str(manifest.body["apiVersion"])), _resource_of(manifest.kind))
        for manifest in manifests
    }
    others = {(kind.group, _resource_of(kind.name)) for kind in DECLARED_KINDS} - declared
    rules = (
        *_rules_for(declared, sorted((*_APPLY_VERBS, "delete") if deletes else _APPLY_VERBS)),
        *_rules_for(others, ["delete", "list"] if deletes else ["list"]),
        *_bind_rules(manifests),
        *_rules_of_declared_roles(manifests),
        *(_rules_for(_NAMESPACED_RESOURCES, ["list"]) if deletes else ()),
    )
    # Several declared roles grant the same rule; RBAC adds rules up, so that one is enough.
    unique = {str(rule): rule for rule in rules}
    return _role_body("ClusterRole", {"name": name}, unique.values())


def _rules_for(resources: Iterable[tuple[str, str]], verbs: list[str]) -> Iterator[dict[str, Any]]:
    """Yield a rule for each API group of some resources."""
    for group, found in groupby(sorted(resources), key=itemgetter(0)):
        yield _policy_rule([group], [resource for _, resource in found], verbs)


def reader_role(name: str) -> dict[str, Any]:
    """Return the ClusterRole for an observation and for the inventory of a drift check.

    It cannot read secrets.
    """
    rules = (_policy_rule([group], list(found), ["get", "list"]) for group, found in READ)
    return _role_body("ClusterRole", {"name": name}, rules)


def lock_role(name: str, namespace: str, lease: str) -> dict[str, Any]:
    """Return the Role for the Lease of an apply. RBAC cannot restrict `create` to a name."""
    rules = ({**_LEASE, "resourceNames": [lease], "verbs": ["get", "update"]},)
    return _role_body(
        "Role", {"name": name, "namespace": namespace}, (*rules, {**_LEASE, "verbs": ["create"]})
    )


def _role_body(
    kind: str, metadata: Mapping[str, str], rules: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": kind,
        "metadata": dict(metadata),
        "rules": [dict(rule) for rule in rules],
    }


def _policy_rule(groups: list[str], resources: list[str], verbs: list[str]) -> dict[str, Any]:
    return {"apiGroups": groups, "resources": resources, "verbs": verbs}


def _bind_rules(manifests: Iterable[Manifest]) -> Iterator[dict[str, Any]]:
    """Yield `bind` for the roles that bindings name, by kind."""
    names: dict[str, set[str]] = {}
    for manifest in manifests:
        reference = manifest.body.get("roleRef")
        if isinstance(reference, Mapping):
            names.setdefault(_resource_of(str(reference["kind"])), set()).add(
                str(reference["name"])
            )
    for resource, found in sorted(names.items()):
        yield {**_policy_rule([_RBAC], [resource], ["bind"]), "resourceNames": sorted(found)}


def _rules_of_declared_roles(manifests: Iterable[Manifest]) -> Iterator[Mapping[str, Any]]:
    """Yield the rules of the declared roles."""
    for manifest in manifests:
        if manifest.kind in ("Role", "ClusterRole"):
            yield from manifest.body.get("rules") or ()


def _group_of(api_version: str) -> str:
    return api_version.rpartition("/")[0]


def _resource_of(kind: str) -> str:
    """Return the resource name of a kind by the rule of Kubernetes.

    That is `UnsafeGuessKindToResource` of apimachinery; a test asks a server for every declared
    kind.
    """
    name = kind.lower()
    if name.endswith("s"):
        return f"{name}es"
    return f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"
