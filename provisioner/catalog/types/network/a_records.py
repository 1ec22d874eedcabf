"""A records of private DNS zones. Facts: guidelines.md §2.4 and the recorded pairs of the type."""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.resource_type import (
    DeleteFlow,
    ListRead,
    NameRule,
    ResourceType,
    SdkModel,
    Surroundings,
    WriteFlow,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json

# The SDK has one model for the records of every type.
_OTHERS = (
    "aaaaRecords",
    "cnameRecord",
    "mxRecords",
    "ptrRecords",
    "soaRecord",
    "srvRecords",
    "txtRecords",
)


def _computed(resource: ResourceId, _body: Body, _around: Surroundings) -> Mapping[str, Json]:
    zone = resource.parent.name if resource.parent else ""
    host = f"{zone}." if resource.name == "@" else f"{resource.name}.{zone}."
    return {"properties": {"fqdn": host, "isAutoRegistered": False}}


TYPE = ResourceType(
    name="Microsoft.Network/privateDnsZones/A",
    api_version=api_versions.PRIVATE_DNS,
    sdk=SdkModel("azure.mgmt.privatedns", "RecordSet"),
    rule=NameRule(
        r"@|(?:\*|[a-zA-Z0-9_](?:[a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?)"
        r"(?:\.[a-zA-Z0-9_](?:[a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?)*",
        "@ for the zone itself, or labels separated by periods, each of 1 to 63 letters, digits, "
        "underscores and hyphens; the first may be *",
    ),
    lists=ListRead.PARENT,
    taggable=False,
    etag=True,
    # The SDK's create_or_update takes if_none_match, as the REST reference does.
    if_none_match=True,
    write=WriteFlow.SYNC,
    delete=DeleteFlow.SYNC,
    seconds=2,
    computed=_computed,
    adds="resolves a name in it",
    adds_by=("properties.aRecords",),
    fields={
        "etag": Field(read_only=True),
        "properties.ttl": Field(),
        "properties.metadata": Field(default={}),
        # Where a private name leads is where the traffic to it goes.
        "properties.aRecords": Field(
            default=(),
            keys=("ipv4Address",),
            security=True,
            disruption=Disruption.CONNECTIONS,
        ),
        "properties.aRecords[].ipv4Address": Field(compare=Compare.CASELESS, security=True),
        **{f"properties.{name}": Field(default=None) for name in _OTHERS},
    },
)
