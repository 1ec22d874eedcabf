"""The Resource Graph table `resourcechanges`: the properties that a write changed, path by path.

Source: "Get resource changes" of Resource Graph (the shape; 14 days; less than five minutes; who
and which client, `System` for what no request did; a create or delete lists no paths) and "Analyze
changes to your Azure resources" (what is in the table `resources` only: neither extension resources
nor most children; a child that its parent's body holds is a change of the parent).
"""

import uuid
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from provisioner.catalog.client_applications import client_name
from provisioner.catalog.endpoints import CHANGE_TYPE
from provisioner.catalog.resource_type import ResourceType, Scope
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.simulator.bodies.responses import render
from provisioner.simulator.state.clock import parse_time
from provisioner.simulator.state.cloud import Cloud, WatchedResource
from provisioner.simulator.state.records import Change, ChangeType, Origin, Record

RETENTION = timedelta(days=14)
_DELAY = 100.0
"""Seconds until a change is in the table: "less than five minutes"."""
_MOST_PATHS = 100
_LONGEST_VALUE = 500
_UNTRACKED = frozenset({"id", "name", "type", "etag", "systemData"})
_NO_CORRELATION = "00000000-0000-0000-0000-000000000000"


def watch_resource(cloud: Cloud, resource: ResourceId, origin: Origin | None, at: str = "") -> None:
    """Remember a write to a resource before it is carried out.

    `at` is when it takes effect, "" for now.
    """
    if origin is None or cloud.catalog.of(resource) is None:
        return
    root = _tracked_resource(cloud, resource)
    row = cloud.store.resources.get(root.key)
    before = render(cloud, row) if row is not None else None
    cloud.watched.setdefault(root.key, WatchedResource(origin, at or cloud.stamp(), before))


def watch_request(cloud: Cloud) -> None:
    """Remember the target of the current write."""
    resource = parse_resource_id(cloud.origin.target) if cloud.origin is not None else None
    if resource is not None:
        watch_resource(cloud, resource, cloud.origin)


def commit_with_changes(cloud: Cloud) -> None:
    """Log the changes since the last commit, and commit them."""
    rows = cloud.store.resources
    changed = rows.changed()
    roots: dict[str, ResourceId] = {}
    for key, before in changed.items():
        row = rows.get(key) or before
        if row is not None:
            root = _tracked_resource(cloud, row.id)
            roots.setdefault(root.key, root)
    for key, root in roots.items():
        row, watched = rows.get(key), cloud.watched.get(key)
        earlier = changed.get(key, row)
        if watched is not None and row is not None:
            _append_change(cloud, root, watched, watched.before, render(cloud, row))
        elif earlier is not row:
            deletion = _deleting_write(cloud, root) if row is None else None
            _append_change(cloud, root, deletion, _body_of(earlier), _body_of(row))
    cloud.watched.clear()
    cloud.store.commit()


def rollback(cloud: Cloud) -> None:
    """Undo the changes since the last commit."""
    cloud.watched.clear()
    cloud.store.rollback()


def _tracked_resource(cloud: Cloud, resource: ResourceId) -> ResourceId:
    """Return the resource whose body contains a child, or the resource itself."""
    parent = resource.parent
    parent_type = cloud.catalog.of(parent) if parent is not None else None
    child_type = cloud.catalog.of(resource)
    if parent is None or parent_type is None or child_type is None:
        return resource
    if any(entry.child == child_type.name for entry in parent_type.embedded):
        return _tracked_resource(cloud, parent)
    return resource


def _deleting_write(cloud: Cloud, resource: ResourceId) -> WatchedResource | None:
    """Return the write that deleted a resource, directly or with its parent."""
    for place in (resource, *resource.ancestors):
        if place.key in cloud.watched:
            return cloud.watched[place.key]
    return None


def _body_of(row: Record | None) -> Mapping[str, Any] | None:
    return None if row is None else row.body


def _append_change(
    cloud: Cloud,
    resource: ResourceId,
    write: WatchedResource | None,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> None:
    resource_type = cloud.catalog.of(resource)
    if resource_type is None or not _is_tracked(resource, resource_type):
        return
    kind = ChangeType.UPDATE
    if before is None or after is None:
        kind = ChangeType.CREATE if before is None else ChangeType.DELETE
    changes = _compare_bodies(before, after) if before is not None and after is not None else {}
    if kind is ChangeType.UPDATE and not changes:
        return
    at = write.at if write is not None else cloud.stamp()
    change = Change(
        id=str(uuid.uuid4()),
        target=cloud.canonical(resource).text,
        type=resource_type.name,
        kind=kind,
        origin=write.origin if write is not None else None,
        at=at,
        shown=cloud.stamp_after(_DELAY, at),
        changes=changes,
    )
    cloud.store.changes.append(change.id, change)


def _is_tracked(resource: ResourceId, resource_type: ResourceType) -> bool:
    if resource.is_container or resource_type.scope is Scope.EXTENSION:
        return False
    return resource.parent is None or resource_type.has_location


def _compare_bodies(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> dict[str, tuple[str | None, str | None]]:
    """Return the differences between two bodies by path, at most 100."""
    old, new = dict(_leaf_values(before)), dict(_leaf_values(after))
    paths = [path for path in {**old, **new} if old.get(path) != new.get(path)]
    return {path: (old.get(path), new.get(path)) for path in paths[:_MOST_PATHS]}


def _leaf_values(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield (path, value as text); entries of a list are numbered."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            if path or name not in _UNTRACKED:
                yield from _leaf_values(item, f"{path}.{name}" if path else name)
    elif isinstance(value, (list, tuple)):
        for position, item in enumerate(value):
            yield from _leaf_values(item, f"{path}[{position}]")
    elif value is not None and path.rpartition(".")[2] != "etag":
        yield path, str(value)[:_LONGEST_VALUE]


def show_change(change: Change) -> dict[str, Any]:
    """Return a row of the table, as a query sees it."""
    target = ResourceId.parse(change.target)
    name = f"{int(parse_time(change.at).timestamp() * 10_000_000):020d}_{change.id}"
    attributes: dict[str, Any] = {
        "previousResourceSnapshotId": "",
        "newResourceSnapshotId": "",
        "changesCount": len(change.changes),
        "timestamp": change.at,
        **_actor_attributes(change.origin),
    }
    return {
        "id": f"{change.target}/providers/{CHANGE_TYPE}/{name}",
        "name": name,
        "type": CHANGE_TYPE.lower(),
        "resourceGroup": (target.resource_group or "").lower(),
        "subscriptionId": target.subscription or "",
        "properties": {
            "targetResourceId": change.target,
            "targetResourceType": change.type.lower(),
            "changeType": change.kind.value,
            "changeAttributes": attributes,
            "changes": {
                path: {"previousValue": before, "newValue": after}
                for path, (before, after) in change.changes.items()
            },
        },
    }


def _actor_attributes(origin: Origin | None) -> dict[str, str]:
    if origin is None:
        return {
            "correlationId": _NO_CORRELATION,
            "changedByType": "System",
            "changedBy": "System",
            "clientType": "Unspecified",
            "operation": "Unspecified",
        }
    is_application = origin.name is None and origin.app_id is not None
    return {
        "correlationId": origin.correlation,
        "changedByType": "Application" if is_application else "User",
        "changedBy": origin.name or origin.caller,
        "clientType": client_name(origin.app_id) if origin.app_id else "Unspecified",
        "operation": origin.action,
    }
