"""VM sizes: offered in region and zones, and capable of what a node pool states.

Source: Compute "Resource Skus - List" (`locationInfo`, `restrictions`, `capabilities`); AKS "Use
system node pools", "Host-based encryption", "Ephemeral OS disks", "Trusted launch".
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from provisioner.catalog.endpoints import MACHINE_SIZES
from provisioner.model.diagnostic import Diagnostic, error, nearest
from provisioner.model.values import Body, lookup
from provisioner.preflight.azure_queries import AzureQuery, Replies, ask_subscription
from provisioner.preflight.check import Check
from provisioner.preflight.node_pools import PlannedPool, planned_pools
from provisioner.preflight.planned_changes import PlannedChanges

_MIB_IN_GB = 1024
_LEAST_OF_SYSTEM = 2
"""vCPUs of the machines of a system pool, at least ("Use system node pools")."""


@dataclass(frozen=True, slots=True)
class OfferedSize:
    """A VM size as Azure offers it to one subscription in one region.

    `zones` are the zones that have it; `closed` those that a restriction closes to the
    subscription; `is_closed` is true where one closes the region, for `reason` (`reasonCode`).
    """

    name: str
    family: str
    cores: int
    zones: frozenset[str]
    closed: frozenset[str]
    is_closed: bool
    reason: str
    capabilities: Mapping[str, str]

    def can(self, capability: str) -> bool:
        """Return whether its SKU states a capability as true."""
        return self.capabilities.get(capability.lower(), "").lower() == "true"

    @property
    def largest_disk(self) -> int:
        """The largest local disk (cache, temporary or NVMe) for an ephemeral OS disk, in GB."""
        capabilities = self.capabilities
        cached = _as_number(capabilities.get("cacheddiskbytes")) // 1024**2
        local = _as_number(capabilities.get("maxresourcevolumemb"))
        nvme = _as_number(capabilities.get("nvmedisksizeinmib"))
        return max(cached, local, nvme) // _MIB_IN_GB


def ask_sizes(pool: PlannedPool) -> AzureQuery:
    """Return the inquiry for the sizes of a pool's region."""
    return ask_sizes_in(pool.subscription, pool.region)


def ask_sizes_in(subscription: str, region: str) -> AzureQuery:
    """Return the inquiry for the sizes that a region offers a subscription."""
    query = (("$filter", f"location eq '{region}'"),)
    return ask_subscription(MACHINE_SIZES, subscription, is_list=True, query=query)


def read_sizes(items: Iterable[Body], region: str) -> Mapping[str, OfferedSize]:
    """Return the sizes in a list of SKUs, by name in lower case."""
    machines = (i for i in items if str(i.get("resourceType")).lower() == "virtualmachines")
    sizes = (_read_size(item, region) for item in machines)
    return {size.name.lower(): size for size in sizes}


def _queries_for(intent: PlannedChanges) -> Iterator[AzureQuery]:
    return (ask_sizes(pool) for pool in planned_pools(intent) if pool.is_reshaped)


def _diagnostics_for(intent: PlannedChanges, replies: Replies) -> Iterator[Diagnostic]:
    lists: dict[AzureQuery, Mapping[str, OfferedSize]] = {}
    for pool in planned_pools(intent):
        if not pool.is_reshaped:
            continue
        inquiry = ask_sizes(pool)
        reply = replies[inquiry]
        if reply.refused is not None:
            continue
        if inquiry not in lists:
            lists[inquiry] = read_sizes(reply.items, pool.region)
        for machines in pool.machines:
            yield from _judge_size(pool, machines.size, lists[inquiry])


CHECK = Check("which sizes of machines are offered", _queries_for, _diagnostics_for)


def _judge_size(
    pool: PlannedPool, name: str, sizes: Mapping[str, OfferedSize]
) -> Iterator[Diagnostic]:
    size = sizes.get(name.lower())
    if size is None:
        yield error(
            "size-not-offered",
            f"{pool.label}: the size {name} is not offered in {pool.region}.",
            pool.write.span,
            nearest(name, [known.name for known in sizes.values()]),
        )
        return
    if size.is_closed:
        yield error(
            "size-restricted",
            f"{pool.label}: the subscription may not use {size.name} in {pool.region} "
            f"({size.reason}).",
            pool.write.span,
            "Take another size or region, or ask Azure support for access to it.",
        )
        return
    yield from _judge_zones(pool, size)
    yield from _judge_capabilities(pool, size)


