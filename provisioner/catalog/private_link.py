"""The private DNS zones in which private endpoints are found, by service and cloud.

Source: guidelines.md §2.4, and private-endpoint-dns.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

ZONES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "api-server": {
            "AzureCloud": "privatelink.{region}.azmk8s.io",
            "AzureUSGovernment": "privatelink.{region}.cx.aks.containerservice.azure.us",
            "AzureChinaCloud": "privatelink.{region}.cx.prod.service.azk8s.cn",
        },
        # API Server VNet Integration has zones of its own.
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
    }
)
"""The names of zones by service and cloud; `{region}` stands for the location."""


def private_link_zone(service: str, cloud: str, region: str) -> str:
    """Return the name of the zone of a service. Raises ValueError for what is not in the table."""
    if service not in ZONES:
        raise ValueError(f"there is no service {service!r}; there are {', '.join(sorted(ZONES))}")
    if cloud not in ZONES[service]:
        raise ValueError(f"the zone of {service} in {cloud} is not known")
    return ZONES[service][cloud].replace("{region}", region)


def is_api_server_zone(name: str, cloud: str) -> bool:
    """Tell whether a zone is one that AKS keeps the names of API servers in: of any region, and
    also below it (`team.privatelink.westeurope.azmk8s.io`, guidelines.md §2.4)."""
    endings = (ZONES[service].get(cloud, "") for service in ("api-server", "api-server-integrated"))
    for ending in endings:
        before, _, after = ending.partition("{region}")
        words = re.escape(before) + "[a-z0-9]+" + re.escape(after)
        if ending and re.fullmatch(rf"(.+\.)?{words}", name.lower()):
            return True
    return False
