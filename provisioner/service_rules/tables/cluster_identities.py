"""Identities of AKS clusters: control plane, kubelet, OIDC issuer, Microsoft Entra ID, KMS.

"AKS error codes" are AKS's own list of error codes ("apierror", Microsoft; guidelines.md §3.2).
"""

import re
from collections.abc import Iterator

from provisioner.catalog.cluster_defaults import node_resource_group
from provisioner.catalog.kubernetes_versions import is_at_least
from provisioner.catalog.node_pools import CLUSTER
from provisioner.model.guid import is_guid
from provisioner.service_rules.conditions import is_at, is_off
from provisioner.service_rules.partial_bodies import (
    id_at,
    is_silent,
    is_stated,
    text_at,
    texts_at,
    value_at,
)
from provisioner.service_rules.rule import Refusal, ServiceRule, Write

_ACCESS = "properties.apiServerAccessProfile"
_INTEGRATED = f"{_ACCESS}.enableVnetIntegration"
_KUBELET = "properties.identityProfile.kubeletidentity"
_GROUPS = "properties.aadProfile.adminGroupObjectIDs"
_KMS = "properties.securityProfile.azureKeyVaultKms"
_ENCRYPTION = (
    "properties.securityProfile.kubernetesResourceObjectEncryptionProfile.infrastructureEncryption"
)
_ISSUER, _TOKENS = (
    "properties.oidcIssuerProfile.enabled",
    "properties.securityProfile.workloadIdentity.enabled",
)
# The legacy KMS takes a versioned key id, the new one a versionless one (guidelines.md §2.8).
_KEY = re.compile(r"https://[^/]+/keys/[^/]+(?P<version>/[0-9a-fA-F]{32})?/?")

_CODES = "AKS error codes; guidelines.md §3.2"
_PAGE = "learn.microsoft.com/azure/aks"


def _judge_kubelet(write: Write) -> Iterator[Refusal]:
    """Yield a kubelet identity in a cluster with a system-assigned identity, unless AKS made it.

    AKS creates one in the node resource group and answers it, so a client may send it back.
    """
    kubelet = id_at(write.after, f"{_KUBELET}.resourceId")
    if kubelet is None or not is_at(write.after, "identity.type", "SystemAssigned"):
        return
    located = {"location": text_at(write.after, "location") or ""}
    group = text_at(write.after, "properties.nodeResourceGroup") or node_resource_group(
        write.id, located
    )
    if (kubelet.resource_group or "").lower() != group.lower():
        yield Refusal(
            _KUBELET,
            "a kubelet identity of one's own needs a cluster with an identity of one's own "
            "(UserAssigned)",
        )


def _judge_login(write: Write) -> Iterator[Refusal]:
    if value_at(write.after, "properties.enableRBAC") is False and is_stated(
        write.after, "properties.aadProfile"
    ):
        yield Refusal(
            "properties.aadProfile", "Entra ID (aadProfile) needs Kubernetes RBAC (enableRBAC)"
        )


def _judge_groups(write: Write) -> Iterator[Refusal]:
    for at, group in texts_at(write.after, _GROUPS):
        if not is_guid(group):
            yield Refusal(at, f"{group!r} is not an object id of a group: expected a GUID")


def _judge_tokens(write: Write) -> Iterator[Refusal]:
    """Yield workload identity without the OIDC issuer.

    New clusters have an issuer from Kubernetes 1.34 on ("Create an OIDC provider on AKS").
    """
    if not is_at(write.after, _TOKENS, True) or not is_off(write.after, _ISSUER):
        return
    version = text_at(write.after, "properties.kubernetesVersion")
    old = version is not None and not is_at_least(version, 1, 34)
    automatic = not is_at(write.after, "sku.name", "Base") and is_stated(write.after, "sku.name")
    if value_at(write.after, _ISSUER) is False or (old and not automatic):
        yield Refusal(
            _TOKENS,
            "workload identity needs the cluster's OIDC issuer (oidcIssuerProfile.enabled)",
        )


def _has_kms(write: Write) -> bool:
    return is_at(write.after, f"{_KMS}.enabled", True)


