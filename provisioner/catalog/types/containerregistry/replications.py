"""Geo-replications of a container registry, one per region.

Azure adds the one in the registry's own region together with the first of another region. A
replication is a child resource and still has a location and tags.

Facts: "Geo-replication in Azure Container Registry".
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field
from provisioner.catalog.resource_type import (
    ComputationContext,
    DeleteFlow,
    ListRead,
    NameRule,
    ResourceType,
    SdkModel,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json


def _computed_values(
    _resource: ResourceId, _body: Body, _context: ComputationContext
) -> Mapping[str, Json]:
    return {"properties": {"status": {"displayStatus": "Ready"}}}


TYPE = ResourceType(
    name="Microsoft.ContainerRegistry/registries/replications",
    api_version=api_versions.CONTAINER_REGISTRY,
    sdk=SdkModel("azure.mgmt.containerregistry", "Replication"),
    rule=NameRule(r"[a-zA-Z0-9]{5,50}", "5 to 50 letters and digits: the name of the region"),
    lists=ListRead.PARENT,
    delete=DeleteFlow.LOCATION,
    seconds=60,
    loss=Disruption.CONNECTIONS,
    computed=_computed_values,
    adds="copies its images to another region",
    adds_by=("location",),
    fields={
        # A child resource, but a tracked one: it has a location and tags.
        "location": Field(compare=Compare.LOCATION, create_only=True),
        "properties.regionEndpointEnabled": Field(default=True, security=True),
        "properties.zoneRedundancy": Field(
            default="Disabled", compare=Compare.CASELESS, create_only=True
        ),
    },
)
