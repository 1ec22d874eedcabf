"""Private DNS zones. Facts: guidelines.md §2.4 and §3.3, and the recorded pairs of the type."""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Field
from provisioner.catalog.resource_type import (
    NameRule,
    ResourceType,
    SdkModel,
    Surroundings,
    WriteFlow,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json


def _computed(_resource: ResourceId, _body: Body, _around: Surroundings) -> Mapping[str, Json]:
    return {
        "properties": {
            "maxNumberOfRecordSets": 25000,
            "maxNumberOfVirtualNetworkLinks": 1000,
            "maxNumberOfVirtualNetworkLinksWithRegistration": 100,
            # The zone's own start-of-authority record.
            "numberOfRecordSets": 1,
            "numberOfVirtualNetworkLinks": 0,
            "numberOfVirtualNetworkLinksWithRegistration": 0,
        }
    }


TYPE = ResourceType(
    name="Microsoft.Network/privateDnsZones",
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
    # "Cannot delete resource while nested resources exist" names the links (Azure/azure-cli#13860);
    # the records of a zone go with it.
    nested=("Microsoft.Network/privateDnsZones/virtualNetworkLinks",),
    computed=_computed,
    # learn.microsoft.com, "Use tags to organize your Azure resources", limitations.
    most_tags=15,
    fields={
        "location": Field(default="global", compare=Compare.LOCATION, create_only=True),
        "etag": Field(read_only=True),
    },
)
