"""WRK-05, WRK-11 and WRK-13: access of workloads to secrets in Key Vault.

Facts: guidelines.md §1.3 and §2.5.
"""

from collections.abc import Iterator

from provisioner.access.grants import Grant
from provisioner.controls.aks.add_ons import is_on
from provisioner.controls.chapters.workloads.vaults import ITEM
from provisioner.controls.control import Control, Layer, Mappings, Mode, Severity, terms
from provisioner.controls.effective_access import (
    ACCESS_READS,
    CLUSTER_PRINCIPALS,
    access_of,
    describe_scope,
    grants_around,
    is_of,
    path_of,
    principal_of,
)
from provisioner.controls.resource_types import CLUSTER, FEDERATED_CREDENTIAL, IDENTITY, VAULT
from provisioner.controls.rule import rule
from provisioner.controls.subject import Observation, Subject

_SECRETS = f"{VAULT}/secrets"
_READ_SECRET = f"{_SECRETS}/getSecret/action"
_CHANGE_SECRETS = tuple(
    f"{_SECRETS}/{name}"
    for name in (
        "setSecret/action", "update/action", "delete", "purge/action", "recover/action",
        "restore/action",
    )
)  # fmt: skip
_SUBJECT = "properties.subject"
_SERVICE_ACCOUNT_PREFIX = "system:serviceaccount:"
_KUBELET_ID = "properties.identityProfile.kubeletidentity.resourceId"


def _judge_readers(vault: Subject) -> Iterator[Observation]:
    """Judge whether identities that read secrets are of workloads, and read this vault alone."""
    for grant in grants_around(access_of(vault), vault.id):
        holder = _identity_of(vault, grant)
        if holder is None:
            continue
        if not grant.is_known:
            evidence = (
                f"the permissions that {grant.assignment.label} grants {holder.label} are unknown"
            )
            yield vault.unknown(path_of(grant), evidence)
        # `gives` includes what a grant lets its holder assign to itself; `allows` does not.
        elif grant.gives(_READ_SECRET, data=True) or _can_change_secrets(grant):
            yield _judge_reader(vault, grant, holder)


def _identity_of(vault: Subject, grant: Grant) -> Subject | None:
    """Return the identity that a grant is for, or the cluster whose pods all sign in by it.

    It is None where the grant is for a person or somebody whom nobody here knows.
    """
    for cluster in vault.all(CLUSTER):
        nodes = cluster.at(cluster.value(_KUBELET_ID))
        # Every pod without a network policy reaches the instance metadata service, and gets
        # tokens of the kubelet identity there.
        if nodes is not None and is_of(grant, nodes):
            return cluster
        if any(cluster.is_value_of(principal_of(grant), path) for path in CLUSTER_PRINCIPALS):
            return cluster
    return next((found for found in vault.all(IDENTITY) if is_of(grant, found)), None)


def _can_change_secrets(grant: Grant) -> bool:
    return any(grant.allows(action, data=True) for action in _CHANGE_SECRETS)


def _judge_reader(vault: Subject, grant: Grant, holder: Subject) -> Observation:
    excess = _excess_of(vault, grant)
    if excess is not None:
        evidence = f"{grant.assignment.label} allows {holder.label} to {excess}"
        return vault.fails(path_of(grant), evidence)
    shared = _other_users_of(holder)
    if shared is not None:
        return vault.fails(
            path_of(grant), (f"{holder.label} has read access to secrets, and {shared}")
        )
    return vault.passes(
        path_of(grant), (f"{holder.label} has read access to secrets and is used by one workload")
    )


def _excess_of(vault: Subject, grant: Grant) -> str | None:
    """Return what a grant allows beyond reading secrets of the one vault, None for nothing."""
    if _can_change_secrets(grant):
        return f"write secrets ({grant.role.name})"
    if not grant.allows(_READ_SECRET, data=True):
        return f"assign itself a role on secrets ({grant.role.name})"
    # On a resource group the role covers the vaults that are added later.
    if grant.scope is None or not grant.scope.is_within(vault.id):
        return f"read other vaults: {describe_scope(grant)}"
    return None


def _other_users_of(holder: Subject) -> str | None:
    """Return who else signs in as a holder than one workload, None where nobody does."""
    if holder.resource.type == CLUSTER:
        return "every pod can use its identity"
    subjects = [str(c.value(_SUBJECT)) for c in holder.children(FEDERATED_CREDENTIAL)]
    others = [text for text in subjects if not text.startswith(_SERVICE_ACCOUNT_PREFIX)]
    if not subjects or others:
        return (
            (f"{others[0]} is not a service account")
            if others
            else ("it has no federated identity credential of a workload")
        )
    # Workloads of one namespace trust each other by RBAC already; of several they do not.
    namespaces = {text.removeprefix(_SERVICE_ACCOUNT_PREFIX).partition(":")[0] for text in subjects}
    if len(namespaces) > 1:
        return f"it is shared by workloads of the namespaces {', '.join(sorted(namespaces))}"
    return None


