"""The functions on availability zones. Source: "Resource functions for ARM templates": pickZones,
toLogicalZone and its relatives.

A physical zone is called `REGION-azN`, as `GET /subscriptions/S/locations` has it; here N is the
number of the logical zone in every subscription.
"""

from provisioner.catalog.regions import REGIONS
from provisioner.catalog.vm_sizes import zones_of
from provisioner.simulator.template_language.expressions import Functions
from provisioner.simulator.template_language.operands import array, text, whole
from provisioner.simulator.template_language.template_errors import ExpressionError, Value


def _pick_zones(
    namespace: Value, kind: Value, location: Value, number: Value = 1, offset: Value = 0
) -> list[str]:
    """Return zones of a region; none where it has none, or is not known."""
    for named in (namespace, kind):
        text(named)
    zones = _zones(location)
    count, start = whole(number), whole(offset)
    if not zones:
        return []
    if count < 1 or start < 0 or count + start > len(zones):
        raise ExpressionError(f"the region '{location}' has {len(zones)} zones.")
    return list(zones[start : start + count])


def _zones(location: Value) -> tuple[str, ...]:
    region = text(location).replace(" ", "").lower()
    return zones_of(region) if region in REGIONS else ()


def _to_physical(subscription: Value, location: Value, zone: Value) -> str:
    text(subscription)
    if text(zone) not in _zones(location):
        raise ExpressionError(f"the region '{location}' has no logical zone '{zone}'.")
    return f"{text(location).replace(' ', '').lower()}-az{zone}"


def _to_logical(subscription: Value, location: Value, zone: Value) -> str:
    known = {_to_physical(subscription, location, one): one for one in _zones(location)}
    if text(zone) not in known:
        raise ExpressionError(f"the region '{location}' has no physical zone '{zone}'.")
    return known[zone]


ZONE_FUNCTIONS: Functions = {
    "pickzones": _pick_zones,
    "tologicalzone": _to_logical,
    "tologicalzones": lambda s, place, zones: [_to_logical(s, place, z) for z in array(zones)],
    "tophysicalzone": _to_physical,
    "tophysicalzones": lambda s, place, zones: [_to_physical(s, place, z) for z in array(zones)],
}
