"""Inventory of undeclared objects with an additive effect, and of what each of them opens.

Called by `workflow.cluster_drift`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from provisioner.blueprint.kubernetes import AcceptedObject
from provisioner.catalog.aks_add_ons import AddOn
from provisioner.cluster.accepted_objects import find_acceptance
from provisioner.cluster.added_values import describe_values
from provisioner.cluster.aks_objects import CONTEXT_KINDS, is_of_aks, read_aks_context
from provisioner.cluster.namespace_labels import find_steering_values
from provisioner.cluster.object_kinds import (
    MESH_NAMESPACES,
    AdditiveKind,
    Reach,
    is_made_by_kubernetes,
)
from provisioner.cluster.objects import Key, Object, ServedKind, key_of, type_of
from provisioner.cluster.permissions import (
    Roles,
    find_capabilities,
    read_roles,
)
from provisioner.cluster.pod_templates import controller_of, is_made_by
from provisioner.cluster.pods import describe_template_access
from provisioner.cluster.service_addresses import Selecting, find_selecting, redirects_others
from provisioner.cluster.system_objects import OWN_NAMESPACES, Bootstrap
from provisioner.documents.additions import AcceptedDocument, AdditionDocument


@dataclass(frozen=True, slots=True)
class Listed:
    """The objects of one kind that stand in a cluster."""

    kind: ServedKind
    adds: AdditiveKind
    bodies: tuple[Object, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """Objects that an inventory leaves out: declared, accepted, and made by Kubernetes or Azure.

    `jobs` are the declared jobs that exist, by UID, with the words that are compared: a pod of one
    is declared if it is what that states. `administrators` are the object ids of the groups that
    administer the cluster, in small letters. `made_by_azure` are the namespaces that Azure makes,
    each with its labels and annotations; `node_group` is how the provider ids of the cluster's
    nodes begin, in small letters; `add_ons` is what the cluster has of AKS.
    """

    declared: frozenset[Key]
    namespaces: frozenset[str]
    bootstrap: Bootstrap
    accepted: tuple[AcceptedObject, ...]
    today: date
    jobs: Mapping[str, Object] = field(default_factory=lambda: MappingProxyType({}))
    administrators: frozenset[str] = frozenset()
    made_by_azure: Mapping[str, Mapping[str, str]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    node_group: str = ""
    add_ons: frozenset[AddOn] = frozenset()

    @property
    def labelled(self) -> Mapping[str, Mapping[str, str]]:
        """Return the undeclared namespaces whose labels count, each with its expected labels."""
        return {"default": {}, **self.made_by_azure}


@dataclass(frozen=True, slots=True)
class Inventory:
    """The undeclared objects that count, and those of them that the environment accepts."""

    additions: tuple[AdditionDocument, ...]
    accepted: tuple[AcceptedDocument, ...]


def take_inventory(listed: Iterable[Listed], scope: Scope) -> Inventory:
    """Return what nobody declared and adds to what is allowed, by kind and address."""
    lists = tuple(listed)
    roles = read_roles(_bodies_of_kinds(lists, "Role", "ClusterRole"))
    context = read_aks_context(
        scope.administrators, scope.add_ons, _bodies_of_kinds(lists, *CONTEXT_KINDS), roles
    )
    owners = {
        str(body["metadata"].get("uid")): body
        for body in _bodies_of_kinds(lists, "Deployment", "CronJob")
    }
    selecting = find_selecting(_bodies_of_kinds(lists, "Service"))
    cluster_roles = tuple(_bodies_of_kinds(lists, "ClusterRole"))
    additions: list[AdditionDocument] = []
    accepted: list[AcceptedDocument] = []
    for each in lists:
        for body in each.bodies:
            key = key_of(body)
            # In the order of their cost: whether an object is AKS' compares its images and its
            # template.
            if not _is_undeclared(key, body, each.adds, scope) or _is_deployment_revision(
                key, body, owners
            ):
                continue
            if scope.bootstrap.knows(key, body, cluster_roles) or is_of_aks(key, body, context):
                continue
            if key.kind == "Namespace" and _is_known_namespace(key, scope):
                found = _describe_labels(key, body, each, scope)
            else:
                found = _describe_addition(key, body, each, roles, selecting)
            if found is None:
                continue
            entry, why = find_acceptance(key, body, scope.accepted, roles, scope.today)
            if entry is None:
                additions.append(found if why is None else _with_objection(found, why))
            else:
                accepted.append(
                    AcceptedDocument(
                        addition=found,
                        reason=entry.reason,
                        owner=entry.owner,
                        expires=entry.expires.isoformat(),
                        place=f"kubernetes.accepted: {entry.kind}/{entry.name}",
                    )
                )
    return Inventory(
        tuple(sorted(additions, key=lambda found: found.id)),
        tuple(sorted(accepted, key=lambda found: found.addition.id)),
    )


def _bodies_of_kinds(lists: Iterable[Listed], *kinds: str) -> Iterator[Object]:
    return (body for each in lists if each.kind.kind in kinds for body in each.bodies)


def _is_undeclared(key: Key, body: Object, adds: AdditiveKind, scope: Scope) -> bool:
    if key in scope.declared or is_made_by_kubernetes(body):
        return False
    if key.kind == "Pod":
        return not _is_of_declared_job(body, scope.jobs)
    if key.kind == "Namespace":
        # One that Azure Resource Manager makes is not declared here, and what stands in it is.
        return not _is_known_namespace(key, scope) or key.name in scope.labelled
    if key.kind == "Node":
        # AKS' nodes are virtual machines of the node resource group, which their provider id names;
        # any other node was joined by somebody.
        provider = str((body.get("spec") or {}).get("providerID") or "").lower()
        return not (scope.node_group and provider.startswith(scope.node_group))
    return _is_in_reach(key, body, adds.reach, scope)


def _is_in_reach(key: Key, body: Object, reach: Reach, scope: Scope) -> bool:
    return (
        reach is Reach.EVERYWHERE
        or key.namespace in scope.namespaces
        or (reach is Reach.MESH and key.namespace in MESH_NAMESPACES)
        # Kubernetes' own, a Role of kube-system too, are known by their content.
        or key.text in scope.bootstrap.objects
        or redirects_others(key, body)
    )


def _is_known_namespace(key: Key, scope: Scope) -> bool:
    return key.name in OWN_NAMESPACES or key.name in scope.namespaces


def _is_deployment_revision(key: Key, body: Object, owners: Mapping[str, Object]) -> bool:
    """Return whether a ReplicaSet is the revision of a Deployment that reaches as much of the node.

    The Deployment is judged then.
    """
    owner = owners.get(str(controller_of(body).get("uid")))
    if key.kind != "ReplicaSet" or owner is None or key_of(owner).namespace != key.namespace:
        return False
    reached, allowed = (describe_template_access(each) for each in (body, owner))
    # A revision from before a rollback may reach more than the Deployment states today.
    return set(reached) <= set(allowed)


def _is_of_declared_job(pod: Object, jobs: Mapping[str, Object]) -> bool:
    """Return whether a pod is what a declared job makes."""
    job = jobs.get(str(controller_of(pod).get("uid")))
    return job is not None and is_made_by(pod, job)


def _describe_labels(
    key: Key, body: Object, listed: Listed, scope: Scope
) -> AdditionDocument | None:
    """Return what labels and annotations of a namespace that is known weaken there, if any do."""
    expected = scope.labelled[key.name]
    is_managed = key.name in scope.made_by_azure
    values = find_steering_values(body, expected, is_managed=is_managed)
    if not values:
        return None
    return AdditionDocument(
        id=listed.kind.path("", key.name),
        type=type_of(body),
        on="/",
        address=key.address,
        adds="changes what is enforced in the namespace",
        values=dict(values),
    )


def _with_objection(found: AdditionDocument, why: str) -> AdditionDocument:
    return found.model_copy(update={"values": {**found.values, "kubernetes.accepted": why}})


def _describe_addition(
    key: Key, body: Object, listed: Listed, roles: Roles, selecting: Selecting
) -> AdditionDocument | None:
    """Return an undeclared object with what it adds; None where it adds nothing."""
    allows: str | None = None
    values = describe_values(key.group, key.kind, body, selecting)
    if values is None:
        return None
    if key.kind in ("Role", "ClusterRole"):
        allows = ", ".join(find_capabilities(body.get("rules") or ())) or None
    if key.kind in ("RoleBinding", "ClusterRoleBinding"):
        allowed = roles.allowed_by(body)
        allows = "a role that was not found" if allowed is None else ", ".join(allowed) or None
    return AdditionDocument(
        id=listed.kind.path(key.namespace, key.name),
        type=type_of(body),
        on=f"/api/v1/namespaces/{key.namespace}" if key.namespace else "/",
        address=key.address,
        resource_group=key.namespace or None,
        adds=listed.adds.adds if allows is None else f"{listed.adds.adds}: {allows}",
        allows=allows,
        values=values,
    )


def find_expired(scope: Scope) -> Iterator[AcceptedObject]:
    """Yield the acceptances that have ended."""
    return (entry for entry in scope.accepted if entry.expires < scope.today)
