"""Quota of vCPUs of a subscription, by VM family and for the region, with the arithmetic.

Counted is what exists at the same time: every pool that the plan creates or scales out, with the
nodes that its upgrade adds, and the temporary pool of a rotation. Source: AKS "Quotas, SKUs and
regions"; Compute "Usage - List" (a family by its name, `cores` for the region, `lowPriorityCores`
for spot); guidelines.md §2.2 for the surge.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from provisioner.catalog.endpoints import CORE_USAGE
from provisioner.model.diagnostic import Diagnostic, Severity
from provisioner.model.values import Body, lookup
from provisioner.preflight.azure_queries import AzureQuery, Replies, ask_subscription
from provisioner.preflight.check import Check
from provisioner.preflight.node_pools import PlannedPool, planned_pools, surge_of
from provisioner.preflight.planned_changes import PlannedChanges
from provisioner.preflight.vm_sizes import OfferedSize, ask_sizes, read_sizes

_REGIONAL, _SPOT = "cores", "lowPriorityCores"


@dataclass(slots=True)
class _QuotaDemand:
    """The vCPUs that one quota has to hold, initially and at most, and how they are counted."""

    subscription: str
    region: str
    quota: str
    first: int = 0
    most: int = 0
    first_words: list[str] = field(default_factory=list)
    most_words: list[str] = field(default_factory=list)
    pools: list[PlannedPool] = field(default_factory=list)

    def add(self, pool: PlannedPool, at_first: "_Count", at_most: "_Count") -> None:
        if at_most.vcpus <= 0:
            return
        self.pools.append(pool)
        self.most += at_most.vcpus
        self.most_words.append(at_most.words)
        if at_first.vcpus > 0:
            self.first += at_first.vcpus
            self.first_words.append(at_first.words)


@dataclass(frozen=True, slots=True)
class _Count:
    vcpus: int
    words: str


def _queries_for(intent: PlannedChanges) -> Iterator[AzureQuery]:
    for pool in planned_pools(intent):
        if pool.grows:
            yield ask_sizes(pool)
            yield ask_usage(pool.subscription, pool.region)


def _diagnostics_for(intent: PlannedChanges, replies: Replies) -> Iterator[Diagnostic]:
    for need in _quota_demands(intent, replies):
        reply = replies[ask_usage(need.subscription, need.region)]
        if reply.refused is None:
            yield from _judge_demand(need, reply.items)


CHECK = Check("whether the quota of vCPUs is enough", _queries_for, _diagnostics_for)


def ask_usage(subscription: str, region: str) -> AzureQuery:
    """Return the inquiry for the usage of a subscription's quotas in a region."""
    return ask_subscription(CORE_USAGE, subscription, is_list=True, location=region)


def _quota_demands(intent: PlannedChanges, replies: Replies) -> list[_QuotaDemand]:
    needs: dict[tuple[str, str, str], _QuotaDemand] = {}
    lists: dict[AzureQuery, Mapping[str, OfferedSize]] = {}
    for pool in planned_pools(intent):
        inquiry = ask_sizes(pool)
        if not pool.grows or replies[inquiry].refused is not None:
            continue
        if inquiry not in lists:
            lists[inquiry] = read_sizes(replies[inquiry].items, pool.region)
        for quota, at_first, at_most in _counts_by_quota(pool, lists[inquiry]):
            key = (pool.subscription, pool.region, quota)
            need = needs.setdefault(key, _QuotaDemand(*key))
            need.add(pool, at_first, at_most)
    return [needs[key] for key in sorted(needs) if needs[key].pools]


def _counts_by_quota(
    pool: PlannedPool, sizes: Mapping[str, OfferedSize]
) -> Iterator[tuple[str, _Count, _Count]]:
    """Yield, for each quota that a pool counts against, its vCPUs initially and at most.

    Its present machines in the same quota are part of Azure's usage already, and subtracted.
    """
    for machines in pool.machines:
        size = sizes.get(machines.size.lower())
        if size is None:
            continue
        for quota in quotas_of(size, is_spot=pool.is_spot):
            held = sum(
                was.first * sizes[was.size.lower()].cores
                for was in pool.machines_held
                if was.size.lower() in sizes
                and (quota in (_SPOT, _REGIONAL) or sizes[was.size.lower()].family == quota)
            )
            yield (
                quota,
                _vcpu_count(pool, machines.first, size.cores, held),
                _vcpu_count(pool, machines.most, size.cores, held),
            )


def _vcpu_count(pool: PlannedPool, nodes: int, cores: int, held: int) -> _Count:
    surge = surge_of(pool, nodes)
    share = f" ({pool.surge})" if "%" in pool.surge else ""
    taken = f" - {held} it has" if held else ""
    words = f"{pool.label} ({nodes} + {surge} surge{share}) x {cores}{taken}"
    return _Count((nodes + surge) * cores - held, words)


def quotas_of(size: OfferedSize, *, is_spot: bool) -> tuple[str, ...]:
    """Return the quotas that machines of a size count against."""
    return (_SPOT,) if is_spot else (size.family, _REGIONAL)


def find_usage(usages: Iterable[Body], quota: str) -> tuple[int, int] | None:
    """Return limit and usage of a quota, in vCPUs; None where Azure answers no such quota."""
    named = (u for u in usages if str(lookup(u, ("name", "value"))).lower() == quota.lower())
    usage = next(named, None)
    if usage is None:
        return None
    return _as_number(usage.get("limit")), _as_number(usage.get("currentValue"))


def _judge_demand(need: _QuotaDemand, usages: tuple[Body, ...]) -> Iterator[Diagnostic]:
    usage = find_usage(usages, need.quota)
    if usage is None:
        yield _quota_diagnostic(
            need, Severity.WARNING, "not-checked", "Azure answers no such quota"
        )
        return
    limit, used = usage
    left = limit - used
    account = f"{limit} vCPUs, {used} used, {left} left"
    if need.first > left:
        what = f"{' + '.join(need.first_words)} = {need.first}, {need.first - left} too many"
        yield _quota_diagnostic(need, Severity.ERROR, "quota-exceeded", f"{account}; needed {what}")
    elif need.most > left:
        what = f"{' + '.join(need.most_words)} = {need.most}, {need.most - left} too many"
        yield _quota_diagnostic(
            need, Severity.WARNING, "quota-short", f"{account}; at most there may be {what}"
        )


def _quota_diagnostic(need: _QuotaDemand, severity: Severity, code: str, what: str) -> Diagnostic:
    names = {_REGIONAL: "all families together", _SPOT: "spot machines"}
    return Diagnostic(
        severity,
        code,
        f"the quota of {names.get(need.quota, need.quota)} in {need.region} of the subscription "
        f"{need.subscription}: {what}.",
        need.pools[0].write.span,
        f"Ask for more of {need.quota} (Usage + quotas, or `az quota update`), or take fewer or "
        "smaller nodes, a lower maxCount or a lower surge.",
    )


def _as_number(value: object) -> int:
    return int(value) if isinstance(value, (int, float)) else 0
