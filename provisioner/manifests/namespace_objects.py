"""The objects of a namespace: itself, quota and limits, service accounts, roles and bindings.

Its network policies are in `network_policies`. `rendering` calls it for each namespace.
"""

from collections.abc import Iterator

from provisioner.manifests.cluster_facts import ClusterFacts
from provisioner.manifests.manifest import Manifest, Object, Place, make_manifest
from provisioner.manifests.namespaces import WantedNamespace, vault_of

_RBAC = "rbac.authorization.k8s.io"

_SECRETS_CLOUD = {
    "AzureCloud": "AzurePublicCloud",
    "AzureUSGovernment": "AzureUSGovernmentCloud",
    "AzureChinaCloud": "AzureChinaCloud",
}
"""The names of the clouds in the Secrets Store provider (its page "Sovereign clouds")."""


def render_namespace(namespace: WantedNamespace, facts: ClusterFacts) -> Iterator[Manifest]:
    """Yield the objects of a namespace in the order in which they are to be made."""
    yield from render_bounds(namespace, facts)
    yield from _role_manifests(namespace)
    yield from _secret_provider_classes(namespace, facts)


def render_bounds(namespace: WantedNamespace, facts: ClusterFacts) -> Iterator[Manifest]:
    """Yield a namespace with its quota, limits and service accounts."""
    if namespace.managed is None:
        yield make_manifest(
            Place("v1", "Namespace", namespace.name),
            ("CLU-05.1", "CLU-05.5", "MAN-05"),
            f"Pods have to meet the {namespace.pod_security} standard.",
            {},
            labels=pod_security_labels(namespace.pod_security, facts.version),
        )
    if namespace.managed is None or not namespace.managed.has_quota:
        yield from _quota_manifest(namespace)
    yield _limit_range(namespace)
    yield from _account_manifests(namespace, facts)


def pod_security_labels(level: str, version: tuple[int, int]) -> dict[str, str]:
    """Return the labels with which a namespace enforces, audits and warns at a level.

    The level is one of the Pod Security Standards, in the version of the cluster.
    """
    pinned = f"v{version[0]}.{version[1]}"
    labels = {}
    for mode in ("enforce", "audit", "warn"):
        labels[f"pod-security.kubernetes.io/{mode}"] = level
        # Pinned: with `latest` an upgrade of the cluster may refuse pods that ran before it.
        labels[f"pod-security.kubernetes.io/{mode}-version"] = pinned
    return labels


def _quota_manifest(namespace: WantedNamespace) -> Iterator[Manifest]:
    quota = namespace.settings.quota
    hard = {
        "requests.cpu": quota.cpu_request,
        "limits.cpu": quota.cpu_limit,
        "requests.memory": quota.memory_request,
        "limits.memory": quota.memory_limit,
        "pods": quota.pods,
    }
    stated = {name: str(value) for name, value in hard.items() if value is not None}
    if stated:
        yield make_manifest(
            Place("v1", "ResourceQuota", "azsec-quota", namespace.name),
            ("CLU-05.2",),
            "What its pods may take together.",
            {"spec": {"hard": stated}},
        )


def _limit_range(namespace: WantedNamespace) -> Manifest:
    limits = namespace.settings.limits
    container: dict[str, object] = {
        "type": "Container",
        "default": {"cpu": str(limits.cpu), "memory": str(limits.memory)},
        "defaultRequest": {
            "cpu": str(limits.cpu_request),
            "memory": str(limits.memory_request),
        },
    }
    most = {"cpu": limits.max_cpu, "memory": limits.max_memory}
    bounded = {name: str(value) for name, value in most.items() if value is not None}
    if bounded:
        container["max"] = bounded
    return make_manifest(
        Place("v1", "LimitRange", "azsec-limits", namespace.name),
        ("CLU-05.3", "CFG-01"),
        "What a container gets that states nothing.",
        {"spec": {"limits": [container]}},
    )


