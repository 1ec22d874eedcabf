"""Private DNS zone names and host names of private endpoints, by service and cloud.

Source: guidelines.md §2.4, and private-endpoint-dns.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

ZONES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "api-server": {
            "AzureCloud": "privatelink.{region}.azmk8s.io",
            "AzureUSGovernment": "privatelink.{region}.cx.aks.containerservice.azure.us",
            "AzureChinaCloud": "privatelink.{region}.cx.prod.service.azk8s.cn",
        },
        # Clusters with API Server VNet Integration use other zones (guidelines.md §2.4).
        "api-server-integrated": {
            "AzureCloud": "private.{region}.azmk8s.io",
            "AzureUSGovernment": "private.{region}.cx.aks.containerservice.azure.us",
            "AzureChinaCloud": "private.{region}.cx.prod.service.azk8s.cn",
        },
        "vault": {
            "AzureCloud": "privatelink.vaultcore.azure.net",
            "AzureUSGovernment": "privatelink.vaultcore.usgovcloudapi.net",
            "AzureChinaCloud": "privatelink.vaultcore.azure.cn",
        },
        "registry": {
            "AzureCloud": "privatelink.azurecr.io",
            "AzureUSGovernment": "privatelink.azurecr.us",
            "AzureChinaCloud": "privatelink.azurecr.cn",
        },
        "blob": {
            "AzureCloud": "privatelink.blob.core.windows.net",
            "AzureUSGovernment": "privatelink.blob.core.usgovcloudapi.net",
            "AzureChinaCloud": "privatelink.blob.core.chinacloudapi.cn",
        },
    }
)
"""The names of zones by service and cloud; `{region}` stands for the location."""


# Clients query the name without this label, and Azure's public DNS answers a CNAME with it
# (private-endpoint-dns).
_LEFT_OUT = "privatelink."
_SERVICES: Mapping[str, tuple[Mapping[str, str], tuple[str, ...]]] = MappingProxyType(
    {
        "microsoft.keyvault/vaults": (ZONES["vault"], ("{name}",)),
        "microsoft.containerregistry/registries": (
            ZONES["registry"],
            ("{name}", "{name}.{region}.data"),
        ),
        "microsoft.storage/storageaccounts": (ZONES["blob"], ("{name}",)),
    }
)
"""By type: the zone of each cloud, and the names of a service in it."""


def hosts_of(type_name: str, name: str, cloud: str, region: str) -> tuple[str, ...]:
    """Return the host names of a service that has a private endpoint, in lower case.

    These are the names that clients query, and those in the private link zone that Azure's public
    DNS answers as a CNAME. Empty for a type or a cloud of which they are not known. `region` may be
    empty.
    """
    zones, patterns = _SERVICES.get(type_name.lower(), ({}, ()))
    zone = zones.get(cloud)
    if zone is None:
        return ()
    public = zone.removeprefix(_LEFT_OUT)
    suffixes = [zone, public]
    if public.startswith("vaultcore."):
        # Clients use vault.azure.net, a CNAME of vaultcore.azure.net.
        suffixes.append(public.replace("vaultcore.", "vault.", 1))
    words = [pattern for pattern in patterns if region or "{region}" not in pattern]
    labels = [word.format(name=name, region=region).lower() for word in words]
    return tuple(f"{label}.{suffix}" for label in labels for suffix in suffixes)


def domains_of(type_name: str, name: str) -> frozenset[str]:
    """Return every domain that a private DNS zone may have to answer for a service, in any cloud.

    These are its hosts, and all of their parent domains.
    """
    zones, _patterns = _SERVICES.get(type_name.lower(), ({}, ()))
    if not zones:
        return frozenset()  # nearly every type
    hosts = (host for cloud in zones for host in hosts_of(type_name, name, cloud, ""))
    return frozenset(
        host.split(".", position)[-1] for host in hosts for position in range(host.count("."))
    )


def private_link_zone(service: str, cloud: str, region: str) -> str:
    """Return the name of the private DNS zone of a service.

    Raises:
        ValueError: The table has no such service or cloud.
    """
    if service not in ZONES:
        raise ValueError(f"there is no service {service!r}; there are {', '.join(sorted(ZONES))}")
    if cloud not in ZONES[service]:
        raise ValueError(f"the zone of {service} in {cloud} is not known")
    return ZONES[service][cloud].replace("{region}", region)


def is_api_server_zone(name: str, cloud: str) -> bool:
    """Return whether a zone is one in which AKS keeps names of API servers, of any region.

    Subdomains count too (`team.privatelink.westeurope.azmk8s.io`, guidelines.md §2.4).
    """
    endings = (ZONES[service].get(cloud, "") for service in ("api-server", "api-server-integrated"))
    for ending in endings:
        before, _, after = ending.partition("{region}")
        words = re.escape(before) + "[a-z0-9]+" + re.escape(after)
        if ending and re.fullmatch(rf"(.+\.)?{words}", name.lower()):
            return True
    return False


@dataclass(frozen=True, slots=True)
class PrivateLinkGroup:
    """A sub-resource (group id) of a service that a private endpoint can connect to.

    It has the members that get an address each, and the private DNS zones of their names.
    `{region}` stands for the location.
    """

    name: str
    members: tuple[str, ...]
    zones: tuple[str, ...]


_STORAGE = ("blob", "table", "queue", "file", "web", "dfs")
_GROUPS: Mapping[str, tuple[PrivateLinkGroup, ...]] = MappingProxyType(
    {
        "microsoft.keyvault/vaults": (
            PrivateLinkGroup("vault", ("default",), (ZONES["vault"]["AzureCloud"],)),
        ),
        "microsoft.containerregistry/registries": (
            PrivateLinkGroup(
                "registry",
                ("registry", "registry_data_{region}"),
                (ZONES["registry"]["AzureCloud"],),
            ),
        ),
        "microsoft.storage/storageaccounts": tuple(
            PrivateLinkGroup(name, (name,), (f"privatelink.{part}.core.windows.net",))
            for part in _STORAGE
            for name in (part, f"{part}_secondary")
        ),
        "microsoft.containerservice/managedclusters": (
            PrivateLinkGroup("management", ("management",), (ZONES["api-server"]["AzureCloud"],)),
        ),
        "microsoft.insights/privatelinkscopes": (
            PrivateLinkGroup(
                "azuremonitor",
                (),
                (
                    "privatelink.monitor.azure.com",
                    "privatelink.oms.opinsights.azure.com",
                    "privatelink.ods.opinsights.azure.com",
                    "privatelink.agentsvc.azure-automation.net",
                    "privatelink.blob.core.windows.net",
                ),
            ),
        ),
        "microsoft.dashboard/grafana": (
            PrivateLinkGroup("grafana", ("grafana",), ("privatelink.grafana.azure.com",)),
        ),
        "microsoft.monitor/accounts": (
            PrivateLinkGroup(
                "prometheusMetrics",
                ("prometheusMetrics",),
                ("privatelink.{region}.prometheus.monitor.azure.com",),
            ),
        ),
    }
)
"""Source: "What is a private endpoint?" (the table of private-link resources), "Azure Private
Endpoint private DNS zone values", and the recorded answer of a storage account. The members of a
private link scope are not documented."""


def groups_of(type_name: str) -> tuple[PrivateLinkGroup, ...]:
    """Return the group ids that private endpoints to a type can name, case of the type ignored.

    Empty where it has none, or none that are known.
    """
    return _GROUPS.get(type_name.lower(), ())
