"""WRK-05, WRK-11 and WRK-13: how workloads come to their secrets.

Facts: guidelines.md §1.3 and §2.5.
"""

from collections.abc import Iterator

from provisioner.access.grants import Grant
from provisioner.controls.aks.add_ons import is_on
from provisioner.controls.chapters.workloads.vaults import ITEM
from provisioner.controls.control import Control, Layer, Mappings, Mode, Severity
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
_READ = f"{_SECRETS}/getSecret/action"
_CHANGES = tuple(
    f"{_SECRETS}/{name}"
    for name in (
        "setSecret/action", "update/action", "delete", "purge/action", "recover/action",
        "restore/action",
    )
)  # fmt: skip
_SUBJECT = "properties.subject"
_OF_ACCOUNTS = "system:serviceaccount:"
_KUBELET_ID = "properties.identityProfile.kubeletidentity.resourceId"


def _judge_readers(vault: Subject) -> Iterator[Observation]:
    """Of the identities, those that read secrets are workloads', and read this vault alone."""
    for grant in grants_around(access_of(vault), vault.id):
        holder = _holder_of(vault, grant)
        if holder is None:
            continue
        if not grant.is_known:
            said = f"what {grant.assignment.label} allows {holder.label} is not known here"
            yield vault.unknown(path_of(grant), said)
        elif grant.gives(_READ, data=True) or _changes(grant):
            yield _look_at_reader(vault, grant, holder)


def _holder_of(vault: Subject, grant: Grant) -> Subject | None:
    """Return the identity that a grant is for, or the cluster whose pods all sign in by it; None
    where it is for a person or somebody whom nobody here knows."""
    for cluster in vault.all(CLUSTER):
        nodes = cluster.at(cluster.value(_KUBELET_ID))
        if nodes is not None and is_of(grant, nodes):
            return cluster
        if any(cluster.is_value_of(principal_of(grant), path) for path in CLUSTER_PRINCIPALS):
            return cluster
    return next((found for found in vault.all(IDENTITY) if is_of(grant, found)), None)


def _changes(grant: Grant) -> bool:
    return any(grant.allows(action, data=True) for action in _CHANGES)


def _look_at_reader(vault: Subject, grant: Grant, holder: Subject) -> Observation:
    excess = _excess(vault, grant)
    if excess is not None:
        said = f"{grant.assignment.label} lets {holder.label} {excess}"
        return vault.fails(path_of(grant), said)
    shared = _shared(holder)
    if shared is not None:
        return vault.fails(path_of(grant), f"{holder.label} reads secrets, and {shared}")
    return vault.passes(path_of(grant), f"{holder.label} reads its secrets, for one workload")


def _excess(vault: Subject, grant: Grant) -> str | None:
    """Return what a grant allows beyond reading secrets of the one vault, None for nothing."""
    if _changes(grant):
        return f"write secrets too ({grant.role.name})"
    if not grant.allows(_READ, data=True):
        return f"give itself a role on secrets ({grant.role.name})"
    if grant.scope is None or not grant.scope.is_within(vault.id):
        return f"read other vaults too: {describe_scope(grant)}"
    return None


def _shared(holder: Subject) -> str | None:
    """Return who else signs in as a holder than one workload, None where nobody does."""
    if holder.resource.type == CLUSTER:
        return "what it may read, every pod may"
    subjects = [str(c.value(_SUBJECT)) for c in holder.children(FEDERATED_CREDENTIAL)]
    others = [text for text in subjects if not text.startswith(_OF_ACCOUNTS)]
    if not subjects or others:
        return f"{others[0]} is no workload" if others else "is no workload's: no federation"
    namespaces = {text.removeprefix(_OF_ACCOUNTS).partition(":")[0] for text in subjects}
    if len(namespaces) > 1:
        return f"workloads of {', '.join(sorted(namespaces))} share it"
    return None


CONTROLS = (
    Control(
        id="WRK-05",
        title="Secrets lie in a vault, and only their workloads read them",
        severity=Severity.HIGH,
        layer=Layer.DATA,
        item=ITEM,
        rationale="A secret in a manifest or in etcd is read by whoever reads the namespace.",
        modes=(),
        mappings=Mappings(cis=("4.5.2",)),
    ),
    Control(
        id="WRK-05.4",
        title="A workload reads its secrets by its own identity",
        severity=Severity.HIGH,
        layer=Layer.IDENTITY,
        item=ITEM,
        rationale=(
            "What the nodes' or the add-on's identity may read, every pod may. An identity that is "
            "federated with one service account is that workload's alone."
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
            "the SecretProviderClasses of the cluster: `kubectl get secretproviderclasses -A -o "
            "json`, with clientID, usePodIdentity false and no secretObjects"
        ),
        limits=(
            "Persons and groups are for `azsec access`. Access policies of a vault are for "
            "WRK-05.2, and whose tokens a credential takes is for ENV-02.4."
        ),
        mappings=Mappings(
            cis=("4.5.1", "4.5.2"), policies=("c5110b6e-5272-4989-9935-59ad06fdf341",)
        ),
    ),
    Control(
        id="WRK-05.6",
        title="Where HashiCorp Vault is used instead, it trusts the cluster's own issuer",
        severity=Severity.HIGH,
        layer=Layer.DATA,
        item=ITEM,
        rationale=(
            "A vault of one's own has to be as closed as Azure's, and to know workloads by their "
            "service accounts and not by a shared token."
        ),
        remediation=(
            "Configure Vault's JWT/OIDC authentication with the cluster's issuer URL "
            "(oidcIssuerProfile.issuerURL), with one role a service account. Attest it in the "
            "environment's file, or that no Vault is used."
        ),
        modes=(Mode.PERSON, Mode.CLUSTER),
        evidence=(
            "the word of whoever runs Vault: `vault read auth/jwt/config` names the cluster's "
            "issuer. Or that there is no Vault"
        ),
        unmapped="It lies outside of Azure.",
    ),
    Control(
        id="WRK-11",
        title="Secrets are mounted by the Secrets Store CSI driver",
        severity=Severity.HIGH,
        layer=Layer.DATA,
        item="Prose: KeyVault FlexVolume",
        rationale=(
            "FlexVolumes are retired, and their drivers ran on the host. AKS keeps the CSI driver "
            "up to date."
        ),
        remediation="""
            cluster:
              type: Microsoft.ContainerService/managedClusters
              properties:
                addonProfiles: {azureKeyvaultSecretsProvider: {enabled: true}}
        """,
        rules=(is_on("azureKeyvaultSecretsProvider"),),
        limits="How pods come to their secrets is the cluster's to show.",
        mappings=Mappings(
            policies=(
                "c5110b6e-5272-4989-9935-59ad06fdf341",
                "f4a8fce0-2dd5-4c21-9a36-8f0ec809d663",
            )
        ),
    ),
    Control(
        id="WRK-13",
        title="Workloads come to their secrets without the agent of acs-keyvault-agent",
        severity=Severity.INFO,
        layer=Layer.IDENTITY,
        item="Prose: Hexadite/acs-keyvault-agent",
        rationale=(
            "The agent is abandoned, and signed in with a service principal's secret. A workload's "
            "own identity needs none."
        ),
        modes=(),
        same_as=("WRK-05.4",),
        unmapped="The agent is abandoned; its successor is mapped.",
    ),
)
