"""The `kubernetes:` of an environment: what stands inside the cluster and has no ARM form.

The defaults are the secure ones: what is not stated is refused, limited or not given.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, ip_network
from typing import Literal

from pydantic import Field

from provisioner.blueprint.file_part import FilePart
from provisioner.blueprint.yaml_source import Node
from provisioner.model.diagnostic import Diagnostic, error

Quantity = str | int | float
PodSecurity = Literal["restricted", "baseline", "privileged"]

METADATA_SERVICE = IPv4Network("169.254.169.254/32")
"""Where a node's identity gives out tokens (ENV-02.6)."""

SYSTEM_NAMESPACES = (
    "aks-command", "aks-istio-egress", "aks-istio-ingress", "aks-istio-system",
    "app-routing-system", "azure-arc", "azure-extensions-usage-system", "calico-system",
    "dataprotection-microsoft", "gatekeeper-system", "kube-node-lease", "kube-public",
    "kube-system", "tigera-operator",
)  # fmt: skip
"""The namespaces of Kubernetes and of AKS, whose pods are not the environment's to judge
(guidelines.md WRK-02.1, CLU-05.1)."""


class Quota(FilePart):
    """What the pods of a namespace may take together (CLU-05.2). None: no limit."""

    cpu_request: Quantity | None = Field("4", alias="cpuRequest")
    cpu_limit: Quantity | None = Field("8", alias="cpuLimit")
    memory_request: Quantity | None = Field("8Gi", alias="memoryRequest")
    memory_limit: Quantity | None = Field("16Gi", alias="memoryLimit")
    pods: Quantity | None = "50"


class Limits(FilePart):
    """What a container gets that states nothing, and the most that it may state (CLU-05.3)."""

    cpu_request: Quantity = Field("100m", alias="cpuRequest")
    cpu: Quantity = "500m"
    memory_request: Quantity = Field("128Mi", alias="memoryRequest")
    memory: Quantity = "512Mi"
    max_cpu: Quantity | None = Field(None, alias="maxCpu")
    max_memory: Quantity | None = Field(None, alias="maxMemory")


_QUOTA = Quota.model_validate({})
_LIMITS = Limits.model_validate({})


class IngressRule(FilePart):
    """A namespace whose pods may reach the pods of another, and on which ports."""

    source: str = Field(alias="from")
    ports: tuple[int, ...] = Field(min_length=1)


class EgressRule(FilePart):
    """Where pods may go (see `parse_peer`), on which ports, and why."""

    to: str
    ports: tuple[int, ...] = Field(min_length=1)
    protocol: Literal["TCP", "UDP"] = "TCP"
    reason: str = ""


class ServiceAccountSettings(FilePart):
    """A service account; with a client id it signs in as that managed identity."""

    name: str
    client_id: str | None = Field(None, alias="clientId")


class SecretsSettings(FilePart):
    """Secrets of a key vault that pods mount as files, as the identity of a service account.

    `vault` is its name; it may be left out where the environment has one vault.
    """

    name: str
    service_account: str = Field(alias="serviceAccount")
    vault: str | None = None
    objects: tuple[str, ...] = Field(min_length=1)


class NamespaceSettings(FilePart):
    """One namespace. Groups are object ids of Entra.

    `isolated`: pods run in virtual machines of their own. `pullAlways`: an image that a node has
    is still asked for. `apiAccess`: pods may hold a token for the API server.
    """

    name: str
    pod_security: PodSecurity = Field("restricted", alias="podSecurity")
    isolated: bool = False
    pull_always: bool = Field(True, alias="pullAlways")
    api_access: bool = Field(False, alias="apiAccess")
    quota: Quota = _QUOTA
    limits: Limits = _LIMITS
    deployers: tuple[str, ...] = ()
    log_readers: tuple[str, ...] = Field((), alias="logReaders")
    ingress: tuple[IngressRule, ...] = ()
    egress: tuple[EgressRule, ...] = ()
    service_accounts: tuple[ServiceAccountSettings, ...] = Field((), alias="serviceAccounts")
    secrets: tuple[SecretsSettings, ...] = ()


