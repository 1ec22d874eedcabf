"""Existence of the scope of a request: provider registered, resource group and parent present."""

from typing import NoReturn

from provisioner.catalog.resource_type import ResourceType
from provisioner.model.permissions import is_management_group
from provisioner.model.resource_id import RESOURCE_GROUP, SUBSCRIPTION, ResourceId
from provisioner.simulator.protocol.errors import (
    RefusalError,
    ResourceGroupNotFoundError,
    ResourceNotFoundError,
)
from provisioner.simulator.state.cloud import Cloud


def check_scope_exists(
    cloud: Cloud, resource_type: ResourceType, resource: ResourceId, *, writing: bool
) -> None:
    """Check that the resource group and parents of a resource exist.

    For a write the provider must be registered too. For a PUT of a child ARM answers
    ParentResourceNotFound; for a GET or DELETE it names the missing parent, mostly as
    ResourceNotFound (recorded in errors.jsonl).

    Raises:
        RefusalError: the provider is not registered, or something is missing.
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
        _refuse_missing(resource_type, resource, container, writing=writing)


def _refuse_missing(
    resource_type: ResourceType, resource: ResourceId, missing: ResourceId, *, writing: bool
) -> NoReturn:
    if missing.type == RESOURCE_GROUP:
        raise ResourceGroupNotFoundError(missing.name)
    if writing and resource.parent == missing:
        raise RefusalError(
            404,
            "ParentResourceNotFound",
            "Can not perform requested operation on nested resource. "
            f"Parent resource '{missing.name}' not found.",
        )
    raise ResourceNotFoundError(missing, resource_type.codes.orphan)


def check_name(resource_type: ResourceType, resource: ResourceId) -> None:
    """Check that a name is valid for its type.

    Raises:
        RefusalError: it is not.
    """
    if not resource_type.accepts_name(resource.name):
        raise RefusalError(
            400,
            resource_type.codes.name,
            f"The name '{resource.name}' is not valid for {resource_type.name}: "
            f"{resource_type.rule.words}.",
            target="name",
            by_provider=True,
        )
