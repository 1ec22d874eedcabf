"""Private endpoint connections of a resource, read from the private endpoints that connect to it.

Source: "Manage private endpoint connections" of Private Link and the REST references of Key Vault,
Storage and Container Registry, whose resources list them in `properties` too. The names of
connections are the built-in Azure's own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from provisioner.catalog.service_actions import PRIVATE_ENDPOINT
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.simulator.bodies.body_paths import value_at
from provisioner.simulator.state.cloud import Cloud, stable_guid
from provisioner.simulator.state.records import Record

LISTED = "privateEndpointConnections"
"""The kind of the connections below a resource, and the property that lists them."""
STATE = "properties.privateLinkServiceConnectionState"
_KINDS = ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")


@dataclass(frozen=True, slots=True)
class EndpointConnection:
    """A connection of a private endpoint to a resource: its position in the endpoint's body."""

    name: str
    endpoint: Record
    kind: str
    position: int

    @property
    def entry(self) -> dict[str, Any]:
        """The connection in the endpoint's body."""
        entries = value_at(self.endpoint.body, f"properties.{self.kind}")
        found: dict[str, Any] = entries[self.position]
        return found


def connections_to(cloud: Cloud, target: ResourceId) -> Iterator[EndpointConnection]:
    """Yield the connections to a resource, without removed ones."""
    for endpoint in cloud.store.resources.referring_to(target.key):
        if endpoint.type != PRIVATE_ENDPOINT:
            continue
        for kind in _KINDS:
            entries = value_at(endpoint.body, f"properties.{kind}")
            for position, entry in enumerate(entries if isinstance(entries, (list, tuple)) else ()):
                named = parse_resource_id(value_at(entry, "properties.privateLinkServiceId"))
                if named == target and value_at(entry, f"{STATE}.status") != "Disconnected":
                    name = f"{endpoint.id.name}.{stable_guid(target.text, endpoint.id.text)}"
                    yield EndpointConnection(name, endpoint, kind, position)


def show_connection(row: Record, connection: EndpointConnection) -> dict[str, Any]:
    """Return the JSON of a connection, as the resource's provider answers it."""
    groups = value_at(connection.entry, "properties.groupIds")
    return {
        "id": f"{row.id.text}/{LISTED}/{connection.name}",
        "name": connection.name,
        "type": f"{row.type}/{LISTED}",
        "properties": {
            "privateEndpoint": {"id": connection.endpoint.id.text},
            "groupIds": list(groups) if isinstance(groups, (list, tuple)) else [],
            "privateLinkServiceConnectionState": value_at(connection.entry, STATE),
            "provisioningState": "Succeeded",
        },
    }


def listed_connections(cloud: Cloud, row: Record) -> list[dict[str, Any]]:
    """Return the connections for the resource's body; none if its model has no such list."""
    found = [show_connection(row, one) for one in connections_to(cloud, row.id)]
    if not found or cloud.catalog.schemas.find(row.type, ("properties", LISTED)) is None:
        return []
    return found
