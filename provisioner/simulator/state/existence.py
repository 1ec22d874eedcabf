"""Whether the place that a request names exists: registered, in a group, under a parent."""

from provisioner.catalog.resource_type import ResourceType
from provisioner.model.permissions import is_management_group
from provisioner.model.resource_id import RESOURCE_GROUP, SUBSCRIPTION, ResourceId
from provisioner.simulator.protocol.errors import (
    RefusalError,
    ResourceGroupNotFoundError,
    ResourceNotFoundError,
)
from provisioner.simulator.state.cloud import Cloud


def check_place(
    cloud: Cloud, resource_type: ResourceType, resource: ResourceId, *, writing: bool
) -> None:
    """Raise RefusalError unless what a resource stands in exists.

    `writing` says how: ARM answers ParentResourceNotFound to a PUT of a child, and names the
    missing parent to a GET or DELETE, mostly as ResourceNotFound (recorded in errors.jsonl).
    """
    subscription = resource.subscription
    if writing and subscription is not None:
        registration = f"{subscription}/{resource_type.namespace}".lower()
        if cloud.store.registrations.get(registration) is not None:
            raise RefusalError(
                409,
                "MissingSubscriptionRegistration",
                f"The subscription is not registered to use namespace '{resource_type.namespace}'.",
            )
    for container in reversed(list(resource.ancestors)):
        if container.type == SUBSCRIPTION or cloud.find(container) is not None:
            continue
        if is_management_group(container):
            # Like a subscription, one exists from its first use on; every subscription is below it.
            continue
        if cloud.catalog.access_holder(container) is not None:
            continue
        raise _refusal(resource_type, resource, container, writing=writing)


def _refusal(
    resource_type: ResourceType, resource: ResourceId, missing: ResourceId, *, writing: bool
) -> RefusalError:
    if missing.type == RESOURCE_GROUP:
        return ResourceGroupNotFoundError(missing.name)
    if writing and resource.parent == missing:
        return RefusalError(
            404,
            "ParentResourceNotFound",
            "Can not perform requested operation on nested resource. "
            f"Parent resource '{missing.name}' not found.",
        )
    return ResourceNotFoundError(missing, resource_type.codes.orphan)


def check_name(resource_type: ResourceType, resource: ResourceId) -> None:
    """Raise RefusalError for a name that Azure does not accept for the type."""
    if not resource_type.accepts_name(resource.name):
        raise RefusalError(
            400,
            resource_type.codes.name,
            f"The name '{resource.name}' is not valid for {resource_type.name}: "
            f"{resource_type.rule.words}.",
            target="name",
            by_provider=True,
        )
