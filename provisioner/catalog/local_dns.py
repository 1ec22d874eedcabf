"""Default LocalDNS configuration of node pools.

AKS answers it whole, for both kinds of clients, whether the proxy is on or off. Sources: "DNS
resolution in AKS with LocalDNS", default configuration, and the recorded pools.
"""

from collections.abc import Mapping

from provisioner.model.values import Json


def _domain_override(destination: str, protocol: str) -> Mapping[str, Json]:
    return {
        "queryLogging": "Error",
        "protocol": protocol,
        "forwardDestination": destination,
        "forwardPolicy": "Sequential",
        "maxConcurrent": 1000,
        "cacheDurationInSeconds": 3600,
        "serveStaleDurationInSeconds": 3600,
        "serveStale": "Immediate",
    }


def _domain_overrides(destination: str) -> Mapping[str, Json]:
    return {
        ".": _domain_override(destination, "PreferUDP"),
        "cluster.local": _domain_override("ClusterCoreDNS", "ForceTCP"),
    }


DEFAULTS: Mapping[str, Json] = {
    "vnetDNSOverrides": _domain_overrides("VnetDNS"),
    "kubeDNSOverrides": _domain_overrides("ClusterCoreDNS"),
}
"""The domains of the pods with the node's own DNS, and of those with the cluster's."""
