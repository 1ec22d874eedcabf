"""Openings to everybody by network policies of any kind: Kubernetes, Cilium, Calico, admin tiers.

An opening is to everybody where its peers are pods of a namespace that nobody knows yet: a selector
by `Exists`, `NotIn` or `DoesNotExist` takes that as `{}` does. Rules of AdminNetworkPolicy and of
ClusterNetworkPolicy in the tier Admin, and of Calico, go before network policies or beside them.
Sources: Kubernetes, "Network Policies"; network-policy-api.sigs.k8s.io, "API reference"; Cilium,
"Layer 3 Policies", "Layer 4 Policies"; Calico, "Network policy", "Global network policy".

Called by `cluster_objects.network`.
"""

from collections.abc import Iterable, Iterator, Mapping

from provisioner.controls.cluster_objects.view import ObjectFinding, View, fails
from provisioner.manifests.cluster_kinds import (
    ADMIN_POLICY,
    CALICO_CLUSTER_POLICY,
    CALICO_POLICY,
    CILIUM_CLUSTER_POLICY,
    CILIUM_POLICY,
    CLUSTER_POLICY,
)
from provisioner.model.cluster_contents import Object, at, items
from provisioner.model.label_selectors import selects
from provisioner.network.model.public_ranges import read_reach

CILIUM_POLICIES = (CILIUM_POLICY, CILIUM_CLUSTER_POLICY)
OTHER_POLICIES = (ADMIN_POLICY, CLUSTER_POLICY, CALICO_POLICY, CALICO_CLUSTER_POLICY)
"""The kinds of policies beside Kubernetes' own: a cluster may not have them."""

_ANY_NAMESPACE = {"kubernetes.io/metadata.name": "nobody-knows-it-yet"}
_SPACE = "io.kubernetes.pod.namespace"
_EVERYBODY = frozenset({"all", "cluster", "world", "world-ipv4", "world-ipv6"})


def opens_all_namespaces(selector: object, pods: object) -> bool:
    """Tell whether selectors of namespaces and of pods take pods of any namespace.

    Pods that have a stated label are not any pods: the resolver is found so in every namespace.
    """
    return (
        isinstance(selector, dict) and selects(selector, _ANY_NAMESPACE) and not _names_labels(pods)
    )


def _names_labels(selector: object) -> bool:
    return bool(at(selector, "matchLabels")) or any(
        at(each, "operator") == "In" for each in items(at(selector, "matchExpressions"))
    )


def specs_of(policy: Object) -> tuple[object, ...]:
    """Return the specs of a policy of Cilium, which has one or many."""
    return (at(policy, "spec"), *items(policy.get("specs")))


def find_cilium_openings(policy: Object) -> Iterator[ObjectFinding]:
    """Yield what a policy of Cilium opens to everybody."""
    everywhere = policy.get("kind") == CILIUM_CLUSTER_POLICY.name
    for spec in specs_of(policy):
        if at(spec, "nodeSelector") is not None:
            continue  # It is about the hosts of nodes, not about pods.
        for part, way in (("egress", "to"), ("ingress", "from")):
            for rule in items(at(spec, part)):
                said = _cilium_opening(rule, way, everywhere=everywhere)
                if said:
                    yield fails(f"it allows {said}", policy, f"spec.{part}")


def _cilium_opening(rule: object, way: str, *, everywhere: bool) -> str:
    """Return to whom a rule of Cilium opens, "" where it names somebody."""
    entities = _EVERYBODY & {str(name) for name in items(at(rule, f"{way}Entities"))}
    if entities:
        return f"the entity {', '.join(sorted(entities))}"
    if read_reach(cilium_ranges(rule, way)).holds_strangers:
        return "public addresses of third parties"
    if any(_is_any_host(host) for host in items(at(rule, "toFQDNs"))):
        return "every host name"
    if any(_is_any_endpoint(each, everywhere) for each in items(at(rule, f"{way}Endpoints"))):
        return "the pods of all namespaces"
    return "" if names_peers(rule, way) else "every peer: no peer is named"


def names_peers(rule: object, way: str) -> bool:
    """Tell whether a rule of Cilium names whom it is about: one of ports alone is about all."""
    return isinstance(rule, Mapping) and any(
        items(peers) for key, peers in rule.items() if key.startswith(way) and key != "toPorts"
    )


def cilium_ranges(rule: object, way: str) -> list[str]:
    """Return the ranges of addresses that a rule of Cilium names."""
    ranges = [str(text) for text in items(at(rule, f"{way}CIDR"))]
    return ranges + [str(at(entry, "cidr")) for entry in items(at(rule, f"{way}CIDRSet"))]


def _is_any_host(host: object) -> bool:
    """Tell whether a pattern takes every name: one of nothing but stars and dots."""
    pattern = at(host, "matchPattern")
    return pattern is not None and not str(pattern).strip("*. ")


