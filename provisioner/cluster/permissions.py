"""Capabilities that RBAC rules grant, each with its risk.

Sources: kubernetes.io, "Role Based Access Control Good Practices" (privilege escalation risks) and
"Using RBAC Authorization" (escalate, bind, impersonate); guidelines.md MAN-01, WRK-02.8.

Called by `controls.cluster_objects.access` and the modules that judge roles here.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from provisioner.cluster.objects import Object
from provisioner.model.label_selectors import selects

Rule = Mapping[str, Any]

_WRITES = ("create", "update", "patch")
_RBAC = "rbac.authorization.k8s.io"


class Risk(StrEnum):
    """What comes of a capability."""

    ESCALATION = "escalation"
    """From one's own rights to another's ("Role Based Access Control Good Practices", Kubernetes
    RBAC - privilege escalation risks; without the creation of workloads, which deployers need)."""
    SHELL = "shell"
    """Commands in the pods of others."""
    BYPASS = "bypass"
    """Around what is enforced: network and admission policies, also of add-ons, nodes, ports behind
    network policies, and controllers that apply manifests with rights of their own."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Capability:
    """Capability that a rule may grant, with its `risk`.

    It is one of `verbs` on one of `resources` of a group, on any of it where none is named.
    """

    words: str
    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    risk: Risk = Risk.OTHER


_ESCALATION, _SHELL, _BYPASS = Risk.ESCALATION, Risk.SHELL, Risk.BYPASS
_CHANGES = (*_WRITES, "delete", "deletecollection")
_APPLIES = "applies manifests with the rights of their controller"
_SOURCES = ("buckets", "gitrepositories", "helmcharts", "helmrepositories", "ocirepositories")

_ENFORCED = "changes what Gatekeeper enforces"
_GATEKEEPER = ("config", "constraints", "expansion", "externaldata", "mutations", "templates")

