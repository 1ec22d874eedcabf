"""Facts that record sets of private DNS zones share.

One model and one list (`ALL`) serve the records of every type. Facts: guidelines.md §2.4, the
recorded pairs of A records, and the REST reference of record sets.
"""

from collections.abc import Mapping
from dataclasses import replace

from provisioner.catalog import api_versions
from provisioner.catalog.error_codes import RefusalCodes
from provisioner.catalog.field import Field
from provisioner.catalog.resource_type import (
    ComputationContext,
    DeleteFlow,
    ListRead,
    NameRule,
    ResourceType,
    SdkModel,
    WriteFlow,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json, lookup

ZONE = "Microsoft.Network/privateDnsZones"
ALL_RECORDS = "ALL"
"""The last segment of the list that answers the records of every type of a zone."""

_VALUES = {
    "A": "aRecords",
    "AAAA": "aaaaRecords",
    "CNAME": "cnameRecord",
    "MX": "mxRecords",
    "PTR": "ptrRecords",
    "SOA": "soaRecord",
    "SRV": "srvRecords",
    "TXT": "txtRecords",
}

RELATIVE_NAME = NameRule(
    r"@|(?:\*|[a-zA-Z0-9_](?:[a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?)"
    r"(?:\.[a-zA-Z0-9_](?:[a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?)*",
    "@ for the zone itself, or labels separated by periods, each of 1 to 63 letters, digits, "
    "underscores and hyphens; the first may be *",
)
"""The name of a record set within its zone."""


def is_record(type_name: str, _body: Body) -> bool:
    """Return whether a child of a private zone is a record set."""
    head, _, kind = type_name.rpartition("/")
    return head == ZONE and kind in _VALUES


def host_of(record: ResourceId) -> str:
    """Return the host that a record set answers for (`kv.privatelink.vaultcore.azure.net`)."""
    zone = record.parent.name if record.parent else ""
    return zone if record.name == "@" else f"{record.name}.{zone}"


def _computed(
    resource: ResourceId, _body: Body, _context: ComputationContext
) -> Mapping[str, Json]:
    return {"properties": {"fqdn": f"{host_of(resource)}.", "isAutoRegistered": False}}


def _by_service(body: Body) -> bool:
    """Return whether Azure registered a record itself: that of a machine's name, in a linked zone.

    What the zone group of a private endpoint writes shows in the group and not in a body: anybody
    can write the metadata by which it signs.
    """
    return lookup(body, ("properties", "isAutoRegistered")) is True


def record_type(kind: str, facts: Mapping[str, Field]) -> ResourceType:
    """Return the resource type of the record sets of a kind (`A`, `CNAME`).

    `facts` are those of its own property, by the path below `properties`.
    """
    own = _VALUES[kind]
    # The SDK has one model for all record types, so each type hides the properties of the others.
    others = (name for name in _VALUES.values() if name != own)
    return ResourceType(
        name=f"{ZONE}/{kind}",
        api_version=api_versions.PRIVATE_DNS,
        sdk=SdkModel("azure.mgmt.privatedns", "RecordSet"),
        rule=RELATIVE_NAME,
        lists=ListRead.PARENT,
        listed_as=ALL_RECORDS,
        taggable=False,
        etag=True,
        # The SDK's create_or_update takes if_none_match, as the REST reference does.
        if_none_match=True,
        write=WriteFlow.SYNC,
        delete=DeleteFlow.SYNC,
        seconds=2,
        codes=RefusalCodes(orphan="ParentResourceNotFound"),
        computed=_computed,
        by_service=_by_service,
        adds="resolves a name in it",
        adds_by=(f"properties.{own}",),
        fields={
            "etag": Field(read_only=True),
            "properties.ttl": Field(),
            "properties.metadata": Field(default={}),
            **{f"properties.{path}": fact for path, fact in facts.items()},
            **{f"properties.{name}": Field(default=None) for name in others},
        },
    )


def start_of_authority(zone_record: ResourceType) -> ResourceType:
    """Return the type of the SOA record, which Azure creates with each zone and never deletes."""
    return replace(
        zone_record,
        rule=NameRule("@", "@", fixed=("@",)),
        with_parent=("@",),
        deletable=False,
        adds=None,
        adds_by=(),
        harmless="every zone has one, and it resolves no name",
        computed=_soa_values,
    )


def _soa_values(
    resource: ResourceId, body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    """Return the values that every private zone answers ("What is a private Azure DNS zone")."""
    computed = _computed(resource, body, context)["properties"]
    assert isinstance(computed, Mapping)
    stated = lookup(body, ("properties", "soaRecord"))
    seconds = lookup(body, ("properties", "ttl"))
    return {
        "properties": {
            **computed,
            "ttl": seconds if isinstance(seconds, int) else 3600,
            "soaRecord": {
                "email": "azureprivatedns-host.microsoft.com",
                "expireTime": 2419200,
                "minimumTtl": 10,
                "refreshTime": 3600,
                "retryTime": 300,
                **(stated if isinstance(stated, Mapping) else {}),
                "host": "azureprivatedns.net",
                "serialNumber": 1,
            },
        }
    }