def _is_any_endpoint(selector: object, everywhere: bool) -> bool:
    """Tell whether a selector of Cilium takes pods of any namespace.

    One of a namespace takes its own pods alone unless it speaks of the namespace (Cilium, "Layer 3
    Policies").
    """
    plain = {
        str(key).partition(":")[2] or str(key): value
        for key, value in (at(selector, "matchLabels") or {}).items()
    }
    expressions = items(at(selector, "matchExpressions"))
    keys = {str(at(each, "key")).partition(":")[2] or str(at(each, "key")) for each in expressions}
    if not everywhere and not any(key.startswith(_SPACE) for key in (*plain, *keys)):
        return False
    return not plain and not any(at(each, "operator") == "In" for each in expressions)


def names_any_host(policy: Object) -> bool:
    """Tell whether a policy of Cilium opens every host name: that names none."""
    return any(
        _is_any_host(host)
        for spec in specs_of(policy)
        for rule in items(at(spec, "egress"))
        for host in items(at(rule, "toFQDNs"))
    )


def find_other_openings(view: View) -> Iterator[ObjectFinding]:
    """Yield what policies open to everybody that go before network policies, or beside them."""
    for policy, part, rule in _allowing(view):
        if policy.get("apiVersion", "").startswith(CALICO_POLICY.group):
            said = _calico_opening(at(rule, "destination" if part == "egress" else "source"))
        else:
            said = _admin_opening(items(at(rule, "to" if part == "egress" else "from")))
        if said:
            yield fails(
                (f"it allows {said}, before NetworkPolicies are evaluated"), policy, f"spec.{part}"
            )


def find_other_ranges(view: View) -> Iterator[tuple[Object, str]]:
    """Yield the ranges of addresses to which such policies open, with the policy."""
    for policy, part, rule in _allowing(view):
        if part == "egress":
            named = [text for peer in items(at(rule, "to")) for text in items(at(peer, "networks"))]
            for text in (*named, *items(at(rule, "destination", "nets"))):
                yield policy, str(text)


def _allowing(view: View) -> Iterator[tuple[Object, str, object]]:
    """Yield the rules that allow of policies of other kinds: each with its policy and its part."""
    found = [
        (policy, ("Allow", "Accept"))
        for policy in (*view.of(ADMIN_POLICY), *view.of(CLUSTER_POLICY))
        # A policy of the tier Baseline is asked where no network policy selects a pod.
        if at(policy, "spec", "tier") != "Baseline"
    ]
    calico = (*view.outside(CALICO_POLICY), *view.of(CALICO_CLUSTER_POLICY))
    for policy, actions in (*found, *((policy, ("Allow",)) for policy in calico)):
        for part in ("egress", "ingress"):
            for rule in items(at(policy, "spec", part)):
                if at(rule, "action") in actions:
                    yield policy, part, rule


def _admin_opening(peers: Iterable[object]) -> str:
    named = tuple(peers)
    if not named:
        return "every peer: no peer is named"
    networks = [str(text) for peer in named for text in items(at(peer, "networks"))]
    if read_reach(networks).holds_strangers:
        return "public addresses of third parties"
    hosts = [str(name) for peer in named for name in items(at(peer, "domainNames"))]
    if any(not name.strip("*. ") for name in hosts):
        return "every host name"
    for peer in named:
        pods = at(peer, "pods")
        spaces = at(peer, "namespaces") if pods is None else at(pods, "namespaceSelector")
        # In v1alpha1 up to 0.1.1 a selector stood a level deeper: namespaces.namespaceSelector.
        spaces = at(spaces, "namespaceSelector") if at(spaces, "namespaceSelector") else spaces
        if opens_all_namespaces(spaces, at(pods, "podSelector")):
            return "the pods of all namespaces"
    return ""


def _calico_opening(side: object) -> str:
    """Return to whom a side of a rule of Calico opens; what only leaves somebody out names none."""
    nets = [str(text) for text in items(at(side, "nets"))]
    if read_reach(nets).holds_strangers:
        return "public addresses of third parties"
    stated = (str(at(side, name) or "") for name in ("selector", "namespaceSelector"))
    if nets or any(_names_equal(text) for text in stated):
        return ""
    hosts = [str(name) for name in items(at(side, "domains"))]
    if hosts and all(name.strip("*. ") for name in hosts):
        return ""
    accounts = at(side, "serviceAccounts")
    if items(at(accounts, "names")) or _names_equal(str(at(accounts, "selector") or "")):
        return ""
    return "" if at(side, "services", "name") else "every peer: no peer is named"


def _names_equal(selector: str) -> bool:
    """Tell whether an expression of Calico asks for a label of a stated value, whatever else."""
    parts = selector.split("||")
    return all("==" in part or " in " in part.replace("not in", "") for part in parts)
