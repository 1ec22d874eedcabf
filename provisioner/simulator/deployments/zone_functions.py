"""Template functions on availability zones: pickZones, toLogicalZone and others.

A physical zone is `REGION-azN`, as in `GET /subscriptions/S/locations`; here N is the number of the
logical zone in every subscription, while Azure maps them for each subscription. Source: "Resource
functions for ARM templates": pickZones, toLogicalZone and its relatives.
"""

from provisioner.catalog.regions import REGIONS
from provisioner.catalog.vm_sizes import zones_of
from provisioner.simulator.template_language.expressions import Functions
from provisioner.simulator.template_language.operands import array, text, whole
from provisioner.simulator.template_language.template_errors import ExpressionError, Value


def _pick_zones(
    namespace: Value, kind: Value, location: Value, number: Value = 1, offset: Value = 0
) -> list[str]:
    """Return zones of a region; none if it has none or is unknown.

    Raises:
        ExpressionError: the region has fewer zones than requested.
    """
    for named in (namespace, kind):
        text(named)
    zones = _zones_of_region(location)
    count, start = whole(number), whole(offset)
    if not zones:
        return []
    if count < 1 or start < 0 or count + start > len(zones):
        raise ExpressionError(f"the region '{location}' has {len(zones)} zones.")
    return list(zones[start : start + count])


def _zones_of_region(location: Value) -> tuple[str, ...]:
    region = text(location).replace(" ", "").lower()
    return zones_of(region) if region in REGIONS else ()


def _physical_zone(subscription: Value, location: Value, zone: Value) -> str:
    text(subscription)
    if text(zone) not in _zones_of_region(location):
        raise ExpressionError(f"the region '{location}' has no logical zone '{zone}'.")
    return f"{text(location).replace(' ', '').lower()}-az{zone}"


def _logical_zone(subscription: Value, location: Value, zone: Value) -> str:
    known = {_physical_zone(subscription, location, one): one for one in _zones_of_region(location)}
    if text(zone) not in known:
        raise ExpressionError(f"the region '{location}' has no physical zone '{zone}'.")
    return known[zone]


ZONE_FUNCTIONS: Functions = {
    "pickzones": _pick_zones,
    "tologicalzone": _logical_zone,
    "tologicalzones": lambda s, place, zones: [_logical_zone(s, place, z) for z in array(zones)],
    "tophysicalzone": _physical_zone,
    "tophysicalzones": lambda s, place, zones: [_physical_zone(s, place, z) for z in array(zones)],
}
