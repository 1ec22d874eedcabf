"""Read-only requests of preflight, and their replies."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from provisioner.catalog.endpoints import Endpoint
from provisioner.model.azure_error import AzureError
from provisioner.model.resource_id import ResourceId, resource_group_id, subscription_id
from provisioner.model.values import Body, Json


@dataclass(frozen=True, slots=True)
class AzureQuery:
    """One request that changes nothing.

    `action` is the permission that it takes, on `scope`. `body` is JSON text, None for a GET. A
    list is followed to its last page, or through `most_pages` of them.
    """

    method: str
    path: str
    api_version: str
    action: str
    scope: ResourceId
    query: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    is_list: bool = False
    most_pages: int | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer of Azure: the items of a list, or the one object; or its refusal.

    `calls` counts requests, with pages and retries. `is_partial` is true where a list has more
    pages than the inquiry asks for.
    """

    inquiry: AzureQuery
    items: tuple[Body, ...] = ()
    refused: AzureError | None = None
    calls: int = 1
    is_partial: bool = False


Replies: TypeAlias = Mapping[AzureQuery, Reply]


def ask_subscription(
    endpoint: Endpoint,
    subscription: str,
    *,
    is_list: bool = False,
    most_pages: int | None = None,
    query: tuple[tuple[str, str], ...] = (),
    body: Json = None,
    **parts: str,
) -> AzureQuery:
    """Return the inquiry at a path below a subscription; `parts` fill in the rest of its path."""
    return AzureQuery(
        endpoint.method,
        endpoint.at(subscription=subscription, **parts),
        endpoint.api_version,
        endpoint.action,
        subscription_id(subscription),
        query,
        _canonical_body(body),
        is_list,
        most_pages,
    )


def ask_scope(
    endpoint: Endpoint, scope: ResourceId, *, is_list: bool = False, body: Json = None
) -> AzureQuery:
    """Return the inquiry at a path below a subscription or a resource group."""
    return AzureQuery(
        endpoint.method,
        endpoint.at(scope=scope.text),
        endpoint.api_version,
        endpoint.action,
        scope,
        (),
        _canonical_body(body),
        is_list,
    )


def scope_of(resource: ResourceId, existing: frozenset[str]) -> ResourceId | None:
    """Return the scope at which to query about a resource; None above subscriptions.

    It is the resource group if that exists, by the keys of `existing`, else the subscription, since
    a group that the plan has yet to create cannot be queried.
    """
    if resource.subscription is None:
        return None
    if resource.resource_group is not None:
        group = resource_group_id(resource.subscription, resource.resource_group)
        if group.key in existing:
            return group
    return subscription_id(resource.subscription)


def _canonical_body(body: Json) -> str | None:
    # Sorted keys make equal bodies equal texts, and equal inquiries are sent once.
    return None if body is None else json.dumps(body, sort_keys=True, separators=(",", ":"))
