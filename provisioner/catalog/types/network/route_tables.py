"""Route tables.

Routes are embedded in the body and are child resources too (`routes`). A PUT deletes the routes
that it does not state, so the whole list is compared, by name. `disableBgpRoutePropagation` decides
whether gateway routes apply, a change that drops connections.

Facts: guidelines.md §2.3 and §3.3, and the recorded pairs of the type.
"""

from provisioner.catalog import api_versions
from provisioner.catalog.field import Answered, Disruption, Field
from provisioner.catalog.network_provider import NETWORK_NAME, compute_guid
from provisioner.catalog.resource_type import (
    Embedded,
    ResourceType,
    SdkModel,
)

TYPE = ResourceType(
    name="Microsoft.Network/routeTables",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "RouteTable"),
    rule=NETWORK_NAME,
    etag=True,
    seconds=3,
    in_use="InUseRouteTableCannotBeDeleted",
    occupants={"properties.subnets": ("Microsoft.Network/virtualNetworks/subnets",)},
    computed=compute_guid,
    embedded=(Embedded("properties.routes", "Microsoft.Network/routeTables/routes", kept=False),),
    fields={
        # A PUT deletes routes that it does not state: an undeclared route is a change.
        "properties.routes": Field(
            default=(), keys=("name",), security=True, disruption=Disruption.CONNECTIONS
        ),
        # With propagation, routes learned by a gateway compete with the route to the firewall.
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
