"""What a grant amounts to, in plain words: the worst that its actions allow at its scope.

The actions are those of "Azure permissions" (the resource provider operations of each service) and
of the guidelines' chapters on access (ENV-05, WRK-02.8, WRK-04).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from provisioner.access.effective import Access
from provisioner.access.grants import Grant
from provisioner.catalog.permissions import ASSIGN_ROLE
from provisioner.model.permissions import is_management_group
from provisioner.model.resource_id import ResourceId

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
    """Something that a principal can do. Any of its actions suffices: `actions` are those of
    Azure Resource Manager, `data_actions` those of a service itself."""

    words: str
    actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()


ADMINISTERS_ACCESS = "administers access"
ASSIGNS_ROLES = "assigns some roles"
UNKNOWN = "not known: its role definition was not read"
READS = "reads configuration"
WRITES = "writes resources"
ACTS = "runs actions"
NOTHING = "nothing at this scope"

CAPABILITIES = (
    Capability(
        "administers clusters",
        (f"{_CLUSTER}/listClusterAdminCredential/action", f"{_CLUSTER}/runCommand/action"),
        (f"{_CLUSTER}/rbac.authorization.k8s.io/clusterrolebindings/write",),
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
            # Managed Identity Operator names the action with a segment for the identity.
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

ORDER = (
    UNKNOWN,
    ADMINISTERS_ACCESS,
    ASSIGNS_ROLES,
    *(capability.words for capability in CAPABILITIES),
    WRITES,
    ACTS,
    READS,
    NOTHING,
)
"""All words that `worst_capability` returns, the worst first: what is not known may be anything."""


def worst_capability(access: Access, grant: Grant, place: ResourceId | None) -> str:
    """Return the worst that a grant allows on a resource, or at a scope (None: the tenant's root),
    in one of the words of ORDER."""
    return next(_capabilities(access, grant, place))


def _capabilities(access: Access, grant: Grant, place: ResourceId | None) -> Iterator[str]:
    if not grant.is_known:
        yield UNKNOWN

    def can(action: str, *, data: bool = False) -> bool:
        if not grant.allows(action, data=data):
            return False
        return place is None or not access.is_denied(grant, action, place, data=data)

    if grant.escalates and not (place and access.is_denied(grant, ASSIGN_ROLE, place)):
        yield ADMINISTERS_ACCESS
    if can(ASSIGN_ROLE):
        yield ASSIGNS_ROLES
    for capability in CAPABILITIES:
        asked = [(action, False) for action in capability.actions]
        asked += [(action, True) for action in capability.data_actions]
        if any(_is_about(action, place) and can(action, data=data) for action, data in asked):
            yield capability.words
    patterns = [
        pattern
        for entry in grant.role.permissions or ()
        for data in (False, True)
        for pattern in entry.patterns(data=data)[0]
        if _is_about(pattern, place) and can(pattern.replace("*", "-"), data=data)
    ]
    verbs = {pattern.lower().rpartition("/")[2] for pattern in patterns}
    if verbs & {"*", "write", "delete"}:
        yield WRITES
    if "action" in verbs:
        yield ACTS
    yield READS if patterns else NOTHING


def _is_about(action: str, place: ResourceId | None) -> bool:
    """Tell whether there can be something for an action at a place: it holds containers of all
    kinds, or is of the resource provider and type that the action is of."""
    if place is None or place.is_container or is_management_group(place):
        return True
    if action.startswith((f"{_AUTHORIZATION}/", "*")):
        return True
    own, other = (text.lower().split("/")[:2] for text in (place.type, action))
    return own == other
