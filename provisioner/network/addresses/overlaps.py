"""Overlaps of IP ranges: errors, warnings, and those that are allowed.

- Azure refuses overlapping spaces among a network and all its peers (guidelines.md §3.3). What it
  refuses within one network (subnets, ranges of its space) is a service rule.
- A pod cannot reach what its own cluster's ranges cover, which is a warning. What AKS refuses (pod
  and service ranges that overlap each other or a subnet, and reserved ones) is a service rule.
- Networks that do not meet may use the same range; they can never be connected, which is a warning.
- Ranges inside of two clusters may be the same: they are seen nowhere outside. Not those of kubenet
  clusters in one network, whose pods have routes there.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from provisioner.model.diagnostic import Diagnostic, error, warning
from provisioner.model.ranges import (
    IpRange,
    first_free,
    overlapping,
    read_range,
    show_ends,
)
from provisioner.model.span import Span
from provisioner.network.addresses.cluster_ranges import Cluster, Plugin
from provisioner.network.addresses.plan import (
    AddressPlan,
    VirtualNetwork,
    merge_networks,
)

AKS_RESERVED = ("169.254.0.0/16", "172.30.0.0/16", "172.31.0.0/16", "192.0.2.0/24")
"""What AKS uses itself (guidelines.md §2.2); a range that holds one of them is refused too."""

_MOST_NAMED = 3
_REFUSED_CODE = "overlapping-networks"
"""What Azure refuses, and no service rule sees: the peer may be of another environment."""


class ClaimKind(StrEnum):
    """The purpose of a range; the text is for messages."""

    SPACE = "the address space"
    PODS = "the pod range"
    SERVICES = "the service range"
    BRIDGE = "the bridge range"
    SITE = "the on-premises range"
    RESERVED = "a range that AKS reserves"


_CLUSTER_KINDS = (ClaimKind.PODS, ClaimKind.SERVICES, ClaimKind.BRIDGE)


@dataclass(frozen=True, slots=True)
class Claim:
    """One range and its owner.

    `owner` is the key of the network or cluster; `networks` are the keys of those that a cluster
    stands in; `environment` is None for the one that is checked.
    """

    kind: ClaimKind
    range: IpRange
    owner: str
    label: str
    span: Span | None = None
    networks: tuple[str, ...] = ()
    environment: str | None = None
    plugin: Plugin | None = None

    def __str__(self) -> str:
        if self.kind is ClaimKind.RESERVED:
            return self.kind.value
        place = f" ({self.span})" if self.span and self.environment else ""
        where = f" in {self.environment}" if self.environment else ""
        return f"{self.kind} of {self.label}{where}{place}"


@dataclass(frozen=True, slots=True)
class _Verdict:
    """The meaning of an overlap.

    `hinders` is whether something cannot be made, or cannot be reached, because of it.
    """

    hinders: bool
    code: str
    because: str
    hint: str


@dataclass(frozen=True, slots=True)
class Overlap:
    """A range that overlaps others.

    `owner` is the key of the network, subnet, cluster or site that claims it. `hinders` is whether
    something cannot be reached, or made, because of it; `is_ruled` whether a service rule reports
    all of it.
    """

    owner: str
    diagnostic: Diagnostic
    hinders: bool
    is_ruled: bool = False


def check_overlaps(plan: AddressPlan, others: Mapping[str, AddressPlan]) -> Iterator[Diagnostic]:
    """Yield what overlaps in a plan, and between it and the plans of other environments by name.

    Overlaps among other environments are left to them, and what Azure refuses of one write beside
    what it stands in to the service rules (`peering-overlap`, `cluster-pods-overlap-services`).
    """
    for overlap in find_overlaps(plan, others):
        if not overlap.is_ruled:
            yield overlap.diagnostic


def find_overlaps(plan: AddressPlan, others: Mapping[str, AddressPlan]) -> Iterator[Overlap]:
    """Yield the overlaps as `check_overlaps` judges them, each with the owner of the range.

    Those that service rules report are included.
    """
    merged = merge_networks({"": plan, **others})
    merged_plan = AddressPlan(merged, plan.clusters, plan.sites)
    claims = list(_claims_of(plan, others, merged))
    reported: dict[tuple[int, str], list[tuple[Claim, Claim, _Verdict]]] = {}
    for wider, inner in overlapping(claims, lambda claim: claim.range):
        verdict = _judge_overlap(wider, inner, merged_plan)
        if verdict is not None:
            # Grouped by one claim: a range that overlaps twenty others is one mistake with one
            # repair.
            ours = inner if _is_ours(inner) else wider
            reported.setdefault((id(ours), verdict.code), []).append((wider, inner, verdict))
    for (_which, _code), pairs in reported.items():
        # A pair that a service rule reports as well would be an error and a warning about one
        # thing.
        unruled = [pair for pair in pairs if not _is_ruled(*pair[:2], plan)]
        yield replace(_report_overlap(unruled or pairs), is_ruled=not unruled)


def find_repeated(plans: Mapping[str, AddressPlan]) -> tuple[str, ...]:
    """Return as text the ranges inside of clusters that several clusters use.

    Such repetition is allowed.

    `plans` are by the name of their environment.
    """
    users_by_range: dict[tuple[ClaimKind, IpRange], list[str]] = {}
    for name, plan in plans.items():
        for cluster in plan.clusters:
            for claim in _cluster_claims(cluster, name):
                users_by_range.setdefault((claim.kind, claim.range), []).append(
                    f"{name}:{claim.label}"
                )
    return tuple(
        f"{kind} {shared_range} is that of {', '.join(clusters)}: allowed, for it is seen nowhere "
        "outside of a cluster."
        for (kind, shared_range), clusters in users_by_range.items()
        if len(clusters) > 1
    )


def _claims_of(
    plan: AddressPlan,
    others: Mapping[str, AddressPlan],
    merged: Mapping[str, VirtualNetwork],
) -> Iterator[Claim]:
    for key, network in merged.items():
        # A network that is only referred to here is described by the environment that has it.
        # Two environments may both describe a hub; its claim counts once.
        known = plan.networks.get(key)
        ours = known is not None and (known.resource is not None or network.resource is None)
        where = None if ours else _environment_of(key, others)
        span = network.resource.span if network.resource else None
        for one in network.claimed:
            yield Claim(ClaimKind.SPACE, one, key, network.label, span, (), where)
    for name, one_plan in (("", plan), *others.items()):
        for cluster in one_plan.clusters:
            yield from _cluster_claims(cluster, name or None)
        for site in one_plan.sites:
            for one in site.ranges:
                yield Claim(
                    ClaimKind.SITE, one, site.resource.id.key, site.resource.label,
                    site.resource.span, (), name or None,
                )  # fmt: skip
    for text in AKS_RESERVED:
        found = read_range(text)
        if found is not None:
            yield Claim(ClaimKind.RESERVED, found, text, text)


def _cluster_claims(cluster: Cluster, environment: str | None) -> Iterator[Claim]:
    networks = tuple(network.key for network in cluster.networks)
    for kind, ranges in (
        (ClaimKind.PODS, cluster.pods),
        (ClaimKind.SERVICES, cluster.services),
        (ClaimKind.BRIDGE, cluster.bridges),
    ):
        for one in ranges:
            resource = cluster.resource
            yield Claim(
                kind, one, resource.id.key, resource.label, resource.span, networks,
                environment, cluster.plugin,
            )  # fmt: skip


def _environment_of(network: str, others: Mapping[str, AddressPlan]) -> str:
    return next(name for name, plan in others.items() if network in plan.networks)


def _is_ours(claim: Claim) -> bool:
    return claim.environment is None and claim.kind is not ClaimKind.RESERVED


def _is_ruled(wider: Claim, inner: Claim, plan: AddressPlan) -> bool:
    """Return whether a service rule sees both ranges.

    It does for those of one cluster, and of two networks that the environment has and peers.
    """
    kinds = {wider.kind, inner.kind}
    if kinds == {ClaimKind.PODS, ClaimKind.SERVICES}:
        return wider.owner == inner.owner
    if kinds != {ClaimKind.SPACE} or wider.owner == inner.owner:
        return False
    one, other = plan.networks.get(wider.owner), plan.networks.get(inner.owner)
    # A service rule sees only what is in the same state.
    has_both = one is not None and other is not None and one.resource and other.resource
    return bool(has_both) and plan.are_neighbours(wider.owner, inner.owner)


def _judge_overlap(wider: Claim, inner: Claim, plan: AddressPlan) -> _Verdict | None:
    """Return the verdict on an overlap, None where it is allowed or belongs to others."""
    if not (_is_ours(wider) or _is_ours(inner)):
        return None
    kinds = {wider.kind, inner.kind}
    if ClaimKind.RESERVED in kinds:
        return _judge_reserved(wider, inner, plan)
    if kinds == {ClaimKind.SPACE}:
        return _judge_spaces(wider, inner, plan)
    if ClaimKind.SITE in kinds:
        return None if kinds == {ClaimKind.SITE} else _judge_site(wider, inner)
    if ClaimKind.SPACE in kinds:
        cluster, network = (wider, inner) if inner.kind is ClaimKind.SPACE else (inner, wider)
        return _judge_cluster_range(cluster, network, plan)
    return _judge_clusters(wider, inner)


def _judge_reserved(wider: Claim, inner: Claim, plan: AddressPlan) -> _Verdict | None:
    claim = inner if _is_ours(inner) else wider
    has_cluster = any(
        network.key == claim.owner for cluster in plan.clusters for network in cluster.networks
    )
    # AKS reserves these ranges for itself; networks without a cluster may use them.
    is_affected = claim.kind in _CLUSTER_KINDS or (claim.kind is ClaimKind.SPACE and has_cluster)
    if not is_affected:
        return None
    hint = "Choose a range that neither is in it nor holds it."
    return _Verdict(True, "reserved-range", "it is not for use", hint)


def _judge_spaces(wider: Claim, inner: Claim, plan: AddressPlan) -> _Verdict | None:
    if wider.owner == inner.owner:
        return None
    hint = "Choose another range for one of them."
    # Azure compares spaces only when networks are peered.
    if not plan.are_neighbours(wider.owner, inner.owner):
        why = "the two networks can never be connected, nor both to a third"
        return _Verdict(False, "repeated-space", why, hint)
    if inner.owner in plan.peers_of(wider.owner):
        why = "the networks are peered, and Azure refuses the peering"
    else:
        shared = min(plan.peers_of(wider.owner) & plan.peers_of(inner.owner))
        why = f"both are peered with {plan.networks[shared].label}, and Azure refuses that"
    return _Verdict(True, _REFUSED_CODE, why, hint)


def _judge_site(wider: Claim, inner: Claim) -> _Verdict | None:
    site, claim = (wider, inner) if wider.kind is ClaimKind.SITE else (inner, wider)
    hint = "Choose another range."
    if claim.kind in _CLUSTER_KINDS:
        # A cluster of another environment may never be connected with this site.
        if claim.environment != site.environment:
            return None
        why = "pods cannot reach the site"
        return _Verdict(True, "overlapping-site", why, hint)
    why = "what the network has itself is not reached at the site"
    return _Verdict(False, "overlapping-site", why, hint)


def _judge_cluster_range(cluster: Claim, network: Claim, plan: AddressPlan) -> _Verdict:
    is_connected = any(plan.are_neighbours(own, network.owner) for own in cluster.networks)
    if network.owner in cluster.networks:
        why = "what a subnet there will hold, pods could not reach, and AKS refuses a subnet there"
    elif is_connected:
        why = "the cluster's network is connected with it, and pods could not reach it"
    else:
        why = "pods could never reach it"
    return _Verdict(
        is_connected,
        "overlapping-cluster" if is_connected else "hidden-network",
        why,
        f"Choose another range for {cluster.kind}.",
    )


def _judge_clusters(wider: Claim, inner: Claim) -> _Verdict | None:
    if wider.owner == inner.owner:
        hint = "Choose another range for one of them."
        return _Verdict(True, "overlapping-cluster", "AKS refuses it", hint)
    uses_routes = wider.plugin is inner.plugin is Plugin.KUBENET
    # kubenet has a route for the pods of each node in the network; Azure CNI Overlay keeps them
    # inside of the cluster.
    shared = set(wider.networks) & set(inner.networks)
    if uses_routes and shared and wider.kind is inner.kind is ClaimKind.PODS:
        why = "both clusters have routes to their pods in one network"
        hint = "Choose another pod range for one of them."
        return _Verdict(True, "overlapping-cluster", why, hint)
    return None


def _report_overlap(pairs: Sequence[tuple[Claim, Claim, _Verdict]]) -> Overlap:
    """Return one overlap for all of one kind that a claim has."""
    wider, inner, verdict = pairs[0]
    ours, other = (inner, wider) if _is_ours(inner) else (wider, inner)
    more = ""
    if len(pairs) > 1:
        names = [str(w if i is ours else i) for w, i, _verdict in pairs[1:]]
        rest = len(names) - _MOST_NAMED
        more = f" It overlaps {', '.join(names[:_MOST_NAMED])}"
        more += f" and {rest:,} more, too." if rest > 0 else ", too."
    message = f"{describe_overlap(ours, other)}: {verdict.because}.{more}"
    make = error if verdict.code == _REFUSED_CODE else warning
    reported = make(verdict.code, message, ours.span or other.span, verdict.hint)
    return Overlap(ours.owner, reported, verdict.hinders)


def describe_overlap(ours: Claim, other: Claim) -> str:
    """Return in words which addresses two claims share, and how many."""
    if ours.range == other.range:
        relation = "is also"
    elif ours.range.num_addresses < other.range.num_addresses:
        relation = "is in"
    else:
        relation = "holds"
    shared = min(ours.range, other.range, key=lambda one: one.num_addresses)
    them = f"{other.range}, " if relation != "is also" else ""
    return (
        f"{ours.range}, {ours}, {relation} {them}{other}: they share "
        f"{shared.num_addresses:,} addresses, {show_ends(shared)}"
    )


def propose_range(network: VirtualNetwork, taken: Sequence[IpRange], prefix: int) -> str:
    """Return, as a hint, the first range of a size that is free in a network."""
    for space in network.spaces:
        found = first_free(space, taken, prefix)
        if found is not None:
            return f"{found} is free in {network.label}."
    if not network.spaces:
        return "Choose another range."
    return f"No /{prefix} is free in {network.label}: give it another space."
