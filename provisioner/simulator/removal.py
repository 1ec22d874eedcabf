"""What goes with a resource that is deleted, and what keeps one from being deleted."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from provisioner.catalog.resource_type import ResourceType
from provisioner.model.resource_id import ResourceId, resource_group_id
from provisioner.simulator.body_paths import value_at
from provisioner.simulator.clock import format_time
from provisioner.simulator.cloud import Cloud
from provisioner.simulator.computing import refresh_around
from provisioner.simulator.errors import RefusalError
from provisioner.simulator.records import Deleted, Record


def remove_resource(cloud: Cloud, resource: ResourceId) -> None:
    """Remove a resource with its children, its extension resources and its managed group."""
    rows = cloud.store.resources
    row = rows.get(resource.key)
    for gone in [*rows.below(resource.key), *([row] if row else [])]:
        _remove_row(cloud, gone)
    if resource.is_container:
        for key, _ in cloud.store.deployments.items():
            if key.startswith(f"{resource.key}/"):
                cloud.store.deployments.remove(key)
    refresh_around(cloud, resource)


def _remove_row(cloud: Cloud, row: Record) -> None:
    resource_type = cloud.catalog.get(row.type)
    cloud.store.resources.remove(row.id.key)
    _release_addresses(cloud, row.id)
    if resource_type.soft_delete is not None:
        _keep_deleted(cloud, resource_type, row)
    group = managed_group(resource_type, row.id, row.body)
    if group is not None:
        remove_resource(cloud, group)


def _release_addresses(cloud: Cloud, resource: ResourceId) -> None:
    for key, _ in cloud.store.addresses.items():
        subnet, _, owner = key.partition("|")
        if resource.key in (owner, subnet) or owner.startswith(f"{resource.key}/"):
            cloud.store.addresses.remove(key)


def _keep_deleted(cloud: Cloud, resource_type: ResourceType, row: Record) -> None:
    facts = resource_type.soft_delete
    days = value_at(row.body, facts.retention) if facts else None
    if facts is not None:
        kept = days if isinstance(days, int) else facts.default_days
        now = cloud.now()
        cloud.store.deleted.put(
            row.id.key, Deleted(row, format_time(now), format_time(now + timedelta(days=kept)))
        )


def managed_group(
    resource_type: ResourceType, resource: ResourceId, body: Mapping[str, Any]
) -> ResourceId | None:
    """Return the id of the resource group that Azure keeps for a resource, or None."""
    name = value_at(body, resource_type.managed_group) if resource_type.managed_group else None
    if isinstance(name, str) and resource.subscription is not None:
        return resource_group_id(resource.subscription, name)
    return None


def check_unused(cloud: Cloud, resource: ResourceId) -> None:
    """Raise RefusalError where something outside of a resource points to it or into it."""
    rows = cloud.store.resources
    for row in _members(cloud, resource):
        resource_type = cloud.catalog.get(row.type)
        users = [
            user
            for user in rows.referring_to(row.id.key)
            if resource_type.in_use and not user.id.is_within(resource)
        ]
        if users and resource_type.in_use:
            code = "ResourceGroupDeletionBlocked" if resource.is_container else resource_type.in_use
            raise RefusalError(
                409 if resource.is_container else 400,
                code,
                f"Resource {row.id.text} cannot be deleted because it is in use by "
                f"{', '.join(user.id.text for user in users)}.",
                by_provider=True,
            )


def _members(cloud: Cloud, resource: ResourceId) -> Iterator[Record]:
    row = cloud.store.resources.get(resource.key)
    if row is not None:
        yield row
    yield from cloud.store.resources.below(resource.key)


def check_unlocked(cloud: Cloud, resource: ResourceId, *, deleting: bool) -> None:
    """Raise RefusalError where a lock at, above or (for a delete) below a resource says so.

    CanNotDelete forbids deletes, ReadOnly every write. A lock does not guard itself.
    """
    own_type = cloud.catalog.of(resource)
    if own_type is not None and own_type.lock_level is not None:
        return
    for resource_type in cloud.catalog:
        for lock in _locks(cloud, resource_type):
            scope = lock.id.scope
            guarded = scope is not None and (
                resource.is_within(scope) or (deleting and scope.is_within(resource))
            )
            level = str(value_at(lock.body, resource_type.lock_level or "")).lower()
            if guarded and (level == "readonly" or (deleting and level == "cannotdelete")):
                verb = "delete" if deleting else "write"
                raise RefusalError(
                    409,
                    "ScopeLocked",
                    f"The scope '{resource.text}' cannot perform {verb} operation because "
                    f"following scope(s) are locked: '{scope}'. "
                    "Please remove the lock and try again.",
                )


def _locks(cloud: Cloud, resource_type: ResourceType) -> list[Record]:
    if resource_type.lock_level is None:
        return []
    return cloud.store.resources.of_type(resource_type.name)
