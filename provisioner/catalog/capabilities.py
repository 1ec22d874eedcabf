"""Capabilities that access reviews ask about, and the Azure RBAC actions that each takes.

The actions are those of "Azure permissions" (the resource provider operations of each service) and
of guidelines.md on access (ENV-05, WRK-02.8, WRK-04).
"""

from dataclasses import dataclass

_CLUSTER = "Microsoft.ContainerService/managedClusters"
_VAULT = "Microsoft.KeyVault/vaults"
_STORAGE = "Microsoft.Storage/storageAccounts"
_BLOBS = f"{_STORAGE}/blobServices/containers/blobs"
_REGISTRY = "Microsoft.ContainerRegistry/registries"
_IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"
_WORKSPACE = "Microsoft.OperationalInsights/workspaces"
_AUTHORIZATION = "Microsoft.Authorization"
_NETWORK = (
    "virtualNetworks",
    "networkSecurityGroups",
    "routeTables",
    "azureFirewalls",
    "firewallPolicies",
    "privateDnsZones",
    "privateEndpoints",
)


@dataclass(frozen=True, slots=True)
class Capability:
    """Something that a principal can do; any one of its actions suffices.

    `actions` are those of Azure Resource Manager, `data_actions` those of a service itself.
    """

    words: str
    actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()


CAPABILITIES = (
    Capability(
        "administers clusters",
        (
            f"{_CLUSTER}/listClusterAdminCredential/action",
            f"{_CLUSTER}/accessProfiles/listCredential/action",
            f"{_CLUSTER}/runCommand/action",
        ),
        (
            f"{_CLUSTER}/rbac.authorization.k8s.io/clusterrolebindings/write",
            f"{_CLUSTER}/users/impersonate/action",
            f"{_CLUSTER}/groups/impersonate/action",
        ),
    ),
    Capability(
        "reads secrets",
        (
            f"{_VAULT}/accessPolicies/write",
            f"{_STORAGE}/listKeys/action",
            f"{_REGISTRY}/listCredentials/action",
        ),
        (f"{_VAULT}/secrets/getSecret/action", f"{_CLUSTER}/secrets/read"),
    ),
    Capability(
        "signs in as identities",
        (
            f"{_IDENTITY}/federatedIdentityCredentials/write",
            f"{_IDENTITY}/assign/action",
            # The role Managed Identity Operator has the action with a wildcard segment for the
            # identity.
            f"{_IDENTITY}/-/assign/action",
        ),
    ),
    Capability("opens shells in pods", (), (f"{_CLUSTER}/pods/exec/action",)),
    Capability(
        "lifts protection",
        (
            f"{_AUTHORIZATION}/policyExemptions/write",
            f"{_AUTHORIZATION}/policyAssignments/write",
            f"{_AUTHORIZATION}/locks/delete",
        ),
    ),
    Capability(
        "writes clusters",
        (f"{_CLUSTER}/write", f"{_CLUSTER}/agentPools/write"),
        (f"{_CLUSTER}/pods/write", f"{_CLUSTER}/apps/deployments/write"),
    ),
    Capability(
        "writes network",
        tuple(f"Microsoft.Network/{kind}/write" for kind in _NETWORK),
    ),
    Capability(
        "writes logs and alerts",
        (
            "Microsoft.Insights/diagnosticSettings/delete",
            "Microsoft.Insights/scheduledQueryRules/write",
            f"{_WORKSPACE}/write",
        ),
    ),
    Capability(
        "pushes images",
        (f"{_REGISTRY}/push/write",),
        (f"{_REGISTRY}/repositories/content/write",),
    ),
    Capability(
        "uses keys",
        (),
        tuple(f"{_VAULT}/keys/{verb}/action" for verb in ("decrypt", "unwrap", "sign")),
    ),
    Capability("writes blobs", (), (f"{_BLOBS}/write",)),
    Capability("reads blobs", (), (f"{_BLOBS}/read",)),
    Capability(
        "signs in to clusters",
        (
            f"{_CLUSTER}/listClusterUserCredential/action",
            f"{_CLUSTER}/managedNamespaces/listCredential/action",
        ),
    ),
    Capability(
        "pulls images", (f"{_REGISTRY}/pull/read",), (f"{_REGISTRY}/repositories/content/read",)
    ),
)
"""The worst first."""

CLUSTER_SIGN_IN = (
    f"{_CLUSTER}/listClusterUserCredential/action",
    f"{_CLUSTER}/read",
)
"""What it takes to get the address and the certificate of a cluster's API server, as the built-in
role Azure Kubernetes Service Cluster User Role has it (recorded role definitions)."""
