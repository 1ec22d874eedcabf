"""Facts that public DNS zones and their record sets share.

Azure writes `TTL` and `ARecords`, and reads names without case. Facts: the REST reference of Azure
DNS for 2018-05-01 ("Zones", "Record Sets"), "Overview of DNS zones and records", "Azure DNS alias
records overview", and the conversations that the Azure CLI's tests recorded (test_dns,
test_dns_if_none_match). The models are stated here: no pinned SDK package has them.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from provisioner.catalog import api_versions
from provisioner.catalog.error_codes import RefusalCodes
from provisioner.catalog.field import Compare, Field
from provisioner.catalog.private_dns_records import RELATIVE_NAME, host_of
from provisioner.catalog.resource_type import (
    ComputationContext,
    DeleteFlow,
    ListRead,
    NameRule,
    ResourceType,
    WriteFlow,
)
from provisioner.catalog.schema import Model
from provisioner.catalog.stated_models import LONG, NUMBER, TEXT, TEXTS, list_of, models_of
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json, lookup

ZONE = "Microsoft.Network/dnsZones"
ALL_RECORDS = "all"
"""The last segment of the list that answers the records of every type of a zone."""

_VALUES = {
    "A": "ARecords",
    "AAAA": "AAAARecords",
    "CAA": "caaRecords",
    "CNAME": "CNAMERecord",
    "MX": "MXRecords",
    "NS": "NSRecords",
    "PTR": "PTRRecords",
    "SOA": "SOARecord",
    "SRV": "SRVRecords",
    "TXT": "TXTRecords",
}
_SERVERS = tuple(f"ns1-01.azure-dns.{domain}." for domain in ("com", "net", "org", "info"))
_OF_AZURE = re.compile(r"ns\d-\d+\.azure-dns\.(?:com|net|org|info)\.?", re.IGNORECASE)

_model, _object = models_of("dns")


def zone_models() -> tuple[Model, ...]:
    """Return the models of a zone's body."""
    return (
        _model("Zone", location=TEXT, tags=TEXTS, etag=TEXT, properties=_object("ZoneProperties")),
        _model(
            "ZoneProperties",
            maxNumberOfRecordSets=LONG,
            maxNumberOfRecordsPerRecordSet=LONG,
            numberOfRecordSets=LONG,
            nameServers=list_of(TEXT),
            zoneType=TEXT,
        ),
    )


def is_record(type_name: str, _body: Body) -> bool:
    """Return whether a child of a zone is a record set."""
    head, _, kind = type_name.rpartition("/")
    return head == ZONE and kind in _VALUES


def zone_values(
    _resource: ResourceId, _body: Body, _context: ComputationContext
) -> Mapping[str, Json]:
    """Return what Azure computes of a new zone: its name servers, and how much it may hold."""
    return {
        "properties": {
            "maxNumberOfRecordSets": 10000,
            "nameServers": list(_SERVERS),
        }
    }


def _record_models() -> tuple[Model, ...]:
    return (
        _model("RecordSet", etag=TEXT, properties=_object("RecordProperties")),
        _model(
            "RecordProperties",
            TTL=LONG,
            metadata=TEXTS,
            fqdn=TEXT,
            provisioningState=TEXT,
            targetResource=_object("Target"),
            ARecords=list_of(_object("A")),
            AAAARecords=list_of(_object("AAAA")),
            caaRecords=list_of(_object("CAA")),
            CNAMERecord=_object("CNAME"),
            MXRecords=list_of(_object("MX")),
            NSRecords=list_of(_object("NS")),
            PTRRecords=list_of(_object("PTR")),
            SOARecord=_object("SOA"),
            SRVRecords=list_of(_object("SRV")),
            TXTRecords=list_of(_object("TXT")),
        ),
        _model("Target", id=TEXT),
        _model("A", ipv4Address=TEXT),
        _model("AAAA", ipv6Address=TEXT),
        _model("CAA", flags=NUMBER, tag=TEXT, value=TEXT),
        _model("CNAME", cname=TEXT),
        _model("MX", preference=NUMBER, exchange=TEXT),
        _model("NS", nsdname=TEXT),
        _model("PTR", ptrdname=TEXT),
        _model(
            "SOA",
            host=TEXT,
            email=TEXT,
            serialNumber=LONG,
            refreshTime=LONG,
            retryTime=LONG,
            expireTime=LONG,
            minimumTTL=LONG,
        ),
        _model("SRV", priority=NUMBER, weight=NUMBER, port=NUMBER, target=TEXT),
        _model("TXT", value=list_of(TEXT)),
    )