CAPABILITIES = tuple(
    Capability(*row)
    for row in (
        ("runs commands in pods", "", ("pods/exec", "pods/attach"), ("create", "get"), _SHELL),
        ("reads secrets", "", ("secrets",), ("get", "list", "watch"), _ESCALATION),
        (
            "impersonates", "authentication.k8s.io", ("userextras", "uids"), ("impersonate",),
            _ESCALATION,
        ),
        ("impersonates", "", ("users", "groups", "serviceaccounts"), ("impersonate",), _ESCALATION),
        ("escalates roles", _RBAC, ("roles", "clusterroles"), ("escalate", "bind"), _ESCALATION),
        (
            "grants access", _RBAC,
            ("rolebindings", "clusterrolebindings", "roles", "clusterroles"), _WRITES, _ESCALATION,
        ),
        (
            "issues tokens of service accounts", "", ("serviceaccounts/token",), ("create",),
            _ESCALATION,
        ),
        ("reaches the kubelet of nodes", "", ("nodes/proxy",), ("create", "get"), _ESCALATION),
        (
            "changes containers of running pods", "",
            ("pods/ephemeralcontainers",), ("update", "patch"), _SHELL,
        ),
        # The image of a container is one of the few fields of a running pod that may change.
        ("changes images of running pods", "", ("pods",), ("update", "patch"), _SHELL),
        (
            "changes admission", "admissionregistration.k8s.io",
            (
                "validatingwebhookconfigurations", "mutatingwebhookconfigurations",
                "validatingadmissionpolicies", "validatingadmissionpolicybindings",
                "mutatingadmissionpolicies", "mutatingadmissionpolicybindings",
            ),
            _CHANGES, _ESCALATION,
        ),
        # Flux and Argo CD apply what an object names, as cluster-admin where nothing else is
        # configured (fluxcd.io, "Multi-tenancy lockdown"; argo-cd.readthedocs.io, "Declarative
        # Setup").
        (_APPLIES, "helm.toolkit.fluxcd.io", ("helmreleases",), _WRITES, _BYPASS),
        (_APPLIES, "kustomize.toolkit.fluxcd.io", ("kustomizations",), _WRITES, _BYPASS),
        (_APPLIES, "source.toolkit.fluxcd.io", _SOURCES, _WRITES, _BYPASS),
        (
            _APPLIES, "argoproj.io", ("applications", "applicationsets", "appprojects"), _WRITES,
            _BYPASS,
        ),
        ("changes what namespaces enforce", "", ("namespaces",), ("update", "patch"), _ESCALATION),
        (
            "changes network policies", "networking.k8s.io",
            ("networkpolicies",), _CHANGES, _BYPASS,
        ),
        (
            "changes network policies", "cilium.io",
            (
                "ciliumclusterwideenvoyconfigs", "ciliumclusterwidenetworkpolicies",
                "ciliumegressgatewaypolicies", "ciliumenvoyconfigs", "ciliumlocalredirectpolicies",
                "ciliumnetworkpolicies", "ciliumnodeconfigs",
            ),
            _CHANGES, _BYPASS,
        ),
        (
            "changes network policies", "crd.projectcalico.org",
            ("globalnetworkpolicies", "networkpolicies"), _CHANGES, _BYPASS,
        ),
        (
            "changes network policies", "policy.networking.k8s.io",
            ("adminnetworkpolicies", "baselineadminnetworkpolicies", "clusternetworkpolicies"),
            _CHANGES, _BYPASS,
        ),
        ("changes nodes", "", ("nodes",), ("update", "patch"), _BYPASS),
        (
            "approves certificates", "certificates.k8s.io",
            ("certificatesigningrequests/approval",), ("update", "patch"), _ESCALATION,
        ),
        (
            "approves certificates", "certificates.k8s.io", ("signers",), ("approve", "sign"),
            _ESCALATION,
        ),
        (
            "extends the API", "apiextensions.k8s.io", ("customresourcedefinitions",), _WRITES,
        ),
        ("extends the API", "apiregistration.k8s.io", ("apiservices",), _WRITES),
        ("redirects the traffic of services", "discovery.k8s.io", ("endpointslices",), _WRITES),
        ("redirects the traffic of services", "", ("endpoints", "services"), _WRITES),
        ("mounts folders of nodes", "", ("persistentvolumes",), _WRITES, _ESCALATION),
        ("forwards ports of pods", "", ("pods/portforward",), ("create", "get"), _BYPASS),
        # The API server is the one that asks: no network policy of the pod's node stops it.
        (
            "reaches ports of pods", "", ("pods/proxy", "services/proxy"), (*_WRITES, "get"),
            _BYPASS,
        ),
        ("creates pods", "", ("pods",), ("create",)),
        ("creates pods", "", ("replicationcontrollers",), _WRITES),
        (
            "creates pods", "apps",
            ("deployments", "daemonsets", "statefulsets", "replicasets"), _WRITES,
        ),
        ("creates pods", "batch", ("jobs", "cronjobs"), _WRITES),
    )
) + tuple(
    # The constraints of Azure Policy are kinds of their own, one a template.
    Capability(_ENFORCED, f"{part}.gatekeeper.sh", (), _CHANGES, _BYPASS) for part in _GATEKEEPER
)  # fmt: skip
"""The worst first."""

EVERYTHING = "may do everything"


def find_aggregates(role: Object) -> tuple[str, ...]:
    """Return the roles into which the controller manager copies the rules of a ClusterRole.

    They are `view`, `edit` and the like (kubernetes.io, "Aggregated ClusterRoles": the labels are
    as good as rules).
    """
    labels = (role.get("metadata") or {}).get("labels") or {}
    return tuple(
        sorted(
            str(name).rpartition("/aggregate-to-")[2]
            for name, value in labels.items()
            if "/aggregate-to-" in str(name) and value == "true"
        )
    )


def find_capabilities(rules: Iterable[Rule]) -> tuple[str, ...]:
    """Return what rules allow, the worst first; none: nothing of what is listed here."""
    stated = list(rules)
    if any(_allows_everything(rule) for rule in stated):
        return (EVERYTHING,)
    return tuple(dict.fromkeys(c.words for c in CAPABILITIES if allows(stated, c)))


def find_risks(rules: Iterable[Rule], risk: Risk) -> tuple[str, ...]:
    """Return what rules allow of one risk, the worst first; whoever may do everything has each."""
    stated = list(rules)
    if any(_allows_everything(rule) for rule in stated):
        return (EVERYTHING,)
    found = (c.words for c in CAPABILITIES if c.risk is risk and allows(stated, c))
    return tuple(dict.fromkeys(found))


def allows(rules: Iterable[Rule], capability: Capability) -> bool:
    """Return whether rules allow something; a rule for some objects by name allows it of those."""
    return any(_rule_allows(rule, capability) for rule in rules)


def _allows_everything(rule: Rule) -> bool:
    return all("*" in (rule.get(part) or ()) for part in ("verbs", "resources", "apiGroups"))


