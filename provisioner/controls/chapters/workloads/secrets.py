"""WRK-05, WRK-11 and WRK-13: how workloads come to their secrets.

Facts: guidelines.md §1.3 and §2.5.
"""

from collections.abc import Iterator

from provisioner.catalog.built_in_roles import find_built_in_role
from provisioner.controls.chapters.workloads.vaults import ITEM
from provisioner.controls.control import Control, Layer, Mappings, Mode, Severity
from provisioner.controls.kinds import (
    CLUSTER,
    FEDERATED_CREDENTIAL,
    IDENTITY,
    ROLE_ASSIGNMENT,
    VAULT,
)
from provisioner.controls.rule import expect, rule
from provisioner.controls.subject import Observation, Subject
from provisioner.controls.wanted import equals

_PRINCIPAL = "properties.principalId"
_ROLE = "properties.roleDefinitionId"
_READER = find_built_in_role("Key Vault Secrets User")
# Those that also write secrets: Key Vault Secrets Officer, and Key Vault Administrator.
_WRITERS = ("b86a8fe4-44ce-4948-aee5-eccb2c155cd7", "00482a5a-887f-4fb3-b363-3b7fe8e74483")


def _judge_readers(vault: Subject) -> Iterator[Observation]:
    """Of the identities, those that read secrets are workloads', and read this vault alone."""
    for grant in vault.all(ROLE_ASSIGNMENT):
        scope = grant.id.scope
        if scope is None or not (scope.is_within(vault.id) or vault.id.is_within(scope)):
            continue
        role = str(grant.value(_ROLE)).rpartition("/")[2].lower()
        if role != _READER and role not in _WRITERS:
            continue
        for identity in vault.all(IDENTITY):
            if identity.is_value_of(grant.value(_PRINCIPAL), _PRINCIPAL):
                yield _look_at_reader(vault, grant, identity)


def _look_at_reader(vault: Subject, grant: Subject, identity: Subject) -> Observation:
    role = str(grant.value(_ROLE)).rpartition("/")[2].lower()
    if role in _WRITERS:
        return vault.fails("", f"{grant.label} lets {identity.label} write secrets too")
    if grant.id.scope is None or not grant.id.scope.is_within(vault.id):
        return vault.fails("", f"{grant.label} lets {identity.label} read other vaults too")
    if not identity.children(FEDERATED_CREDENTIAL):
        return vault.fails(
            "", f"{identity.label} reads secrets and is no workload's: no federation"
        )
    return vault.passes("", f"{identity.label} reads its secrets, for one service account")


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
                    ROLE_ASSIGNMENT: (_PRINCIPAL, _ROLE),
                    IDENTITY: (_PRINCIPAL,),
                    FEDERATED_CREDENTIAL: (),
                },
            ),
        ),
        evidence=(
            "the SecretProviderClasses of the cluster: `kubectl get secretproviderclasses -A -o "
            "json`, with clientID, usePodIdentity false and no secretObjects"
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
        rules=(
            expect(
                CLUSTER,
                "properties.addonProfiles.azureKeyvaultSecretsProvider.enabled",
                equals(True),
            ),
        ),
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
