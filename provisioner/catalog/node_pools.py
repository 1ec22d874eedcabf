"""Machine sizes and counts of a node pool, read from its body.

Source: guidelines.md §2.2; AKS "Upgrade node pools", "Cluster autoscaler", "Virtual Machines node
pools".
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from provisioner.model.values import lookup

CLUSTER = "Microsoft.ContainerService/managedClusters"
POOL = f"{CLUSTER}/agentPools"

MANAGED_SYSTEM = "ManagedSystem"
"""The mode of a pool whose machines AKS chooses and manages."""

MANAGED_SYSTEM_SIZE = "Standard_D4s_v3"
"""The machine that it chose for it most often (recorded)."""

DEFAULT_SURGE = "10%"
"""The default of maxSurge ("Customize node surge upgrade")."""

_PERCENT = re.compile(r"(\d{1,9})\s*%")
_NUMBER = re.compile(r"\d{1,9}")


def is_in_mode(pool: object, mode: str) -> bool:
    """Return whether a pool's body is of a mode, case ignored.

    The SDK's enum lacks some modes, so the schema cannot normalise their case.
    """
    found = lookup(pool, ("properties", "mode"))
    return isinstance(found, str) and found.lower() == mode.lower()


@dataclass(frozen=True, slots=True)
class Machines:
    """Machines of one size in a pool: how many there are to begin with, and how many at most."""

    size: str
    first: int
    most: int


def machines_of(properties: object) -> tuple[Machines, ...]:
    """Return the machines of a pool by its properties; none where their number is not known."""
    profiles = lookup(properties, ("virtualMachinesProfile", "scale"))
    if isinstance(profiles, Mapping):
        return tuple(_of_profiles(profiles))
    size = lookup(properties, ("vmSize",))
    scaled = lookup(properties, ("enableAutoScaling",)) is True
    least = whole(lookup(properties, ("minCount",))) if scaled else None
    most = whole(lookup(properties, ("maxCount",))) if scaled else None
    count = whole(lookup(properties, ("count",)))
    first = max(count or 0, least or 0) if scaled else count
    if not isinstance(size, str) or first is None:
        return ()
    return (Machines(size, first, max(first, most or 0)),)


def _of_profiles(scale: Mapping[str, object]) -> Iterator[Machines]:
    manual = scale.get("manual")
    for profile in manual if isinstance(manual, (list, tuple)) else ():
        size, count = lookup(profile, ("size",)), whole(lookup(profile, ("count",)))
        if isinstance(size, str) and count is not None:
            yield Machines(size, count, count)
    # An object in previews, a list since.
    scaled = scale.get("autoscale")
    for profile in scaled if isinstance(scaled, (list, tuple)) else (scaled,):
        size = lookup(profile, ("size",))
        least, most = (whole(lookup(profile, (key,))) for key in ("minCount", "maxCount"))
        if isinstance(size, str) and most is not None:
            yield Machines(size, least or 0, most)


def whole(value: object) -> int | None:
    """Return a value that is a whole number, else None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def surge_text(properties: object) -> str:
    """Return the surge of an upgrade, as a body states it: `33%` or `1`."""
    stated = lookup(properties, ("upgradeSettings", "maxSurge"))
    return stated if isinstance(stated, str) and stated else DEFAULT_SURGE


def count_surge(text: str, nodes: int) -> int:
    """Return the surge nodes of a pool of `nodes`: a number, or a percentage rounded up."""
    share = _PERCENT.fullmatch(text.strip())
    if share:
        return -(-nodes * int(share[1]) // 100)
    return int(text) if _NUMBER.fullmatch(text.strip()) else 0
