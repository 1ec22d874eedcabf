"""Virtual machine sizes of AKS nodes, for the built-in Azure.

Disks are in MiB. Source: the pages "Sizes for virtual machines in Azure" of each series, "Trusted
Launch for Azure virtual machines", "Ephemeral OS disks", "Encryption at host", and "Azure regions
list" for what has availability zones.
"""

from collections.abc import Iterator
from dataclasses import dataclass

GIB = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Machines of one quota family that differ in their number of vCPUs.

    name         the size with `{}` for the vCPUs (`D{}ds_v5`)
    family       the name of their quota
    memory       GiB for each vCPU
    cores        the sizes there are, by vCPUs
    cache, local, nvme  MiB for each vCPU of cache, temporary disk and local NVMe disk
    encrypts     whether they encrypt at the host
    generations  which generations of virtual machines they run
    trusted      whether trusted launch (secure boot, vTPM) runs on them
    everywhere   whether every region has them; else those of `REGIONS_WITH_MORE`
    """

    name: str
    family: str
    memory: float
    cores: tuple[int, ...]
    cache: int = 25 * GIB
    local: int = 0
    nvme: int = 0
    encrypts: bool = True
    generations: str = "V1,V2"
    trusted: bool = True
    architecture: str = "x64"
    everywhere: bool = True


@dataclass(frozen=True, slots=True)
class MachineSize:
    """One size: its series and its vCPUs."""

    series: Series
    cores: int

    @property
    def name(self) -> str:
        """The name of the size (`Standard_D4ds_v5`)."""
        return f"Standard_{self.series.name.format(self.cores)}"


_TO_96 = (2, 4, 8, 16, 32, 48, 64, 96)
_LOCAL = 75 * GIB // 2

SERIES = (
    Series(name="D{}s_v5", family="standardDSv5Family", memory=4, cores=_TO_96, cache=0),
    Series(name="D{}ds_v5", family="standardDDSv5Family", memory=4, cores=_TO_96, local=_LOCAL),
    Series(name="D{}as_v5", family="standardDASv5Family", memory=4, cores=_TO_96, cache=0),
    Series(name="D{}ads_v5", family="standardDADSv5Family", memory=4, cores=_TO_96, local=_LOCAL),
    Series(name="E{}s_v5", family="standardESv5Family", memory=8, cores=_TO_96, cache=0),
    Series(name="E{}ds_v5", family="standardEDSv5Family", memory=8, cores=_TO_96, local=_LOCAL),
    Series(name="E{}as_v5", family="standardEASv5Family", memory=8, cores=_TO_96, cache=0),
    Series(name="E{}ads_v5", family="standardEADSv5Family", memory=8, cores=_TO_96, local=_LOCAL),
    Series(
        name="D{}s_v6",
        family="standardDSv6Family",
        memory=4,
        cores=_TO_96,
        cache=0,
        generations="V2",
        everywhere=False,
    ),
    Series(
        name="D{}ds_v6",
        family="standardDDSv6Family",
        memory=4,
        cores=_TO_96,
        cache=0,
        nvme=55 * GIB,
        generations="V2",
        everywhere=False,
    ),
    Series(
        name="D{}s_v3",
        family="standardDSv3Family",
        memory=4,
        cores=(2, 4, 8, 16, 32, 48, 64),
        local=8 * GIB,
    ),
    Series(
        name="F{}s_v2",
        family="standardFSv2Family",
        memory=2,
        cores=(2, 4, 8, 16, 32, 48, 64, 72),
        cache=16 * GIB,
        local=8 * GIB,
    ),
    Series(
        name="B{}ms",
        family="standardBSFamily",
        memory=4,
        cores=(2, 4, 8, 12, 16, 20),
        cache=0,
        local=8 * GIB,
    ),
    Series(
        name="D{}pds_v5",
        family="standardDPDSv5Family",
        memory=4,
        cores=(2, 4, 8, 16, 32, 48, 64),
        local=_LOCAL,
        generations="V2",
        trusted=False,
        architecture="Arm64",
        everywhere=False,
    ),
    Series(
        name="NC{}as_T4_v3",
        family="Standard NCASv3_T4 Family",
        memory=7,
        cores=(4, 8, 16, 64),
        cache=0,
        local=44 * GIB,
        everywhere=False,
    ),
)

SIZES = {
    size.name.lower(): size
    for size in (MachineSize(series, cores) for series in SERIES for cores in series.cores)
}
"""Every size, by its name in lower case."""

REGIONS_WITH_MORE = frozenset(
    {
        "westeurope",
        "northeurope",
        "francecentral",
        "germanywestcentral",
        "swedencentral",
        "uksouth",
        "eastus",
        "eastus2",
        "centralus",
        "westus2",
        "westus3",
        "southeastasia",
    }
)
"""The large regions, which have the newer and the rarer series too."""

_WITHOUT_ZONES = frozenset(
    {
        "westus",
        "northcentralus",
        "westcentralus",
        "ukwest",
        "canadaeast",
        "australiasoutheast",
        "southindia",
        "usgovtexas",
        "chinaeast",
        "chinaeast2",
        "chinanorth",
        "chinanorth2",
    }
)


def sizes_in(region: str) -> Iterator[MachineSize]:
    """Yield the sizes that a region (`westeurope`) has."""
    for size in SIZES.values():
        if size.series.everywhere or region in REGIONS_WITH_MORE:
            yield size


def zones_of(region: str) -> tuple[str, ...]:
    """Return the availability zones of a region."""
    return () if region in _WITHOUT_ZONES else ("1", "2", "3")
