"""The regions of a subscription ("Subscriptions - List Locations").

All physical regions of Azure's clouds, without logical ones (`europe`) and edge zones. A zone has
the same number in every subscription here; Azure maps logical to physical zones for each
subscription.
"""

from provisioner.catalog.region_metadata import REGION_METADATA
from provisioner.catalog.regions import REGIONS
from provisioner.catalog.vm_sizes import zones_of
from provisioner.model.values import Json
from provisioner.simulator.odata.options import check_options, page
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud


def list_locations(cloud: Cloud, request: Request, subscription: str) -> Answer:
    """Answer the regions, each with its geography, paired region and availability zones."""
    check_options(request, ())
    base = f"/subscriptions/{subscription}/locations"
    return page(cloud, request, list(REGIONS), lambda name: _render_location(base, name))


def _render_location(base: str, name: str) -> dict[str, Json]:
    facts, zones = REGION_METADATA[name], zones_of(name)
    metadata: dict[str, Json] = {
        "regionType": "Physical",
        # Azure recommends a region of each geography: those with zones.
        "regionCategory": "Recommended" if zones else "Other",
        "geography": facts.geography,
        "geographyGroup": facts.group,
        "longitude": facts.longitude,
        "latitude": facts.latitude,
        "physicalLocation": facts.place,
        "pairedRegion": [{"name": facts.pair, "id": f"{base}/{facts.pair}"}] if facts.pair else [],
    }
    shown: dict[str, Json] = {
        "id": f"{base}/{name}",
        "name": name,
        "type": "Region",
        "displayName": REGIONS[name],
        "regionalDisplayName": f"({facts.group}) {REGIONS[name]}",
        "metadata": metadata,
    }
    if zones:
        shown["availabilityZoneMappings"] = [
            {"logicalZone": zone, "physicalZone": f"{name}-az{zone}"} for zone in zones
        ]
    return shown
