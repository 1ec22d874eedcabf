"""The OS disk that AKS gives a node where none is stated.

It is ephemeral where the machine's own storage holds the smallest disk: in the cache of the
machine's family if it fits there, else on the temporary disk. Otherwise it is a managed disk, whose
size grows with the vCPUs. Sources: "Ephemeral OS disks for AKS", "Node OS disk sizing" (AKS core
concepts); the pages of the machine series; recorded on 30 sizes.
"""

import re
from dataclasses import dataclass

EPHEMERAL, MANAGED = "Ephemeral", "Managed"
_SMALLEST = 128
# (vCPUs from, GiB) of managed disks.
_MANAGED_SIZES = ((64, 1024), (16, 512), (8, 256), (0, _SMALLEST))
_SIZE = re.compile(
    r"standard_(?P<series>[a-z]+)(?P<number>\d+)(-\d+)?(?P<features>[a-z]*)(_(?!v\d)[a-z]\w*?)?"
    r"(_v(?P<version>\d+))?",
    re.IGNORECASE,
)
# GiB per vCPU of cache and of temporary disk, by patterns of series, features and version: the
# first match counts, and a size without a match has neither.
_STORAGE: tuple[tuple[str, str, str, float, float], ...] = (
    ("[de]", "p.*d.*", "5", 25, 37.5),
    ("[de]", ".*d.*", "[56]", 0, 37.5),
    ("[de]", "ds", "4", 25, 37.5),
    ("[de]", "d", "4", 0, 37.5),
    ("d", "a?s", "[34]", 25, 8),
    ("e", "a?s", "[34]", 25, 16),
    ("[de]", "a?", "[34]", 0, 25),
    ("ds", "", "2", 43, 7),
    ("f", "s", "2", 16, 8),
)
# The number in the name of a DSv2 size is not its number of vCPUs.
_DSV2_CORES = {1: 1, 2: 2, 3: 4, 4: 8, 5: 16, 11: 2, 12: 4, 13: 8, 14: 16, 15: 20}


@dataclass(frozen=True, slots=True)
class NodeDisk:
    """A node's disk: its kind, and its size in GB."""

    kind: str
    size: int


def default_disk(machine: object, kind: object) -> NodeDisk:
    """Return the disk of a machine size (`Standard_D4ds_v5`), of the stated kind if there is one.

    An unknown size is taken for one without local storage.
    """
    cores, own = _storage_of(machine if isinstance(machine, str) else "")
    if kind == EPHEMERAL or (kind != MANAGED and own >= _SMALLEST):
        return NodeDisk(EPHEMERAL, max(own, _SMALLEST))
    size = next(size for least, size in _MANAGED_SIZES if cores >= least)
    return NodeDisk(MANAGED, size)


def _storage_of(machine: str) -> tuple[int, int]:
    """Return the vCPUs of a machine, and how large a disk its own storage holds, in GiB."""
    found = _SIZE.fullmatch(machine)
    if found is None:
        return 0, 0
    series, number, features = found["series"].lower(), int(found["number"]), found["features"]
    version = found["version"] or "1"
    cores = _DSV2_CORES.get(number, number) if series == "ds" else number
    if series.startswith("n"):
        return cores, _SMALLEST  # machines with a GPU have room for the smallest (recorded)
    for series_like, features_like, version_like, cache, local in _STORAGE:
        like = ((series_like, series), (features_like, features.lower()), (version_like, version))
        if all(re.fullmatch(pattern, text) for pattern, text in like):
            fits = int(cache * cores) >= _SMALLEST
            return cores, int((cache if fits else local) * cores)
    return cores, 0
