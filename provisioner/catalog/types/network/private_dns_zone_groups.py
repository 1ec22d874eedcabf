"""DNS zone groups of private endpoints.

Azure writes and deletes A records in the zones of a group: they are not declared, and are drift
only where their addresses are not those that the group lists.

Facts: guidelines.md CLU-11.1, "Azure Private Endpoint private DNS zone values", and the recorded
pairs.
"""

from collections.abc import Iterator, Mapping, Sequence

from provisioner.catalog import api_versions
from provisioner.catalog.error_codes import RefusalCodes
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.network_provider import NETWORK_NAME
from provisioner.catalog.resource_type import (
    ComputationContext,
    ListRead,
    ResourceType,
    SdkModel,
)
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Body, Json, lookup, values_at

_CONFIGS = ("properties", "privateDnsZoneConfigs")
_ZONE = ("properties", "privateDnsZoneId")
_SECONDS_TO_LIVE = 10
_SIGNATURE = "created by private endpoint"
"""How a zone group signs the records that it writes (`creator` among their metadata, as templates
show that were exported from Azure)."""
_ADDRESSES = (
    "properties.aRecords[].ipv4Address",
    "properties.aaaaRecords[].ipv6Address",
)


def _computed_values(
    resource: ResourceId, body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    endpoint = context.lookup(resource.parent.text) if resource.parent else None
    names = lookup(endpoint, ("properties", "customDnsConfigs"))
    configs = lookup(body, _CONFIGS)
    found = names if isinstance(names, (list, tuple)) else ()
    return {
        "properties": {
            _CONFIGS[-1]: [
                _with_records(config, found)
                for config in (configs if isinstance(configs, (list, tuple)) else ())
            ]
        }
    }


def _with_records(config: Body, names: Sequence[Body]) -> Mapping[str, Json]:
    """Return an entry with the records that Azure keeps in its zone for the endpoint."""
    properties = config.get("properties")
    known = properties if isinstance(properties, Mapping) else {}
    zone = parse_resource_id(lookup(config, _ZONE))
    suffix = zone.name.lower() if zone else ""
    served = f".{suffix.removeprefix('privatelink.')}"
    records: list[Json] = [
        {
            "recordType": "A",
            "recordSetName": str(name["fqdn"]).removesuffix(served),
            "fqdn": f"{str(name['fqdn']).removesuffix(served)}.{suffix}",
            "ttl": _SECONDS_TO_LIVE,
            "ipAddresses": name["ipAddresses"],
            "provisioningState": "Succeeded",
        }
        for name in names
        if str(name["fqdn"]).endswith(served)
    ]
    return {
        **config,
        "properties": {**known, "recordSets": records, "provisioningState": "Succeeded"},
    }


def _zone_records(body: Body) -> Iterator[tuple[str, Sequence[Json]]]:
    """Yield id and addresses of the records that Azure keeps in the zones of a group.

    They are deleted with the group ("Azure Private Endpoint private DNS zone values"; recorded).
    """
    configs = lookup(body, _CONFIGS)
    for config in configs if isinstance(configs, (list, tuple)) else ():
        zone, records = lookup(config, _ZONE), lookup(config, ("properties", "recordSets"))
        for record in records if isinstance(records, (list, tuple)) else ():
            kind, name = lookup(record, ("recordType",)), lookup(record, ("recordSetName",))
            addresses = lookup(record, ("ipAddresses",))
            if isinstance(zone, str) and isinstance(kind, str) and isinstance(name, str):
                found = addresses if isinstance(addresses, (list, tuple)) else ()
                yield f"{zone}/{kind}/{name}", found


def _makes(body: Body) -> Iterator[str]:
    return (record for record, _addresses in _zone_records(body))


def _is_as_made(body: Body, made: ResourceId, record: Body) -> bool:
    """Return whether a record has the addresses of the group: else somebody overwrote it."""
    stated = sorted(
        str(address)
        for text, addresses in _zone_records(body)
        if (listed := parse_resource_id(text)) is not None and listed.key == made.key
        for address in addresses
    )
    found = sorted(str(value) for path in _ADDRESSES for value in values_at(record, path))
    return bool(found) and found == stated


def _keeps(
    group: ResourceId, body: Body, context: ComputationContext
) -> Iterator[tuple[str, Mapping[str, Json]]]:
    """Yield id and body of those records.

    The metadata name the endpoint, as templates show that were exported from Azure.
    """
    endpoint = group.parent.name if group.parent else ""
    live = context.lookup(group.parent.text) if group.parent else None
    guid = lookup(live, ("properties", "resourceGuid"))
    for record, addresses in _zone_records(body):
        properties: Mapping[str, Json] = {
            "ttl": _SECONDS_TO_LIVE,
            "metadata": {"creator": f"{_SIGNATURE} {endpoint} with resource guid {guid}"},
            "aRecords": [{"ipv4Address": address} for address in addresses],
        }
        yield record, {"properties": properties}


TYPE = ResourceType(
    name="Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "PrivateDnsZoneGroup"),
    rule=NETWORK_NAME,
    lists=ListRead.PARENT,
    taggable=False,
    etag=True,
    serialise_on="",
    seconds=15,
    codes=RefusalCodes(not_found="NotFound"),
    computed=_computed_values,
    makes=_makes,
    is_as_made=_is_as_made,
    keeps=_keeps,
    adds="writes DNS records for it",
    adds_by=("properties.privateDnsZoneConfigs[].properties.privateDnsZoneId",),
    fields={
        **{
            f"properties.privateDnsZoneConfigs[].{name}": Field(read_only=True)
            for name in ("etag", "id", "type", "properties.provisioningState")
        },
        "properties.privateDnsZoneConfigs": Field(
            default=(), keys=("name",), security=True, disruption=Disruption.CONNECTIONS
        ),
        "properties.privateDnsZoneConfigs[].properties.privateDnsZoneId": Field(
            compare=Compare.RESOURCE_ID, security=True, disruption=Disruption.CONNECTIONS
        ),
    },
)
