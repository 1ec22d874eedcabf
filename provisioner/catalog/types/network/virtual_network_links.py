"""Links of private DNS zones to virtual networks. Facts: guidelines.md NET-08 and §3.3, and
the recorded pairs of the type."""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Answered, Compare, Disruption, Field
from provisioner.catalog.resource_type import (
    ListRead,
    NameRule,
    ResourceType,
    SdkModel,
    Surroundings,
    WriteFlow,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json


def _computed(_resource: ResourceId, _body: Body, _around: Surroundings) -> Mapping[str, Json]:
    return {"properties": {"virtualNetworkLinkState": "Completed"}}


TYPE = ResourceType(
    name="Microsoft.Network/privateDnsZones/virtualNetworkLinks",
    api_version=api_versions.PRIVATE_DNS,
    sdk=SdkModel("azure.mgmt.privatedns", "VirtualNetworkLink"),
    rule=NameRule(
        r"[a-zA-Z0-9](?:[a-zA-Z0-9_.-]{0,78}[a-zA-Z0-9_])?",
        "1 to 80 letters, digits, underscores, periods and hyphens, starting with a letter or "
        "digit and ending with one or an underscore",
    ),
    lists=ListRead.PARENT,
    etag=True,
    write=WriteFlow.ACCEPTED,
    seconds=35,
    missing_reference="CreateOrUpdateVirtualNetworkLinkFailed",
    computed=_computed,
    fields={
        # A child, and yet a tracked resource: it has a place and tags of its own.
        "location": Field(default="global", compare=Compare.LOCATION, create_only=True),
        "etag": Field(read_only=True),
        "properties.virtualNetwork.id": Field(
            compare=Compare.RESOURCE_ID,
            create_only=True,
            security=True,
            disruption=Disruption.CONNECTIONS,
        ),
        "properties.registrationEnabled": Field(default=False, security=True),
        # NxDomainRedirect asks the public DNS where the zone has no answer.
        "properties.resolutionPolicy": Field(
            default="Default", answered=Answered.STATED, security=True
        ),
    },
)