CONTROLS = (
    Control(
        id="WRK-05",
        title="Secrets are stored in Azure Key Vault with least-privilege access",
        severity=Severity.HIGH,
        layer=Layer.DATA,
        item=ITEM,
        rationale=(
            "A secret in a manifest or a Kubernetes Secret is readable for everyone with read "
            "access to the namespace."
        ),
        synonyms=terms("Key Vault; secrets; secret management; AKV"),
        modes=(),
        mappings=Mappings(cis=("4.5.2",)),
    ),
    Control(
        id="WRK-05.4",
        title="Secrets are read with workload identity, one identity per workload",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=ITEM,
        rationale=(
            "Every pod on a node can use the kubelet identity and the identity of the "
            "secrets provider add-on. A managed identity federated with one service "
            "account is usable by that workload only."
        ),
        synonyms=terms(
            "workload identity; Key Vault Secrets User; SecretProviderClass; CSI; secret access"
        ),
        remediation="""
            workload:
              type: Microsoft.ManagedIdentity/userAssignedIdentities
            federation:
              type: Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials
              parent: ${workload.id}
              properties:
                issuer: https://westeurope.oic.prod-aks.azure.com/tenant/cluster/
                subject: system:serviceaccount:app:app
                audiences: [api://AzureADTokenExchange]
            reader:
              type: Microsoft.Authorization/roleAssignments
              name: 7d20304e-516c-4d7e-8f80-91a2b3c4d5e6
              scope: ${vault.id}
              properties:
                roleDefinitionId: ${subscription}/providers/Microsoft.Authorization/roleDefinitions/4633458b-17de-408a-b874-0445c86b69e6
        """,  # noqa: E501
        modes=(Mode.ARM, Mode.CLUSTER),
        rules=(
            rule(
                VAULT,
                _judge_readers,
                others={
                    **ACCESS_READS,
                    CLUSTER: (_KUBELET_ID, *CLUSTER_PRINCIPALS),
                    FEDERATED_CREDENTIAL: (_SUBJECT,),
                },
            ),
        ),
        evidence=(
            "`kubectl get secretproviderclasses -A -o json` shows clientID, usePodIdentity "
            "false and no secretObjects"
        ),
        limits=(
            "Access of users and groups is listed by `azsec access`. Vault access policies "
            "are checked by WRK-05.2, subjects of federated credentials by ENV-02.4."
        ),
        mappings=Mappings(
            cis=("4.5.1", "4.5.2"), policies=("c5110b6e-5272-4989-9935-59ad06fdf341",)
        ),
    ),
    Control(
        id="WRK-05.6",
        title="HashiCorp Vault, where used, authenticates workloads with the cluster's OIDC issuer",
        severity=Severity.HIGH,
        layer=Layer.DATA,
        item=ITEM,
        rationale=(
            "A self-managed vault needs the same protection as Azure Key Vault. Service "
            "account authentication replaces shared static tokens."
        ),
        synonyms=terms("HashiCorp Vault; Vault; JWT auth; OIDC; secrets"),
        remediation=(
            "Configure Vault's JWT/OIDC auth method with the cluster's issuer URL "
            "(oidcIssuerProfile.issuerURL) and one role per service account. Attest it in "
            "the environment file, or attest that Vault is not used."
        ),
        modes=(Mode.PERSON, Mode.CLUSTER),
        evidence=(
            "attestation by the operator of Vault: `vault read auth/jwt/config` shows the "
            "cluster's issuer; or that Vault is not used"
        ),
        unmapped="HashiCorp Vault is not an Azure resource.",
    ),
    Control(
        id="WRK-11",
        title="The Secrets Store CSI driver is enabled (azureKeyvaultSecretsProvider)",
        severity=Severity.HIGH,
        layer=Layer.DATA,
        item="Prose: KeyVault FlexVolume",
        rationale=(
            "FlexVolume is deprecated and its drivers ran as root on the host. AKS updates "
            "the CSI driver."
        ),
        synonyms=terms(
            "CSI driver; Secrets Store; FlexVolume; azureKeyvaultSecretsProvider; mount secrets; "
            "SecretProviderClass"
        ),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                addonProfiles: {azureKeyvaultSecretsProvider: {enabled: true}}
        """,
        rules=(is_on("azureKeyvaultSecretsProvider"),),
        limits="How pods consume secrets is visible only in the cluster.",
        mappings=Mappings(
            policies=(
                "c5110b6e-5272-4989-9935-59ad06fdf341",
                "f4a8fce0-2dd5-4c21-9a36-8f0ec809d663",
            )
        ),
    ),
    Control(
        id="WRK-13",
        title="Workload identity replaces acs-keyvault-agent",
        severity=Severity.INFO,
        layer=Layer.IDENTITY,
        item="Prose: Hexadite/acs-keyvault-agent",
        rationale=(
            "acs-keyvault-agent is abandoned and authenticates with a service principal "
            "secret. Workload identity needs no secret."
        ),
        synonyms=terms("acs-keyvault-agent; Hexadite; Key Vault agent; service principal secret"),
        modes=(),
        same_as=("WRK-05.4",),
        unmapped="acs-keyvault-agent is abandoned; its successor is mapped.",
    ),
)
