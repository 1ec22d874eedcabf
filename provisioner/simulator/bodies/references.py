"""References between resources: every ARM id in a body whose type is in the catalog."""

from collections.abc import Iterator, Mapping

from provisioner.catalog.resource_type import ResourceType
from provisioner.model.resource_id import SUBSCRIPTION, ResourceId, parse_resource_id
from provisioner.simulator.bodies.body_paths import Tree
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.records import OperationKind, Record


def find_references(cloud: Cloud, owner: ResourceId, body: Tree) -> list[tuple[str, ResourceId]]:
    """Return (path, id) of each resource of a known type that a body points to.

    An id of something inside a resource (a load balancer's frontend) counts as the resource. Ids
    of the owner itself and below it, and of subscriptions, are left out.
    """
    found: list[tuple[str, ResourceId]] = []
    for path, text in _strings(body, ""):
        target = _known(cloud, parse_resource_id(text))
        if target is not None and target.type != SUBSCRIPTION and not target.is_within(owner):
            found.append((path, target))
    return found


def check_references(
    cloud: Cloud,
    resource_type: ResourceType,
    owner: ResourceId,
    references: list[tuple[str, ResourceId]],
) -> None:
    """Raise RefusalError for the first reference to a resource that does not exist, or that is not
    there yet, where the type looks; what it has a code of its own for comes first."""
    for path, target in sorted(
        references, key=lambda one: one[1].type not in resource_type.missing
    ):
        row = cloud.find(target)
        if row is not None:
            _check_ready(cloud, resource_type, owner, row, path)
        elif not _is_azures_own(cloud, target):
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


def _strings(value: Tree, path: str) -> Iterator[tuple[str, str]]:
    """Yield every string that could be an id, keys of maps included (user-assigned identities)."""
    if isinstance(value, str):
        if value.startswith("/"):
            yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key.startswith("/"):
                yield path, key
            yield from _strings(item, f"{path}.{key}" if path else key)
    elif isinstance(value, (list, tuple)):
        for position, item in enumerate(value):
            yield from _strings(item, f"{path}[{position}]")


def _is_azures_own(cloud: Cloud, target: ResourceId) -> bool:
    """Return whether a resource stands at no scope: one of Azure's own, such as a built-in policy.

    Where the catalog lists those of a type (built-in roles), they are found like all others.
    """
    return target.scope is None and not cloud.type_of(target).built_in


def _known(cloud: Cloud, resource: ResourceId | None) -> ResourceId | None:
    """Return the resource that an id names or stands in, None for one of no known type: what may
    be inside a resource of a type outside the catalog, nothing says."""
    while resource is not None and not (
        cloud.is_known(resource) or cloud.store.resources.get(resource.key) is not None
    ):
        resource = resource.parent
    return resource
