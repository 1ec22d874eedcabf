"""Required outbound rules of an AKS cluster, by feature and cloud.

Modules generate firewall rules from the table (`egressRules`), and the proof `allowances` compares
the firewall with it. A feature without a row in a cloud is unknown there, which is neither nothing
nor everything. Facts: AKS outbound-rules-control-egress (guidelines.md §2.1).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from provisioner.model.values import Value, lookup

CLOUDS = ("AzureCloud", "AzureUSGovernment", "AzureChinaCloud")


@dataclass(frozen=True, slots=True)
class EgressRule:
    """Destinations on one port.

    `protocol` is https, http, tcp or udp. `hosts` are host names (`*.` matches any label before),
    `tags` service tags. An `optional` rule may be open and does not have to be.
    """

    protocol: str
    port: int
    hosts: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Feature:
    """A cluster feature that needs outbound access.

    `purpose` ends the sentence "a cluster needs it to"; for a cloud without `rules` the
    requirements are not documented.
    """

    name: str
    purpose: str
    rules: Mapping[str, tuple[EgressRule, ...]]


def _https_rule(*hosts: str) -> EgressRule:
    return EgressRule("https", 443, hosts)


def _http_rule(*hosts: str) -> EgressRule:
    return EgressRule("http", 80, hosts)


def _as_optional(rule: EgressRule) -> EgressRule:
    return EgressRule(rule.protocol, rule.port, rule.hosts, rule.tags, optional=True)


SIGN_IN_HOSTS = {
    "AzureCloud": "login.microsoftonline.com",
    "AzureUSGovernment": "login.microsoftonline.us",
    "AzureChinaCloud": "login.chinacloudapi.cn",
}
"""Where identities sign in to Entra, by cloud (the page "National clouds")."""

_IMAGES = ("mcr.microsoft.com", "*.data.mcr.microsoft.com")
_PACKAGES = ("packages.microsoft.com", "packages.aks.azure.com", "acs-mirror.azureedge.net")
# Node images built after March 2021 synchronise their clocks with the host (guidelines.md §2.1).
_TIME = EgressRule("udp", 123, ("ntp.ubuntu.com",), optional=True)

_NODES = {
    "AzureCloud": (
        _https_rule(
            *_IMAGES,
            "mcr-0001.mcr-msedge.net",
            "management.azure.com",
            SIGN_IN_HOSTS["AzureCloud"],
            *_PACKAGES,
        ),
        _TIME,
    ),
    "AzureUSGovernment": (
        _https_rule(
            *_IMAGES, "management.usgovcloudapi.net", SIGN_IN_HOSTS["AzureUSGovernment"], *_PACKAGES
        ),
        _TIME,
    ),
    "AzureChinaCloud": (
        _https_rule(
            *_IMAGES,
            "mcr.azure.cn",
            "*.data.mcr.azure.cn",
            "management.chinacloudapi.cn",
            SIGN_IN_HOSTS["AzureChinaCloud"],
            "packages.microsoft.com",
            "*.azk8s.cn",
        ),
        _TIME,
    ),
}

# Clusters with konnectivity agents need no tunnel (guidelines.md §2.1), so its ports may stay
# closed.
_TUNNEL = tuple(
    EgressRule(protocol, port, tags=("AzureCloud.{region}",), optional=True)
    for protocol, port in (("udp", 1194), ("tcp", 9000))
)
_API_SERVER = {
    "AzureCloud": (_https_rule("*.hcp.{region}.azmk8s.io"), *_TUNNEL),
    "AzureUSGovernment": (_https_rule("*.hcp.{region}.cx.aks.containerservice.azure.us"), *_TUNNEL),
    "AzureChinaCloud": (
        _https_rule(
            "*.hcp.{region}.cx.prod.service.azk8s.cn", "*.tun.{region}.cx.prod.service.azk8s.cn"
        ),
        *_TUNNEL,
    ),
}


def _monitor_rules(top: str) -> tuple[EgressRule, ...]:
    return (
        _https_rule(
            f"*.ods.opinsights.azure.{top}",
            f"*.oms.opinsights.azure.{top}",
            f"*.monitoring.azure.{top}",
            *_ingestion_hosts(top),
        ),
    )


def _ingestion_hosts(top: str) -> tuple[str, ...]:
    return (
        f"*.ingest.monitor.azure.{top}",
        f"*.metrics.ingest.monitor.azure.{top}",
        f"global.handler.control.monitor.azure.{top}",
        f"{{region}}.handler.control.monitor.azure.{top}",
    )


# Add-on agents send telemetry there, and work without.
_TELEMETRY = _as_optional(_https_rule("dc.services.visualstudio.com"))
_NOTHING: dict[str, tuple[EgressRule, ...]] = {cloud: () for cloud in CLOUDS}

FEATURES: Mapping[str, Feature] = MappingProxyType(
    {
        feature.name: feature
        for feature in (
            Feature("nodes", "start its nodes, pull AKS's images and sign in", _NODES),
            Feature("public-api-server", "reach its API server by its public name", _API_SERVER),
            Feature(
                "workload-identity",
                "exchange the tokens of service accounts",
                {cloud: (_https_rule(host),) for cloud, host in SIGN_IN_HOSTS.items()},
            ),
            Feature(
                "policy",
                "fetch the constraints of Azure Policy",
                {
                    "AzureCloud": (
                        _https_rule(
                            "data.policy.core.windows.net", "store.policy.core.windows.net"
                        ),
                        _TELEMETRY,
                    ),
                    "AzureUSGovernment": (
                        _https_rule("data.policy.azure.us", "store.policy.azure.us"),
                    ),
                    "AzureChinaCloud": (
                        _https_rule("data.policy.azure.cn", "store.policy.azure.cn"),
                    ),
                },
            ),
            Feature(
                "monitor",
                "send logs to Container insights",
                {
                    "AzureCloud": (*_monitor_rules("com"), _TELEMETRY),
                    "AzureUSGovernment": _monitor_rules("us"),
                    "AzureChinaCloud": _monitor_rules("cn"),
                },
            ),
            Feature(
                "metrics",
                "send metrics to Azure Monitor's Prometheus",
                {
                    "AzureCloud": (_https_rule(*_ingestion_hosts("com")),),
                    "AzureUSGovernment": (_https_rule(*_ingestion_hosts("us")),),
                    "AzureChinaCloud": (_https_rule(*_ingestion_hosts("cn")),),
                },
            ),
            # Not offered in China any more (guidelines.md §2.4). The hosts by cloud are those of
            # Defender for Containers' network requirements.
            Feature(
                "defender",
                "send what its sensors see to Defender for Containers",
                {
                    "AzureCloud": (
                        _https_rule(
                            SIGN_IN_HOSTS["AzureCloud"],
                            "*.ods.opinsights.azure.com",
                            "*.oms.opinsights.azure.com",
                            "*.cloud.defender.microsoft.com",
                        ),
                    ),
                    "AzureUSGovernment": (
                        _https_rule(
                            SIGN_IN_HOSTS["AzureUSGovernment"],
                            "*.ods.opinsights.azure.us",
                            "*.oms.opinsights.azure.us",
                            "*.cloud.defender.microsoft.us",
                        ),
                    ),
                },
            ),
            # Vaults are the environment's own, on private endpoints: a rule for every vault would
            # allow exfiltration of secrets to any of them.
            Feature("key-vault-provider", "mount secrets of Key Vault", _NOTHING),
            Feature("ingress-gateway", "configure its Application Gateway", _NOTHING),
            Feature(
                "os-patches",
                "patch nodes by themselves (nodeOSUpgradeChannel Unmanaged)",
                {
                    cloud: (
                        _http_rule(
                            "security.ubuntu.com",
                            "azure.archive.ubuntu.com",
                            "changelogs.ubuntu.com",
                        ),
                    )
                    for cloud in CLOUDS
                },
            ),
            Feature(
                "security-patches",
                "install security patches (nodeOSUpgradeChannel SecurityPatch)",
                {cloud: (_https_rule("snapshot.ubuntu.com"),) for cloud in CLOUDS},
            ),
            Feature(
                "windows",
                "start its Windows nodes",
                {
                    "AzureCloud": (
                        _https_rule("onegetcdn.azureedge.net", "go.microsoft.com"),
                        _http_rule(
                            "*.mp.microsoft.com",
                            "www.msftconnecttest.com",
                            "ctldl.windowsupdate.com",
                        ),
                    )
                },
            ),
            Feature(
                "gpu",
                "install the drivers of its GPU nodes",
                {
                    "AzureCloud": (
                        _https_rule(
                            "nvidia.github.io", "us.download.nvidia.com", "download.docker.com"
                        ),
                    )
                },
            ),
        )
    }
)
"""Every feature whose needs are known in some cloud, by name."""

FQDN_TAGS: Mapping[str, frozenset[str]] = MappingProxyType(
    {"azurekubernetesservice": frozenset({"nodes", "public-api-server"})}
)
"""The features whose hosts an FQDN tag of Azure Firewall holds, by the tag in lower case."""

_ADD_ONS = {
    "azurepolicy": "policy",
    "omsagent": "monitor",
    "azurekeyvaultsecretsprovider": "key-vault-provider",
    "ingressapplicationgateway": "ingress-gateway",
}
_PRIVATE_ACCESS = ("enablePrivateCluster", "enableVnetIntegration")
_SWITCHES = (
    ("securityProfile.workloadIdentity.enabled", "workload-identity"),
    ("securityProfile.defender.securityMonitoring.enabled", "defender"),
    ("azureMonitorProfile.metrics.enabled", "metrics"),
)
_CHANNELS = {"unmanaged": "os-patches", "securitypatch": "security-patches"}
# The prefix of GPU sizes.
_GPU_SIZES = "standard_n"


def egress_of(cloud: str, feature: str, region: str) -> tuple[EgressRule, ...] | None:
    """Return what a feature needs in a cloud's region; None where that is not documented."""
    known = FEATURES.get(feature)
    rules = known.rules.get(cloud) if known else None
    if rules is None:
        return None
    return tuple(
        EgressRule(
            rule.protocol,
            rule.port,
            tuple(host.replace("{region}", region) for host in rule.hosts),
            tuple(tag.replace("{region}", region) for tag in rule.tags),
            rule.optional,
        )
        for rule in rules
    )