def _account_manifests(namespace: WantedNamespace, facts: ClusterFacts) -> Iterator[Manifest]:
    yield make_manifest(
        Place("v1", "ServiceAccount", "default", namespace.name),
        ("SA-01",),
        "A pod that names no account gets no token.",
        {"automountServiceAccountToken": False},
    )
    for account in namespace.accounts:
        if account.name == "default":
            continue
        identity = {
            "azure.workload.identity/client-id": account.client_id,
            "azure.workload.identity/tenant-id": facts.tenant_id,
        }
        yield make_manifest(
            Place("v1", "ServiceAccount", account.name, namespace.name),
            ("SA-01", "SA-02", "ENV-02.3"),
            "Signs in to Azure as an identity of its own, and holds no token for the API server."
            if account.client_id
            else "Holds no token for the API server.",
            {"automountServiceAccountToken": False},
            annotations={k: v for k, v in identity.items() if v} if account.client_id else None,
        )


_READ_VERBS = ["get", "list", "watch"]

DEPLOYMENT_MANAGER: tuple[Object, ...] = (
    {
        "apiGroups": ["apps"],
        "resources": ["deployments"],
        "verbs": [*_READ_VERBS, "create", "update", "patch", "delete"],
    },
    {
        "apiGroups": ["apps"],
        "resources": ["deployments/scale"],
        "verbs": ["get", "update", "patch"],
    },
    # kubectl's rollout, get and describe read these to show the state of a deployment.
    {"apiGroups": ["apps"], "resources": ["replicasets"], "verbs": _READ_VERBS},
    {"apiGroups": [""], "resources": ["pods", "events"], "verbs": _READ_VERBS},
    {"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": _READ_VERBS},
)
"""The rules of the deployer role in a namespace."""

LOG_READER: tuple[Object, ...] = (
    {"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": _READ_VERBS},
)
"""The rules of the log reader role in a namespace."""


def _role_manifests(namespace: WantedNamespace) -> Iterator[Manifest]:
    if namespace.settings.deployers:
        reason = (
            "Manages and scales deployments, and sees what becomes of them: no secrets, no exec, "
            "no ephemeral containers, and no pods of its own."
        )
        controls = ("MAN-01", "WRK-02.8")
        yield _role_manifest(
            namespace.name, "deployment-manager", controls, reason, DEPLOYMENT_MANAGER
        )
        yield _binding_manifest(
            namespace.name, "deployment-manager", ("MAN-01",), namespace.settings.deployers
        )
    if namespace.settings.log_readers:
        reason = "Reads pods and their logs, and nothing else."
        yield _role_manifest(namespace.name, "log-reader", ("MAN-02",), reason, LOG_READER)
        yield _binding_manifest(
            namespace.name, "log-reader", ("MAN-02",), namespace.settings.log_readers
        )


def _role_manifest(
    namespace: str, name: str, controls: tuple[str, ...], reason: str, rules: tuple[Object, ...]
) -> Manifest:
    return make_manifest(
        Place(f"{_RBAC}/v1", "Role", name, namespace),
        controls,
        reason,
        {"rules": [dict(rule) for rule in rules]},
    )


def _binding_manifest(
    namespace: str, role: str, controls: tuple[str, ...], groups: tuple[str, ...]
) -> Manifest:
    return make_manifest(
        Place(f"{_RBAC}/v1", "RoleBinding", role, namespace),
        (*controls, "CLU-05.6"),
        "Groups of Entra, by object id; never persons.",
        {
            "roleRef": {"apiGroup": _RBAC, "kind": "Role", "name": role},
            "subjects": [
                {"apiGroup": _RBAC, "kind": "Group", "name": group.lower()} for group in groups
            ],
        },
    )


def _secret_provider_classes(namespace: WantedNamespace, facts: ClusterFacts) -> Iterator[Manifest]:
    for secrets in namespace.settings.secrets:
        client = namespace.client_id(secrets.service_account)
        if client is None:
            continue
        entries = "".join(
            f"  - |\n    objectName: {name}\n    objectType: secret\n" for name in secrets.objects
        )
        parameters = {
            "usePodIdentity": "false",
            "clientID": client,
            "keyvaultName": vault_of(secrets, facts),
            "tenantId": facts.tenant_id,
            "cloudName": _SECRETS_CLOUD[facts.cloud],
            "objects": f"array:\n{entries}",
        }
        yield make_manifest(
            Place(
                "secrets-store.csi.x-k8s.io/v1", "SecretProviderClass", secrets.name, namespace.name
            ),
            ("WRK-05.4", "WRK-11", "CFG-05"),
            "Secrets are files in the pod, and are not copied into Kubernetes.",
            {"spec": {"provider": "azure", "parameters": parameters}},
        )
