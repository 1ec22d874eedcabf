"""Azure clouds: endpoints, token scopes, authorities and private DNS zones (guidelines.md §2.4)."""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from provisioner.azure.response_limits import DEFAULT_BOUNDS, Bounds
from provisioner.model.diagnostic import DiagnosticError, error, nearest

LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Cloud:
    """One cloud: the endpoint of its Resource Manager, and the authority of its tokens.

    name               as in an environment's `cloud:`
    resource_manager   origin of Azure Resource Manager, without a trailing slash
    scope              OAuth scope of its tokens
    authority          host that issues the tokens; "" for the local cloud
    token_audience     audience of a federated token that is exchanged for one
    cluster_zone       private DNS zone of private clusters; `{region}` stands for the region
    vault_zone         private DNS zone of key vaults
    registry_zone      private DNS zone of container registries
    poll_interval      seconds between two polls of an operation without Retry-After
    bounds             limits of one answer and of one list
    trust              file of the certificate authorities that its certificate is verified with; ""
                       for those of this machine
    """

    name: str
    resource_manager: str
    scope: str
    authority: str
    token_audience: str
    cluster_zone: str
    vault_zone: str
    registry_zone: str
    poll_interval: float = 5.0
    bounds: Bounds = DEFAULT_BOUNDS
    trust: str = ""

    @property
    def is_local(self) -> bool:
        """Whether this is the built-in Resource Manager on loopback."""
        return self.name == LOCAL

    @property
    def host(self) -> str:
        """Host and port of Azure Resource Manager, as a person would check them."""
        return urlsplit(self.resource_manager).netloc


AZURE = Cloud(
    name="AzureCloud",
    resource_manager="https://management.azure.com",
    scope="https://management.azure.com/.default",
    authority="login.microsoftonline.com",
    token_audience="api://AzureADTokenExchange",
    cluster_zone="privatelink.{region}.azmk8s.io",
    vault_zone="privatelink.vaultcore.azure.net",
    registry_zone="privatelink.azurecr.io",
)
US_GOVERNMENT = Cloud(
    name="AzureUSGovernment",
    resource_manager="https://management.usgovcloudapi.net",
    scope="https://management.core.usgovcloudapi.net/.default",
    authority="login.microsoftonline.us",
    token_audience="api://AzureADTokenExchangeUSGov",
    cluster_zone="privatelink.{region}.cx.aks.containerservice.azure.us",
    vault_zone="privatelink.vaultcore.usgovcloudapi.net",
    registry_zone="privatelink.azurecr.us",
)
CHINA = Cloud(
    name="AzureChinaCloud",
    resource_manager="https://management.chinacloudapi.cn",
    scope="https://management.chinacloudapi.cn/.default",
    authority="login.chinacloudapi.cn",
    token_audience="api://AzureADTokenExchangeChina",
    cluster_zone="privatelink.{region}.cx.prod.service.azk8s.cn",
    vault_zone="privatelink.vaultcore.azure.cn",
    registry_zone="privatelink.azurecr.cn",
)
CLOUDS = {cloud.name: cloud for cloud in (AZURE, US_GOVERNMENT, CHINA)}


def find_cloud(name: str) -> Cloud:
    """Return the cloud of this name. The local cloud has no fixed address: see `local_cloud`.

    Raises:
        DiagnosticError: `unknown-cloud`, with the nearest name.
    """
    if name not in CLOUDS:
        hint = nearest(name, [*CLOUDS, LOCAL])
        raise DiagnosticError(error("unknown-cloud", f"no cloud {name!r}.", hint=hint))
    return CLOUDS[name]


def local_cloud(endpoint: str, trust: str = "") -> Cloud:
    """Return the cloud that the built-in Resource Manager at `endpoint` serves.

    `trust` is the file of the CA certificates for its TLS; "": those of this machine. Its token is
    no secret and may be sent without TLS, so the endpoint must be on loopback.

    Raises:
        DiagnosticError: `endpoint-not-local` for any other endpoint.
    """
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not is_loopback(parts.hostname or ""):
        raise DiagnosticError(
            error(
                "endpoint-not-local",
                f"{endpoint!r} is not an endpoint of the local cloud.",
                hint="Expected an http or https URL on loopback, such as http://127.0.0.1:8443.",
            )
        )
    return Cloud(
        name=LOCAL,
        resource_manager=f"{parts.scheme}://{parts.netloc}",
        scope="https://management.local/.default",
        authority="",
        token_audience=AZURE.token_audience,
        cluster_zone=AZURE.cluster_zone,
        vault_zone=AZURE.vault_zone,
        registry_zone=AZURE.registry_zone,
        poll_interval=0.05,
        trust=trust,
    )


def is_loopback(host: str) -> bool:
    """Return whether `host` (a name or an address, no port) can only be this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
