"""Earlier api versions that Azure published of a provider, for the built-in Azure.

The built-in Azure lists them (`GET /subscriptions/S/providers/NAMESPACE`); a real cloud is asked
what it offers. They are by provider or by type, and not complete; a type that is not here is listed
with the pinned version alone.

Sources: the versions of the recordings that azsec was built on, the `api_versions_list` of the
pinned SDK packages, the releases of azure-mgmt-containerservice (`catalog.api_introductions`), and
the version selectors of the REST reference (Policy, Management Locks, Container Registry).
"""

from collections.abc import Mapping

from provisioner.catalog.resource_type import ResourceType

_POLICY = (
    "2019-09-01", "2020-09-01", "2021-06-01", "2023-04-01", "2024-05-01", "2025-03-01",
    "2025-11-01",
)  # fmt: skip

_PUBLISHED: Mapping[str, tuple[str, ...]] = {
    "microsoft.authorization": ("2015-07-01", "2018-01-01-preview", "2020-04-01-preview"),
    "microsoft.authorization/locks": ("2015-01-01", "2016-09-01", "2017-04-01"),
    "microsoft.authorization/policyassignments": _POLICY,
    "microsoft.authorization/policydefinitions": _POLICY,
    "microsoft.containerregistry": ("2019-05-01", "2021-09-01", "2023-07-01"),
    "microsoft.containerservice": (
        "2020-09-01", "2021-05-01", "2022-04-01", "2023-01-01", "2023-02-01", "2023-03-01",
        "2023-06-01", "2023-07-01", "2023-08-01", "2023-10-01", "2023-11-01", "2024-01-01",
        "2024-02-01", "2024-05-01", "2024-07-01", "2024-09-01", "2025-01-01", "2025-02-01",
        "2025-03-01", "2025-04-01", "2025-05-01", "2025-08-01", "2025-10-01", "2026-01-01",
        "2026-04-01", "2026-05-01", "2026-06-01", "2026-07-01",
    ),
    "microsoft.containerservice/deploymentsafeguards": (),
    "microsoft.insights": ("2018-03-01", "2020-10-01", "2022-06-01", "2022-06-15", "2022-10-01"),
    "microsoft.keyvault": ("2023-07-01", "2024-11-01"),
    "microsoft.kubernetesconfiguration": ("2023-05-01", "2024-11-01"),
    "microsoft.managedidentity": ("2018-11-30", "2022-01-31-preview", "2023-01-31"),
    "microsoft.network": (
        "2017-10-01", "2018-07-01", "2019-09-01", "2020-06-01", "2020-11-01",
        "2021-08-01", "2022-07-01", "2022-11-01", "2023-11-01",
        "2024-01-01", "2024-03-01", "2024-05-01", "2024-07-01", "2024-10-01", "2025-03-01",
        "2025-05-01", "2025-07-01", "2025-09-01", "2026-01-01",
    ),
    "microsoft.operationalinsights": ("2020-08-01", "2021-06-01", "2023-09-01"),
    "microsoft.resources": ("2018-02-01", "2020-06-01", "2020-10-01", "2022-09-01", "2024-11-01"),
    "microsoft.storage": ("2019-06-01", "2021-04-01", "2023-01-01"),
}  # fmt: skip


def published_versions(resource_type: ResourceType) -> tuple[str, ...]:
    """Return the api versions of a type, the pinned one and older ones, the newest first."""
    pinned = resource_type.api_version
    names = (resource_type.name.lower(), resource_type.namespace.lower())
    older = next((_PUBLISHED[name] for name in names if name in _PUBLISHED), ())
    return tuple(sorted({pinned, *(each for each in older if each < pinned)}, reverse=True))