class BenchmarkSettings(FilePart):
    """The image of kube-bench, as the environment's registry has it: REPOSITORY@sha256:DIGEST or
    REPOSITORY:TAG."""

    image: str


class KubernetesSettings(FilePart):
    """What stands in the cluster. `registries` are those that images may come from, beside the
    environment's own."""

    registries: tuple[str, ...] = ()
    benchmark: BenchmarkSettings | None = None
    namespaces: tuple[NamespaceSettings, ...] = ()


class PeerKind(StrEnum):
    """What pods may go to."""

    RANGE = "range"
    HOST = "host"
    NAMESPACE = "namespace"
    PRIVATE_ENDPOINTS = "private-endpoints"


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of an egress rule; `value` is a range, a host or a namespace."""

    kind: PeerKind
    value: str = ""


_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_HOST = re.compile(
    r"[a-z0-9*]([-a-z0-9*]*[a-z0-9*])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+", re.IGNORECASE
)
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_QUANTITY = re.compile(
    r"\+?([0-9]+(\.[0-9]*)?|\.[0-9]+)(n|u|m|k|[KMGTPE]i|[MGTPE]|[eE][-+]?[0-9]+)?"
)
_REGISTRY = re.compile(r"[a-z0-9][a-z0-9.-]*\.[a-z]{2,}(:[0-9]+)?(/[a-z0-9._/-]*[a-z0-9])?")
_IMAGE = re.compile(
    r"[a-z0-9][a-z0-9._/-]*(:(?!latest$)[A-Za-z0-9_][A-Za-z0-9._-]*|@sha256:[0-9a-f]{64})"
)
_OBJECT = re.compile(r"[0-9A-Za-z-]{1,127}")


def parse_peer(text: str) -> Peer | None:
    """Return what `to` means: a range (10.20.1.5/32), a host (api.example.com, *.example.com),
    `namespace:NAME` or `private-endpoints`; None for what is none of them."""
    if text == PeerKind.PRIVATE_ENDPOINTS:
        return Peer(PeerKind.PRIVATE_ENDPOINTS)
    if text.startswith("namespace:"):
        name = text.removeprefix("namespace:")
        return Peer(PeerKind.NAMESPACE, name) if _LABEL.fullmatch(name) else None
    if "/" in text:
        try:
            return Peer(PeerKind.RANGE, str(ip_network(text)))
        except ValueError:
            return None
    if _HOST.fullmatch(text) and not re.fullmatch(r"[0-9.]+", text):
        return Peer(PeerKind.HOST, text.lower())
    return None


def check_kubernetes(settings: KubernetesSettings, node: Node) -> Iterator[Diagnostic]:
    """Yield what is wrong with values in `kubernetes:`, whose node is `node`."""
    for number, registry in enumerate(settings.registries):
        if not _REGISTRY.fullmatch(registry):
            yield _wrong(
                node, ("registries", number), registry, "a registry, as in cr.example.com/team"
            )
    benchmark = settings.benchmark
    if benchmark is not None and not _IMAGE.fullmatch(benchmark.image):
        yield _wrong(
            node,
            ("benchmark", "image"),
            benchmark.image,
            "an image that is pinned, without its registry: REPOSITORY@sha256:DIGEST or "
            "REPOSITORY:TAG, and not latest",
        )
    seen: set[str] = set()
    for number, namespace in enumerate(settings.namespaces):
        here = node.find(("namespaces", number))
        yield from _check_name(namespace, here, seen)
        yield from _check_access(namespace, here)
        yield from _check_quantities(namespace, here)
        yield from _check_rules(namespace, here)
        seen.add(namespace.name)


def _wrong(node: Node, path: tuple[str | int, ...], value: object, expected: str) -> Diagnostic:
    readable = ".".join(str(step) for step in path)
    return error(
        "wrong-value", f"{readable!r} is {value!r}.", node.find(path).span, f"Expected {expected}."
    )


_A_LABEL = "a DNS label: small letters, digits and '-', at most 63 of them"


def _check_name(namespace: NamespaceSettings, node: Node, seen: set[str]) -> Iterator[Diagnostic]:
    name = namespace.name
    if not _LABEL.fullmatch(name):
        yield _wrong(node, ("name",), name, _A_LABEL)
    elif name == "default" or name.startswith("kube-") or name in SYSTEM_NAMESPACES:
        yield _wrong(node, ("name",), name, "a namespace that is not the system's (CFG-04)")
    elif name in seen:
        yield _wrong(node, ("name",), name, "a name that no other namespace has")


def _check_access(namespace: NamespaceSettings, node: Node) -> Iterator[Diagnostic]:
    yield from _check_accounts(namespace, node)
    for key, groups in (("deployers", namespace.deployers), ("logReaders", namespace.log_readers)):
        for number, group in enumerate(groups):
            if not _GUID.fullmatch(group):
                yield _wrong(
                    node, (key, number), group, "the object id of a group of Entra, a GUID"
                )


def _check_accounts(namespace: NamespaceSettings, node: Node) -> Iterator[Diagnostic]:
    for number, account in enumerate(namespace.service_accounts):
        path: tuple[str | int, ...] = ("serviceAccounts", number)
        if not _LABEL.fullmatch(account.name):
            yield _wrong(node, (*path, "name"), account.name, _A_LABEL)
        if account.client_id is not None and not _GUID.fullmatch(account.client_id):
            yield _wrong(
                node, (*path, "clientId"), account.client_id, "the client id of an identity, a GUID"
            )
    for number, secrets in enumerate(namespace.secrets):
        if not _LABEL.fullmatch(secrets.name):
            yield _wrong(node, ("secrets", number, "name"), secrets.name, _A_LABEL)
        for place, name in enumerate(secrets.objects):
            path = ("secrets", number, "objects", place)
            if not _OBJECT.fullmatch(name):
                yield _wrong(
                    node, path, name, "the name of a secret in a vault: letters, digits, '-'"
                )


def _check_quantities(namespace: NamespaceSettings, node: Node) -> Iterator[Diagnostic]:
    for key, part in (("quota", namespace.quota), ("limits", namespace.limits)):
        for name, field in type(part).model_fields.items():
            value = getattr(part, name)
            if value is not None and not _QUANTITY.fullmatch(str(value)):
                path = (key, field.alias or name)
                yield _wrong(node, path, value, "a quantity of Kubernetes, as in 500m, 2 or 8Gi")


def _check_rules(namespace: NamespaceSettings, node: Node) -> Iterator[Diagnostic]:
    for number, ingress in enumerate(namespace.ingress):
        path: tuple[str | int, ...] = ("ingress", number)
        if not _LABEL.fullmatch(ingress.source):
            yield _wrong(node, (*path, "from"), ingress.source, "the name of a namespace")
        yield from _check_ports(ingress.ports, node, path)
    for number, egress in enumerate(namespace.egress):
        path = ("egress", number)
        yield from _check_ports(egress.ports, node, path)
        peer = parse_peer(egress.to)
        if peer is None:
            yield _wrong(
                node,
                (*path, "to"),
                egress.to,
                "a range without host bits (10.20.1.5/32), a host (api.example.com), "
                "namespace:NAME or private-endpoints",
            )
        elif peer.kind is PeerKind.RANGE and ip_network(peer.value) == METADATA_SERVICE:
            yield _wrong(
                node, (*path, "to"), egress.to, "no way to the metadata service of nodes (ENV-02.6)"
            )


def _check_ports(
    ports: tuple[int, ...], node: Node, path: tuple[str | int, ...]
) -> Iterator[Diagnostic]:
    for number, port in enumerate(ports):
        if not 1 <= port <= 65535:
            yield _wrong(node, (*path, "ports", number), port, "a port from 1 to 65535")
