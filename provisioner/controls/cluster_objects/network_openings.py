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

# A namespace that does not exist: what takes it takes every one that is created.
_ANY_NAMESPACE = {"kubernetes.io/metadata.name": "nobody-knows-it-yet"}
_NAMESPACE_KEY = "io.kubernetes.pod.namespace"
_EVERYBODY = frozenset({"all", "cluster", "world", "world-ipv4", "world-ipv6"})


def opens_all_namespaces(selector: object, pods: object) -> bool:
    """Return whether selectors of namespaces and of pods take pods of any namespace.

    Pods that have a stated label are not any pods: the resolver is found so in every namespace.
    """
    return (
        isinstance(selector, dict)
        and selects(selector, _ANY_NAMESPACE)
        and not _requires_label_value(pods)
    )


def _requires_label_value(selector: object) -> bool:
    return bool(at(selector, "matchLabels")) or any(
        at(each, "operator") == "In" for each in items(at(selector, "matchExpressions"))
    )


def specs_of(policy: Object) -> tuple[object, ...]:
    """Return the specs of a policy of Cilium, which has one or many."""
    return (at(policy, "spec"), *items(policy.get("specs")))


def find_cilium_openings(policy: Object) -> Iterator[ObjectFinding]:
    """Yield what a policy of Cilium opens to everybody."""
    is_clusterwide = policy.get("kind") == CILIUM_CLUSTER_POLICY.name
    for spec in specs_of(policy):
        if at(spec, "nodeSelector") is not None:
            continue  # It is about the hosts of nodes, not about pods.
        for part, direction in (("egress", "to"), ("ingress", "from")):
            for rule in items(at(spec, part)):
                opened_to = _opened_by_cilium(rule, direction, is_clusterwide=is_clusterwide)
                if opened_to:
                    yield fails(f"it allows {opened_to}", policy, f"spec.{part}")


def _opened_by_cilium(rule: object, direction: str, *, is_clusterwide: bool) -> str:
    """Return to whom a rule of Cilium opens, "" where it names somebody."""
    # `cluster` is every pod and node, `world` everything outside.
    entities = _EVERYBODY & {str(name) for name in items(at(rule, f"{direction}Entities"))}
    if entities:
        return f"the entity {', '.join(sorted(entities))}"
    if read_reach(cilium_ranges(rule, direction)).holds_strangers:
        return "public addresses of third parties"
    if any(_is_any_host(host) for host in items(at(rule, "toFQDNs"))):
        return "every host name"
    if any(
        _is_any_endpoint(each, is_clusterwide) for each in items(at(rule, f"{direction}Endpoints"))
    ):
        return "the pods of all namespaces"
    return "" if names_peers(rule, direction) else "every peer: no peer is named"


def names_peers(rule: object, direction: str) -> bool:
    """Return whether a rule of Cilium names whom it is about: one of ports alone is about all."""
    return isinstance(rule, Mapping) and any(
        items(peers)
        for key, peers in rule.items()
        if key.startswith(direction) and key != "toPorts"
    )


def cilium_ranges(rule: object, direction: str) -> list[str]:
    """Return the ranges of addresses that a rule of Cilium names."""
    ranges = [str(text) for text in items(at(rule, f"{direction}CIDR"))]
    return ranges + [str(at(entry, "cidr")) for entry in items(at(rule, f"{direction}CIDRSet"))]


def _is_any_host(host: object) -> bool:
    """Return whether a pattern takes every name: one of nothing but stars and dots."""
    pattern = at(host, "matchPattern")
    return pattern is not None and not str(pattern).strip("*. ")


def _is_any_endpoint(selector: object, is_clusterwide: bool) -> bool:
    """Return whether a selector of Cilium takes pods of any namespace.

    One of a namespace takes its own pods alone unless it speaks of the namespace (Cilium, "Layer 3
    Policies").
    """
    label_keys = {
        str(key).partition(":")[2] or str(key): value
        for key, value in (at(selector, "matchLabels") or {}).items()
    }
    expressions = items(at(selector, "matchExpressions"))
    keys = {str(at(each, "key")).partition(":")[2] or str(at(each, "key")) for each in expressions}
    # Label keys carry their source (`k8s:`, `any:`), which is not part of the name.
    if not is_clusterwide and not any(
        key.startswith(_NAMESPACE_KEY) for key in (*label_keys, *keys)
    ):
        return False
    return not label_keys and not any(at(each, "operator") == "In" for each in expressions)


def names_any_host(policy: Object) -> bool:
    """Return whether a policy of Cilium opens every host name: that names none."""
    return any(
        _is_any_host(host)
        for spec in specs_of(policy)
        for rule in items(at(spec, "egress"))
        for host in items(at(rule, "toFQDNs"))
    )


def find_other_openings(view: View) -> Iterator[ObjectFinding]:
    """Yield what policies open to everybody that go before network policies, or beside them."""
    for policy, part, rule in _allowing_rules(view):
        if policy.get("apiVersion", "").startswith(CALICO_POLICY.group):
            opened_to = _opened_by_calico(at(rule, "destination" if part == "egress" else "source"))
        else:
            opened_to = _opened_by_admin_policy(
                items(at(rule, "to" if part == "egress" else "from"))
            )
        if opened_to:
            yield fails(
                (f"it allows {opened_to}, before NetworkPolicies are evaluated"),
                policy,
                f"spec.{part}",
            )


def find_other_ranges(view: View) -> Iterator[tuple[Object, str]]:
    """Yield the ranges of addresses to which such policies open, with the policy."""
    for policy, part, rule in _allowing_rules(view):
        if part == "egress":
            named = [text for peer in items(at(rule, "to")) for text in items(at(peer, "networks"))]
            for text in (*named, *items(at(rule, "destination", "nets"))):
                yield policy, str(text)


def _allowing_rules(view: View) -> Iterator[tuple[Object, str, object]]:
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


def _opened_by_admin_policy(peers: Iterable[object]) -> str:
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
        namespace_selector = (
            at(peer, "namespaces") if pods is None else at(pods, "namespaceSelector")
        )
        # In v1alpha1 up to 0.1.1 a selector stood a level deeper: namespaces.namespaceSelector.
        namespace_selector = (
            at(namespace_selector, "namespaceSelector")
            if at(namespace_selector, "namespaceSelector")
            else namespace_selector
        )
        if opens_all_namespaces(namespace_selector, at(pods, "podSelector")):
            return "the pods of all namespaces"
    return ""


def _opened_by_calico(side: object) -> str:
    """Return to whom a side of a rule of Calico opens; what only leaves somebody out names none."""
    nets = [str(text) for text in items(at(side, "nets"))]
    if read_reach(nets).holds_strangers:
        return "public addresses of third parties"
    stated = (str(at(side, name) or "") for name in ("selector", "namespaceSelector"))
    if nets or any(_requires_equality(text) for text in stated):
        return ""
    # A rule of Calico without any of these fields matches all traffic in its direction.
    hosts = [str(name) for name in items(at(side, "domains"))]
    if hosts and all(name.strip("*. ") for name in hosts):
        return ""
    accounts = at(side, "serviceAccounts")
    if items(at(accounts, "names")) or _requires_equality(str(at(accounts, "selector") or "")):
        return ""
    return "" if at(side, "services", "name") else "every peer: no peer is named"


def _requires_equality(selector: str) -> bool:
    """Return whether an expression of Calico requires a label of a stated value, whatever else."""
    parts = selector.split("||")
    return all("==" in part or " in " in part.replace("not in", "") for part in parts)
