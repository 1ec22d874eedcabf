"""Quota for the surge nodes of an upgrade.

An upgrade adds `maxSurge` nodes to a pool before it drains the first one ("Customize node surge
upgrade"). AKS upgrades the pools of a cluster one after the other or several at once, so that the
quota has to hold at least the largest surge, and at most all of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from provisioner.catalog.node_pools import count_surge, machines_of, surge_text
from provisioner.model.values import Body
from provisioner.preflight.azure_queries import AzureQuery, Replies
from provisioner.preflight.quota import ask_usage, find_usage, quotas_of
from provisioner.preflight.vm_sizes import OfferedSize, ask_sizes_in, read_sizes


@dataclass(frozen=True, slots=True)
class SurgingPool:
    """A pool that is upgraded, by its name and properties as Azure answers them."""

    name: str
    properties: Mapping[str, object]

    @property
    def nodes(self) -> int:
        """How many nodes it has."""
        return sum(machines.first for machines in machines_of(self.properties))

    @property
    def surge(self) -> int:
        """How many nodes its upgrade adds at a time."""
        return count_surge(surge_text(self.properties), self.nodes)

    @property
    def is_spot(self) -> bool:
        """Whether its machines count against the quota of spot machines."""
        return str(self.properties.get("scaleSetPriority")).lower() == "spot"


@dataclass(frozen=True, slots=True)
class SurgeQuota:
    """The surges that count against one quota, in vCPUs: the largest one, and all at once.

    `words` is the arithmetic. `limit` and `used` are None where Azure answers no such quota.
    """

    quota: str
    limit: int | None
    used: int | None
    largest: int
    all_at_once: int
    words: str

    @property
    def left(self) -> int | None:
        """The vCPUs that are left of it, None where that is not known."""
        return None if self.limit is None or self.used is None else self.limit - self.used


def inquiries_for_surge(subscription: str, region: str) -> tuple[AzureQuery, AzureQuery]:
    """Return the requests for the surges of a region: its VM sizes, and the usage of its quotas."""
    return ask_sizes_in(subscription, region), ask_usage(subscription, region)


def find_surge_quotas(
    pools: Iterable[SurgingPool], subscription: str, region: str, replies: Replies
) -> tuple[SurgeQuota, ...]:
    """Return the surges of pools by quota; quotas that they do not count against are left out.

    `replies` holds those to `inquiries_for_surge`, none of which may be a refusal.
    """
    sizes_asked, usage_asked = inquiries_for_surge(subscription, region)
    sizes = read_sizes(replies[sizes_asked].items, region)
    needs: dict[str, list[tuple[int, str]]] = {}
    for pool in pools:
        for quota, vcpus, words in _surge_demand(pool, sizes):
            needs.setdefault(quota, []).append((vcpus, words))
    return tuple(
        _surge_quota(quota, needs[quota], replies[usage_asked].items) for quota in sorted(needs)
    )


def _surge_demand(
    pool: SurgingPool, sizes: Mapping[str, OfferedSize]
) -> Iterable[tuple[str, int, str]]:
    """Yield quota, vCPUs and arithmetic of a pool's surge.

    It is of the largest machines, where the pool has several sizes.
    """
    known = [sizes[m.size.lower()] for m in machines_of(pool.properties) if m.size.lower() in sizes]
    if not known or not pool.surge:
        return
    size = max(known, key=lambda each: each.cores)
    vcpus = pool.surge * size.cores
    for quota in quotas_of(size, is_spot=pool.is_spot):
        yield quota, vcpus, f"{pool.name} {pool.surge} x {size.cores}"


def _surge_quota(quota: str, needs: list[tuple[int, str]], usages: tuple[Body, ...]) -> SurgeQuota:
    limit, used = find_usage(usages, quota) or (None, None)
    return SurgeQuota(
        quota,
        limit,
        used,
        max(vcpus for vcpus, _ in needs),
        sum(vcpus for vcpus, _ in needs),
        " + ".join(words for _, words in needs),
    )
