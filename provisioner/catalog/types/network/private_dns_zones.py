"""Private DNS zones.

A zone is read wherever an environment has virtual networks, since a linked zone overrides public
names in them. Its location is `global`, it takes 15 tags, and its virtual network links have to be
deleted first, while its records go with it.

Facts: guidelines.md §2.4 and §3.3, and the recorded pairs of the type.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Field
from provisioner.catalog.private_dns_records import ZONE, is_record
from provisioner.catalog.resource_type import (
    ComputationContext,
    NameRule,
    ResourceType,
    SdkModel,
    WriteFlow,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json, lookup


def _computed_values(
    _resource: ResourceId, _body: Body, _context: ComputationContext
) -> Mapping[str, Json]:
    return {
        "properties": {
            "maxNumberOfRecordSets": 25000,
            "maxNumberOfVirtualNetworkLinks": 1000,
            "maxNumberOfVirtualNetworkLinksWithRegistration": 100,
        }
    }


_LINK = f"{ZONE}/virtualNetworkLinks"


def _is_link(type_name: str, _body: Body) -> bool:
    return type_name == _LINK


def _is_registration_link(type_name: str, body: Body) -> bool:
    return _is_link(type_name, body) and lookup(body, _REGISTRATION) is True


_REGISTRATION = ("properties", "registrationEnabled")

TYPE = ResourceType(
    name=ZONE,
    api_version=api_versions.PRIVATE_DNS,
    sdk=SdkModel("azure.mgmt.privatedns", "PrivateZone"),
    rule=NameRule(
        r"(?=.{1,253}$)[a-zA-Z0-9_](?:[a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?"
        r"(?:\.[a-zA-Z0-9_](?:[a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?){1,33}",
        "2 to 34 labels separated by periods, each of 1 to 63 letters, digits, underscores and "
        "hyphens that neither starts nor ends with a hyphen",
    ),
    affects=("Microsoft.Network/virtualNetworks",),
    resolves=True,
    etag=True,
    # The SDK's create_or_update takes if_none_match, as the REST reference does.
    if_none_match=True,
    write=WriteFlow.ACCEPTED,
    seconds=35,
    in_use="CannotDeleteResource",
    # Links block a delete ("Cannot delete resource while nested resources exist",
    # Azure/azure-cli#13860); records are deleted with the zone.
    nested=(_LINK,),
    computed=_computed_values,
    counts={
        # The SOA record counts.
        "properties.numberOfRecordSets": is_record,
        "properties.numberOfVirtualNetworkLinks": _is_link,
        "properties.numberOfVirtualNetworkLinksWithRegistration": _is_registration_link,
    },
    # 15 and not 50 ("Use tags to organize your Azure resources", limitations).
    most_tags=15,
    fields={
        "location": Field(default="global", compare=Compare.LOCATION, create_only=True),
        "etag": Field(read_only=True),
    },
)
