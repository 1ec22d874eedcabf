"""RESOURCE/privateEndpointConnections: who has a private endpoint to a resource, and whether its
owner approves.

Source: "Manage private endpoint connections" of Private Link (Pending, Approved, Rejected,
Disconnected) and "Private Endpoint Connections" of the REST references of Key Vault, Storage and
others. The connection is kept in the endpoint, which it changes: its state, and the names of an
endpoint once it is approved.
"""

from dataclasses import replace
from typing import Any

from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import Json
from provisioner.simulator.actions.targets import BadRequestError, require_resource
from provisioner.simulator.arm.deletion import check_unlocked
from provisioner.simulator.arm.writes import write_resource
from provisioner.simulator.bodies.body_paths import put, thaw, value_at
from provisioner.simulator.bodies.endpoint_connections import (
    STATE,
    EndpointConnection,
    connections_to,
    show_connection,
)
from provisioner.simulator.protocol.errors import InvalidResourceTypeError, RefusalError
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Record

_DECISIONS = ("Approved", "Rejected")
_GONE: Json = {"status": "Disconnected", "description": "Deleted", "actionsRequired": "None"}


def list_connections(cloud: Cloud, request: Request, target: str) -> Answer:
    """Answer the connections of a resource."""
    row = _target(cloud, request, target)
    shown: list[Json] = [show_connection(row, one) for one in connections_to(cloud, row.id)]
    return Answer(200, {"value": shown})


def get_connection(cloud: Cloud, request: Request, target: str, connection: str) -> Answer:
    """Answer one connection."""
    row = _target(cloud, request, target)
    return Answer(200, show_connection(row, _require(cloud, row, connection)))


def put_connection(cloud: Cloud, request: Request, target: str, connection: str) -> Answer:
    """Answer a decision of the owner: a connection is approved or rejected, and either later."""
    row = _target(cloud, request, target)
    found = _require(cloud, row, connection)
    check_unlocked(cloud, row.id, row.body, deleting=False)
    stated = value_at(request.read_object(), STATE)
    status = value_at(stated, "status")
    if status not in _DECISIONS:
        raise BadRequestError(
            f"{STATE}.status is '{status}' and has to be {' or '.join(_DECISIONS)}.", STATE
        )
    description = value_at(stated, "description")
    told: Json = {
        "status": status,
        "description": description if isinstance(description, str) else "",
        "actionsRequired": "None",
    }
    _decide(cloud, found, told)
    return Answer(200, show_connection(row, _require(cloud, row, connection)))


def delete_connection(cloud: Cloud, request: Request, target: str, connection: str) -> Answer:
    """Answer a delete: the endpoint stays, and is `Disconnected`."""
    row = _target(cloud, request, target)
    found = _find(cloud, row, connection)
    if found is None:
        return Answer(204)
    check_unlocked(cloud, row.id, row.body, deleting=True)
    _decide(cloud, found, _GONE)
    return Answer(200)


def _target(cloud: Cloud, request: Request, target: str) -> Record:
    place = parse_resource_id(target)
    if place is None:
        raise InvalidResourceTypeError(request.path)
    return require_resource(cloud, place)


def _find(cloud: Cloud, row: Record, name: str) -> EndpointConnection | None:
    found = connections_to(cloud, row.id)
    return next((one for one in found if one.name.lower() == name.lower()), None)


def _require(cloud: Cloud, row: Record, name: str) -> EndpointConnection:
    found = _find(cloud, row, name)
    if found is None:
        raise RefusalError(
            404,
            "ResourceNotFound",
            f"'{row.id.text}' has no private endpoint connection '{name}'.",
            by_provider=True,
        )
    return found


def _decide(cloud: Cloud, connection: EndpointConnection, state: Json) -> None:
    """Put a connection in a state, and let the endpoint follow: its names come and go."""
    body: dict[str, Any] = thaw(connection.endpoint.body)
    put(body["properties"][connection.kind][connection.position], STATE, state)
    row = replace(connection.endpoint, body=body)
    cloud.store.resources.put(row.id.key, row)
    resource_type = cloud.catalog.get(row.type)
    write_resource(cloud, resource_type, row.id, body, resource_type.api_version)
