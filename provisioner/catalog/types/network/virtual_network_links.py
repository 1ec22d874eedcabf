"""Virtual network links of private DNS zones.

A link makes a network resolve names by the zone, and registers its machines where
`registrationEnabled` is on. It is a child resource and still has a location and tags. Links that
AKS creates for a private API server are a service's.

Facts: guidelines.md NET-08 and §3.3, and the recorded pairs of the type.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Answered, Compare, Disruption, Field
from provisioner.catalog.network_provider import NETWORK_NAME
from provisioner.catalog.private_link import ZONES, is_api_server_zone
from provisioner.catalog.resource_type import (
    ComputationContext,
    ListRead,
    ResourceType,
    SdkModel,
    WriteFlow,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json


def _computed_values(
    _resource: ResourceId, _body: Body, _context: ComputationContext
) -> Mapping[str, Json]:
    return {"properties": {"virtualNetworkLinkState": "Completed"}}


def _is_api_server_link(link: ResourceId) -> bool:
    """Return whether AKS created a link in a node resource group: the zone is its API server's.

    Source: AKS "Create a private AKS cluster".
    """
    return any(is_api_server_zone(link.names[0], cloud) for cloud in ZONES["api-server"])


TYPE = ResourceType(
    name="Microsoft.Network/privateDnsZones/virtualNetworkLinks",
    api_version=api_versions.PRIVATE_DNS,
    sdk=SdkModel("azure.mgmt.privatedns", "VirtualNetworkLink"),
    rule=NETWORK_NAME,
    lists=ListRead.PARENT,
    etag=True,
    # The SDK's create_or_update takes if_none_match, as the REST reference does.
    if_none_match=True,
    write=WriteFlow.ACCEPTED,
    seconds=35,
    missing_reference="CreateOrUpdateVirtualNetworkLinkFailed",
    computed=_computed_values,
    # 15 and not 50 ("Use tags to organize your Azure resources", limitations).
    most_tags=15,
    by_keeper=_is_api_server_link,
    adds="resolves its names in another network",
    adds_by=("properties.virtualNetwork.id",),
    adds_to={"properties.virtualNetwork.id": "resolves names in it by a zone of others"},
    fields={
        # A child resource, but a tracked one: it has a location and tags.
        "location": Field(default="global", compare=Compare.LOCATION, create_only=True),
        "etag": Field(read_only=True),
        "properties.virtualNetwork.id": Field(
            compare=Compare.RESOURCE_ID,
            create_only=True,
            security=True,
            disruption=Disruption.CONNECTIONS,
        ),
        "properties.registrationEnabled": Field(default=False, security=True),
        # NxDomainRedirect resolves names without a record in the zone by public DNS.
        "properties.resolutionPolicy": Field(
            default="Default", answered=Answered.STATED, security=True
        ),
    },
)