def features_of(
    cluster: Mapping[str, Value], pools: Iterable[Mapping[str, Value]]
) -> tuple[str, ...]:
    """Return the features that a cluster has switched on, of the bodies of it and of its pools.

    Add-ons that the table does not have are named by themselves, and so are unknown.
    """
    return tuple(dict.fromkeys(_features(cluster, tuple(pools))))


def _features(
    cluster: Mapping[str, Value], pools: tuple[Mapping[str, Value], ...]
) -> Iterator[str]:
    # A network-isolated cluster pulls its images from its own registry (concepts-network-isolated).
    if _text_at(cluster, "bootstrapProfile.artifactSource") != "cache":
        yield "nodes"
    access = "apiServerAccessProfile"
    if not any(_is_on(cluster, f"{access}.{p}") for p in _PRIVATE_ACCESS):
        yield "public-api-server"
    yield from (name for path, name in _SWITCHES if _is_on(cluster, path))
    add_ons = lookup(cluster, ("properties", "addonProfiles"))
    for name, add_on in sorted(add_ons.items()) if isinstance(add_ons, Mapping) else ():
        if isinstance(add_on, Mapping) and add_on.get("enabled") is True:
            yield _ADD_ONS.get(name.lower()) or name
    channel = _CHANNELS.get(_text_at(cluster, "autoUpgradeProfile.nodeOSUpgradeChannel"))
    yield from [channel] if channel else ()
    for pool in pools:
        if _text_at(pool, "osType") == "windows":
            yield "windows"
        elif _text_at(pool, "vmSize").startswith(_GPU_SIZES) and (
            _text_at(pool, "gpuProfile.driver") != "none"
        ):
            yield "gpu"


def _is_on(body: Mapping[str, Value], path: str) -> bool:
    return lookup(body, ("properties", *path.split("."))) is True


def _text_at(body: Mapping[str, Value], path: str) -> str:
    found = lookup(body, ("properties", *path.split(".")))
    return found.lower() if isinstance(found, str) else ""
