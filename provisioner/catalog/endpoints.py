"""Places of Azure Resource Manager that answer about a subscription or scope and are no resources.

Each has the path, the api version and the action of Azure RBAC that asking takes. Source: the REST
reference of each service (Resources "Providers", Features, Key Vault and Container Registry "Check
Name Availability", AKS "List Kubernetes Versions", Compute "Resource Skus" and "Usage", Policy
Insights "Policy Restrictions", Authorization "Permissions") and "Azure resource provider
operations".
"""

import re
from dataclasses import dataclass
from functools import cached_property

from provisioner.catalog import api_versions
from provisioner.catalog.resource_type import ResourceType


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
        """The paths of this place."""
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
FEATURE = Endpoint(
    "GET",
    f"{_S}/providers/Microsoft.Features/providers/{{namespace}}/features/{{feature}}",
    "Microsoft.Features/providers/features/read",
    api_versions.FEATURES,
)
KUBERNETES_VERSIONS = Endpoint(
    "GET",
    f"{_S}/providers/Microsoft.ContainerService/locations/{{location}}/kubernetesVersions",
    "Microsoft.ContainerService/locations/kubernetesVersions/read",
    api_versions.CONTAINER_SERVICE,
)
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
PERMISSIONS = Endpoint(
    "GET",
    "{scope}/providers/Microsoft.Authorization/permissions",
    "Microsoft.Authorization/permissions/read",
    api_versions.AUTHORIZATION,
)

_FIXED = (
    PROVIDERS,
    FEATURE,
    KUBERNETES_VERSIONS,
    MACHINE_SIZES,
    CORE_USAGE,
    POLICY_RESTRICTIONS,
    PERMISSIONS,
)


def name_check(resource_type: ResourceType) -> Endpoint:
    """Return where the provider of a type says whether a name is free in all of Azure."""
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


def action_of(method: str, path: str, types: tuple[ResourceType, ...]) -> str | None:
    """Return the action that a request to one of these places takes; None for any other."""
    places = [*_FIXED]
    for resource_type in types:
        if resource_type.rule.unique_in_azure:
            places.append(name_check(resource_type))
        if resource_type.soft_delete is not None:
            places.append(deleted_list(resource_type))
    found = (place.action_at(method, path) for place in places)
    return next((action for action in found if action is not None), None)
