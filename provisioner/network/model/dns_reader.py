"""Reads private DNS zones, their records, and the names of private endpoints from an estate.

`topology_reader` calls it for the topology; `dns_resolution` evaluates the result.
"""

from collections.abc import Iterable, Iterator, Mapping

from provisioner.catalog.private_dns_records import host_of
from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import list_items, lookup
from provisioner.network.model.topology_elements import EndpointName, NameRecord, Zone, ZoneLink

ZONE = "Microsoft.Network/privateDnsZones"
LINK = f"{ZONE}/virtualNetworkLinks"
_RECORD_PROPERTIES = {
    "A": ("aRecords", "ipv4Address"),
    "AAAA": ("aaaaRecords", "ipv6Address"),
    "CNAME": ("cnameRecord", "cname"),
}
RECORDS = tuple(f"{ZONE}/{kind}" for kind in _RECORD_PROPERTIES)
"""The types of the records that name a target."""


def read_zones(estate: Estate, unread: Mapping[str, str]) -> Iterator[tuple[str, Zone]]:
    """Yield (key, zone) for the private DNS zones of an estate.

    `unread` states by key why the records of a zone could not be read.
    """
    for resource in estate.of_type(ZONE):
        links = estate.children(resource.id, LINK)
        yield (
            resource.id.key,
            Zone(
                key=resource.id.key,
                label=resource.label,
                name=resource.id.name.lower(),
                links=tuple(
                    ZoneLink(link.label, _property_key(link.body, "virtualNetwork", "id") or "")
                    for link in links
                ),
                span=resource.span,
                records=tuple(
                    _read_record(record, kind)
                    for kind in _RECORD_PROPERTIES
                    for record in estate.children(resource.id, f"{ZONE}/{kind}")
                ),
                unread=unread.get(resource.id.key),
            ),
        )


def read_names(groups: Iterable[Resource]) -> Iterator[EndpointName]:
    """Yield the names of a private endpoint from its DNS zone groups.

    The groups answer the record sets that they wrote.
    """
    for group in groups:
        for config in list_items(lookup(group.body, ("properties", "privateDnsZoneConfigs"))):
            zone = _property_key(config, "privateDnsZoneId")
            for record in list_items(lookup(config, ("properties", "recordSets"))):
                host = lookup(record, ("fqdn",))
                if zone is not None and isinstance(host, str):
                    yield EndpointName(
                        # Azure answers FQDNs with the dot of the root.
                        zone,
                        host.rstrip(".").lower(),
                        _only_texts(lookup(record, ("ipAddresses",))),
                    )


def _read_record(resource: Resource, kind: str) -> NameRecord:
    path, name = _RECORD_PROPERTIES[kind]
    stated = lookup(resource.body, ("properties", path))
    # A CNAME record set has one object, A and AAAA have lists.
    entries = (stated,) if isinstance(stated, Mapping) else list_items(stated)
    zone = resource.id.parent.name if resource.id.parent else ""
    return NameRecord(
        label=f"{zone}/{kind}/{resource.id.name}",
        kind=kind,
        host=host_of(resource.id).lower(),
        targets=_only_texts([lookup(entry, (name,)) for entry in entries]),
    )


def _property_key(body: object, *path: str) -> str | None:
    named = parse_resource_id(lookup(body, ("properties", *path)))
    return named.key if named else None


def _only_texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in list_items(value) if isinstance(item, str))
