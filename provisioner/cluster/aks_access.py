"""RBAC roles and bindings of AKS and its add-ons, with their subjects and the most they may allow.

A name proves nothing: anybody who may write bindings may give one of these names to their own. So a
binding is AKS' only with the role and the subjects that AKS binds, and a role only while it allows
no more than AKS' does, and is copied into no other role. Anything else under these names is
reported; `kubernetes.accepted` is the way out where AKS has changed.

Sources, by row:
[eathar] raesene.github.io, "Attack of the clones" (December 2022): bindings with roles and subjects
of an AKS 1.24 cluster, and which of its roles read secrets; [audit] a public audit log of AKS:
"allowed by ClusterRoleBinding system:aks-client-nodes of ClusterRole system:node to Group
system:nodes"; [tls] kubernetes.io, "TLS bootstrapping" (the three bindings for kubelets, and their
groups); [cpa] kubernetes-sigs/cloud-provider-azure and azuredisk-csi-driver, azurefile-csi-driver:
RBAC of their charts; [acn] Azure/azure-container-networking: the manifest of azure-cns; [cilium]
the RBAC of cilium's chart; [gatekeeper] gatekeeper's manifest; [live] learn.microsoft.com, "View
live data with Container insights" (clusterUser); [addons] kubernetes/kubernetes, cluster/addons:
kube-proxy, coredns, dns-autoscaler, metrics-server; [sscsi] secrets-store-csi-driver: its chart,
with the service account of AKS' add-on; [logs] microsoft/Docker-Provider: ama-logs.yaml;
[identity] Azure/azure-workload-identity, charts/workload-identity-webhook (roles and bindings; AKS
runs it in kube-system: Azure/AKS#4139); [metrics] Azure/prometheus-collector,
azure-monitor-metrics-addon (roles and bindings); [policy] bindings of the Azure Policy add-on, with
subjects, as a public report of cyberark/kubernetes-rbac-audit on an AKS cluster names them.

Called by `aks_objects` and `system_accounts`.
"""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from provisioner.catalog.aks_add_ons import AddOn
from provisioner.cluster.objects import Key, Object
from provisioner.cluster.permissions import Roles, find_aggregates, find_capabilities

ADMINISTRATORS = "aks-cluster-admin-binding-aad"
"""Binds the groups that the cluster's `aadProfile.adminGroupObjectIDs` names: ARM states which
(learn.microsoft.com, "Enable AKS-managed Microsoft Entra integration")."""

_NODES = "Group system:nodes"
_BOOTSTRAPPERS = "Group system:bootstrappers"
_CSR_ROLE = "system:certificates.k8s.io:certificatesigningrequests"
_PROVIDER = "system:azure-cloud-provider"
_METRICS = "kube-system/ama-metrics-serviceaccount"

CLUSTER_BINDINGS: Mapping[str, tuple[str, frozenset[str]]] = {
    name: (role, frozenset(subjects))
    for name, role, *subjects in (
        ("aks-cluster-admin-binding", "cluster-admin", "User clusterAdmin", "User clusterUser"),
        ("aks-service-rolebinding", "aks-service", "User aks-support"),
        ("ama-metrics-clusterrolebinding", "ama-metrics-reader", _METRICS),
        ("ama-metrics-ksm", "ama-metrics-ksm", "kube-system/ama-metrics-ksm"),
        ("amalogsclusterrolebinding", "ama-logs-reader", "kube-system/ama-logs"),
        ("auto-approve-csrs-for-group", f"{_CSR_ROLE}:nodeclient", _BOOTSTRAPPERS),
        ("auto-approve-renewals-for-nodes", f"{_CSR_ROLE}:selfnodeclient", _NODES),
        ("azure-cns", "azure-cns", "kube-system/azure-cns"),
        (
            "azure-wi-webhook-manager-rolebinding", "azure-wi-webhook-manager-role",
            "kube-system/azure-wi-webhook-admin",
        ),
        ("cilium", "cilium", "kube-system/cilium"),
        ("cilium-operator", "cilium-operator", "kube-system/cilium-operator"),
        ("cloud-node-manager", "cloud-node-manager", "kube-system/cloud-node-manager"),
        (
            "container-health-read-logs-global", "container-health-log-reader",
            "User clusterUser",
        ),
        ("create-csrs-for-bootstrapping", "system:node-bootstrapper", _BOOTSTRAPPERS),
        (
            "csi-azuredisk-node-binding", "csi-azuredisk-node-role",
            "kube-system/csi-azuredisk-node-sa",
        ),
        (
            "csi-azurefile-node-secret-binding", "csi-azurefile-node-secret-role",
            "kube-system/csi-azurefile-node-sa",
        ),
        (
            "gatekeeper-manager-rolebinding", "gatekeeper-manager-role",
            "gatekeeper-system/gatekeeper-admin",
        ),
        (
            "metrics-server:system:auth-delegator", "system:auth-delegator",
            "kube-system/metrics-server",
        ),
        (
            "pod-reader-all-namespaces-binding", "pod-reader-all-namespaces",
            "kube-system/azure-cns",
        ),
        (
            "secretproviderclasses-rolebinding", "secretproviderclasses-role",
            "kube-system/aks-secrets-store-csi-driver",
        ),
        (
            "secretprovidersyncing-rolebinding", "secretprovidersyncing-role",
            "kube-system/aks-secrets-store-csi-driver",
        ),
        ("system:aks-client-node-proxier", "system:node-proxier", _NODES),
        ("system:aks-client-nodes", "system:node", _NODES),
        (_PROVIDER, _PROVIDER, "kube-system/azure-cloud-provider"),
        (
            f"{_PROVIDER}-secret-getter", f"{_PROVIDER}-secret-getter",
            "kube-system/azure-cloud-provider",
        ),
        ("system:coredns", "system:coredns", "kube-system/coredns"),
        (
            "system:coredns-autoscaler", "system:coredns-autoscaler",
            "kube-system/coredns-autoscaler",
        ),
        (
            "system:konnectivity-agent-autoscaler", "system:konnectivity-agent-autoscaler",
            "kube-system/konnectivity-agent-autoscaler",
        ),
        ("system:kube-proxy", "system:node-proxier", "kube-system/kube-proxy"),
        ("system:metrics-server", "system:metrics-server", "kube-system/metrics-server"),
        (
            "system:persistent-volume-binding", "system:persistent-volume-secret-operator",
            "kube-system/persistent-volume-binder",
        ),
    )
}  # fmt: skip
"""ClusterRoleBindings, each with its ClusterRole and its subjects; a service account is
NAMESPACE/NAME. Sources: aks-cluster-admin-binding, aks-service-rolebinding,
csi-azurefile-node-secret-binding, system:persistent-volume-binding, system:azure-cloud-provider-*:
[eathar]; system:aks-client-*: [eathar], [audit]; kubelets: [tls]; the rest: the component's own
source, named at the top."""