def _judge_kms_key(write: Write) -> Iterator[Refusal]:
    path = f"{_KMS}.keyId"
    key = text_at(write.after, path)
    if not _has_kms(write):
        return
    found = _KEY.fullmatch(key) if key is not None else None
    if is_silent(write.after, path) or (key is not None and found is None):
        yield Refusal(
            path, "azureKeyVaultKms.keyId names no key: expected https://VAULT/keys/NAME/VERSION"
        )
    if found is None:
        return
    new = is_at(write.after, _ENCRYPTION, "Enabled")
    if new and found["version"]:
        yield Refusal(path, "a key beside infrastructureEncryption is named without a version")
    elif is_silent(write.after, _ENCRYPTION) and not found["version"]:
        yield Refusal(path, "a key without infrastructureEncryption is named with its version")


def _judge_kms_vault(write: Write) -> Iterator[Refusal]:
    private = is_at(write.after, f"{_KMS}.keyVaultNetworkAccess", "Private")
    if _has_kms(write) and private and is_silent(write.after, f"{_KMS}.keyVaultResourceId"):
        yield Refusal(
            f"{_KMS}.keyVaultResourceId",
            "azureKeyVaultKms.keyVaultNetworkAccess Private needs keyVaultResourceId",
        )


def _judge_kms_network(write: Write) -> Iterator[Refusal]:
    private = is_at(write.after, f"{_KMS}.keyVaultNetworkAccess", "Private")
    legacy = is_silent(write.after, _ENCRYPTION) or is_at(write.after, _ENCRYPTION, "Disabled")
    # A private vault needs API Server VNet Integration with the legacy KMS (guidelines.md §2.8);
    # the new one reaches it as a trusted service.
    if _has_kms(write) and private and legacy and is_off(write.after, _INTEGRATED):
        yield Refusal(
            f"{_KMS}.keyVaultNetworkAccess",
            "a key in a private vault needs API Server VNet Integration, or "
            "infrastructureEncryption Enabled",
        )


def _judge_encryption_version(write: Write) -> Iterator[Refusal]:
    version = text_at(write.after, "properties.kubernetesVersion")
    enabled = is_at(write.after, _ENCRYPTION, "Enabled")
    if enabled and version is not None and not is_at_least(version, 1, 33):
        yield Refusal(_ENCRYPTION, "infrastructureEncryption needs Kubernetes 1.33 or later")


RULES = (
    ServiceRule(
        id="cluster-kubelet-identity",
        type=CLUSTER,
        code="CustomKubeletIdentityOnlySupportedOnUserAssignedMSICluster",
        source=_CODES,
        judge=_judge_kubelet,
    ),
    ServiceRule(
        id="cluster-login-without-rbac",
        type=CLUSTER,
        code="RBACNotEnabledForAAD",
        source=_CODES,
        judge=_judge_login,
    ),
    ServiceRule(
        id="cluster-admin-group",
        type=CLUSTER,
        code="InvalidAdminGroupObjectID",
        source="AKS error codes",
        judge=_judge_groups,
    ),
    ServiceRule(
        id="cluster-workload-identity",
        type=CLUSTER,
        code=None,
        source=f"{_PAGE}/workload-identity-deploy-cluster",
        judge=_judge_tokens,
    ),
    ServiceRule(
        id="cluster-kms-key",
        type=CLUSTER,
        code=None,
        source="guidelines.md §0.8 and §2.8",
        judge=_judge_kms_key,
    ),
    ServiceRule(
        id="cluster-kms-vault",
        type=CLUSTER,
        code="BadRequest",
        source="Azure/telescope#1121",
        judge=_judge_kms_vault,
    ),
    ServiceRule(
        id="cluster-kms-network",
        type=CLUSTER,
        code="BadRequest",
        source="Azure/terraform-azurerm-aks#599",
        judge=_judge_kms_network,
    ),
    ServiceRule(
        id="cluster-encryption-version",
        type=CLUSTER,
        code=None,
        source="guidelines.md §0.8",
        judge=_judge_encryption_version,
    ),
)
