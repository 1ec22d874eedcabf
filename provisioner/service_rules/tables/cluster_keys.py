"""The key of AKS etcd encryption (KMS): its vault, and the permissions of the cluster.

The identity of the cluster has to be able to encrypt and decrypt with the key before AKS accepts
the cluster (guidelines.md §2.5; MicrosoftDocs/azure-docs#98954 has the code).
"""

import re
from collections.abc import Iterator, Mapping

from provisioner.catalog.built_in_roles import ROLE_DEFINITION_TYPE, get_built_in_role
from provisioner.catalog.node_pools import CLUSTER
from provisioner.model.estate import Resource
from provisioner.model.permissions import Permission, grants, holds_at, parse_permissions
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Unknown, is_known
from provisioner.service_rules.conditions import is_at
from provisioner.service_rules.partial_bodies import id_at, text_at, value_at
from provisioner.service_rules.rule import Refusal, ServiceRule, Write

_KMS = "properties.securityProfile.azureKeyVaultKms"
_VAULT, _ASSIGNMENT = "Microsoft.KeyVault/vaults", "Microsoft.Authorization/roleAssignments"
_KEY_URL = re.compile(
    r"https://(?P<vault>[^./]+)\.vault\.[^/]+(/keys/(?P<key>[^/]+).*)?", re.IGNORECASE
)
_PRINCIPAL, _ACCESS = "properties.principalId", "properties.publicNetworkAccess"
_NEEDED = tuple(f"Microsoft.KeyVault/vaults/keys/{verb}/action" for verb in ("encrypt", "decrypt"))


def _judge_role(write: Write) -> Iterator[Refusal]:
    if not is_at(write.after, f"{_KMS}.enabled", True):
        return
    vault, identity = _named_vault(write), _cluster_identity(write)
    if vault is None or identity is None:
        return
    # An existing identity may have roles that were not read, at a parent scope for example.
    assignments = write.neighbours.of_type(_ASSIGNMENT)
    if not (assignments.whole or write.neighbours.is_new(identity.id)):
        return
    # The key is a scope of its own ("Azure RBAC for Key Vault").
    key = _key_id(write, vault)
    given = (a for a in assignments if holds_at(a.id.scope, key))
    if not any(_is_for(a, identity) and _can_encrypt(write, a) for a in given):
        yield Refusal(
            f"{_KMS}.keyId",
            f"the identity {identity.label} may not encrypt and decrypt with keys of {vault.label}",
            "Assign it Key Vault Crypto User there, before the cluster (dependsOn).",
        )


def _named_vault(write: Write) -> Resource | None:
    """Return the vault of the key, where it is seen and goes by Azure RBAC."""
    named = _KEY_URL.fullmatch(text_at(write.after, f"{_KMS}.keyId") or "")
    for vault in write.neighbours.of_type(_VAULT) if named else ():
        by_role = is_at(vault.body, "properties.enableRbacAuthorization", True)
        if named and vault.id.name.lower() == named["vault"].lower() and by_role:
            return vault
    return None


def _key_id(write: Write, vault: Resource) -> ResourceId:
    """Return the id of the key in its vault; that of the vault where the key has no name."""
    named = _KEY_URL.fullmatch(text_at(write.after, f"{_KMS}.keyId") or "")
    key = named["key"] if named is not None else None
    return ResourceId(f"{_VAULT}/keys", (*vault.id.names, key), vault.id.scope) if key else vault.id


def _cluster_identity(write: Write) -> Resource | None:
    """Return the one identity of the cluster's own, where it is seen."""
    identities = value_at(write.after, "identity.userAssignedIdentities")
    named = (
        [parse_resource_id(key) for key in identities] if isinstance(identities, Mapping) else []
    )
    only = named[0] if len(named) == 1 else None
    found = write.neighbours.lookup(only) if only is not None else None
    return found if isinstance(found, Resource) else None


def _is_for(assignment: Resource, identity: Resource) -> bool:
    """Return whether an assignment is of a principal that is, or may be, the identity."""
    principal = value_at(assignment.body, _PRINCIPAL)
    if isinstance(principal, Unknown):
        return identity.address is None or any(
            path.startswith(f"{identity.address}.") for path in principal.paths
        )
    own = text_at(identity.body, _PRINCIPAL)
    return own is not None and isinstance(principal, str) and principal.lower() == own.lower()


def _can_encrypt(write: Write, assignment: Resource) -> bool:
    """Return whether a role lets one encrypt and decrypt, or may: it is not seen."""
    role = id_at(assignment.body, "properties.roleDefinitionId")
    permissions = _role_permissions(write, role) if role is not None else None
    return permissions is None or all(grants(permissions, action, data=True) for action in _NEEDED)


def _role_permissions(write: Write, role: ResourceId) -> tuple[Permission, ...] | None:
    built_in = get_built_in_role(role.name)
    if built_in is not None:
        return tuple(built_in.permissions)
    for custom in write.neighbours.of_type(ROLE_DEFINITION_TYPE):
        stated = value_at(custom.body, "properties.permissions")
        if custom.id.name.lower() == role.name.lower() and is_known(stated):
            return parse_permissions(stated)
    return None


def _judge_closed(write: Write) -> Iterator[Refusal]:
    """Yield a key of network access Public in a vault without public access.

    AKS reaches such a key by the vault's public address alone.
    """
    public = is_at(write.after, f"{_KMS}.keyVaultNetworkAccess", "Public")
    encryption = (
        "properties.securityProfile.kubernetesResourceObjectEncryptionProfile"
        ".infrastructureEncryption"
    )
    legacy = not is_at(write.after, encryption, "Enabled")
    vault = _named_vault(write) if is_at(write.after, f"{_KMS}.enabled", True) and public else None
    if vault is not None and legacy and is_at(vault.body, _ACCESS, "Disabled"):
        yield Refusal(
            f"{_KMS}.keyVaultNetworkAccess",
            f"keyVaultNetworkAccess is Public, and {vault.label} has no public access",
            "Use Private, with keyVaultResourceId and API Server VNet Integration.",
        )


RULES = (
    ServiceRule(
        id="cluster-kms-role",
        type=CLUSTER,
        code="AzureKeyVaultKmsValidateIdentityPermissionCustomerError",
        source="MicrosoftDocs/azure-docs#98954",
        judge=_judge_role,
    ),
    ServiceRule(
        id="cluster-kms-closed-vault",
        type=CLUSTER,
        code=None,
        source="guidelines.md §2.8; learn.microsoft.com/azure/aks/use-kms-etcd-encryption",
        judge=_judge_closed,
    ),
)
