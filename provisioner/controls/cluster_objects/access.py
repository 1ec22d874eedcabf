"""RBAC roles and bindings of a cluster, judged by their effect.

Sources: the pages "Role Based Access Control Good Practices" (privilege escalation) and "Using RBAC
Authorization" of the Kubernetes documentation; guidelines.md CLU-03.5, MAN-01, MAN-02.

Its rules are collected by `rules`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.cluster.permissions import Capability, Risk, allows, find_risks, rules_of
from provisioner.cluster.system_accounts import is_system_grant
from provisioner.controls.cluster_objects.view import (
    ObjectFinding,
    ObservedRule,
    View,
    conclude,
    count,
    fails,
)
from provisioner.manifests.cluster_kinds import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    ROLE,
    ROLE_BINDING,
)
from provisioner.manifests.namespace_objects import DEPLOYMENT_MANAGER, LOG_READER
from provisioner.model.cluster_contents import (
    Object,
    at,
    items,
    name_of,
    namespace_of,
)

_DEPLOY = Capability(
    "allows writing Deployments", "apps", ("deployments",), ("create", "update", "patch", "delete")
)
_READ_LOGS = Capability("allows reading pod logs", "", ("pods/log",), ("get",))


@dataclass(frozen=True, slots=True)
class BoundRole:
    """Binding of somebody who is not the system's: its subjects, and its role's rules.

    The rules are None where the role is not there.
    """

    binding: Object
    subjects: tuple[str, ...]
    rules: tuple[Mapping[str, Any], ...] | None


def find_bindings_to_others(view: View, *, everywhere_alone: bool = False) -> Iterator[BoundRole]:
    """Yield the bindings of a cluster that give something to others than the system.

    With `everywhere_alone` they are those that do so in every namespace, and no other list is read.
    """
    known = view.of(CLUSTER_ROLE)
    roles = {
        (kind.name, namespace_of(role), name_of(role)): tuple(rules_of(role, known))
        for kind in ((CLUSTER_ROLE,) if everywhere_alone else (ROLE, CLUSTER_ROLE))
        for role in view.of(kind)
    }
    bindings = (CLUSTER_ROLE_BINDING, ROLE_BINDING)
    for kind in bindings[:1] if everywhere_alone else bindings:
        for binding in view.of(kind):
            kind_of_role = str(at(binding, "roleRef", "kind"))
            # A RoleBinding may name a ClusterRole, whose permissions it then grants in its
            # namespace.
            within = namespace_of(binding) if kind_of_role == "Role" else ""
            rules = roles.get((kind_of_role, within, str(at(binding, "roleRef", "name"))))
            subjects = tuple(_outside_subjects(view, binding, rules))
            if subjects:
                yield BoundRole(binding, subjects, rules)


_SERVICE_ACCOUNT_PREFIX = "system:serviceaccount:"

_ADMINISTRATORS = {
    "aks-cluster-admin-binding": frozenset({"clusterAdmin", "clusterUser"}),
    "aks-cluster-admin-binding-aad": frozenset(),
}
"""The bindings by which AKS makes administrators, with the users of its certificates: the second
is for the Entra groups that the cluster names (AKS, "Access and identity options")."""

_CORE_BINDINGS = frozenset({
    ("Group", "system:nodes", "system:node"),
    ("User", "system:kube-controller-manager", "system:kube-controller-manager"),
    ("User", "system:kube-scheduler", "system:kube-scheduler"),
    ("User", "system:kube-scheduler", "system:volume-scheduler"),
})  # fmt: skip
"""The users and groups of Kubernetes' own components with the roles that are theirs ("Using RBAC
Authorization", core component roles); AKS binds system:node to the nodes. With another role they
are judged as anybody: a group of all nodes that administers the cluster makes each node one that
does, and a certificate can be had for any name that begins with `system:`."""


def _outside_subjects(
    view: View, binding: Object, rules: tuple[Mapping[str, Any], ...] | None
) -> Iterator[str]:
    """Yield the subjects of a binding that are neither the system's nor administrators of AKS.

    `rules` are those of the binding's role. A service account can be written as a user of its full
    name. One in a namespace of the system is the system's for the roles alone that Kubernetes or
    AKS gives it: whoever may write there makes accounts there (Tiller of Helm 2 had cluster-admin
    in kube-system). The groups of accounts are nobody's in particular: nothing of Kubernetes or AKS
    is given more than public discovery by them.
    """
    kind_of_role, role = (str(at(binding, "roleRef", part)) for part in ("kind", "name"))
    for subject in items(binding.get("subjects")):
        kind, name = str(at(subject, "kind")), str(at(subject, "name"))
        if kind == "User" and name.startswith(_SERVICE_ACCOUNT_PREFIX):
            kind, namespace, name = (
                "ServiceAccount",
                *name.removeprefix(_SERVICE_ACCOUNT_PREFIX).partition(":")[::2],
            )
        elif kind == "ServiceAccount":
            namespace = str(at(subject, "namespace") or namespace_of(binding))
        else:
            namespace = ""
        if kind == "ServiceAccount":
            grant = ((namespace, name), (kind_of_role, role), namespace_of(binding), rules)
            if namespace not in view.system or not is_system_grant(*grant, view.facts.add_ons):
                yield f"ServiceAccount {namespace}/{name}"
        elif (
            (kind, name) != ("Group", "system:masters")  # It is above RBAC as it is.
            and (kind, name, role) not in _CORE_BINDINGS
            and not _is_aks_administrator(view, binding, kind, name)
        ):
            yield f"{kind} {name}"


def _is_aks_administrator(view: View, binding: Object, kind: str, name: str) -> bool:
    users = _ADMINISTRATORS.get(name_of(binding))
    # Anybody may call a RoleBinding by the name of AKS's ClusterRoleBinding.
    if users is None or binding.get("kind") == "RoleBinding":
        return False
    return name in users if kind == "User" else kind == "Group" and name.lower() in view.admins


def _nobody_has(risk: Risk, words: str) -> ObservedRule:
    """Return the rule that nobody but the system has the capabilities of a risk."""

    def judge(view: View) -> Iterator[ObjectFinding]:
        bound = tuple(find_bindings_to_others(view))

        def look() -> Iterator[ObjectFinding]:
            for each in bound:
                # A binding to no role gives nothing.
                found = find_risks(each.rules or (), risk)
                if found:
                    yield fails(f"{', '.join(each.subjects)}: {', '.join(found)}", each.binding)

        evidence = f"{count(len(bound), 'binding')} to non-system subjects: none {words}"
        yield from conclude(look(), evidence)

    return ObservedRule(judge, (ROLE, CLUSTER_ROLE, ROLE_BINDING, CLUSTER_ROLE_BINDING))


def _allows_everything(rules: Iterable[Mapping[str, Any]]) -> bool:
    """Return whether a rule writes everything, be it by `*` or verb by verb."""
    return any(
        "*" in items(rule.get("apiGroups"))
        and "*" in items(rule.get("resources"))
        # A ClusterRole that spells the verbs out is cluster-admin under another name.
        and ({"*", "create"} & set(items(rule.get("verbs"))))
        and ({"*", "update", "patch"} & set(items(rule.get("verbs"))))
        for rule in rules
    )


def _judge_cluster_admins(view: View) -> Iterator[ObjectFinding]:
    def judge() -> Iterator[ObjectFinding]:
        for each in find_bindings_to_others(view, everywhere_alone=True):
            is_admin = at(each.binding, "roleRef", "name") == "cluster-admin"
            if is_admin or _allows_everything(each.rules or ()):
                yield fails(
                    (f"{', '.join(each.subjects)} has cluster-admin permissions"), each.binding
                )

    bindings = count(len(view.of(CLUSTER_ROLE_BINDING)), "ClusterRoleBinding")
    yield from conclude(
        judge(), (f"{bindings}: only system subjects and the cluster's administrator groups")
    )


def _nothing_beyond(capability: Capability, allowed: tuple[Object, ...]) -> ObservedRule:
    """Return the rule that whoever has a capability has nothing beyond some rules."""

    def judge(view: View) -> Iterator[ObjectFinding]:
        holding = [
            b for b in find_bindings_to_others(view) if b.rules and allows(b.rules, capability)
        ]

        def look() -> Iterator[ObjectFinding]:
            for each in holding:
                excess = _excess_of(each.rules or (), allowed)
                if excess:
                    who = ", ".join(each.subjects)
                    yield fails(f"{who}: {capability.words}, and {excess}", each.binding)
                # The outline's sample roles are for one namespace (guidelines.md MAN-01).
                elif not namespace_of(each.binding):
                    evidence = f"{', '.join(each.subjects)}: {capability.words} in every namespace"
                    yield fails(evidence, each.binding)

        evidence = f"{count(len(holding), 'binding')}: each {capability.words} and nothing else"
        yield from conclude(look(), evidence)

    return ObservedRule(judge, (ROLE, CLUSTER_ROLE, ROLE_BINDING, CLUSTER_ROLE_BINDING))


def _excess_of(rules: Iterable[Mapping[str, Any]], allowed: tuple[Object, ...]) -> str:
    """Return the first thing that rules allow beyond others, "" for nothing."""
    known = {
        (group, resource, verb)
        for rule in allowed
        for group in items(rule.get("apiGroups"))
        for resource in items(rule.get("resources"))
        for verb in items(rule.get("verbs"))
    }
    for rule in rules:
        for group in items(rule.get("apiGroups")):
            for resource in items(rule.get("resources")):
                for verb in items(rule.get("verbs")):
                    # The retired group of deployments grants nothing since Kubernetes 1.16.
                    if group != "extensions" and (group, resource, verb) not in known:
                        return f"{verb} {resource}"
    return ""


RULES = {
    "CLU-03.4": ObservedRule(_judge_cluster_admins, (CLUSTER_ROLE_BINDING, CLUSTER_ROLE)),
    "CLU-03.5": _nobody_has(Risk.ESCALATION, "allows privilege escalation"),
    "WRK-02.8": _nobody_has(Risk.SHELL, "allows pods/exec into pods of others"),
    "MAN-01": _nothing_beyond(_DEPLOY, DEPLOYMENT_MANAGER),
    "MAN-02": _nothing_beyond(_READ_LOGS, LOG_READER),
}
"""The rules by the id of their control."""
