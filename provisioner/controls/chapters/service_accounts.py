"""SA: service accounts of pods, and trusted access role bindings of Azure services.

Facts: guidelines.md §1.5.
"""

from collections.abc import Iterator

from provisioner.controls.aks.namespace_rules import (
    MOUNTS_NO_TOKENS,
)
from provisioner.controls.control import (
    NO_EQUIVALENT,
    Control,
    Layer,
    Mappings,
    Mode,
    Severity,
    terms,
)
from provisioner.controls.predicates import show
from provisioner.controls.resource_types import CLUSTER, TRUSTED_ACCESS
from provisioner.controls.rule import rule
from provisioner.controls.subject import Observation, Subject
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import Unknown

_ITEM = "Service accounts and secrets"
_ROLES = "properties.roles"
_SOURCE = "properties.sourceResourceId"
# What trusted access is for in a cluster like these: backups, and Defender's look at it. The role
# names the type of the service that it is meant for (AKS page trusted-access-feature).
_ALLOWED_ROLES = (
    "Microsoft.DataProtection/backupVaults/backup-operator",
    "Microsoft.Security/pricings/microsoft-defender-operator",
)


def _judge_bindings(cluster: Subject) -> Iterator[Observation]:
    """Judge whether a cluster has no bindings: without them it trusts no service."""
    if not cluster.children(TRUSTED_ACCESS):
        yield cluster.passes("", "it has no trusted access role bindings")


def _judge_binding(binding: Subject) -> Iterator[Observation]:
    """Judge whether a binding gives a known service only the role that is meant for it."""
    allowed = {role.lower() for role in _ALLOWED_ROLES}
    roles = binding.texts(_ROLES)
    source = parse_resource_id(binding.value(_SOURCE))
    others = [role for role in roles if role.lower() not in allowed]
    # The role name begins with the resource type that it is made for: another type in
    # sourceResourceId would get the permissions of a service that it is not.
    unsuited = [
        role
        for role in roles
        if source and not source.type.lower().startswith(role.rpartition("/")[0].lower())
    ]
    if not roles:
        yield binding.fails(_ROLES, f"{_ROLES} is not set, expected {' or '.join(_ALLOWED_ROLES)}")
    elif others:
        yield binding.fails(
            _ROLES, (f"{_ROLES} contains {others[0]}, expected only {', '.join(_ALLOWED_ROLES)}")
        )
    elif unsuited and source:
        yield binding.fails(
            _SOURCE, (f"{_ROLES} contains {unsuited[0]}, which is not a role for {source.type}")
        )
    elif source is None:
        stated = binding.value(_SOURCE)
        judge = binding.unknown if isinstance(stated, Unknown) else binding.fails
        yield judge(_SOURCE, f"{_SOURCE} is {show(stated)}, expected a resource ID")
    # Trusted access leads into a private API server past its network (guidelines.md SA-04).
    elif not binding.is_among_own(source):
        evidence = f"{source.text} is in a subscription outside the environment"
        yield binding.fails(_SOURCE, evidence)
    else:
        yield binding.passes(_ROLES, f"{_ROLES} is {', '.join(roles)}")


CONTROLS = (
    Control(
        id="SA-01",
        title="automountServiceAccountToken is false unless a pod needs the Kubernetes API",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=_ITEM,
        rationale=(
            "Most pods do not use the Kubernetes API. An attacker in a compromised pod "
            "can, with its mounted token."
        ),
        synonyms=terms(
            "service account token; automount; automountServiceAccountToken; token mount"
        ),
        remediation=(
            "Set automountServiceAccountToken: false on each ServiceAccount, and true in "
            "pods that need the token. The mapped policy denies pods that leave it unset."
        ),
        modes=(Mode.CLUSTER,),
        in_cluster=(MOUNTS_NO_TOKENS,),
        evidence=(
            "`kubectl get serviceaccounts -A -o json` shows no service account without "
            "automountServiceAccountToken: false that does not need a token"
        ),
        mappings=Mappings(
            cis=("4.1.5", "4.1.6"), policies=("423dd1ba-798e-40e4-9c4d-b6902674b423",)
        ),
    ),
    Control(
        id="SA-02",
        title="Each workload has a dedicated service account",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=_ITEM,
        rationale=(
            "Permissions of a shared service account apply to every pod that uses it, and "
            "audit logs do not identify the workload."
        ),
        synonyms=terms("service account; default service account; dedicated service account"),
        remediation=(
            "Create a ServiceAccount for each workload with the annotation "
            "azure.workload.identity/client-id, and label its pods "
            'azure.workload.identity/use: "true" (`azsec manifests`).'
        ),
        modes=(Mode.CLUSTER,),
        evidence=("`kubectl get pods -A -o json` shows no pod with serviceAccountName default"),
        mappings=Mappings(cis=("4.1.5", "5.2.1")),
    ),
    Control(
        id="SA-03",
        title="No long-lived service account tokens exist (Secrets of type service-account-token)",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=_ITEM,
        rationale="A token in a Secret does not expire and remains valid wherever it was copied.",
        synonyms=terms(
            "static token; long-lived token; token secret; kubernetes.io/service-account-token; "
            "bound tokens"
        ),
        remediation=(
            "Delete Secrets of type kubernetes.io/service-account-token. Outside the "
            "cluster, use workload identity or `kubectl create token` with a duration."
        ),
        modes=(Mode.CLUSTER,),
        evidence=(
            "`kubectl get secrets -A --field-selector "
            "type=kubernetes.io/service-account-token` returns no row"
        ),
        mappings=Mappings(cis=("4.1.2", "4.1.12")),
    ),
    Control(
        id="SA-04",
        title=(
            "Trusted access role bindings are limited to known services (trustedAccessRoleBindings)"
        ),
        severity=Severity.MEDIUM,
        layer=Layer.IDENTITY,
        item=_ITEM,
        rationale=(
            "Trusted access gives an Azure service access to a private API server, with "
            "permissions that role assignments do not show."
        ),
        synonyms=terms(
            "trusted access; trustedAccessRoleBindings; Azure Backup; Azure Machine Learning"
        ),
        remediation="""
            backup:
              type: Microsoft.ContainerService/managedClusters/trustedAccessRoleBindings
              parent: ${cluster.id}
              properties:
                sourceResourceId: ${resourceGroup.id}/providers/Microsoft.DataProtection/backupVaults/backups
                roles: [Microsoft.DataProtection/backupVaults/backup-operator]
        """,  # noqa: E501
        rules=(
            rule(CLUSTER, _judge_bindings, others={TRUSTED_ACCESS: ()}),
            rule(
                TRUSTED_ACCESS,
                _judge_binding,
                _ROLES,
                _SOURCE,
            ),
        ),
        limits=(
            "Actions of the service are not visible. Subscriptions of the environment are "
            "those that contain one of its resource groups or clusters."
        ),
        unmapped=NO_EQUIVALENT,
    ),
)
