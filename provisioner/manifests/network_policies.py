"""The network policies of a namespace: default deny, and one policy for each allowed flow.

A rule of a policy allows each of its ports to each of its peers. DNS and every destination
therefore have a rule of their own: the outline's single rule for both opened the database's port to
the resolver's range, and DNS to the database's (guidelines.md MAN-03). `rendering` calls it for
each namespace.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from ipaddress import ip_network

from provisioner.blueprint.kubernetes import (
    METADATA_SERVICE,
    EgressRule,
    Peer,
    PeerKind,
    parse_peer,
)
from provisioner.manifests.cluster_facts import ClusterFacts
from provisioner.manifests.manifest import Manifest, Object, Place, make_manifest
from provisioner.manifests.named_hosts import allow_hosts, allow_sign_in, reasons_of
from provisioner.manifests.namespaces import WantedNamespace

_API = "networking.k8s.io/v1"
_CILIUM = "cilium.io/v2"
_NAME_LABEL = "kubernetes.io/metadata.name"
_EVERY_POD: Object = {}


def render_network_policies(namespace: WantedNamespace, facts: ClusterFacts) -> Iterator[Manifest]:
    """Yield the policies of a namespace."""
    if namespace.managed is None or not namespace.managed.has_network_policy:
        yield _default_deny(namespace.name)
    yield _allow_dns(namespace.name)
    yield _allow_same_namespace(namespace.name)
    yield from _allow_ingress(namespace)
    for pods, rules in _rules_by_pods(namespace.settings.egress):
        yield from _allow_egress(namespace.name, pods, rules, facts)
    yield from allow_sign_in(namespace, facts)
    if namespace.settings.api_access:
        yield from _allow_api_server(namespace.name, facts)
    if facts.has_cilium:
        yield _deny_metadata_service(namespace.name)


_EgressRules = list[tuple[EgressRule, Peer]]


def _rules_by_pods(
    egress: Iterable[EgressRule],
) -> Iterator[tuple[Mapping[str, str], _EgressRules]]:
    """Yield the labels of pods with the rules for them: a policy has one selector."""
    found: dict[tuple[tuple[str, str], ...], _EgressRules] = {}
    for rule in egress:
        peer = parse_peer(rule.to)
        if peer is not None:
            found.setdefault(tuple(sorted(rule.pods.items())), []).append((rule, peer))
    for labels, rules in sorted(found.items()):
        yield dict(labels), rules


def _policy_name(name: str, pods: Mapping[str, str]) -> str:
    """Return the name of a policy for some pods: their labels, as far as a name can hold them."""
    if not pods:
        return name
    stated = "-".join(f"{key}-{value}" for key, value in sorted(pods.items()))
    readable = re.sub(r"[^a-z0-9]+", "-", stated.lower())[:40].strip("-")
    if readable == stated:
        return f"{name}-{readable}"
    # Labels have characters and lengths that a name may not have: the digest keeps two policies
    # apart.
    return f"{name}-{readable}-{sha256(stated.encode()).hexdigest()[:8]}"


def _policy_manifest(
    namespace: str,
    name: str,
    controls: tuple[str, ...],
    reason: str,
    spec: Object,
    annotations: Mapping[str, str] | None = None,
) -> Manifest:
    return make_manifest(
        Place(_API, "NetworkPolicy", name, namespace),
        controls,
        reason,
        {"spec": {"podSelector": _EVERY_POD, **spec}},
        annotations=annotations,
    )


def _default_deny(namespace: str) -> Manifest:
    return _policy_manifest(
        namespace,
        "default-deny",
        ("WRK-03.2", "WRK-14", "CLU-05.4", "ENV-02.6"),
        "Nothing comes in or goes out but what another policy allows, to the metadata neither.",
        {"policyTypes": ["Ingress", "Egress"]},
    )


def _allow_dns(namespace: str) -> Manifest:
    resolver = {
        "namespaceSelector": {"matchLabels": {_NAME_LABEL: "kube-system"}},
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
    }
    return _policy_manifest(
        namespace,
        "allow-dns",
        ("WRK-03.2", "WRK-14", "MAN-03"),
        "Names are resolved by the cluster's own DNS, and by nobody else.",
        {
            "policyTypes": ["Egress"],
            "egress": [
                {
                    "to": [resolver],
                    "ports": [*_port_entries([53], "UDP"), *_port_entries([53], "TCP")],
                }
            ],
        },
    )


def _allow_same_namespace(namespace: str) -> Manifest:
    return _policy_manifest(
        namespace,
        "allow-same-namespace",
        ("WRK-03.2", "WRK-14"),
        "Pods of the namespace reach each other.",
        {
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": [{"podSelector": {}}]}],
            "egress": [{"to": [{"podSelector": {}}]}],
        },
    )


def _allow_ingress(namespace: WantedNamespace) -> Iterator[Manifest]:
    rules = namespace.settings.ingress
    for source in sorted({rule.source for rule in rules}):
        yield _policy_manifest(
            namespace.name,
            f"allow-from-{source}",
            ("WRK-14", "WRK-03.5"),
            f"Pods of {source} come in.",
            {
                "policyTypes": ["Ingress"],
                "ingress": [
                    {"from": [_namespace_peer(source)], "ports": _port_entries(rule.ports, "TCP")}
                    for rule in rules
                    if rule.source == source
                ],
            },
        )


def _allow_egress(
    namespace: str, pods: Mapping[str, str], rules: _EgressRules, facts: ClusterFacts
) -> Iterator[Manifest]:
    selector: Object = {"matchLabels": pods} if pods else _EVERY_POD
    to_ranges = [(rule, peer) for rule, peer in rules if peer.kind is not PeerKind.HOST]
    if to_ranges:
        yield _policy_manifest(
            namespace,
            _policy_name("allow-egress", pods),
            ("MAN-03", "WRK-03.2"),
            "One rule for each destination: a rule opens all its ports to all its peers.",
            {
                "podSelector": selector,
                "policyTypes": ["Egress"],
                "egress": [
                    {
                        "to": _peers_of(peer, facts),
                        "ports": _port_entries(rule.ports, rule.protocol),
                    }
                    for rule, peer in to_ranges
                ],
            },
            reasons_of(rule for rule, _ in to_ranges),
        )
    to_hosts = [(rule, peer) for rule, peer in rules if peer.kind is PeerKind.HOST]
    if to_hosts:
        yield allow_hosts(namespace, _policy_name("allow-hosts", pods), selector, to_hosts)


def _allow_api_server(namespace: str, facts: ClusterFacts) -> Iterator[Manifest]:
    """Yield the policy that opens the API server to pods that may hold a token for it.

    Cilium has an entity for it, which also works in AKS for egress (cilium/cilium#32464). Other
    engines need its address; `warn_of_needs` reports where it is not known.
    """
    reason = "Pods of the namespace may hold a token for the API server, and reach it."
    if facts.has_cilium:
        https = [{"ports": [{"port": "443", "protocol": "TCP"}]}]
        yield make_manifest(
            Place(_CILIUM, "CiliumNetworkPolicy", "allow-api-server", namespace),
            ("SA-01", "WRK-03.2"),
            reason,
            {
                "spec": {
                    "endpointSelector": {},
                    "egress": [{"toEntities": ["kube-apiserver"], "toPorts": https}],
                }
            },
        )
    elif facts.api_server_ranges:
        peers = [{"ipBlock": {"cidr": cidr}} for cidr in facts.api_server_ranges]
        yield _policy_manifest(
            namespace,
            "allow-api-server",
            ("SA-01", "WRK-03.2"),
            reason,
            {
                "policyTypes": ["Egress"],
                "egress": [{"to": peers, "ports": _port_entries([443], "TCP")}],
            },
        )


def _peers_of(peer: Peer, facts: ClusterFacts) -> list[Object]:
    if peer.kind is PeerKind.NAMESPACE:
        return [_namespace_peer(peer.value)]
    ranges = facts.endpoint_ranges
    if peer.kind is PeerKind.RANGE:
        ranges = (peer.value,)
    return [{"ipBlock": _ip_block(cidr)} for cidr in ranges]


def _ip_block(cidr: str) -> Object:
    """Return an `ipBlock` of a range that excludes the instance metadata service.

    `except` belongs to one `ipBlock`, so each range that contains the address has to exclude it.
    """
    network = ip_network(cidr)
    if network.version == 4 and METADATA_SERVICE.subnet_of(network):
        return {"cidr": cidr, "except": [str(METADATA_SERVICE)]}
    return {"cidr": cidr}


def _namespace_peer(name: str) -> Object:
    return {"namespaceSelector": {"matchLabels": {_NAME_LABEL: name}}}


def _port_entries(ports: Iterable[int], protocol: str) -> list[Object]:
    return [{"port": port, "protocol": protocol} for port in ports]


def _deny_metadata_service(namespace: str) -> Manifest:
    return make_manifest(
        Place(_CILIUM, "CiliumNetworkPolicy", "deny-metadata-service", namespace),
        ("ENV-02.6",),
        "The node's identity is not the pod's; a deny goes before every allow.",
        {
            "spec": {
                "endpointSelector": {},
                "egressDeny": [{"toCIDR": [str(METADATA_SERVICE)]}],
            }
        },
    )
