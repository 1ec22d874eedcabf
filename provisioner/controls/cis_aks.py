"""Recommendations of the CIS Azure Kubernetes Service Benchmark 1.8, complete.

Numbers as in the benchmark (kube-bench, `cfg/aks-1.8`); the titles are azsec's own words.

Called by `frameworks` and `custom`.
"""

from dataclasses import dataclass
from enum import StrEnum


class Place(StrEnum):
    """Where one has to look to answer a recommendation."""

    AZURE = "Azure Resource Manager"
    OBJECTS = "the objects in the cluster"
    NODES = "the nodes"


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One recommendation: its number, what it asks for, and where its answer is."""

    number: str
    title: str
    place: Place


_AZURE = {
    "2.1.1": "Control plane audit logs are collected",
    "4.4.1": "The network plugin is at a current version",
    "4.5.2": "Secrets are kept in an external secret store",
    "5.1.1": "Container images are scanned for vulnerabilities",
    "5.1.2": "Few users have access to the container registry",
    "5.1.3": "The cluster can only read from the container registry",
    "5.1.4": "Only approved container registries are used",
    "5.3.1": "Kubernetes Secrets are encrypted at rest",
    "5.4.1": "Access to the control plane endpoint is restricted",
    "5.4.2": "The private endpoint is enabled and public access is disabled",
    "5.4.3": "Nodes are private",
    "5.4.4": "A network policy engine is enabled",
    "5.5.1": "Kubernetes users are managed with Microsoft Entra ID",
    "5.5.2": "Azure RBAC is used for Kubernetes authorization",
}
_OBJECTS = {
    "4.1.1": "The cluster-admin role is bound only where it is required",
    "4.1.2": "Access to Secrets is minimal",
    "4.1.3": "Roles and cluster roles use no wildcards",
    "4.1.4": "Access to create pods is minimal",
    "4.1.5": "Default service accounts are not used",
    "4.1.6": "Service account tokens are mounted only where they are needed",
    "4.1.7": "The verbs bind, impersonate and escalate are rarely granted",
    "4.1.8": "Access to create persistent volumes is minimal",
    "4.1.9": "Access to the proxy subresource of nodes is minimal",
    "4.1.10": "Access to approve certificate signing requests is minimal",
    "4.1.11": "Access to webhook configurations is minimal",
    "4.1.12": "Access to create service account tokens is minimal",
    "4.2.1": "Privileged containers are not admitted",
    "4.2.2": "Containers that share the host's process namespace are not admitted",
    "4.2.3": "Containers that share the host's IPC namespace are not admitted",
    "4.2.4": "Containers that share the host's network are not admitted",
    "4.2.5": "Containers that allow privilege escalation are not admitted",
    "4.4.2": "Every namespace has network policies",
    "4.5.1": "Secrets are mounted as files and not set as environment variables",
    "4.6.1": "Namespaces separate what is administered separately",
    "4.6.2": "Pods and containers have security contexts",
    "4.6.3": "The default namespace is not used",
    "5.2.1": "Workloads have dedicated service accounts",
    "5.4.5": "Load balancers serve HTTPS with TLS certificates",
}
_NODES = {
    "3.1.1": "The kubelet's kubeconfig file has permissions 644 or stricter",
    "3.1.2": "The kubelet's kubeconfig file belongs to root:root",
    "3.1.3": "The azure.json file has permissions 644 or stricter",
    "3.1.4": "The azure.json file belongs to root:root",
    "3.2.1": "The kubelet refuses anonymous requests",
    "3.2.2": "The kubelet's authorization mode is not AlwaysAllow",
    "3.2.3": "The kubelet has a client CA file",
    "3.2.4": "The kubelet's read-only port is disabled",
    "3.2.5": "The kubelet ends idle streaming connections",
    "3.2.6": "The kubelet manages the iptables utility chains",
    "3.2.7": "The kubelet captures events at a sufficient rate",
    "3.2.8": "The kubelet rotates its client certificate",
    "3.2.9": "The kubelet rotates its serving certificate",
}

RECOMMENDATIONS: tuple[Recommendation, ...] = tuple(
    sorted(
        (
            Recommendation(number, title, place)
            for titles, place in (
                (_AZURE, Place.AZURE),
                (_OBJECTS, Place.OBJECTS),
                (_NODES, Place.NODES),
            )
            for number, title in titles.items()
        ),
        key=lambda found: [int(part) for part in found.number.split(".")],
    )
)
"""Every recommendation, in the order of the benchmark."""
