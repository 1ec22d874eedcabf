"""RESOURCE/privateEndpointConnections: who has a private endpoint to a resource, and whether its
owner approves.

Source: "Manage private endpoint connections" of Private Link (Pending, Approved, Rejected,
Disconnected) and "Private Endpoint Connections" of the REST references of Key Vault, Storage and
others. The connection is kept in the endpoint, which it changes: its state, and the names of an
endpoint once it is approved. The names of connections are the built-in Azure's own.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from provisioner.catalog.service_actions import PRIVATE_ENDPOINT
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Json
from provisioner.simulator.actions.targets import bad_request, require_resource
from provisioner.simulator.arm.removal import check_unlocked
from provisioner.simulator.arm.writing import write_resource
from provisioner.simulator.bodies.body_paths import put, thaw, value_at
from provisioner.simulator.protocol.errors import RefusalError, invalid_type
from provisioner.simulator.protocol.exchange import Answer, Request
from provisioner.simulator.state.cloud import Cloud, stable_guid
from provisioner.simulator.state.records import Record

_KINDS = ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")
_STATE = "properties.privateLinkServiceConnectionState"
_DECISIONS = ("Approved", "Rejected")
_GONE: Json = {"status": "Disconnected", "description": "Deleted", "actionsRequired": "None"}


@dataclass(frozen=True, slots=True)
class _Connection:
    """A connection of an endpoint to a resource: where it stands in the endpoint's body."""

    name: str
    endpoint: Record
    kind: str
    position: int

    @property
    def entry(self) -> dict[str, Any]:
        entries = value_at(self.endpoint.body, f"properties.{self.kind}")
        found: dict[str, Any] = entries[self.position]
        return found


def list_connections(cloud: Cloud, request: Request, target: str) -> Answer:
    """Answer the connections of a resource."""
    row = _target(cloud, request, target)
    return Answer(200, {"value": [_show(row, one) for one in _connections(cloud, row)]})


def get_connection(cloud: Cloud, request: Request, target: str, connection: str) -> Answer:
    """Answer one connection."""
    row = _target(cloud, request, target)
    return Answer(200, _show(row, _find(cloud, row, connection)))


def put_connection(cloud: Cloud, request: Request, target: str, connection: str) -> Answer:
    """Answer a decision of the owner: a connection is approved or rejected, and either later."""
    row = _target(cloud, request, target)
    found = _find(cloud, row, connection)
    check_unlocked(cloud, row.id, row.body, deleting=False)
    stated = value_at(request.read_object(), _STATE)
    status = value_at(stated, "status")
    if status not in _DECISIONS:
        raise bad_request(
            f"{_STATE}.status is '{status}' and has to be {' or '.join(_DECISIONS)}.", _STATE
        )
    description = value_at(stated, "description")
    told: Json = {
        "status": status,
        "description": description if isinstance(description, str) else "",
        "actionsRequired": "None",
    }
    _decide(cloud, found, told)
    return Answer(200, _show(row, _find(cloud, row, connection)))


def delete_connection(cloud: Cloud, request: Request, target: str, connection: str) -> Answer:
    """Answer a delete: the endpoint stays, and is `Disconnected`."""
    row = _target(cloud, request, target)
    found = next((one for one in _connections(cloud, row) if _is(one, connection)), None)
    if found is None:
        return Answer(204)
    check_unlocked(cloud, row.id, row.body, deleting=True)
    _decide(cloud, found, _GONE)
    return Answer(200)


def _target(cloud: Cloud, request: Request, target: str) -> Record:
    place = parse_resource_id(target)
    if place is None:
        raise invalid_type(request.path)
    return require_resource(cloud, place)


def _connections(cloud: Cloud, row: Record) -> Iterator[_Connection]:
    for endpoint in cloud.store.resources.referring_to(row.id.key):
        if endpoint.type != PRIVATE_ENDPOINT:
            continue
        for kind in _KINDS:
            entries = value_at(endpoint.body, f"properties.{kind}")
            for position, entry in enumerate(entries if isinstance(entries, (list, tuple)) else ()):
                named = parse_resource_id(value_at(entry, "properties.privateLinkServiceId"))
                status = value_at(entry, f"{_STATE}.status")
                if named == row.id and status != "Disconnected":
                    yield _Connection(_name(row.id, endpoint), endpoint, kind, position)


def _name(target: ResourceId, endpoint: Record) -> str:
    return f"{endpoint.id.name}.{stable_guid(target.text, endpoint.id.text)}"


def _is(connection: _Connection, name: str) -> bool:
    return connection.name.lower() == name.lower()


def _find(cloud: Cloud, row: Record, name: str) -> _Connection:
    for one in _connections(cloud, row):
        if _is(one, name):
            return one
    raise RefusalError(
        404,
        "ResourceNotFound",
        f"'{row.id.text}' has no private endpoint connection '{name}'.",
        by_provider=True,
    )


def _decide(cloud: Cloud, connection: _Connection, state: Json) -> None:
    """Put a connection in a state, and let the endpoint follow: its names come and go."""
    body: dict[str, Any] = thaw(connection.endpoint.body)
    put(body["properties"][connection.kind][connection.position], _STATE, state)
    row = replace(connection.endpoint, body=body)
    cloud.store.resources.put(row.id.key, row)
    resource_type = cloud.catalog.get(row.type)
    write_resource(cloud, resource_type, row.id, body, resource_type.api_version)


def _show(row: Record, connection: _Connection) -> Json:
    groups = value_at(connection.entry, "properties.groupIds")
    return {
        "id": f"{row.id.text}/privateEndpointConnections/{connection.name}",
        "name": connection.name,
        "type": f"{row.type}/privateEndpointConnections",
        "properties": {
            "privateEndpoint": {"id": connection.endpoint.id.text},
            "groupIds": list(groups) if isinstance(groups, (list, tuple)) else [],
            "privateLinkServiceConnectionState": value_at(connection.entry, _STATE),
            "provisioningState": "Succeeded",
        },
    }