_SECRETS = "reads secrets"

_NAMESPACED_BINDINGS: Mapping[tuple[str, str], tuple[str, str, frozenset[str]]] = {
    (namespace, name): (role, subject, frozenset(allowed))
    for namespace, name, role, subject, *allowed in (
        (
            "gatekeeper-system", "gatekeeper-manager-rolebinding", "gatekeeper-manager-role",
            "gatekeeper-system/gatekeeper-admin", _SECRETS,
        ),
        (
            "kube-system", "ama-metrics-secrets-rolebinding", "ama-metrics-secrets-reader",
            _METRICS, _SECRETS,
        ),
        (
            "kube-system", "azure-policy-webhook-rolebinding", "azure-policy-webhook-role",
            "kube-system/azure-policy-webhook-account", _SECRETS,
        ),
        (
            "kube-system", "azure-wi-webhook-manager-rolebinding", "azure-wi-webhook-manager-role",
            "kube-system/azure-wi-webhook-admin", _SECRETS,
        ),
        (
            "kube-system", "metrics-server-auth-reader",
            "extension-apiserver-authentication-reader", "kube-system/metrics-server",
        ),
        (
            "kube-system", "metrics-server-binding", "system:metrics-server",
            "kube-system/metrics-server",
        ),
        (
            "kube-system", "nodeNetConfigEditorRoleBinding", "nodeNetConfigEditorRole",
            "kube-system/azure-cns",
        ),
    )
}  # fmt: skip
"""RoleBindings by namespace and name, each with its role, its subject, and the most that the role
may allow: a Role stands in a namespace that is not the environment's, where nobody else judges it
([addons], [acn], [gatekeeper], [identity], [metrics], [policy])."""

_SERVICES = "leads services elsewhere"
_EXTENDS = "extends the API"
_KUBELET = "reaches the kubelet of nodes"
_NODES_TOO = "changes nodes"
_POLICIES = "changes network policies"

ROLES: Mapping[str, frozenset[str]] = {
    name: frozenset(allowed)
    for name, *allowed in (
        ("acn-multitenancy-editor",),
        ("aks-service", _SECRETS),
        ("ama-logs-reader", _KUBELET),
        ("ama-metrics-ksm", _SECRETS),
        ("ama-metrics-reader", _KUBELET, _SECRETS),
        ("azure-cns",),
        ("azure-wi-webhook-manager-role", "changes admission"),
        ("cilium", _SECRETS, _NODES_TOO),
        ("cilium-operator", _SECRETS, _SERVICES, _EXTENDS, _NODES_TOO, _POLICIES),
        ("cloud-node-manager", _NODES_TOO),
        ("container-health-log-reader",),
        # The drivers take away the taint of their nodes once they are ready.
        ("csi-azuredisk-node-role", _NODES_TOO),
        ("csi-azurefile-node-secret-role", _SECRETS, _NODES_TOO),
        # It reads every resource, so that policies can; for RBAC that is `get` on pods/exec, too.
        (
            "gatekeeper-manager-role", _SECRETS, _EXTENDS, _KUBELET, "changes admission",
            "runs commands in pods", "forwards ports of pods", "reaches ports of pods",
            "changes what Gatekeeper enforces",
        ),
        ("pod-reader-all-namespaces",),
        ("secretproviderclasses-role",),
        ("secretprovidersyncing-role", _SECRETS),
        (_PROVIDER, _SERVICES, "mounts folders of nodes", _NODES_TOO),
        (f"{_PROVIDER}-secret-getter", _SECRETS),
        ("system:coredns",),
        ("system:coredns-autoscaler",),
        ("system:konnectivity-agent-autoscaler",),
        ("system:metrics-server",),
        ("system:persistent-volume-secret-operator", _SECRETS),
        ("system:prometheus",),
    )
}  # fmt: skip
"""ClusterRoles, each with the most that it allows of `permissions.CAPABILITIES`."""


