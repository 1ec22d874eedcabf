"""Network policies of a cluster: the traffic that they allow together.

Network policies add up: one that nobody declared opens what all others close, and so each of a
namespace counts (Kubernetes, "Network Policies"; Cilium, "Network Policy").

Its rules are collected by `rules`.
"""

from collections.abc import Iterator
from ipaddress import ip_network

from provisioner.blueprint.kubernetes import METADATA_SERVICE
from provisioner.controls.cluster_objects.network_openings import (
    CILIUM_POLICIES,
    OTHER_POLICIES,
    cilium_ranges,
    find_cilium_openings,
    find_other_openings,
    find_other_ranges,
    names_any_host,
    names_peers,
    opens_all_namespaces,
    specs_of,
)
from provisioner.controls.cluster_objects.view import (
    ObjectFinding,
    ObservedRule,
    View,
    conclude,
    count,
    fails,
)
from provisioner.manifests.cluster_kinds import (
    CILIUM_CLUSTER_POLICY,
    CILIUM_POLICY,
    NAMESPACE,
    NETWORK_POLICY,
)
from provisioner.model.cluster_contents import (
    Object,
    at,
    items,
    name_of,
)
from provisioner.network.model.public_ranges import read_reach

_DIRECTIONS = {"Ingress", "Egress"}
_DNS = 53


def _policy_types(policy: Object) -> set[str]:
    """Return the directions that a policy is for: what its defaulting fills in."""
    stated = {str(kind) for kind in items(at(policy, "spec", "policyTypes"))}
    # The API server fills policyTypes in so; a file that was exported before its admission has
    # none.
    return stated or ({"Ingress", "Egress"} if at(policy, "spec", "egress") else {"Ingress"})


def _selects_all(policy: Object) -> bool:
    # An empty selector takes all pods of the namespace; an expression may leave out some that are
    # created later.
    selector = at(policy, "spec", "podSelector") or {}
    return not selector.get("matchLabels") and not selector.get("matchExpressions")


def _default_deny_directions(view: View, namespace: str) -> set[str]:
    """Return the directions in which a namespace is closed but for what policies name."""
    return {
        direction
        for policy in view.contents.in_namespace(NETWORK_POLICY, namespace)
        if _selects_all(policy)
        for direction in _policy_types(policy)
    }


def _opens_all(policy: Object, direction: str) -> bool:
    """Return whether a policy has a rule without peers: it opens all to everybody."""
    part, peers = ("ingress", "from") if direction == "Ingress" else ("egress", "to")
    if direction not in _policy_types(policy):
        return False
    # An empty `from` or `to` is all sources or destinations, whatever ports the rule has.
    return any(not items(at(rule, peers)) for rule in items(at(policy, "spec", part)))


def _find_openings(view: View, namespace: str) -> Iterator[ObjectFinding]:
    """Yield the policies of a namespace that take its closing back, alone or together."""
    policies = tuple(view.contents.in_namespace(NETWORK_POLICY, namespace))
    for policy in policies:
        for direction in sorted(_DIRECTIONS):
            if _opens_all(policy, direction):
                evidence = (
                    ("ingress from every source is allowed")
                    if direction == "Ingress"
                    else "no peer is named"
                )
                yield fails(
                    f"{evidence}: all traffic is allowed", policy, f"spec.{direction.lower()}"
                )
        for part, peers in (("egress", "to"), ("ingress", "from")):
            if read_reach(_ip_blocks(policy, part, peers)).holds_strangers:
                yield fails(
                    (f"{part} contains public addresses of third parties"), policy, f"spec.{part}"
                )
        for peer in (*_peers_of(policy, "egress", "to"), *_peers_of(policy, "ingress", "from")):
            if opens_all_namespaces(at(peer, "namespaceSelector"), at(peer, "podSelector")):
                yield fails("it allows all namespaces", policy, "spec")
    yield from _find_openings_together(policies)
    for policy in view.contents.in_namespace(CILIUM_POLICY, namespace):
        yield from find_cilium_openings(policy)


def _find_openings_together(policies: tuple[Object, ...]) -> Iterator[ObjectFinding]:
    """Yield what policies open together, and none of them alone: they add up."""
    for part, peers in (("egress", "to"), ("ingress", "from")):
        # 0.0.0.0/1 in one policy and 128.0.0.0/1 in another are the internet.
        each = [list(_ip_blocks(policy, part, peers)) for policy in policies]
        combined = read_reach(block for blocks in each for block in blocks)
        if combined.holds_strangers and not any(read_reach(b).holds_strangers for b in each):
            evidence = f"{part} of all policies together contains public addresses of third parties"
            yield fails(evidence, policies[0])


def _ip_blocks(policy: Object, part: str, peers: str) -> Iterator[str]:
    for peer in _peers_of(policy, part, peers):
        cidr = at(peer, "ipBlock", "cidr")
        if cidr is not None:
            yield str(cidr)