def _fqdn(resource: ResourceId) -> dict[str, Json]:
    return {"fqdn": f"{host_of(resource)}."}


def _computed(
    resource: ResourceId, _body: Body, _context: ComputationContext
) -> Mapping[str, Json]:
    return {"properties": _fqdn(resource)}


def _is_of_azure(body: Body) -> bool:
    """Return whether a record set is the zone's own: name servers that Azure creates with it."""
    servers = lookup(body, ("properties", "NSRecords"))
    names = [
        str(lookup(entry, ("nsdname",)))
        for entry in (servers if isinstance(servers, (list, tuple)) else ())
    ]
    return bool(names) and all(_OF_AZURE.fullmatch(name) for name in names)


def _ns_values(resource: ResourceId, body: Body, context: ComputationContext) -> Mapping[str, Json]:
    computed = _fqdn(resource)
    if resource.name == "@" and lookup(body, ("properties", "NSRecords")) in ((), []):
        computed["NSRecords"] = [{"nsdname": server} for server in _SERVERS]
        computed["TTL"] = 172800
    return {"properties": computed}


def _soa_values(
    resource: ResourceId, body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    computed = _fqdn(resource)
    stated = lookup(body, ("properties", "SOARecord"))
    computed["SOARecord"] = {
        "email": "azuredns-hostmaster.microsoft.com",
        "expireTime": 2419200,
        "minimumTTL": 300,
        "refreshTime": 3600,
        "retryTime": 300,
        **(stated if isinstance(stated, Mapping) else {}),
        "host": _SERVERS[0],
        "serialNumber": 1,
    }
    return {"properties": {"TTL": 3600, **computed}}


def record_type(kind: str, facts: Mapping[str, Field]) -> ResourceType:
    """Return the resource type of the record sets of a kind (`A`, `CNAME`).

    `facts` are those of its own property, by the path below `properties`.
    """
    own = _VALUES[kind]
    others = (name for name in _VALUES.values() if name != own)
    return ResourceType(
        name=f"{ZONE}/{kind}",
        api_version=api_versions.DNS,
        sdk=None,
        models=_record_models(),
        lists=ListRead.PARENT,
        listed_as=ALL_RECORDS,
        taggable=False,
        etag=True,
        # The REST reference names the header for both PUTs.
        if_none_match=True,
        write=WriteFlow.SYNC,
        delete=DeleteFlow.SYNC,
        seconds=2,
        codes=RefusalCodes(orphan="ParentResourceNotFound"),
        fields={
            "etag": Field(read_only=True),
            "properties.fqdn": Field(read_only=True),
            "properties.provisioningState": Field(read_only=True),
            "properties.TTL": Field(),
            "properties.metadata": Field(default={}),
            # Azure computes the values of an alias record from the resource it refers to ("Azure
            # DNS alias records overview").
            "properties.targetResource": Field(default={}, security=True),
            "properties.targetResource.id": Field(
                default=None, compare=Compare.RESOURCE_ID, security=True
            ),
            **{f"properties.{path}": fact for path, fact in facts.items()},
            **{f"properties.{name}": Field(default=None) for name in others},
        },
        rule=RELATIVE_NAME,
        computed=_computed,
        adds="resolves a public name in it",
        adds_by=(f"properties.{own}", "properties.targetResource.id"),
    )


def name_servers(facts: Mapping[str, Field]) -> ResourceType:
    """Return the type of NS records: those of the zone itself are Azure's, others delegate."""
    return replace(
        record_type("NS", facts),
        with_parent=("@",),
        by_service=_is_of_azure,
        computed=_ns_values,
        adds="delegates names of it to others",
    )


def start_of_authority(facts: Mapping[str, Field]) -> ResourceType:
    """Return the type of the SOA record, which Azure creates with each zone and never deletes."""
    return replace(
        record_type("SOA", facts),
        rule=NameRule("@", "@", fixed=("@",)),
        with_parent=("@",),
        deletable=False,
        adds=None,
        adds_by=(),
        harmless="every zone has one, and it resolves no name",
        computed=_soa_values,
    )
