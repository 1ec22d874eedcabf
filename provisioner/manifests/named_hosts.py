"""Cilium network policies for hosts by name, and warnings where hosts cannot be named.

Pods need Entra to sign in, and some need the API server. A policy for a host name needs Cilium with
FQDN filtering; without it a warning states what has to be opened by other means. `network_policies`
and `rendering` call it.
"""

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_network

from provisioner.blueprint.kubernetes import EgressRule, Peer, PeerKind, parse_peer
from provisioner.catalog.egress import SIGN_IN_HOSTS
from provisioner.manifests.cluster_facts import ClusterFacts
from provisioner.manifests.manifest import REASONS, Manifest, Object, Place, make_manifest
from provisioner.manifests.namespaces import WantedNamespace
from provisioner.model.diagnostic import Diagnostic, warning

_CILIUM = "cilium.io/v2"

_POD_WITH_IDENTITY: Object = {"matchLabels": {"azure.workload.identity/use": "true"}}
"""The label by which the webhook of workload identity selects pods (the page "Workload identity
overview")."""


def allow_hosts(
    namespace: str, name: str, pods: Object, rules: list[tuple[EgressRule, Peer]]
) -> Manifest:
    """Return the policy that allows pods to reach hosts."""
    return _host_policy(
        Place(_CILIUM, "CiliumNetworkPolicy", name, namespace),
        ("WRK-03.3", "MAN-03"),
        "Hosts by name; their addresses are what the cluster's DNS answered.",
        pods,
        [(_host_selector(peer.value), rule.ports, rule.protocol) for rule, peer in rules],
        reasons_of(rule for rule, _ in rules),
    )


def allow_sign_in(namespace: WantedNamespace, facts: ClusterFacts) -> Iterator[Manifest]:
    """Yield the policy that allows pods with an identity to sign in, if policies may name hosts."""
    if facts.filters_hosts and _has_identity(namespace, facts):
        yield _host_policy(
            Place(_CILIUM, "CiliumNetworkPolicy", "allow-sign-in", namespace.name),
            ("ENV-02.3", "WRK-03.3"),
            "Pods with an identity get its tokens from Entra.",
            _POD_WITH_IDENTITY,
            [({"matchName": SIGN_IN_HOSTS[facts.cloud]}, (443,), "TCP")],
            {},
        )


def warn_of_needs(
    namespaces: Iterable[WantedNamespace], facts: ClusterFacts
) -> Iterator[Diagnostic]:
    """Yield a warning for each namespace whose pods need a destination that no policy opens.

    That is Entra where policies cannot name hosts, and an API server with an unknown address.
    """
    for namespace in namespaces:
        if _allows_any_host(namespace):
            continue
        if not facts.filters_hosts and _has_identity(namespace, facts):
            host = SIGN_IN_HOSTS[facts.cloud]
            yield warning(
                "sign-in-is-closed",
                f"pods of {namespace.name} sign in at {host}, and no network policy allows "
                "it: the cluster has no policies for hosts.",
                None,
                "Set advancedNetworkPolicies to FQDN (WRK-03.3), or state an egress range on port "
                "443 that holds it, as that of a proxy.",
            )
        open_one = facts.has_cilium or facts.api_server_ranges
        if namespace.settings.api_access and not open_one:
            yield warning(
                "api-server-is-closed",
                f"pods of {namespace.name} have apiAccess, and no network policy allows the "
                "API server: its address is not known here.",
                None,
                "State it in `egress`: its private endpoint's address, on port 443.",
            )


def _has_identity(namespace: WantedNamespace, facts: ClusterFacts) -> bool:
    federated = any(found.namespace == namespace.name for found in facts.federations)
    return federated or any(account.client_id for account in namespace.accounts)


def _allows_any_host(namespace: WantedNamespace) -> bool:
    """Return whether an egress rule of the namespace allows any IPv4 address on port 443."""
    for rule in namespace.settings.egress:
        peer = parse_peer(rule.to)
        wide = peer is not None and peer.kind is PeerKind.RANGE
        if wide and peer and not rule.pods and 443 in rule.ports:
            network = ip_network(peer.value)
            if network.version == 4 and network.prefixlen == 0:
                return True
    return False


def _host_policy(
    place: Place,
    controls: tuple[str, ...],
    reason: str,
    pods: Object,
    reached: list[tuple[Object, tuple[int, ...], str]],
    annotations: Mapping[str, str],
) -> Manifest:
    """Return a policy for host names.

    Cilium learns their addresses from DNS responses, which it inspects where a rule says so; AKS
    accepts no pattern for all names there (how-to-apply-fqdn-filtering-policies).
    """
    hosts = [host for host, _, _ in reached]
    unique = [host for number, host in enumerate(hosts) if host not in hosts[:number]]
    resolver = {"k8s:io.kubernetes.pod.namespace": "kube-system", "k8s:k8s-app": "kube-dns"}
    dns = {
        "toEndpoints": [{"matchLabels": resolver}],
        "toPorts": [{"ports": [{"port": "53", "protocol": "ANY"}], "rules": {"dns": unique}}],
    }
    opened = [
        {
            "toFQDNs": [host],
            "toPorts": [{"ports": [{"port": str(p), "protocol": protocol} for p in ports]}],
        }
        for host, ports, protocol in reached
    ]
    return make_manifest(
        place,
        controls,
        reason,
        {"spec": {"endpointSelector": pods, "egress": [dns, *opened]}},
        annotations=annotations,
    )


def _host_selector(name: str) -> Object:
    return {"matchPattern": name} if "*" in name else {"matchName": name}


def reasons_of(rules: Iterable[EgressRule]) -> Mapping[str, str]:
    """Return the annotation with the environment's reason for each rule."""
    stated = [f"{rule.to}: {rule.reason}" for rule in rules if rule.reason]
    return {REASONS: "\n".join(stated)} if stated else {}
