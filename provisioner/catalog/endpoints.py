"""Azure Resource Manager operations that azsec calls and that are no resources.

Each has the path, the api version and the Azure RBAC action that it takes. Source: the REST
reference of each service (Resources "Providers", Features, Key Vault and Container Registry "Check
Name Availability", AKS "List Kubernetes Versions", Compute "Resource Skus" and "Usage", Policy
Insights "Policy Restrictions", Authorization "Permissions", Monitor "Activity Logs - List",
Resource Graph "Resources") and "Azure resource provider operations".
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from provisioner.catalog import api_versions
from provisioner.catalog.resource_type import ResourceType
from provisioner.model.resource_id import ResourceId


@dataclass(frozen=True)
class Endpoint:
    """One place: `path` with the names of its variable parts in braces, and what asking takes.

    `{scope}` is a whole id (`/subscriptions/S/resourceGroups/G`), any other part one segment.
    """

    method: str
    path: str
    action: str
    api_version: str

    def at(self, **parts: str) -> str:
        """Return the path with its variable parts filled in."""
        return self.path.format(**parts)

    def action_at(self, method: str, path: str) -> str | None:
        """Return the action that a request takes, or None where it is not for this place."""
        return self.action if method == self.method and self.pattern.fullmatch(path) else None

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The paths of this endpoint."""
        words = re.split(r"\{(\w+)\}", self.path)
        told = (
            re.escape(word) if not position % 2 else f"(?P<{word}>{_part(word)})"
            for position, word in enumerate(words)
        )
        return re.compile("".join(told) + "/?", re.IGNORECASE)


def _part(name: str) -> str:
    return "/subscriptions/.+?" if name == "scope" else "[^/]+"


_S = "/subscriptions/{subscription}"

PROVIDERS = Endpoint(
    "GET",
    f"{_S}/providers",
    "Microsoft.Resources/subscriptions/providers/read",
    api_versions.RESOURCES,
)
PROVIDER = Endpoint(
    "GET",
    f"{_S}/providers/{{namespace}}",
    "Microsoft.Resources/subscriptions/providers/read",
    api_versions.PROVIDERS,
)
"""Where a cloud says which api versions it offers of a provider's types."""
FEATURE = Endpoint(
    "GET",
    f"{_S}/providers/Microsoft.Features/providers/{{namespace}}/features/{{feature}}",
    "Microsoft.Features/providers/features/read",
    api_versions.FEATURES,
)
FEATURES = Endpoint(
    "GET",
    f"{_S}/providers/Microsoft.Features/features",
    "Microsoft.Features/features/read",
    api_versions.FEATURES,
)
REGISTER_FEATURE = Endpoint(
    "POST",
    f"{FEATURE.path}/register",
    "Microsoft.Features/providers/features/register/action",
    api_versions.FEATURES,
)
UNREGISTER_FEATURE = Endpoint(
    "POST",
    f"{FEATURE.path}/unregister",
    "Microsoft.Features/providers/features/unregister/action",
    api_versions.FEATURES,
)
ROLE_DEFINITIONS = Endpoint(
    "GET",
    f"{_S}/providers/Microsoft.Authorization/roleDefinitions",
    "Microsoft.Authorization/roleDefinitions/read",
    api_versions.AUTHORIZATION,
)
"""The roles of a subscription, Azure's own among them: a list of resources as any other."""
KUBERNETES_VERSIONS = Endpoint(
    "GET",
    f"{_S}/providers/Microsoft.ContainerService/locations/{{location}}/kubernetesVersions",
    "Microsoft.ContainerService/locations/kubernetesVersions/read",
    api_versions.CONTAINER_SERVICE,
)
UPGRADE_PROFILE = Endpoint(
    "GET",
    f"{_S}/resourceGroups/{{group}}/providers/Microsoft.ContainerService/managedClusters/{{cluster}}"
    "/upgradeProfiles/default",
    "Microsoft.ContainerService/managedClusters/upgradeProfiles/read",
    api_versions.CONTAINER_SERVICE,
)
"""Which versions a cluster and its pools may be upgraded to (AKS "Managed Clusters - Get Upgrade
Profile")."""
MACHINE_SIZES = Endpoint(
    "GET",
    f"{_S}/providers/Microsoft.Compute/skus",
    "Microsoft.Compute/skus/read",
    api_versions.COMPUTE_SKUS,
)
CORE_USAGE = Endpoint(
    "GET",
    f"{_S}/providers/Microsoft.Compute/locations/{{location}}/usages",
    "Microsoft.Compute/locations/usages/read",
    api_versions.COMPUTE,
)
POLICY_RESTRICTIONS = Endpoint(
    "POST",
    "{scope}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions",
    "Microsoft.PolicyInsights/checkPolicyRestrictions/read",
    api_versions.POLICY_INSIGHTS,
)
POLICY_ASSIGNMENTS = Endpoint(
    "GET",
    f"{_S}/providers/Microsoft.Authorization/policyAssignments",
    "Microsoft.Authorization/policyAssignments/read",
    api_versions.POLICY,
)
POLICY_DEFINITION = Endpoint(
    "GET",
    "{definition}",
    "Microsoft.Authorization/policyDefinitions/read",
    api_versions.POLICY,
)
POLICY_SET_DEFINITION = Endpoint(
    "GET",
    "{definition}",
    "Microsoft.Authorization/policySetDefinitions/read",
    api_versions.POLICY,
)
POLICY_TOKEN = Endpoint(
    "POST",
    f"{_S}/providers/Microsoft.Authorization/acquirePolicyToken",
    "Microsoft.Resources/subscriptions/read",
    api_versions.POLICY_TOKENS,
)
"""Where a write that a policy with an external evaluation guards gets its token (Policy Tokens
"Acquire"). Asking takes Reader on the subscription and the permissions of the write itself
(Azure/azure-policy, ExternalEvaluationPolicies, "Platform limits")."""
PERMISSIONS = Endpoint(
    "GET",
    "{scope}/providers/Microsoft.Authorization/permissions",
    "Microsoft.Authorization/permissions/read",
    api_versions.AUTHORIZATION,
)
ACTIVITY_LOG = Endpoint(
    "GET",
    f"{_S}/providers/Microsoft.Insights/eventtypes/management/values",
    "Microsoft.Insights/eventtypes/values/read",
    api_versions.ACTIVITY_LOG,
)
"""The Activity Log of a subscription: who wrote what, for 90 days."""
CHANGE_TYPE = "Microsoft.Resources/changes"
"""The type of the rows of Resource Graph's table `resourcechanges`."""
RESOURCE_GRAPH = Endpoint(
    "POST",
    "/providers/Microsoft.ResourceGraph/resources",
    "Microsoft.ResourceGraph/resources/read",
    api_versions.RESOURCE_GRAPH,
)
"""Queries of Azure Resource Graph, over the subscriptions that the body names."""
ELIGIBLE_ROLES = Endpoint(
    "GET",
    "{scope}/providers/Microsoft.Authorization/roleEligibilityScheduleInstances",
    "Microsoft.Authorization/roleEligibilityScheduleInstances/read",
    api_versions.ELIGIBLE_ROLES,
)
"""The role assignments that can be activated (Privileged Identity Management); it takes a licence
of Microsoft Entra ID P2 or ID Governance."""
LEASE = Endpoint(
    "POST",
    f"{_S}/resourceGroups/{{group}}/providers/Microsoft.Storage/storageAccounts/{{account}}"
    "/blobServices/default/containers/{container}/lease",
    "Microsoft.Storage/storageAccounts/blobServices/containers/lease/action",
    api_versions.STORAGE,
)
"""Where a lease on a blob container is taken, renewed, released and broken (the Storage resource
provider's "Blob Containers - Lease")."""
CLUSTER_USER_CREDENTIAL = Endpoint(
    "POST",
    f"{_S}/resourceGroups/{{group}}/providers/Microsoft.ContainerService/managedClusters/{{cluster}}"
    "/listClusterUserCredential",
    "Microsoft.ContainerService/managedClusters/listClusterUserCredential/action",
    api_versions.CONTAINER_SERVICE,
)
"""Where a kubeconfig of a cluster is answered: its server and its authority, and for clusters with
Entra a plugin that signs in, and no credential ("Managed Clusters - List Cluster User
Credentials")."""
CLUSTER_TYPE = "Microsoft.ContainerService/managedClusters"
HSM_NAME_CHECK = Endpoint(
    "POST",
    f"{_S}/providers/Microsoft.KeyVault/checkMhsmNameAvailability",
    "Microsoft.KeyVault/checkMhsmNameAvailability/read",
    api_versions.KEY_VAULT,
)
"""Checks whether the name of a managed HSM is free; azsec never calls it."""
QUOTA = Endpoint(
    "PUT",
    f"{_S}/providers/Microsoft.Compute/locations/{{location}}/providers/Microsoft.Quota"
    "/quotas/{quota}",
    "Microsoft.Quota/quotas/write",
    api_versions.QUOTA,
)
"""Requests a change of a limit; azsec never calls it."""

