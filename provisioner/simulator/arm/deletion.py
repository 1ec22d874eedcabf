"""Deletion: what is deleted with a resource, and what forbids it (users, children, locks).

The checks are separate from the removal: a PUT that leaves a child out, a deployment in mode
Complete and a move each need some of them.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from typing import Any

from provisioner.catalog.resource_type import ResourceType
from provisioner.model.resource_id import ResourceId, parse_resource_id, resource_group_id
from provisioner.simulator.bodies.body_paths import split_path, value_at, values_at
from provisioner.simulator.bodies.computed_values import LocalComputationContext, refresh_around
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.state.clock import format_time
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import Deleted, Record


def remove_resource(cloud: Cloud, resource: ResourceId) -> None:
    """Remove a resource with its children, extension resources and managed resource group.

    No check is made here; `resources.delete_resource` makes them before.
    """
    rows = cloud.store.resources
    row = rows.get(resource.key)
    # Children and extension resources first. Recovering a soft-deleted vault does not bring its
    # role assignments back (guidelines.md §2.8).
    for removed in [*rows.below(resource.key), *([row] if row else [])]:
        _remove_row(cloud, removed)
    if resource.is_container:
        for key, _ in cloud.store.deployments.items():
            if key.startswith(f"{resource.key}/"):
                cloud.store.deployments.remove(key)
    refresh_around(cloud, resource)


def _remove_row(cloud: Cloud, row: Record) -> None:
    resource_type = cloud.catalog.get(row.type)
    cloud.store.resources.remove(row.id.key)
    # The count makes the ids of a resource that is created again under its name differ from the
    # first ones.
    cloud.store.generations.put(
        row.id.key, str(int(cloud.store.generations.get(row.id.key) or 0) + 1)
    )
    cloud.store.leases.remove(row.id.key)
    for key, _ in cloud.store.blobs.items():
        if key.startswith(f"{row.id.key}|"):
            cloud.store.blobs.remove(key)
    for key, _ in cloud.store.service_state.items():
        if key.startswith(f"{row.id.key}|"):
            cloud.store.service_state.remove(key)
    _release_addresses(cloud, row.id)
    remove_kept(cloud, resource_type, row)
    if resource_type.soft_delete is not None:
        _record_soft_delete(cloud, resource_type, row)
    group = managed_group(resource_type, row.id, row.body)
    if group is not None:
        remove_resource(cloud, group)


def remove_kept(
    cloud: Cloud, resource_type: ResourceType, row: Record, but: Collection[str] = ()
) -> None:
    """Remove what a service keeps elsewhere for a resource (`ResourceType.keeps`).

    `but` are keys to leave. A kept resource whose body somebody changed is no longer the service's,
    and stays (inferred).
    """
    for text, _document in resource_type.keeps(row.id, row.body, LocalComputationContext(cloud)):
        kept = cloud.store.resources.get(ResourceId.parse(text).key)
        if kept is None or kept.id.key in but:
            continue
        if resource_type.is_as_made(row.body, kept.id, kept.body):
            remove_resource(cloud, kept.id)


def _release_addresses(cloud: Cloud, resource: ResourceId) -> None:
    for key, _ in cloud.store.addresses.items():
        subnet, _, owner = key.partition("|")
        if resource.key in (owner, subnet) or owner.startswith(f"{resource.key}/"):
            cloud.store.addresses.remove(key)


def _record_soft_delete(cloud: Cloud, resource_type: ResourceType, row: Record) -> None:
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
    """Return the id of the resource group that Azure manages for a resource, or None."""
    name = value_at(body, resource_type.managed_group) if resource_type.managed_group else None
    if isinstance(name, str) and resource.subscription is not None:
        return resource_group_id(resource.subscription, name)
    return None


def check_unused(cloud: Cloud, resource: ResourceId) -> None:
    """Check that nothing outside refers to a resource or its children, and no child blocks it.

    Raises:
        RefusalError: something does.
    """
    _check_nested_resources(cloud, resource)
    for row in _resource_and_children(cloud, resource):
        resource_type = cloud.catalog.get(row.type)
        users = [
            user
            for user in (users_of(cloud, resource_type, row) if resource_type.in_use else ())
            if not user.id.is_within(resource)
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


def users_of(cloud: Cloud, resource_type: ResourceType, row: Record) -> list[Record]:
    """Return the resources that refer to one.

    A role definition is identified by its GUID alone: the id in an assignment may name another
    scope.
    """
    rows = cloud.store.resources
    if not resource_type.named_alone:
        return rows.referring_to(row.id.key)
    suffix = f"/providers/{resource_type.name}/{row.id.name}".lower()
    return [
        user for _, user in rows.items() if any(key.endswith(suffix) for key in user.references)
    ]


def _check_nested_resources(cloud: Cloud, resource: ResourceId) -> None:
    """Check that no tracked child blocks the deletion of its parent.

    ARM refuses the delete of a parent with tracked children; in the delete of a whole group it
    deletes the children first (Azure/azure-cli#13860).

    Raises:
        RefusalError: a child is left.
    """
    resource_type = cloud.catalog.of(resource)
    if resource_type is None or not resource_type.nested:
        return
    kept = {name.lower() for name in resource_type.nested}
    nested = [
        row.id for row in cloud.store.resources.inside(resource.key) if row.type.lower() in kept
    ]
    if nested:
        named = ", ".join(f"'{_provider_path(child)}'" for child in nested)
        raise RefusalError(
            409,
            "CannotDeleteResource",
            "Cannot delete resource while nested resources exist. Some existing nested resource "
            f"IDs include: {named}. Please delete all nested resources before deleting this "
            "resource.",
        )


def _provider_path(resource: ResourceId) -> str:
    return resource.text.rpartition("/providers/")[2]


def _resource_and_children(cloud: Cloud, resource: ResourceId) -> Iterator[Record]:
    row = cloud.store.resources.get(resource.key)
    if row is not None:
        yield row
    yield from cloud.store.resources.below(resource.key)


def check_unlocked(
    cloud: Cloud, resource: ResourceId, body: Mapping[str, Any], *, deleting: bool
) -> None:
    """Check that no lock at, above or (for a delete) below a resource forbids the request.

    CanNotDelete forbids deletes, ReadOnly every write. A lock does not protect itself. `body` is
    what is written or deleted: the resources that Azure writes along with it are checked too.

    Raises:
        RefusalError: a lock does.
    """
    own_type = cloud.catalog.of(resource)
    if own_type is None or own_type.lock_level is not None:
        return
    touched = [resource, *_written_targets(own_type, body)]
    holders = [resource, managed_group(own_type, resource, body)] if deleting else []
    for resource_type in cloud.catalog:
        for lock in _locks_of_type(cloud, resource_type):
            scope = lock.id.scope
            level = str(value_at(lock.body, resource_type.lock_level or "")).lower()
            if scope is None or not (level == "readonly" or (deleting and level == "cannotdelete")):
                continue
            refused = next((one for one in touched if one.is_within(scope)), None)
            if any(holder is not None and scope.is_within(holder) for holder in holders):
                refused = refused or resource
            if refused is not None:
                verb = "delete" if deleting else "write"
                raise RefusalError(
                    409,
                    "ScopeLocked",
                    f"The scope '{refused.text}' cannot perform {verb} operation because "
                    f"following scope(s) are locked: '{scope}'. "
                    "Please remove the lock and try again.",
                )


def _written_targets(resource_type: ResourceType, body: Mapping[str, Any]) -> Iterator[ResourceId]:
    """Yield the resources that Azure writes into along with a resource.

    The connection of a private endpoint is a child of its target, so a lock on the target blocks
    it.
    """
    for path in resource_type.reaches:
        for _, value in values_at(body, split_path(path)):
            target = parse_resource_id(value)
            if target is not None:
                yield target


def _locks_of_type(cloud: Cloud, resource_type: ResourceType) -> list[Record]:
    if resource_type.lock_level is None:
        return []
    return cloud.store.resources.of_type(resource_type.name)
