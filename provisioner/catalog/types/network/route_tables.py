"""Route tables. Facts: guidelines.md §2.3 and §3.3, and the recorded pairs of the type."""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Answered, Disruption, Field
from provisioner.catalog.resource_type import (
    Embedded,
    NameRule,
    ResourceType,
    SdkModel,
    Surroundings,
)
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json


def _computed(resource: ResourceId, _body: Body, around: Surroundings) -> Mapping[str, Json]:
    return {"properties": {"resourceGuid": around.guid(resource.text)}}


TYPE = ResourceType(
    name="Microsoft.Network/routeTables",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "RouteTable"),
    rule=NameRule(
        r"[a-zA-Z0-9](?:[a-zA-Z0-9_.-]{0,78}[a-zA-Z0-9_])?",
        "1 to 80 letters, digits, underscores, periods and hyphens, starting with a letter or "
        "digit and ending with one or an underscore",
    ),
    etag=True,
    seconds=3,
    in_use="InUseRouteTableCannotBeDeleted",
    computed=_computed,
    embedded=(Embedded("properties.routes", "Microsoft.Network/routeTables/routes", kept=False),),
    fields={
        # The whole list is the boundary: a route that nobody declared is a change.
        "properties.routes": Field(
            default=(), keys=("name",), security=True, disruption=Disruption.CONNECTIONS
        ),
        "properties.disableBgpRoutePropagation": Field(
            default=False, security=True, disruption=Disruption.CONNECTIONS
        ),
        "properties.disablePeeringRoute": Field(
            default="None",
            answered=Answered.STATED,
            security=True,
            disruption=Disruption.CONNECTIONS,
        ),
    },
)
