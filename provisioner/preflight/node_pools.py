"""Node pools that a plan creates or changes, with their planned and present machines."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from provisioner.catalog.node_pools import (
    CLUSTER,
    POOL,
    Machines,
    count_surge,
    machines_of,
    surge_text,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import lookup
from provisioner.preflight.planned_changes import PlannedChanges, Write

_SHAPE = ("vmSize", "availabilityZones", "osDiskType", "osDiskSizeGB", "enableEncryptionAtHost")
_SIZE = ("enableAutoScaling", "minCount", "maxCount", "virtualMachinesProfile", "upgradeSettings")


@dataclass(frozen=True)
class PlannedPool:
    """One pool that the plan writes.

    `properties` are those of the pool, whether a pool or its cluster states them. `held` are those
    of the present pool, None for a new one. `label` is its name in messages.
    """

    label: str
    write: Write
    subscription: str
    region: str
    properties: Mapping[str, object]
    held: Mapping[str, object] | None
    is_new: bool

    @cached_property
    def machines(self) -> tuple[Machines, ...]:
        """The machines that it needs."""
        return machines_of(self.properties)

    @cached_property
    def machines_held(self) -> tuple[Machines, ...]:
        """The machines that it has now."""
        return machines_of(self.held) if self.held is not None else ()

    @property
    def surge(self) -> str:
        """The number of nodes that an upgrade adds, as it is stated."""
        return surge_text(self.properties)

    @property
    def is_spot(self) -> bool:
        """Whether its machines are spot machines, which have a quota of their own."""
        return str(self.properties.get("scaleSetPriority")).lower() == "spot"

    @property
    def is_reshaped(self) -> bool:
        """Whether it needs machines of another size, zone or disk than it has."""
        return self.is_new or self._has_changed(_SHAPE)

    @property
    def grows(self) -> bool:
        """Whether it is new, or its node counts are changed.

        With the autoscaler `count` is the autoscaler's value, so that it is no change.
        """
        scaled = self.properties.get("enableAutoScaling") is True
        return self.is_reshaped or self._has_changed(_SIZE if scaled else (*_SIZE, "count"))

    def _has_changed(self, names: tuple[str, ...]) -> bool:
        held = self.held or {}
        return any(
            name in self.properties and self.properties[name] != held.get(name) for name in names
        )


def surge_of(pool: PlannedPool, nodes: int) -> int:
    """Return the number of nodes that an upgrade adds to `nodes` of the pool."""
    return count_surge(pool.surge, nodes)


def planned_pools(intent: PlannedChanges) -> Iterator[PlannedPool]:
    """Yield the pools that a plan writes, as resources and in the body of their cluster."""
    for write in intent.writes:
        if write.type.name == POOL and write.id.parent is not None:
            held = lookup(write.found, ("properties",))
            yield from _planned_pool(
                intent, write, write.address, write.id.parent, write.body.get("properties"), held
            )
        elif write.type.name == CLUSTER:
            yield from _in_cluster(intent, write)


def _in_cluster(intent: PlannedChanges, write: Write) -> Iterator[PlannedPool]:
    stated = lookup(write.body, ("properties", "agentPoolProfiles"))
    before = lookup(write.found, ("properties", "agentPoolProfiles"))
    own = {w.id.name.lower() for w in intent.writes if w.id.parent == write.id}
    known = {
        str(entry.get("name")).lower(): entry
        for entry in (before if isinstance(before, (list, tuple)) else ())
        if isinstance(entry, Mapping)
    }
    for entry in stated if isinstance(stated, (list, tuple)) else ():
        name = str(lookup(entry, ("name",)))
        # One that has a write of its own (by rotation) is looked at there.
        if name.lower() not in own:
            label = f"{write.address}[{name}]"
            yield from _planned_pool(intent, write, label, write.id, entry, known.get(name.lower()))


def _planned_pool(
    intent: PlannedChanges,
    write: Write,
    label: str,
    cluster: ResourceId,
    stated: object,
    held: object,
) -> Iterator[PlannedPool]:
    region = intent.regions.get(cluster.key)
    if region is None or not isinstance(stated, Mapping) or cluster.subscription is None:
        return
    yield PlannedPool(
        label,
        write,
        cluster.subscription.lower(),
        region,
        stated,
        held if isinstance(held, Mapping) else None,
        write.is_new or not isinstance(held, Mapping),
    )