_FIXED = (
    PROVIDERS,
    PROVIDER,
    FEATURE,
    FEATURES,
    REGISTER_FEATURE,
    UNREGISTER_FEATURE,
    KUBERNETES_VERSIONS,
    MACHINE_SIZES,
    CORE_USAGE,
    POLICY_RESTRICTIONS,
    POLICY_TOKEN,
    PERMISSIONS,
    ACTIVITY_LOG,
    RESOURCE_GRAPH,
    ELIGIBLE_ROLES,
    HSM_NAME_CHECK,
    QUOTA,
)


# Not among them: UPGRADE_PROFILE, LEASE and CLUSTER_USER_CREDENTIAL, which are asked of one
# resource and take their action there, as those of `catalog.service_actions` do.


def leased_container(subscription: str, group: str, account: str, container: str) -> ResourceId:
    """Return the id of the blob container whose lease is taken at LEASE."""
    path = LEASE.at(subscription=subscription, group=group, account=account, container=container)
    return ResourceId.parse(path.rpartition("/")[0])


def name_check(resource_type: ResourceType) -> Endpoint:
    """Return the endpoint that checks whether a name of a type is free in all of Azure."""
    namespace = resource_type.namespace
    return Endpoint(
        "POST",
        f"{_S}/providers/{namespace}/checkNameAvailability",
        f"{namespace}/checkNameAvailability/read",
        resource_type.api_version,
    )


def deleted_list(resource_type: ResourceType) -> Endpoint:
    """Return where the soft-deleted resources of a type in a subscription are listed."""
    kind = f"deleted{resource_type.kind[:1].upper()}{resource_type.kind[1:]}"
    return Endpoint(
        "GET",
        f"{_S}/providers/{resource_type.namespace}/{kind}",
        f"{resource_type.namespace}/{kind}/read",
        resource_type.api_version,
    )


def endpoints_of(types: Iterable[ResourceType]) -> tuple[Endpoint, ...]:
    """Return all of these places, with those that the types have of their own."""
    found = dict.fromkeys(_FIXED)
    for resource_type in types:
        if resource_type.rule.unique_in_azure:
            found[name_check(resource_type)] = None
        if resource_type.soft_delete is not None:
            found[deleted_list(resource_type)] = None
    return tuple(found)