def _peers_of(policy: Object, part: str, peers: str) -> tuple[object, ...]:
    return tuple(
        peer for rule in items(at(policy, "spec", part)) for peer in items(at(rule, peers))
    )


def _judge_default_deny(view: View) -> Iterator[ObjectFinding]:
    """Judge whether each namespace has default-deny, and no policy opens it to everybody."""

    def judge() -> Iterator[ObjectFinding]:
        for namespace in view.teams:
            name = name_of(namespace)
            missing = _DIRECTIONS - _default_deny_directions(view, name)
            if missing:
                yield fails(
                    (f"it has no default-deny NetworkPolicy for {' and '.join(sorted(missing))}"),
                    namespace,
                )
            yield from _find_openings(view, name)
        for policy in view.of(CILIUM_CLUSTER_POLICY):
            yield from find_cilium_openings(policy)
        yield from find_other_openings(view)

    policies = count(len(view.outside(NETWORK_POLICY)), "policy")
    yield from conclude(
        judge(), (f"{count(len(view.teams), 'namespace')} are isolated by {policies}")
    )


def _judge_baseline_policies(view: View) -> Iterator[ObjectFinding]:
    """Judge whether each namespace has default-deny, and a policy that allows DNS to kube-dns."""

    def judge() -> Iterator[ObjectFinding]:
        for namespace in view.teams:
            name = name_of(namespace)
            missing = _DIRECTIONS - _default_deny_directions(view, name)
            if missing:
                yield fails(
                    (f"it has no default-deny NetworkPolicy for {' and '.join(sorted(missing))}"),
                    namespace,
                )
            policies = tuple(view.contents.in_namespace(NETWORK_POLICY, name))
            if not any(_allows_dns(policy) for policy in policies):
                yield fails("no NetworkPolicy allows DNS to kube-dns", namespace)

    yield from conclude(
        judge(), f"{count(len(view.teams), 'namespace')}: default-deny and DNS in each"
    )


def _allows_dns(policy: Object) -> bool:
    return _selects_all(policy) and any(
        # With egress denied and no rule for DNS, no pod resolves a name.
        _DNS in _ports_of(rule)
        and any(at(peer, "namespaceSelector") is not None for peer in items(at(rule, "to")))
        for rule in items(at(policy, "spec", "egress"))
    )


def _ports_of(rule: object) -> set[object]:
    return {at(port, "port") for port in items(at(rule, "ports"))}


def _judge_metadata_access(view: View) -> Iterator[ObjectFinding]:
    """Judge whether no pod reaches the instance metadata service.

    Its namespace is closed, and no range holds the service; or Cilium denies it, which goes before
    every allow.
    """
    exposed = [each for each in view.teams if not _denies_metadata(view, name_of(each))]
    evidence = "it allows egress to the instance metadata service"

    def judge() -> Iterator[ObjectFinding]:
        for namespace in exposed:
            name = name_of(namespace)
            # Without a policy for egress every pod reaches IMDS, and there the tokens of the
            # kubelet identity (guidelines.md ENV-02.6).
            if "Egress" not in _default_deny_directions(view, name):
                yield fails(
                    ("no NetworkPolicy denies egress to the instance metadata service"), namespace
                )
            for policy in _policies_allowing_metadata(view, name):
                yield fails(evidence, policy, "spec.egress")
        if exposed:
            for policy in filter(_policy_allows_metadata, view.of(CILIUM_CLUSTER_POLICY)):
                yield fails(evidence, policy, "spec.egress")
            for policy, text in find_other_ranges(view):
                if _contains_metadata({"ipBlock": {"cidr": text}}):
                    yield fails(evidence, policy, "spec.egress")
            yield from find_other_openings(view)

    spaces = count(len(view.teams), "namespace")
    yield from conclude(
        judge(), (f"{spaces}: no NetworkPolicy allows egress to {METADATA_SERVICE.network_address}")
    )


def _policies_allowing_metadata(view: View, namespace: str) -> Iterator[Object]:
    for policy in view.contents.in_namespace(NETWORK_POLICY, namespace):
        if _opens_all(policy, "Egress") or any(
            map(_contains_metadata, _peers_of(policy, *_EGRESS))
        ):
            yield policy
    yield from filter(_policy_allows_metadata, view.contents.in_namespace(CILIUM_POLICY, namespace))


_EGRESS = ("egress", "to")


def _policy_allows_metadata(policy: Object) -> bool:
    return any(
        _rule_allows_metadata(rule)
        for spec in specs_of(policy)
        # A policy with nodeSelector is about host traffic.
        if at(spec, "nodeSelector") is None
        for rule in items(at(spec, "egress"))
    )


def _rule_allows_metadata(rule: object) -> bool:
    """Return whether a rule of Cilium allows egress to the metadata service, which is in its world.

    A rule that names ports alone allows egress to everywhere.
    """
    if {"all", "world", "world-ipv4", "host"} & set(map(str, items(at(rule, "toEntities")))):
        return True
    if not names_peers(rule, "to"):
        return True
    sets = [entry for entry in items(at(rule, "toCIDRSet")) if at(entry, "cidr")]
    blocks = [{"cidr": text} for text in items(at(rule, "toCIDR"))]
    return any(_contains_metadata({"ipBlock": block}) for block in (*blocks, *sets))