def _judge_zones(pool: PlannedPool, size: OfferedSize) -> Iterator[Diagnostic]:
    stated = pool.properties.get("availabilityZones")
    wanted = {str(zone) for zone in stated} if isinstance(stated, (list, tuple)) else set()
    usable = size.zones - size.closed
    missing = sorted(wanted - usable)
    if missing:
        closed = sorted(wanted & size.closed)
        why = f"; {', '.join(closed)} closed to it: {size.reason}" if closed else ""
        yield error(
            "zone-not-offered",
            f"{pool.label}: {size.name} is not available in zone {', '.join(missing)} of "
            f"{pool.region}: expected zones out of {', '.join(sorted(usable)) or 'none'}, found "
            f"{', '.join(sorted(wanted))}{why}.",
            pool.write.span,
            "Take a size that all wanted zones have, or fewer zones. Zone numbers differ between "
            "subscriptions.",
        )


def _judge_capabilities(pool: PlannedPool, size: OfferedSize) -> Iterator[Diagnostic]:
    for path, capability, needs in _missing_capabilities(pool, size):
        yield error(
            "size-unfit",
            f"{pool.label}: {path} needs {needs}; {size.name} has {capability}.",
            pool.write.span,
            "Take another size, or state less.",
        )


def _missing_capabilities(pool: PlannedPool, size: OfferedSize) -> Iterator[tuple[str, str, str]]:
    """Yield (property, what the size has, what the property needs) for what does not fit."""
    properties = pool.properties
    if properties.get("enableEncryptionAtHost") is True and not size.can(
        "EncryptionAtHostSupported"
    ):
        yield "enableEncryptionAtHost", "none", "encryption at host"
    generations = size.capabilities.get("hypervgenerations", "")
    untrusted = size.can("TrustedLaunchDisabled") or "v2" not in generations.lower()
    for name in ("enableSecureBoot", "enableVTPM"):
        if lookup(properties, ("securityProfile", name)) is True and untrusted:
            yield f"securityProfile.{name}", "none", "trusted launch"
    if str(properties.get("osDiskType")).lower() == "ephemeral":
        wanted = properties.get("osDiskSizeGB")
        if not size.can("EphemeralOSDiskSupported"):
            yield "osDiskType Ephemeral", "no disk of its own for it", "a disk of the machine's own"
        elif isinstance(wanted, int) and wanted > size.largest_disk:
            yield (
                f"osDiskType Ephemeral with osDiskSizeGB {wanted}",
                f"at most {size.largest_disk} GB",
                f"{wanted} GB on a disk of the machine's own",
            )
    if str(properties.get("mode")).lower() == "system" and size.cores < _LEAST_OF_SYSTEM:
        yield "mode System", f"{size.cores}", f"at least {_LEAST_OF_SYSTEM} vCPUs"


def _read_size(item: Body, region: str) -> OfferedSize:
    capabilities = {
        str(lookup(entry, ("name",))).lower(): str(lookup(entry, ("value",)))
        for entry in _list_items(item.get("capabilities"))
    }
    places = [
        p
        for p in _list_items(item.get("locationInfo"))
        if _is_region(lookup(p, ("location",)), region)
    ]
    closed: set[str] = set()
    reasons: list[str] = []
    is_closed = False
    for restriction in _list_items(item.get("restrictions")):
        info = lookup(restriction, ("restrictionInfo",))
        named = _list_items(lookup(info, ("locations",))) or _list_items(
            lookup(restriction, ("values",))
        )
        if named and not any(_is_region(place, region) for place in named):
            continue
        reasons.append(str(lookup(restriction, ("reasonCode",))))
        if str(lookup(restriction, ("type",))).lower() == "zone":
            closed |= {str(zone) for zone in _list_items(lookup(info, ("zones",)))}
        else:
            is_closed = True
    return OfferedSize(
        name=str(item.get("name")),
        family=str(item.get("family")),
        cores=_as_number(capabilities.get("vcpusavailable"))
        or _as_number(capabilities.get("vcpus")),
        zones=frozenset(str(z) for p in places for z in _list_items(lookup(p, ("zones",)))),
        closed=frozenset(closed),
        is_closed=is_closed,
        reason=", ".join(dict.fromkeys(reasons)),
        capabilities=capabilities,
    )


def _is_region(value: object, region: str) -> bool:
    return str(value).replace(" ", "").lower() == region


def _list_items(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else ()


def _as_number(text: object) -> int:
    return int(str(text)) if str(text).isdigit() else 0
