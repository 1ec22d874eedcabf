"""ARM's lists: one type in a scope, all resources of a scope, groups; filtered and paged.

A list of one type is its provider's and has properties; the list of all resources is ARM's own, of
tracked resources without properties ("Resources - List"). Of extension resources some lists include
those of scopes above and below (`ResourceType.lists`).
"""

from collections.abc import Iterator
from typing import Any

from provisioner.catalog.resource_type import ListRead, ResourceType, Scope, Tier
from provisioner.model.permissions import holds_at
from provisioner.model.resource_id import RESOURCE_GROUP, ResourceId
from provisioner.simulator.arm.list_filters import (
    read_group_filter,
    read_resource_filter,
    read_type_filter,
)
from provisioner.simulator.bodies.body_paths import remove, split_path, value_at
from provisioner.simulator.bodies.responses import render
from provisioner.simulator.odata.options import check_options, page, read_choices
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.existence import check_scope_exists
from provisioner.simulator.state.records import Record

_GENERIC = (
    "id", "name", "type", "location", "extendedLocation", "tags", "kind", "sku", "plan",
    "identity", "managedBy", "zones",
)  # fmt: skip
_EXPANDS = ("createdTime", "changedTime", "provisioningState")


def list_type(cloud: Cloud, request: Request, sample: ResourceId) -> Answer:
    """Answer the resources of `sample`'s type in its parent or scope; its own name is not used.

    Types that Azure lists under one name are returned together.
    """
    types_listed_together = cloud.catalog.listed_together(sample.type)
    rows: list[Record] = []
    for resource_type in types_listed_together or (cloud.type_of(sample),):
        check_scope_exists(cloud, resource_type, sample, writing=False)
        options = resource_type.list_options
        check_options(request, ("$filter",) if options.equals or options.conditions else ())
        matches = read_type_filter(cloud, request, resource_type, sample.scope)
        is_extension = resource_type.scope is Scope.EXTENSION
        inside = (_extensions_at_scope if is_extension else _children_or_contained)(
            cloud, resource_type, sample
        )
        provided = cloud.built_in(resource_type, sample.container)
        rows += (row for row in (*inside, *provided) if matches(row))
    return page(cloud, request, rows, lambda row: _render_listed(cloud, row))


def _render_listed(cloud: Cloud, row: Record) -> dict[str, Any]:
    """Return a resource as lists answer it, without the properties that only a GET returns.

    These are `ResourceType.list_omits`; a plan that compared listed bodies with them would see
    drift.
    """
    body = render(cloud, row)
    for path in cloud.catalog.get(row.type).list_omits:
        remove(body, split_path(path))
    return body


def list_groups(cloud: Cloud, request: Request, subscription: ResourceId) -> Answer:
    """Answer the resource groups of a subscription, optionally filtered by a tag."""
    check_options(request, ("$filter", "$expand"))
    read_choices(request, "$expand", _EXPANDS)
    matches = read_group_filter(request)
    rows = [
        row
        for row in cloud.store.resources.inside(subscription.key)
        if row.id.type == RESOURCE_GROUP and matches(row)
    ]
    return page(cloud, request, rows, lambda row: render(cloud, row))


def list_resources(cloud: Cloud, request: Request, scope: ResourceId) -> Answer:
    """Answer the tracked resources of a subscription or resource group, without properties.

    Tracked resources have a location: top-level ones, and some children (links of a DNS zone).
    """
    check_options(request, ("$filter", "$expand"))
    expanded = read_choices(request, "$expand", _EXPANDS)
    matches = read_resource_filter(request)
    rows = [
        row
        for row in cloud.store.resources.below(scope.key)
        if _is_tracked(cloud, row) and matches(row)
    ]
    return page(cloud, request, rows, lambda row: _render_generic(row, expanded))


def _is_tracked(cloud: Cloud, row: Record) -> bool:
    resource_type = cloud.catalog.get(row.type)
    if row.id.is_container:
        return False
    by_body = resource_type.parent is not None or resource_type.tier is Tier.RAW
    located = by_body and resource_type.taggable and "location" in row.body
    return resource_type.has_location or located


def _render_generic(row: Record, expanded: frozenset[str]) -> dict[str, Any]:
    complete = {"id": row.id.text, "name": row.id.name, "type": row.type, **row.body}
    shown = {name: complete[name] for name in _GENERIC if name in complete}
    state = value_at(row.body, "properties.provisioningState")
    added = {
        "createdTime": row.created,
        "changedTime": row.modified,
        "provisioningState": state if isinstance(state, str) else "Succeeded",
    }
    return shown | {name: text for name, text in added.items() if name.lower() in expanded}


def _children_or_contained(
    cloud: Cloud, resource_type: ResourceType, sample: ResourceId
) -> Iterator[Record]:
    """Yield the rows of a type under one parent, or anywhere in a group or subscription."""
    container = sample.container
    if container is not None and resource_type.parent is not None:
        for row in cloud.store.resources.inside(container.key):
            if row.type.lower() == resource_type.name.lower():
                yield row
        return
    prefix = f"{container.key}/" if container else "/"
    for row in cloud.store.resources.of_type(resource_type.name):
        if row.id.key.startswith(prefix):
            yield row


def _extensions_at_scope(
    cloud: Cloud, resource_type: ResourceType, sample: ResourceId
) -> Iterator[Record]:
    """Yield the extension resources at a scope, with those above and below where ARM lists them.

    Role and policy assignments are listed with inherited ones (`ResourceType.lists`).
    """
    scope = sample.scope
    includes_other_scopes = resource_type.lists is not ListRead.RESOURCE
    for row in cloud.store.resources.of_type(resource_type.name):
        holder = row.id.scope
        if holder == scope or (
            includes_other_scopes and (holds_at(scope, holder) or holds_at(holder, scope))
        ):
            yield row
