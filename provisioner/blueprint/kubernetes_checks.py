"""Checks the values in an environment's `kubernetes:`, beyond their shapes.

Names follow the rules for DNS labels and subdomains, quantities those of the page "Quantity" of
Kubernetes; images have a tag other than `latest` or a digest. Called by `blueprint.environment`.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from ipaddress import ip_network

from provisioner.blueprint.kubernetes import (
    METADATA_SERVICE,
    KubernetesSettings,
    NamespaceSettings,
    PeerKind,
    Quantity,
    is_label,
    is_subdomain,
    is_system_namespace,
    parse_peer,
)
from provisioner.blueprint.yaml_source import Node
from provisioner.model.blob_address import parse_blob_url
from provisioner.model.diagnostic import Diagnostic, error
from provisioner.model.guid import is_guid

_QUANTITY = re.compile(
    r"\+?([0-9]+(\.[0-9]*)?|\.[0-9]+)(n|u|m|k|[KMGTPE]i|[MGTPE]|[eE][-+]?[0-9]+)?"
)
_REGISTRY = re.compile(r"[a-z0-9][a-z0-9.-]*\.[a-z]{2,}(:[0-9]+)?(/[a-z0-9._/-]*[a-z0-9])?")
_IMAGE = re.compile(
    r"[a-z0-9][a-z0-9._/-]*(:(?!latest$)[A-Za-z0-9_][A-Za-z0-9._-]*|@sha256:[0-9a-f]{64})"
)
_AUDIENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:/_-]{0,252}")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?")
_LABEL_KEY = re.compile(
    r"([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
)
_OBJECT = re.compile(r"[0-9A-Za-z-]{1,127}")
_VAULT = re.compile(r"[A-Za-z](-?[A-Za-z0-9]){2,23}")
_SCALES = {
    "": 0, "n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18,
}  # fmt: skip
_BINARY_SCALES = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


Path = tuple[str | int, ...]


def check_kubernetes(settings: KubernetesSettings, node: Node) -> Iterator[Diagnostic]:
    """Yield an error for each wrong value in `kubernetes:`, whose node is `node`."""
    for number, registry in enumerate(settings.registries):
        if not _REGISTRY.fullmatch(registry):
            yield _wrong_value(
                node, ("registries", number), registry, "a registry, as in cr.example.com/team"
            )
    yield from _check_audiences(settings, node)
    yield from _check_exemptions(settings, node)
    yield from _check_reach(settings, node)
    yield from _check_observation(settings, node)
    for key, stated in (("benchmark", settings.benchmark), ("observer", settings.observer)):
        if stated is not None and not _IMAGE.fullmatch(stated.image):
            yield _wrong_value(
                node,
                (key, "image"),
                stated.image,
                "an image that is pinned, without its registry: REPOSITORY@sha256:DIGEST or "
                "REPOSITORY:TAG, and not latest",
            )
    seen: set[str] = set()
    for number, namespace in enumerate(settings.namespaces):
        here = node.find(("namespaces", number))
        yield from _check_name(namespace, here, seen)
        yield from _check_access(namespace, here)
        yield from _check_quantities(namespace, here)
        yield from _check_bounds(namespace, here)
        yield from _check_rules(namespace, here)
        seen.add(namespace.name)


_STATED_BY = {
    "kubeconfig": ("kubeconfig", "context"),
    "in-cluster": (),
    "entra": ("server", "certificate_authority"),
}


def _check_reach(settings: KubernetesSettings, node: Node) -> Iterator[Diagnostic]:
    """Yield errors in `access`: a key of another mode, or a missing server."""
    access = settings.access
    if access is None:
        return
    here = node.find(("access",))
    for name in ("kubeconfig", "context", "server", "certificate_authority"):
        key = "certificateAuthority" if name == "certificate_authority" else name
        if getattr(access, name) is not None and name not in _STATED_BY[access.via]:
            yield error(
                "wrong-value",
                f"{key!r} has no meaning where access is via {access.via}.",
                here.find((key,)).span,
                "Leave it out.",
            )
    if access.server is not None and not access.server.startswith("https://"):
        yield error(
            "wrong-value",
            f"'server' is {access.server!r}.",
            here.find(("server",)).span,
            "Expected https://HOST of the API server (`az aks show`: fqdn or privateFqdn); "
            "without it, Azure Resource Manager is queried.",
        )


def _check_observation(settings: KubernetesSettings, node: Node) -> Iterator[Diagnostic]:
    """Yield errors in the place of observations, and in the identity that writes them."""
    stated = settings.observation
    here = node.find(("observation", "blob"))
    if stated.blob is not None and parse_blob_url(stated.blob) is None:
        # What comes after the path may be a signature (SAS), which is a secret.
        shown = stated.blob.partition("?")[0]
        yield error(
            "wrong-value",
            f"'observation.blob' is {shown!r}" + (" with a query." if "?" in stated.blob else "."),
            here.span,
            "Expected https://ACCOUNT.blob.core.windows.net/CONTAINER/NAME; the token is Entra's.",
        )
    if stated.blob is not None and stated.file is not None:
        yield error(
            "wrong-value", "the observation has a file and a blob.", here.span, "State one of them."
        )
    client = settings.observer.client_id if settings.observer else None
    if client is not None and not is_guid(client):
        yield _wrong_value(
            node, ("observer", "clientId"), client, "the client id of an identity, a GUID"
        )
    if client is not None and stated.blob is None:
        yield error(
            "wrong-value",
            "'observer.clientId' has no meaning where the observation is not a blob.",
            node.find(("observer", "clientId")).span,
            "State `observation.blob`, or leave it out.",
        )


def _wrong_value(node: Node, path: Path, value: object, expected: str) -> Diagnostic:
    readable = ".".join(str(step) for step in path)
    return error(
        "wrong-value", f"{readable!r} is {value!r}.", node.find(path).span, f"Expected {expected}."
    )


def _check_audiences(settings: KubernetesSettings, node: Node) -> Iterator[Diagnostic]:
    for number, audience in enumerate(settings.token_audiences):
        # Those of the API server: its issuer, and its names in the cluster.
        if not _AUDIENCE.fullmatch(audience) or ".svc" in audience or "prod-aks" in audience:
            expected = (
                "an audience that is not the API server's, as in vault or https://example.com"
            )
            yield _wrong_value(node, ("tokenAudiences", number), audience, expected)


def _check_exemptions(settings: KubernetesSettings, node: Node) -> Iterator[Diagnostic]:
    seen: set[tuple[str, str]] = set()
    for number, entry in enumerate(settings.exemptions):
        named = (entry.policy, entry.namespace)
        if named in seen:
            path: Path = ("exemptions", number, "namespace")
            yield _wrong_value(
                node, path, entry.namespace, f"one exemption from {entry.policy} of it"
            )
        seen.add(named)


_A_LABEL = "a DNS label: small letters, digits and '-', at most 63 of them"


def _check_name(namespace: NamespaceSettings, node: Node, seen: set[str]) -> Iterator[Diagnostic]:
    name = namespace.name
    if not is_label(name):
        yield _wrong_value(node, ("name",), name, _A_LABEL)
    elif is_system_namespace(name):
        yield _wrong_value(node, ("name",), name, "a namespace that is not the system's (CFG-04)")
    elif name in seen:
        yield _wrong_value(node, ("name",), name, "a name that no other namespace has")


def _check_own_name(name: str, node: Node, path: Path, seen: set[str]) -> Iterator[Diagnostic]:
    if not is_subdomain(name):
        yield _wrong_value(node, path, name, _A_LABEL)
    elif name in seen:
        yield _wrong_value(node, path, name, "a name that no other of the namespace has")


def _check_access(namespace: NamespaceSettings, node: Node) -> Iterator[Diagnostic]:
    yield from _check_accounts(namespace, node)
    yield from _check_secrets(namespace, node)
    for key, groups in (("deployers", namespace.deployers), ("logReaders", namespace.log_readers)):
        for number, group in enumerate(groups):
            if not is_guid(group):
                yield _wrong_value(
                    node, (key, number), group, "the object id of a group of Entra, a GUID"
                )


def _check_accounts(namespace: NamespaceSettings, node: Node) -> Iterator[Diagnostic]:
    accounts: set[str] = set()
    for number, account in enumerate(namespace.service_accounts):
        path: Path = ("serviceAccounts", number)
        yield from _check_own_name(account.name, node, (*path, "name"), accounts)
        accounts.add(account.name)
        if account.client_id is not None and not is_guid(account.client_id):
            yield _wrong_value(
                node, (*path, "clientId"), account.client_id, "the client id of an identity, a GUID"
            )


def _check_secrets(namespace: NamespaceSettings, node: Node) -> Iterator[Diagnostic]:
    seen: set[str] = set()
    for number, secrets in enumerate(namespace.secrets):
        yield from _check_own_name(secrets.name, node, ("secrets", number, "name"), seen)
        seen.add(secrets.name)
        if secrets.vault is not None and not _VAULT.fullmatch(secrets.vault):
            path: Path = ("secrets", number, "vault")
            yield _wrong_value(node, path, secrets.vault, "the name of a vault")
        for place, name in enumerate(secrets.objects):
            path = ("secrets", number, "objects", place)
            if not _OBJECT.fullmatch(name):
                yield _wrong_value(
                    node, path, name, "the name of a secret in a vault: letters, digits, '-'"
                )


def _check_quantities(namespace: NamespaceSettings, node: Node) -> Iterator[Diagnostic]:
    for key, part in (("quota", namespace.quota), ("limits", namespace.limits)):
        for name, field in type(part).model_fields.items():
            value = getattr(part, name)
            if value is not None and not _QUANTITY.fullmatch(str(value)):
                path = (key, field.alias or name)
                yield _wrong_value(
                    node, path, value, "a quantity of Kubernetes, as in 500m, 2 or 8Gi"
                )


def _check_bounds(namespace: NamespaceSettings, node: Node) -> Iterator[Diagnostic]:
    """Yield what a LimitRange refuses: a request over its limit, a limit over its max."""
    limits = namespace.limits
    for low, low_name, high, high_name in (
        (limits.cpu_request, "cpuRequest", limits.cpu, "cpu"),
        (limits.cpu, "cpu", limits.max_cpu, "maxCpu"),
        (limits.memory_request, "memoryRequest", limits.memory, "memory"),
        (limits.memory, "memory", limits.max_memory, "maxMemory"),
    ):
        less, more = _amount_of(low), _amount_of(high)
        if less is not None and more is not None and less > more:
            expected = f"no less than {low_name}, which is {low}"
            yield _wrong_value(node, ("limits", high_name), high, expected)


def _amount_of(quantity: Quantity | None) -> Decimal | None:
    """Return the number of a quantity; None for what is none (see the page "Quantity")."""
    match = _QUANTITY.fullmatch(str(quantity))
    if quantity is None or match is None:
        return None
    suffix = match[3] or ""
    number = Decimal(str(quantity).removesuffix(suffix) if suffix else str(quantity))
    if suffix in _BINARY_SCALES:
        return number * Decimal(2) ** _BINARY_SCALES[suffix]
    exponent = int(suffix[1:]) if suffix not in _SCALES else _SCALES[suffix]
    return number.scaleb(exponent)


def _check_rules(namespace: NamespaceSettings, node: Node) -> Iterator[Diagnostic]:
    for number, ingress in enumerate(namespace.ingress):
        path: Path = ("ingress", number)
        if not is_label(ingress.source):
            yield _wrong_value(node, (*path, "from"), ingress.source, "the name of a namespace")
        yield from _check_ports(ingress.ports, node, path)
    for number, egress in enumerate(namespace.egress):
        path = ("egress", number)
        yield from _check_ports(egress.ports, node, path)
        for key, value in egress.pods.items():
            if not (_LABEL_KEY.fullmatch(key) and _LABEL_VALUE.fullmatch(value)):
                yield _wrong_value(node, (*path, "pods"), f"{key}: {value}", "labels of Kubernetes")
        peer = parse_peer(egress.to)
        if peer is None:
            yield _wrong_value(
                node,
                (*path, "to"),
                egress.to,
                "a range without host bits (10.20.1.5/32), a host (api.example.com), "
                "namespace:NAME or private-endpoints",
            )
        elif peer.kind is PeerKind.RANGE and ip_network(peer.value) == METADATA_SERVICE:
            yield _wrong_value(
                node, (*path, "to"), egress.to, "no way to the metadata service of nodes (ENV-02.6)"
            )


def _check_ports(ports: tuple[int, ...], node: Node, path: Path) -> Iterator[Diagnostic]:
    for number, port in enumerate(ports):
        if not 1 <= port <= 65535:
            yield _wrong_value(node, (*path, "ports", number), port, "a port from 1 to 65535")
