"""Lists: one type in a scope, everything in a scope, groups; filtered and paged as ARM does."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from provisioner.catalog.resource_type import ListRead, ResourceType, Scope, Tier
from provisioner.model.permissions import holds_at
from provisioner.model.resource_id import RESOURCE_GROUP, ResourceId
from provisioner.simulator.bodies.answers import render
from provisioner.simulator.bodies.body_paths import remove, split_path, value_at
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.exchange import Answer, Request
from provisioner.simulator.state.cloud import Cloud
from provisioner.simulator.state.places import check_place
from provisioner.simulator.state.records import Record

_TAG = re.compile(r"tagname\s+eq\s+'([^']*)'(?:\s+and\s+tagvalue\s+eq\s+'([^']*)')?", re.IGNORECASE)
_TYPE = re.compile(r"resourcetype\s+eq\s+'([^']*)'", re.IGNORECASE)
_ASSIGNED = re.compile(r"assignedTo\('([^']*)'\)", re.IGNORECASE)
_PROPERTY = re.compile(r"\b(principalId|roleName|type)\s+eq\s+'([^']*)'", re.IGNORECASE)
_AT_SCOPE = re.compile(r"atScope\(\)", re.IGNORECASE)
_GENERIC = ("id", "name", "type", "location", "tags", "kind", "sku", "identity", "managedBy")

Renderer = Callable[[Cloud, Record], dict[str, Any]]


def list_type(cloud: Cloud, request: Request, sample: ResourceId) -> Answer:
    """Answer the resources of `sample`'s type in its parent or scope (its own name is unused), or
    those of all types that are listed together under that name."""
    together = cloud.catalog.listed_together(sample.type)
    condition = request.query.get("$filter", "")
    rows: list[Record] = []
    for resource_type in together or (cloud.type_of(sample),):
        check_place(cloud, resource_type, sample, writing=False)
        provided = cloud.built_in(resource_type, sample.container)
        if resource_type.scope is Scope.EXTENSION:
            found = (*_extensions(cloud, resource_type, sample, condition), *provided)
            rows += (row for row in found if _fits(row, condition))
        else:
            rows += (*_inside(cloud, resource_type, sample), *provided)
    return _page(cloud, request, rows, _render_listed)


def _render_listed(cloud: Cloud, row: Record) -> dict[str, Any]:
    """Return what a list answers of a resource (`ResourceType.list_omits`)."""
    body = render(cloud, row)
    for path in cloud.catalog.get(row.type).list_omits:
        remove(body, split_path(path))
    return body


def list_groups(cloud: Cloud, request: Request, subscription: ResourceId) -> Answer:
    """Answer the resource groups of a subscription, optionally those with a tag."""
    chosen = _with_tag(cloud.store.resources.inside(subscription.key), request)
    rows = [row for row in chosen if row.id.type == RESOURCE_GROUP]
    return _page(cloud, request, rows, render)


def list_resources(cloud: Cloud, request: Request, scope: ResourceId) -> Answer:
    """Answer the tracked resources in a subscription or group, without properties.

    Tracked is what has a location: top-level resources, and some children (links of a zone).
    """
    wanted = _TYPE.search(request.query.get("$filter", ""))
    rows = [
        row
        for row in _with_tag(cloud.store.resources.below(scope.key), request)
        if _is_tracked(cloud, row)
        if wanted is None or row.type.lower() == wanted[1].lower()
    ]
    return _page(cloud, request, rows, _render_generic)


def _is_tracked(cloud: Cloud, row: Record) -> bool:
    resource_type = cloud.catalog.get(row.type)
    if row.id.is_container:
        return False
    by_body = resource_type.parent is not None or resource_type.tier is Tier.RAW
    located = by_body and resource_type.taggable and "location" in row.body
    return resource_type.has_location or located


def _render_generic(_cloud: Cloud, row: Record) -> dict[str, Any]:
    whole = {"id": row.id.text, "name": row.id.name, "type": row.type, **row.body}
    return {name: whole[name] for name in _GENERIC if name in whole}


def _inside(cloud: Cloud, resource_type: ResourceType, sample: ResourceId) -> Iterator[Record]:
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


def _extensions(
    cloud: Cloud, resource_type: ResourceType, sample: ResourceId, condition: str
) -> Iterator[Record]:
    """Yield extension resources at a scope; those below and inherited too where ARM does so.

    `atScope()` leaves out what is below.
    """
    scope = sample.scope
    for row in cloud.store.resources.of_type(resource_type.name):
        holder = row.id.scope
        if scope is None:
            continue
        wide = resource_type.lists is not ListRead.RESOURCE
        below = wide and not _AT_SCOPE.search(condition) and holds_at(scope, holder)
        if holder == scope or below or (wide and holds_at(holder, scope)):
            yield row


def _fits(row: Record, condition: str) -> bool:
    """Tell whether a row is what a filter asks for: of a principal, a role's name, or its type."""
    wanted: list[tuple[str, str]] = _PROPERTY.findall(condition)
    wanted += [("principalId", value) for value in _ASSIGNED.findall(condition)]
    return all(
        str(value_at(row.body, f"properties.{name}")).lower() == value.lower()
        for name, value in wanted
    )


def _with_tag(rows: Iterable[Record], request: Request) -> Iterator[Record]:
    wanted = _TAG.search(request.query.get("$filter", ""))
    for row in rows:
        if wanted is None or _has_tag(row, wanted[1], wanted[2]):
            yield row


def _has_tag(row: Record, name: str, value: str | None) -> bool:
    tags = row.body.get("tags")
    if not isinstance(tags, dict):
        return False
    return any(
        key.lower() == name.lower() and (value is None or item == value)
        for key, item in tags.items()
    )


def _page(cloud: Cloud, request: Request, rows: Sequence[Record], show: Renderer) -> Answer:
    """Answer one page, with `nextLink` where there is more. `$skiptoken` is a position."""
    start = _number(request, "$skiptoken", 0)
    size = min(cloud.page_size, _number(request, "$top", cloud.page_size))
    body: dict[str, Any] = {"value": [show(cloud, row) for row in rows[start : start + size]]}
    if start + size < len(rows):
        query = {**request.query, "$skiptoken": str(start + size)}
        body["nextLink"] = f"{request.base}{request.path}?{urlencode(query)}"
    return Answer(200, body)


def _number(request: Request, name: str, default: int) -> int:
    text = request.query.get(name, "")
    if not text:
        return default
    if not text.isdigit():
        raise RefusalError(
            400, "InvalidFilterInQueryString", f"'{name}' is not a number: '{text}'."
        )
    return int(text)
