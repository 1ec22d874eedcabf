"""The body that GET returns for a resource.

Children, users, counts, provisioning state and ETag are not stored in a body: they are added here
from where they are stored once, so that no two bodies contradict each other.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from provisioner.catalog.resource_type import Embedded, ResourceType
from provisioner.catalog.schema import Kind
from provisioner.model.resource_id import ResourceId
from provisioner.simulator.bodies.body_paths import mutable_copy, put, remove, split_path
from provisioner.simulator.bodies.endpoint_connections import LISTED, listed_connections
from provisioner.simulator.bodies.lease_states import show_lease
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import OperationKind, Record


def render(cloud: Cloud, row: Record) -> dict[str, Any]:
    """Return the body that GET returns: the stored one, with children, state, ETag and lease."""
    resource_type = cloud.catalog.get(row.type)
    body: dict[str, Any] = {"id": row.id.text, "name": row.id.name, "type": resource_type.name}
    body |= row.body
    _show_etag(cloud, resource_type, row, body)
    for path, value in occupants(cloud, resource_type, row).items():
        _copy_parents(body, path)
        put(body, path, value)
    for embedded in resource_type.embedded:
        _copy_parents(body, embedded.path)
        put(body, embedded.path, embedded_entries(cloud, embedded, row))
    for path, is_counted in resource_type.counts.items():
        children = cloud.store.resources.inside(row.id.key)
        _copy_parents(body, path)
        put(body, path, sum(is_counted(child.type, child.body) for child in children))
    # The stored state is the final one; while an operation runs, GET shows its own (guidelines.md
    # §3.1).
    if row.operation is not None:
        running = cloud.store.operations.get(row.operation)
        if running is not None and not running.settled:
            created = running.kind is OperationKind.CREATE
            show_state(body, resource_type.creating if created else running.kind.value)
    connections = listed_connections(cloud, row)
    if connections:
        body["properties"] = {**(body.get("properties") or {}), LISTED: connections}
    lease = show_lease(cloud, row.id)
    if lease:
        body["properties"] = {**(body.get("properties") or {}), **lease}
    if cloud.catalog.schemas.root(row.type).find("systemData") is not None:
        body["systemData"] = _system_data(row)
    return body


def occupants(cloud: Cloud, resource_type: ResourceType, row: Record) -> Mapping[str, Any]:
    """Return the lists of resources that use or are in a resource, by path.

    Empty lists are left out; a property that holds one resource has a single entry.
    """
    if not resource_type.occupants:
        return {}
    users = [user.id for user in cloud.store.resources.referring_to(row.id.key)]
    named: dict[str, Any] = {}
    for path, types in resource_type.occupants.items():
        entries = [{"id": text} for text in _user_ids(users, types)]
        prop = cloud.catalog.schemas.find(row.type, path.split("."))
        if entries:
            is_list = prop is None or prop.shape.kind is Kind.LIST
            named[path] = entries if is_list else entries[0]
    return named


def _user_ids(users: Iterable[ResourceId], types: Collection[str]) -> list[str]:
    """Return the ids of users of these types, or of their parents of these types, each once."""
    found: dict[str, str] = {}
    for user in users:
        known: ResourceId | None = user
        while known is not None and known.type not in types:
            known = known.parent
        if known is not None:
            found.setdefault(known.key, known.text)
    return list(found.values())


def embedded_entries(cloud: Cloud, embedded: Embedded, row: Record) -> list[dict[str, Any]]:
    """Return the children of a resource as entries of a list in its body."""
    children = (
        child
        for child in cloud.store.resources.inside(row.id.key)
        if child.type.lower() == embedded.child.lower()
    )
    if embedded.flattened:
        return [{"name": child.id.name, **_properties_of(child)} for child in children]
    return [render(cloud, child) for child in children]


def with_children(cloud: Cloud, resource_type: ResourceType, row: Record) -> dict[str, Any]:
    """Return a copy of a record's body with the lists of its children."""
    complete: dict[str, Any] = mutable_copy(row.body)
    for embedded in resource_type.embedded:
        put(complete, embedded.path, mutable_copy(embedded_entries(cloud, embedded, row)))
    return complete


def remove_children(resource_type: ResourceType, body: dict[str, Any]) -> None:
    """Remove the lists of children from `body`: children are stored as records of their own."""
    for embedded in resource_type.embedded:
        remove(body, split_path(embedded.path))


def show_state(body: dict[str, Any], state: str) -> None:
    """Set the provisioning state in `body`, if it has one."""
    properties = body.get("properties")
    if isinstance(properties, Mapping) and "provisioningState" in properties:
        body["properties"] = {**properties, "provisioningState": state}


def etag_of(cloud: Cloud, row: Record) -> str:
    """Return the ETag of a resource, without quotes.

    A child that the parent's body contains has the parent's: a write to a virtual network changes
    the ETags of its subnets, and the other way round.
    """
    parent_id = row.id.parent
    parent = cloud.store.resources.get(parent_id.key) if parent_id else None
    if parent is not None:
        for embedded in cloud.catalog.get(parent.type).embedded:
            if embedded.child == row.type and not embedded.flattened:
                return etag_of(cloud, parent)
    return row.etag


def quote_etag(etag: str) -> str:
    """Return an ETag as header and body have it."""
    return f'W/"{etag}"'


def _show_etag(
    cloud: Cloud, resource_type: ResourceType, row: Record, body: dict[str, Any]
) -> None:
    """Set the ETag where the type's model has it: at the top, or in the properties."""
    etag = quote_etag(etag_of(cloud, row))
    for path in ((), ("properties",)):
        model = cloud.catalog.schemas.model_at(resource_type.name, path)
        prop = model.find("etag") if model else None
        if prop is None:
            continue
        if path:
            body["properties"] = {**_properties_of(row), prop.name: etag}
        else:
            body[prop.name] = etag
        return


def _properties_of(row: Record) -> Mapping[str, Any]:
    properties = row.body.get("properties")
    return properties if isinstance(properties, Mapping) else {}


def _copy_parents(body: dict[str, Any], path: str) -> None:
    """Replace the objects above `path` by copies: a stored body is never changed in place."""
    for step in path.split(".")[:-1]:
        body[step] = dict(body.get(step) or {})
        body = body[step]


def _system_data(row: Record) -> dict[str, str]:
    return {
        "createdBy": row.created_by or "local",
        "createdByType": _author_type(row.created_by),
        "createdAt": row.created,
        "lastModifiedBy": row.modified_by or "local",
        "lastModifiedByType": _author_type(row.modified_by),
        "lastModifiedAt": row.modified,
    }


def _author_type(author: str) -> str:
    return "User" if "@" in author or not author else "Application"