def _rule_allows(rule: Rule, capability: Capability) -> bool:
    groups, verbs = rule.get("apiGroups") or (), rule.get("verbs") or ()
    resources = [str(stated) for stated in rule.get("resources") or ()]
    # Without named resources any resource of the group counts: constraints have a kind for each
    # template.
    if not capability.resources and capability.group in groups:
        covers = bool(resources)
    else:
        covers = any(_matches_resource(stated, capability) for stated in resources)
    return (
        covers
        and bool({"*", capability.group} & set(groups))
        and bool({"*", *capability.verbs} & set(verbs))
    )


def _matches_resource(stated: str, capability: Capability) -> bool:
    if stated == "*" or stated in capability.resources:
        return True
    # `*/exec` is that of any resource (kubernetes.io, "Referring to resources").
    resource, _, part = stated.partition("/")
    return resource == "*" and any(name.endswith(f"/{part}") for name in capability.resources)


@dataclass(frozen=True, slots=True)
class Roles:
    """The roles of a cluster, by namespace ("" for ClusterRoles) and name."""

    rules: Mapping[tuple[str, str], tuple[Rule, ...]]

    def allowed_by(self, binding: Object) -> tuple[str, ...] | None:
        """Return what a binding allows; None where its role is not known."""
        found = self.rules_of(binding)
        return None if found is None else find_capabilities(found)

    def rules_of(self, binding: Object) -> tuple[Rule, ...] | None:
        """Return the rules of the role that a binding gives; None where that is not known."""
        reference = binding.get("roleRef") or {}
        namespace = str((binding.get("metadata") or {}).get("namespace") or "")
        # A RoleBinding may refer to a ClusterRole, whose rules then hold in the binding's namespace
        # alone.
        within = namespace if reference.get("kind") == "Role" else ""
        return self.rules.get((within, str(reference.get("name"))))


def read_roles(bodies: Iterable[Object]) -> Roles:
    """Return the roles of Role and ClusterRole objects, with what is aggregated into them."""
    known = tuple(bodies)
    return Roles(
        {
            (str(body["metadata"].get("namespace") or ""), str(body["metadata"]["name"])): (
                *rules_of(body, known),
            )
            for body in known
        }
    )


def rules_of(role: Object, known: tuple[Object, ...]) -> Iterator[Rule]:
    """Yield the rules of a role and those that the controller manager copies into it.

    It copies them from `known` roles, at once or in a moment.
    """
    yield from role.get("rules") or ()
    for source in find_sources(role, known):
        yield from source.get("rules") or ()


def find_sources(role: Object, known: tuple[Object, ...]) -> tuple[Object, ...]:
    """Return the roles among `known` that a role aggregates.

    Of `admin` they are those of `edit` too, which has them from others.
    """
    return tuple(_find_sources(role, known, {str(role["metadata"]["name"])}))


def _find_sources(role: Object, known: tuple[Object, ...], seen: set[str]) -> Iterator[Object]:
    # `{}` selects every ClusterRole, and a list of selectors any that one of them selects.
    selectors = (role.get("aggregationRule") or {}).get("clusterRoleSelectors") or ()
    for other in known if selectors else ():
        name = str(other["metadata"]["name"])
        labels = other["metadata"].get("labels") or {}
        is_cluster_wide = not other["metadata"].get("namespace")
        if is_cluster_wide and name not in seen and any(selects(e, labels) for e in selectors):
            seen.add(name)
            yield other
            yield from _find_sources(other, known, seen)


def name_subjects(binding: Object) -> Iterator[str]:
    """Yield the subjects of a binding by name.

    They are NAMESPACE/NAME of a service account, `User NAME` and `Group NAME`.
    """
    within = str((binding.get("metadata") or {}).get("namespace") or "")
    for subject in binding.get("subjects") or ():
        name = str(subject.get("name"))
        is_account = subject.get("kind") == "ServiceAccount"
        place = subject.get("namespace") or within
        yield f"{place}/{name}" if is_account else f"{subject.get('kind')} {name}"


def describe_subjects(binding: Object) -> Iterator[str]:
    """Yield whom a binding is for: "user mallory", "service account web of billing"."""
    for subject in binding.get("subjects") or ():
        name = str(subject.get("name"))
        if subject.get("kind") == "ServiceAccount":
            yield f"service account {name} of {subject.get('namespace') or 'no namespace'}"
        else:
            yield f"{str(subject.get('kind', 'subject')).lower()} {name}"
