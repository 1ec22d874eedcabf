"""References between resources: the ARM ids of known types in a body.

They are stored with each record, so that "in use" (InUseSubnetCannotBeDeleted, guidelines.md §3.3)
is a look-up and not a search through all bodies.
"""

from collections.abc import Iterator, Mapping

from provisioner.catalog.resource_type import ResourceType
from provisioner.model.resource_id import SUBSCRIPTION, ResourceId, parse_resource_id
from provisioner.simulator.bodies.body_paths import Tree
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import OperationKind, Record


def find_references(cloud: Cloud, owner: ResourceId, body: Tree) -> list[tuple[str, ResourceId]]:
    """Return (path, id) of each resource of a known type that a body refers to.

    An id inside of a resource (a load balancer's frontend) counts as the resource. Ids of the owner
    itself and below it, and of subscriptions, are left out.
    """
    found: list[tuple[str, ResourceId]] = []
    for path, text in _possible_ids(body, ""):
        target = _resource_containing(cloud, parse_resource_id(text))
        if target is not None and target.type != SUBSCRIPTION and not target.is_within(owner):
            found.append((path, target))
    return found


def check_references(
    cloud: Cloud,
    resource_type: ResourceType,
    owner: ResourceId,
    references: list[tuple[str, ResourceId]],
) -> None:
    """Check that the references of a body exist and are ready, where the type checks them.

    References with an error code of their own are reported first.

    Raises:
        RefusalError: one does not exist, or is still being created.
    """
    for path, target in sorted(
        references, key=lambda one: one[1].type not in resource_type.missing
    ):
        row = cloud.find(target)
        if row is not None:
            _check_ready(cloud, resource_type, owner, row, path)
        elif not _is_built_in(cloud, target):
            status, code = resource_type.missing.get(
                target.type, (400, resource_type.missing_reference)
            )
            raise RefusalError(
                status,
                code,
                f"Resource {target.text} referenced by resource {owner.text} was not found. "
                "Please make sure that the referenced resource exists, and that both are in the "
                "same region.",
                target=path,
                by_provider=True,
            )


def _check_ready(
    cloud: Cloud, resource_type: ResourceType, owner: ResourceId, row: Record, path: str
) -> None:
    # Only some providers check the state of what they refer to (VirtualNetworkNotInSucceededState,
    # StorageProvisioningStateNotSucceeded; guidelines.md §3.3).
    refusal = resource_type.unready.get(row.type)
    operation = cloud.store.operations.get(row.operation) if row.operation else None
    if refusal is None or operation is None or operation.settled:
        return
    if operation.kind is OperationKind.CREATE:
        raise RefusalError(
            *refusal,
            f"Cannot proceed with operation because resource {row.id.text} used by resource "
            f"{owner.text} is not in Succeeded state.",
            target=path,
            by_provider=True,
        )


def _possible_ids(value: Tree, path: str) -> Iterator[tuple[str, str]]:
    """Yield every string that could be an id, keys of maps included (user-assigned identities)."""
    if isinstance(value, str):
        if value.startswith("/"):
            yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key.startswith("/"):
                yield path, key
            yield from _possible_ids(item, f"{path}.{key}" if path else key)
    elif isinstance(value, (list, tuple)):
        for position, item in enumerate(value):
            yield from _possible_ids(item, f"{path}[{position}]")


def _is_built_in(cloud: Cloud, target: ResourceId) -> bool:
    """Return whether a resource has no scope, such as a built-in policy definition.

    Those that the catalog lists (built-in roles) are found like all others.
    """
    return target.scope is None and not cloud.type_of(target).built_in


def _resource_containing(cloud: Cloud, resource: ResourceId | None) -> ResourceId | None:
    """Return the resource that an id names or is inside of; None if its type is not known."""
    while resource is not None and not (
        cloud.is_known(resource) or cloud.store.resources.get(resource.key) is not None
    ):
        resource = resource.parent
    return resource
