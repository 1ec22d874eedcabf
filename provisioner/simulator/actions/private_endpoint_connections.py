"""Private endpoint connections of a resource, and their approval by its owner.

Source: "Manage private endpoint connections" of Private Link (Pending, Approved, Rejected,
Disconnected) and "Private Endpoint Connections" of the REST references of Key Vault, Storage and
others. A connection is stored in its private endpoint, whose state and DNS names it changes.
"""

from dataclasses import replace
from typing import Any

from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import Json
from provisioner.simulator.actions.targets import BadRequestError, require_resource
from provisioner.simulator.arm.deletion import check_unlocked
from provisioner.simulator.arm.writes import write_resource
from provisioner.simulator.bodies.body_paths import mutable_copy, put, value_at
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
_DISCONNECTED: Json = {
    "status": "Disconnected",
    "description": "Deleted",
    "actionsRequired": "None",
}


def list_connections(cloud: Cloud, request: Request, target: str) -> Answer:
    """Answer the connections of a resource."""
    row = _target_record(cloud, request, target)
    shown: list[Json] = [show_connection(row, one) for one in connections_to(cloud, row.id)]
    return Answer(200, {"value": shown})


def get_connection(cloud: Cloud, request: Request, target: str, connection: str) -> Answer:
    """Answer one connection."""
    row = _target_record(cloud, request, target)
    return Answer(200, show_connection(row, _require_connection(cloud, row, connection)))


def put_connection(cloud: Cloud, request: Request, target: str, connection: str) -> Answer:
    """Answer the owner's decision: a connection is approved or rejected, and may be changed later.

    Raises:
        BadRequestError: the state is neither.
    """
    row = _target_record(cloud, request, target)
    found = _require_connection(cloud, row, connection)
    check_unlocked(cloud, row.id, row.body, deleting=False)
    requested = value_at(request.read_object(), STATE)
    status = value_at(requested, "status")
    if status not in _DECISIONS:
        raise BadRequestError(
            f"{STATE}.status is '{status}' and has to be {' or '.join(_DECISIONS)}.", STATE
        )
    description = value_at(requested, "description")
    state: Json = {
        "status": status,
        "description": description if isinstance(description, str) else "",
        "actionsRequired": "None",
    }
    _set_state(cloud, found, state)
    return Answer(200, show_connection(row, _require_connection(cloud, row, connection)))


def delete_connection(cloud: Cloud, request: Request, target: str, connection: str) -> Answer:
    """Answer a DELETE: the endpoint stays, and is `Disconnected`."""
    row = _target_record(cloud, request, target)
    found = _find_connection(cloud, row, connection)
    if found is None:
        return Answer(204)
    check_unlocked(cloud, row.id, row.body, deleting=True)
    _set_state(cloud, found, _DISCONNECTED)
    return Answer(200)


def _target_record(cloud: Cloud, request: Request, target: str) -> Record:
    target_id = parse_resource_id(target)
    if target_id is None:
        raise InvalidResourceTypeError(request.path)
    return require_resource(cloud, target_id)


def _find_connection(cloud: Cloud, row: Record, name: str) -> EndpointConnection | None:
    found = connections_to(cloud, row.id)
    return next((one for one in found if one.name.lower() == name.lower()), None)


def _require_connection(cloud: Cloud, row: Record, name: str) -> EndpointConnection:
    found = _find_connection(cloud, row, name)
    if found is None:
        raise RefusalError(
            404,
            "ResourceNotFound",
            f"'{row.id.text}' has no private endpoint connection '{name}'.",
            by_provider=True,
        )
    return found


def _set_state(cloud: Cloud, connection: EndpointConnection, state: Json) -> None:
    """Set the state of a connection, and update the endpoint's DNS configuration."""
    body: dict[str, Any] = mutable_copy(connection.endpoint.body)
    put(body["properties"][connection.kind][connection.position], STATE, state)
    row = replace(connection.endpoint, body=body)
    cloud.store.resources.put(row.id.key, row)
    resource_type = cloud.catalog.get(row.type)
    write_resource(cloud, resource_type, row.id, body, resource_type.api_version)