def _denies_metadata(view: View, namespace: str) -> bool:
    return any(
        str(METADATA_SERVICE) in items(at(rule, "toCIDR"))
        for policy in view.contents.in_namespace(CILIUM_POLICY, namespace)
        # A deny with ports leaves the others open, and one for some endpoints leaves the other
        # pods.
        if at(policy, "spec", "endpointSelector") == {}
        for rule in items(at(policy, "spec", "egressDeny"))
        if not at(rule, "toPorts")
    )


def _contains_metadata(peer: object) -> bool:
    block = at(peer, "ipBlock")
    if block is None:
        return False
    try:
        block_range = ip_network(str(at(block, "cidr")), strict=False)
        excepted = [ip_network(str(each), strict=False) for each in items(at(block, "except"))]
    except ValueError:
        return True  # What cannot be read is not proved to leave it out.
    # The `except` of an ipBlock takes addresses out of it again: that is how templates close IMDS
    # in a block of everything.
    if block_range.version == METADATA_SERVICE.version and METADATA_SERVICE.subnet_of(block_range):
        return not any(each.version == 4 and METADATA_SERVICE.subnet_of(each) for each in excepted)
    return False


def _judge_rules_by_destination(view: View) -> Iterator[ObjectFinding]:
    """Judge whether each rule is for one destination: all its ports are open to all its peers.

    DNS and a database are in rules of their own, and a database is no address of strangers (the
    outline's sample, guidelines.md MAN-03).
    """

    def judge() -> Iterator[ObjectFinding]:
        for policy in view.outside(NETWORK_POLICY):
            for number, rule in enumerate(items(at(policy, "spec", "egress"))):
                ports, peers = _ports_of(rule), items(at(rule, "to"))
                path = f"spec.egress[{number}]"
                if _DNS in ports and len(ports) > 1:
                    yield fails(
                        "one rule allows DNS and other ports to the same peers", policy, path
                    )
                blocks = [str(at(p, "ipBlock", "cidr")) for p in peers if at(p, "ipBlock")]
                if read_reach(blocks).holds_strangers:
                    yield fails(
                        ("a rule allows ports to public addresses of third parties"), policy, path
                    )

    policies = count(len(view.outside(NETWORK_POLICY)), "policy")
    yield from conclude(judge(), f"{policies}: one rule per destination, none to third parties")


def _judge_host_names(view: View) -> Iterator[ObjectFinding]:
    """Judge whether egress of pods to the internet is allowed by host name."""

    def judge() -> Iterator[ObjectFinding]:
        for policy in view.outside(NETWORK_POLICY):
            if read_reach(_ip_blocks(policy, "egress", "to")).holds_strangers:
                yield fails(
                    ("it allows egress to the internet by address, expected toFQDNs"),
                    policy,
                    "spec.egress",
                )
            if _opens_all(policy, "Egress"):
                yield fails(
                    ("it allows egress to the internet without toFQDNs"), policy, "spec.egress"
                )
        for policy in (*view.outside(CILIUM_POLICY), *view.of(CILIUM_CLUSTER_POLICY)):
            if names_any_host(policy):
                yield fails("it allows egress to every host name", policy, "spec.egress")
            if any(
                read_reach(cilium_ranges(rule, "to")).holds_strangers
                for spec in specs_of(policy)
                for rule in items(at(spec, "egress"))
            ):
                evidence = "it allows egress to the internet by address, expected toFQDNs"
                yield fails(evidence, policy, "spec.egress")

    named = [p for p in view.outside(CILIUM_POLICY) if _names_host(p)]
    yield from conclude(
        judge(), f"{count(len(named), 'policy')} with toFQDNs; none allows internet addresses"
    )


def _names_host(policy: Object) -> bool:
    return any(items(at(rule, "toFQDNs")) for rule in items(at(policy, "spec", "egress")))


_POLICIES = (NAMESPACE, NETWORK_POLICY)
_OPTIONAL_POLICIES = (*CILIUM_POLICIES, *OTHER_POLICIES)

RULES = {
    "CLU-05.4": ObservedRule(_judge_default_deny, _POLICIES, _OPTIONAL_POLICIES),
    "WRK-03.2": ObservedRule(_judge_default_deny, _POLICIES, _OPTIONAL_POLICIES),
    "WRK-14": ObservedRule(_judge_baseline_policies, _POLICIES),
    "ENV-02.6": ObservedRule(_judge_metadata_access, _POLICIES, _OPTIONAL_POLICIES),
    "WRK-03.3": ObservedRule(_judge_host_names, (NETWORK_POLICY,), CILIUM_POLICIES),
    "MAN-03": ObservedRule(_judge_rules_by_destination, (NETWORK_POLICY,)),
}
"""The rules by the id of their control."""
