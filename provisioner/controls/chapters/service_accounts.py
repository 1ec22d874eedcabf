"""SA: who pods and Azure's own services are in a cluster.

Facts: guidelines.md §1.5.
"""

from collections.abc import Iterator

from provisioner.controls.aks.namespace_rules import (
    MOUNTS_NO_TOKENS,
)
from provisioner.controls.control import Control, Layer, Mappings, Mode, Severity
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
_ALLOWED = (
    "Microsoft.DataProtection/backupVaults/backup-operator",
    "Microsoft.Security/pricings/microsoft-defender-operator",
)


def _judge_bindings(cluster: Subject) -> Iterator[Observation]:
    """A cluster without bindings trusts no service."""
    if not cluster.children(TRUSTED_ACCESS):
        yield cluster.passes("", "it trusts no service of Azure")


def _judge_binding(binding: Subject) -> Iterator[Observation]:
    """A binding gives a known service the one role that is meant for it."""
    allowed = {role.lower() for role in _ALLOWED}
    roles = binding.texts(_ROLES)
    source = parse_resource_id(binding.value(_SOURCE))
    others = [role for role in roles if role.lower() not in allowed]
    strange = [
        role
        for role in roles
        if source and not source.type.lower().startswith(role.rpartition("/")[0].lower())
    ]
    if not roles:
        yield binding.fails(_ROLES, f"{_ROLES} is not set, expected {' or '.join(_ALLOWED)}")
    elif others:
        yield binding.fails(_ROLES, f"{others[0]} is not among {', '.join(_ALLOWED)}")
    elif strange and source:
        yield binding.fails(_SOURCE, f"{strange[0]} is not meant for {source.type}")
    elif source is None:
        stated = binding.value(_SOURCE)
        judge = binding.unknown if isinstance(stated, Unknown) else binding.fails
        yield judge(_SOURCE, f"{_SOURCE} is {show(stated)}, expected the id of a service")
    elif not binding.is_among_own(source):
        said = f"{source.text} stands in a subscription that has nothing else of the environment"
        yield binding.fails(_SOURCE, said)
    else:
        yield binding.passes(_ROLES, f"it is {', '.join(roles)}")


CONTROLS = (
    Control(
        id="SA-01",
        title="Pods get no token of the API server unless they ask for it",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=_ITEM,
        rationale=(
            "Most pods never talk to the API server. Whoever breaks into one can, by its token."
        ),
        remediation=(
            "Set automountServiceAccountToken: false on each ServiceAccount, and true in the pods "
            "that need it. The policy of the mappings refuses pods that leave it open."
        ),
        modes=(Mode.CLUSTER,),
        in_cluster=(MOUNTS_NO_TOKENS,),
        evidence=(
            "an empty list of service accounts that mount a token without need: `kubectl get "
            "serviceaccounts -A -o json`, those without automountServiceAccountToken: false"
        ),
        mappings=Mappings(
            cis=("4.1.5", "4.1.6"), policies=("423dd1ba-798e-40e4-9c4d-b6902674b423",)
        ),
    ),
    Control(
        id="SA-02",
        title="Each workload has a service account of its own",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=_ITEM,
        rationale=(
            "What is granted to a shared account is granted to everything in the namespace, and a "
            "log names nobody."
        ),
        remediation=(
            "Make a ServiceAccount for each workload, annotated azure.workload.identity/client-id, "
            'and label its pods azure.workload.identity/use: "true" (`azsec manifests`).'
        ),
        modes=(Mode.CLUSTER,),
        evidence=(
            "an empty list of pods that run as the account default: `kubectl get pods -A -o json`, "
            "those with serviceAccountName default"
        ),
        mappings=Mappings(cis=("4.1.5", "5.2.1")),
    ),
    Control(
        id="SA-03",
        title="No tokens that never expire",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=_ITEM,
        rationale="A token in a Secret works until somebody deletes it, wherever it was copied to.",
        remediation=(
            "Delete Secrets of the type kubernetes.io/service-account-token. Outside of the "
            "cluster use workload identity, or `kubectl create token` with a duration."
        ),
        modes=(Mode.CLUSTER,),
        evidence=(
            "an empty list of tokens in secrets: `kubectl get secrets -A --field-selector "
            "type=kubernetes.io/service-account-token`"
        ),
        mappings=Mappings(cis=("4.1.2", "4.1.12")),
    ),
    Control(
        id="SA-04",
        title="The cluster trusts few services of Azure",
        severity=Severity.MEDIUM,
        layer=Layer.IDENTITY,
        item=_ITEM,
        rationale=(
            "Trusted access lets a service of Azure reach a private API server, with rights that "
            "no role assignment shows."
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
            "What the service does with its access is not seen. A subscription of the "
            "environment is one in which it has a group or a cluster."
        ),
        unmapped="No framework has a check of it.",
    ),
)
