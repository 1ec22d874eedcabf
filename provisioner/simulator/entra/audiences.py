"""The API of an access token, by the resource (audience) that the client requested.

Source: "Azure Resource Manager authentication" (InvalidAuthenticationTokenAudience lists the
accepted ones), "Authorize with Microsoft Entra ID" of Blob Storage, Key Vault and Microsoft Graph.
The addresses of this server count as audiences of the APIs that it serves, as in sovereign clouds.
"""

import re
from enum import StrEnum

GRAPH_PATH = "/graph"
_LOOPBACK = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)


class Api(StrEnum):
    """An API that tokens are issued for."""

    RESOURCE_MANAGER = "Azure Resource Manager"
    GRAPH = "Microsoft Graph"
    STORAGE = "Azure Storage"
    VAULT = "Azure Key Vault"
    CLUSTER = "Azure Kubernetes Service AAD Server"
    REGISTRY = "Azure Container Registry"
    LOGS = "Azure Monitor Logs"


_NAMES = {
    "https://management.azure.com": Api.RESOURCE_MANAGER,
    "https://management.core.windows.net": Api.RESOURCE_MANAGER,
    "https://management.local": Api.RESOURCE_MANAGER,
    "https://graph.microsoft.com": Api.GRAPH,
    "00000003-0000-0000-c000-000000000000": Api.GRAPH,
    "https://storage.azure.com": Api.STORAGE,
    "https://vault.azure.net": Api.VAULT,
    "6dae42f8-4368-4678-94ff-3960e28e3630": Api.CLUSTER,
    "https://containerregistry.azure.net": Api.REGISTRY,
    "https://api.loganalytics.io": Api.LOGS,
}
_DOMAINS = {
    ".blob.core.windows.net": Api.STORAGE,
    ".vault.azure.net": Api.VAULT,
}
RESOURCE_MANAGER_NAMES = tuple(
    f"{name}{end}"
    for name, api in _NAMES.items()
    if api is Api.RESOURCE_MANAGER and not name.endswith(".local")
    for end in ("/", "")
)
_DEFAULT = "/.default"
_OPENID_SCOPES = frozenset({"openid", "profile", "email", "offline_access"})


def find_api(resource: str, base: str) -> Api | None:
    """Return the API of a resource name; None if it is unknown.

    `base` is the origin that the client uses.
    """
    name = resource.rstrip("/").lower()
    known = _NAMES.get(name)
    if known is not None:
        return known
    if name.startswith("https://"):
        for domain, api in _DOMAINS.items():
            if name.endswith(domain):
                return api
    is_graph = name.endswith(GRAPH_PATH)
    origin = name.removesuffix(GRAPH_PATH)
    if origin == base.lower() or _LOOPBACK.fullmatch(origin):
        return Api.GRAPH if is_graph else Api.RESOURCE_MANAGER
    return None


def resource_of(scope: str) -> tuple[str, bool]:
    """Return the resource in the `scope` of a token request ("" for none).

    The second value is whether the scope is `/.default`. `https://management.azure.com//.default`
    names `https://management.azure.com/`: everything before `/.default` is the audience, verbatim.
    """
    scope_name = next((part for part in scope.split() if part.lower() not in _OPENID_SCOPES), "")
    if scope_name.lower().endswith(_DEFAULT):
        return scope_name[: -len(_DEFAULT)], True
    return scope_name.rpartition("/")[0], False