_ADD_ONS: tuple[tuple[str, AddOn], ...] = (
    ("acn-multitenancy-editor", AddOn.AZURE_CNI),
    ("ama-logs*", AddOn.CONTAINER_INSIGHTS),
    ("ama-metrics*", AddOn.METRICS),
    ("amalogs*", AddOn.CONTAINER_INSIGHTS),
    ("azure-cns", AddOn.AZURE_CNI),
    ("azure-policy-*", AddOn.POLICY),
    ("azure-wi-*", AddOn.WORKLOAD_IDENTITY),
    ("cilium*", AddOn.CILIUM),
    ("csi-azuredisk-*", AddOn.DISK_DRIVER),
    ("csi-azurefile-*", AddOn.FILE_DRIVER),
    ("gatekeeper-*", AddOn.POLICY),
    ("nodeNetConfigEditorRoleBinding", AddOn.AZURE_CNI),
    ("pod-reader-all-namespaces*", AddOn.AZURE_CNI),
    ("secretprovider*", AddOn.SECRETS_STORE),
    ("system:kube-proxy", AddOn.KUBE_PROXY),
)
"""Names of roles and bindings with the part of AKS that brings them: where the cluster does not
have it, somebody else made them. Of the others every cluster has its own."""


def _has_add_on(name: str, add_ons: frozenset[AddOn]) -> bool:
    return all(each in add_ons for pattern, each in _ADD_ONS if fnmatchcase(name, pattern))


def is_role(body: Object, add_ons: frozenset[AddOn]) -> bool:
    """Return whether a ClusterRole is one of AKS' in a cluster with some add-ons.

    It is only where it allows no more than AKS' role does, and is aggregated into no other.
    """
    allowed = ROLES.get(str(body["metadata"]["name"]))
    if allowed is None or not _has_add_on(str(body["metadata"]["name"]), add_ons):
        return False
    # Aggregated, its rules would be copied into `view` or `edit`, and so be everybody's.
    if find_aggregates(body) or body.get("aggregationRule"):
        return False
    return allowed.issuperset(find_capabilities(body.get("rules") or ()))


def is_binding(
    key: Key,
    body: Object,
    administrators: frozenset[str],
    roles: Roles,
    add_ons: frozenset[AddOn],
) -> bool:
    """Return whether a binding is one of AKS': its role, to nobody but its subjects.

    `administrators` are the object ids of the cluster's groups of administrators, in small letters;
    `roles` are those of the cluster, `add_ons` what it has of AKS.
    """
    if not _has_add_on(key.name, add_ons):
        return False
    known: tuple[str, frozenset[str]] | None
    if key.kind == "RoleBinding":
        within = _NAMESPACED_BINDINGS.get((key.namespace, key.name))
        if within is None or not within[2].issuperset(roles.allowed_by(body) or ()):
            return False
        known = (within[0], frozenset({within[1]}))
    elif key.name == ADMINISTRATORS:
        known = ("cluster-admin", frozenset(f"Group {group}" for group in administrators))
    else:
        known = CLUSTER_BINDINGS.get(key.name)
    if known is None or (body.get("roleRef") or {}).get("name") != known[0]:
        return False
    subjects = {_subject_text(subject, key) for subject in body.get("subjects") or ()}
    # Fewer subjects give nobody anything; one more gives somebody the rights of AKS.
    return subjects <= known[1]


def find_account_roles(
    account: str, role: str, within: str, add_ons: frozenset[AddOn]
) -> Iterator[frozenset[str] | None]:
    """Yield the most that each role may allow that AKS binds to a service account (NAMESPACE/NAME).

    The bindings are those of a namespace or, where `within` is "", of all. None stands for a role
    of Kubernetes itself.
    """
    for name, (bound, subjects) in CLUSTER_BINDINGS.items():
        if bound == role and account in subjects and _has_add_on(name, add_ons):
            yield ROLES.get(role)
    for (namespace, name), (bound, subject, allowed) in _NAMESPACED_BINDINGS.items():
        if (namespace, bound, subject) == (within, role, account) and _has_add_on(name, add_ons):
            yield allowed


def _subject_text(subject: Mapping[str, object], binding: Key) -> str:
    name = str(subject.get("name"))
    if subject.get("kind") == "ServiceAccount":
        return f"{subject.get('namespace') or binding.namespace}/{name}"
    # The object id of a group is the same in either case.
    return f"{subject.get('kind')} {name.lower() if binding.name == ADMINISTRATORS else name}"
