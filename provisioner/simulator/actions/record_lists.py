"""Lists of a DNS zone's record sets: all types (`all`, `recordsets`, `ALL`) or one type.

`$recordsetnamesuffix` keeps those whose name has a suffix. Source: the REST reference of DNS
("Record Sets - List By DNS Zone", "- List All By DNS Zone", "- List By Type") and of Private DNS
("Record Sets - List").
"""

from provisioner.catalog.service_actions import DNS_ZONE, PRIVATE_DNS_ZONE
from provisioner.model.resource_id import ResourceId
from provisioner.simulator.actions.targets import find_target
from provisioner.simulator.bodies.responses import render
from provisioner.simulator.odata.options import check_options, page
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud

_SUFFIX = "$recordsetnamesuffix"
_EVERY = ("all", "recordsets")
_LISTS = {DNS_ZONE: f"{DNS_ZONE}/all", PRIVATE_DNS_ZONE: f"{PRIVATE_DNS_ZONE}/ALL"}


def list_records(
    cloud: Cloud, request: Request, kind: str = "all", **_path_parameters: str
) -> Answer:
    """Answer the record sets of a zone, of one type or of all."""
    zone = find_target(cloud, request)
    check_options(request, (_SUFFIX,))
    suffix = request.query.get(_SUFFIX, "").lower()
    listed_types = cloud.catalog.listed_together(_LISTS[zone.type])
    types = {
        one.name
        for one in listed_types
        if kind.lower() in _EVERY or one.kind.lower() == kind.lower()
    }
    rows = [
        row
        for row in cloud.store.resources.inside(zone.id.key)
        if row.type in types and _has_suffix(row.id, suffix)
    ]
    return page(cloud, request, rows, lambda row: render(cloud, row))


def _has_suffix(record: ResourceId, suffix: str) -> bool:
    return record.name.lower().endswith(suffix)
