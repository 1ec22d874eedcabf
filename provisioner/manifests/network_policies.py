"""The network policies of a namespace: nothing goes, but what one of them allows.

A rule of a policy allows each of its ports to each of its peers. That is why DNS and every
destination have a rule of their own here: the outline's one rule for both opened the database's
port to the resolver's range, and DNS to the database's (guidelines.md MAN-03).
"""

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_network

from provisioner.blueprint.kubernetes import (
    METADATA_SERVICE,
    EgressRule,
    Peer,
    PeerKind,
    parse_peer,
)
from provisioner.manifests.cluster_facts import ClusterFacts
from provisioner.manifests.manifest import REASONS, Manifest, Object, Place, make_manifest
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
    yield from _ingress(namespace)
    rules = [(rule, parse_peer(rule.to)) for rule in namespace.settings.egress]
    yield from _egress(namespace.name, [(r, p) for r, p in rules if p is not None], facts)
    if facts.has_cilium:
        yield _deny_metadata_service(namespace.name)


def _policy(
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
    return _policy(
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
    return _policy(
        namespace,
        "allow-dns",
        ("WRK-03.2", "WRK-14", "MAN-03"),
        "Names are resolved by the cluster's own DNS, and by nobody else.",
        {
            "policyTypes": ["Egress"],
            "egress": [{"to": [resolver], "ports": [*_ports([53], "UDP"), *_ports([53], "TCP")]}],
        },
    )


def _allow_same_namespace(namespace: str) -> Manifest:
    return _policy(
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


def _ingress(namespace: WantedNamespace) -> Iterator[Manifest]:
    rules = namespace.settings.ingress
    for source in sorted({rule.source for rule in rules}):
        yield _policy(
            namespace.name,
            f"allow-from-{source}",
            ("WRK-14", "WRK-03.5"),
            f"Pods of {source} come in.",
            {
                "policyTypes": ["Ingress"],
                "ingress": [
                    {"from": [_namespace_peer(source)], "ports": _ports(rule.ports, "TCP")}
                    for rule in rules
                    if rule.source == source
                ],
            },
        )


def _egress(
    namespace: str, rules: list[tuple[EgressRule, Peer]], facts: ClusterFacts
) -> Iterator[Manifest]:
    to_ranges = [(rule, peer) for rule, peer in rules if peer.kind is not PeerKind.HOST]
    if to_ranges:
        yield _policy(
            namespace,
            "allow-egress",
            ("MAN-03", "WRK-03.2"),
            "One rule for each destination: a rule opens all its ports to all its peers.",
            {
                "policyTypes": ["Egress"],
                "egress": [
                    {"to": _peers(peer, facts), "ports": _ports(rule.ports, rule.protocol)}
                    for rule, peer in to_ranges
                ],
            },
            _reasons(rule for rule, _ in to_ranges),
        )
    to_hosts = [(rule, peer) for rule, peer in rules if peer.kind is PeerKind.HOST]
    if to_hosts:
        yield _allow_hosts(namespace, to_hosts)


def _peers(peer: Peer, facts: ClusterFacts) -> list[Object]:
    if peer.kind is PeerKind.NAMESPACE:
        return [_namespace_peer(peer.value)]
    ranges = facts.endpoint_ranges
    if peer.kind is PeerKind.RANGE:
        ranges = (peer.value,)
    return [{"ipBlock": _block(cidr)} for cidr in ranges]


def _block(cidr: str) -> Object:
    """Return a range without the metadata service: an `except` is no rule of its own, so each
    range that holds it has to leave it out."""
    network = ip_network(cidr)
    if network.version == 4 and METADATA_SERVICE.subnet_of(network):
        return {"cidr": cidr, "except": [str(METADATA_SERVICE)]}
    return {"cidr": cidr}


def _namespace_peer(name: str) -> Object:
    return {"namespaceSelector": {"matchLabels": {_NAME_LABEL: name}}}


def _ports(ports: Iterable[int], protocol: str) -> list[Object]:
    return [{"port": port, "protocol": protocol} for port in ports]


def _allow_hosts(namespace: str, rules: list[tuple[EgressRule, Peer]]) -> Manifest:
    """Return the policy for hosts. Cilium learns their addresses from the answers of DNS, which it
    reads where a rule says so; AKS takes no pattern for all names there
    (how-to-apply-fqdn-filtering-policies)."""
    hosts = [_host(peer.value) for _, peer in rules]
    resolver = {"k8s:io.kubernetes.pod.namespace": "kube-system", "k8s:k8s-app": "kube-dns"}
    dns = {
        "toEndpoints": [{"matchLabels": resolver}],
        "toPorts": [
            {"ports": [{"port": "53", "protocol": "ANY"}], "rules": {"dns": _unique(hosts)}}
        ],
    }
    reached = [
        {
            "toFQDNs": [_host(peer.value)],
            "toPorts": [
                {"ports": [{"port": str(p), "protocol": rule.protocol} for p in rule.ports]}
            ],
        }
        for rule, peer in rules
    ]
    return make_manifest(
        Place(_CILIUM, "CiliumNetworkPolicy", "allow-hosts", namespace),
        ("WRK-03.3", "MAN-03"),
        "Hosts by name; their addresses are what the cluster's DNS answered.",
        {"spec": {"endpointSelector": {}, "egress": [dns, *reached]}},
        annotations=_reasons(rule for rule, _ in rules),
    )


def _reasons(rules: Iterable[EgressRule]) -> Mapping[str, str]:
    """Return the annotation that says why each rule is there, as the environment does."""
    told = [f"{rule.to}: {rule.reason}" for rule in rules if rule.reason]
    return {REASONS: "\n".join(told)} if told else {}


def _host(name: str) -> Object:
    return {"matchPattern": name} if "*" in name else {"matchName": name}


def _unique(hosts: list[Object]) -> list[Object]:
    return [host for number, host in enumerate(hosts) if host not in hosts[:number]]


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
