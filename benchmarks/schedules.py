"""How near an apply comes to its critical path: the schedule of `azsec apply`, in virtual time."""

import heapq
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from provisioner.azure.client import ArmClient
from provisioner.azure.cloud import local_cloud
from provisioner.azure.credential import LocalToken
from provisioner.cli.workspace import FileSources, load_catalog
from provisioner.engine.schedule import Schedule
from provisioner.plan.step import Step
from provisioner.simulator.server import LocalAzure
from provisioner.workflow.plan import load_desired, plan_environment

_PARALLELISM = 32
_RESOURCES = 1000
_RUNS = 20
# Seconds of an average creation where the catalog's estimate of a type, which orders the steps, is
# not the one to measure by. An AKS cluster takes "a few minutes" (learn.microsoft.com/azure/aks/
# learn/quick-kubernetes-deploy-cli), Azure Firewall "several minutes" (learn.microsoft.com/azure/
# firewall/deploy-cli); networks, subnets and security groups answer in seconds.
_SECONDS = {
    "Microsoft.ContainerService/managedClusters": 300.0,
    "Microsoft.ContainerService/managedClusters/agentPools": 180.0,
    "Microsoft.Network/azureFirewalls": 420.0,
    "Microsoft.Network/virtualNetworks/subnets": 3.0,
    "Microsoft.Network/networkSecurityGroups": 2.0,
}
_SPREAD = 0.3


@dataclass(frozen=True, slots=True)
class Bounds:
    """What no schedule ends before, in seconds: the longest `chain` of steps that wait for each
    other; the same with those of one lock, which go one at a time, after one another
    (`critical_path`); and all `work` over the parallelism."""

    chain: float
    critical_path: float
    work: float

    @property
    def seconds(self) -> float:
        """The largest of them."""
        return max(self.critical_path, self.work)


def measure_schedule(environment: str) -> None:
    """Print the critical path of an apply of 1,000 resources, and the time that the schedule
    takes for it: copies of an environment in one plan, of which every step takes up to 30 % more
    or less than its type does on average. Estimates order the steps; they are not what steps take.
    """
    steps = _copy(_plan(environment))
    worst, last = 0.0, None
    for seed in range(_RUNS):
        seconds = _draw(steps, seed)
        wall, bounds = simulate(steps, seconds, _PARALLELISM), find_bounds(steps, seconds)
        if wall / bounds.seconds >= worst:
            worst, last = wall / bounds.seconds, (wall, bounds)
    assert last is not None
    wall, bounds = last
    print(
        f"apply of {len(steps)} resources, parallelism {_PARALLELISM}, the worst of {_RUNS}: "
        f"critical path {bounds.critical_path:.0f} s (without locks {bounds.chain:.0f} s, all work "
        f"over the parallelism {bounds.work:.0f} s), wall {wall:.0f} s, ratio {worst:.3f}"
    )


def simulate(steps: Sequence[Step], seconds: Mapping[str, float], parallelism: int) -> float:
    """Return when the last step ends, by the schedule that the executor runs steps by."""
    schedule = Schedule(steps)
    now, done = 0.0, 0
    running: list[tuple[float, int, Step]] = []
    while True:
        while len(running) < parallelism and (step := schedule.start()) is not None:
            heapq.heappush(running, (now + seconds[step.key], done, step))
            done += 1
        if not running:
            assert done == len(steps), f"{done} of {len(steps)} steps ran"
            return now
        now, _, ended = heapq.heappop(running)
        schedule.finish(ended)


def find_bounds(
    steps: Sequence[Step], seconds: Mapping[str, float], parallelism: int = _PARALLELISM
) -> Bounds:
    """Return what no schedule of some steps ends before."""
    heads: dict[str, float] = {}
    tails = {step.key: 0.0 for step in steps}
    for step in steps:
        heads[step.key] = max((heads[key] + seconds[key] for key in step.after), default=0.0)
    for step in reversed(steps):
        for key in step.after:
            tails[key] = max(tails[key], seconds[step.key] + tails[step.key])
    chain = max(heads[step.key] + seconds[step.key] for step in steps)
    locks: dict[str, list[str]] = {}
    for step in steps:
        locks.setdefault(step.lock, []).append(step.key)
    serial = max(_one_at_a_time(keys, heads, seconds, tails) for keys in locks.values())
    return Bounds(chain, max(chain, serial), sum(seconds.values()) / parallelism)


def _one_at_a_time(
    keys: Sequence[str],
    heads: Mapping[str, float],
    seconds: Mapping[str, float],
    tails: Mapping[str, float],
) -> float:
    """Return what no order of steps that go one at a time ends before, with what comes before and
    after each: Jackson's preemptive schedule, longest tail first (Carlier, "The one-machine
    sequencing problem", European Journal of Operational Research 11, 1982)."""
    coming = sorted((heads[key], key) for key in keys)
    left = {key: seconds[key] for key in keys}
    ready: list[tuple[float, str]] = []
    now = end = 0.0
    while coming or ready:
        now = now if ready else max(now, coming[0][0])
        while coming and coming[0][0] <= now:
            key = coming.pop(0)[1]
            heapq.heappush(ready, (-tails[key], key))
        tail, key = ready[0]
        until = min(now + left[key], coming[0][0] if coming else float("inf"))
        left[key] -= until - now
        now = until
        if left[key] <= 1e-9:
            heapq.heappop(ready)
            end = max(end, now - tail)
    return end


def _plan(environment: str) -> Sequence[Step]:
    """Return the steps that create an environment."""
    catalog = load_catalog()
    desired = load_desired(environment, catalog, FileSources(), datetime.now(UTC).date(), "local")
    with (
        LocalAzure.start(catalog, None) as server,
        ArmClient.open(local_cloud(server.endpoint), LocalToken()) as client,
    ):
        return plan_environment(desired, catalog, client).plan.steps


def _copy(steps: Sequence[Step]) -> Sequence[Step]:
    """Return 1,000 steps: copies of some, and as many of the last one as fit."""
    copies = []
    for number in range(-(-_RESOURCES // len(steps))):
        copies += [
            replace(
                step,
                key=f"{number}.{step.key}",
                lock=f"{number}.{step.lock}",
                after=tuple(f"{number}.{key}" for key in step.after),
            )
            for step in steps
        ]
    return copies[:_RESOURCES]


def _draw(steps: Sequence[Step], seed: int) -> Mapping[str, float]:
    chance = random.Random(seed)
    return {
        step.key: _SECONDS.get(step.type, float(step.seconds))
        * chance.uniform(1 - _SPREAD, 1 + _SPREAD)
        for step in steps
    }
