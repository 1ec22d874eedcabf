"""Follows a list of Azure Resource Manager from page to page, to an end that is always reached."""

from collections.abc import Callable, Iterator
from typing import cast

from provisioner.azure.bounds import Bounds
from provisioner.azure.errors import unexpected_error
from provisioner.model.azure_error import AzureError
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import Body


def follow_pages(
    url: str, path: str, fetch: Callable[[str], Body | None], bounds: Bounds
) -> Iterator[Body]:
    """Yield the items of every page of the list at `url`, each an object.

    `fetch` returns the object at a URL, None for an answer without content; `path` is what errors
    name. Raises AzureError for an answer that is no list of objects, for a page link that is none
    or leads back, and for a list that does not end within `bounds`: half of a list is none.
    """
    seen: set[str] = set()
    items = empty_pages = 0
    link: str | None = url
    while link is not None:
        if link in seen:
            raise unexpected_error(200, f"the page link of {path} leads back to itself")
        seen.add(link)
        if len(seen) > bounds.pages:
            raise _endless(path, f"{bounds.pages:,} pages")
        page = fetch(link)
        if page is None:
            return
        found = _items_of(page, path)
        items += len(found)
        empty_pages = 0 if found else empty_pages + 1
        if items > bounds.items:
            raise _endless(path, f"{bounds.items:,} items")
        if empty_pages > bounds.empty_pages:
            raise _endless(path, f"{bounds.empty_pages:,} pages without an item in a row")
        yield from found
        link = _link_of(page, path)


def name_resource(body: Body, path: str) -> Body:
    """Return the body of a resource, which has an id. Raises AzureError where it has none.

    `path` is what was read. An id without its first slash gets it: diagnostic settings of a
    subscription answer so (REST reference of Microsoft.Insights/diagnosticSettings).
    """
    found = body.get("id")
    if parse_resource_id(found) is not None:
        return body
    if isinstance(found, str) and parse_resource_id(f"/{found}") is not None:
        return {**body, "id": f"/{found}"}
    shown = "no `id`" if found is None else f"the `id` {str(found)[:100]!r}"
    raise unexpected_error(200, f"{path} holds a resource with {shown}, which is no resource id")


def _items_of(page: Body, path: str) -> list[Body]:
    items = page.get("value")
    if not isinstance(items, list):
        raise unexpected_error(200, f"the list {path} has no `value`")
    if any(not isinstance(item, dict) for item in items):
        raise unexpected_error(200, f"the list {path} holds an item that is no object")
    return cast(list[Body], items)


def _link_of(page: Body, path: str) -> str | None:
    link = page.get("nextLink")
    if link is not None and not isinstance(link, str):
        raise unexpected_error(200, f"the list {path} has a page link that is no text")
    return link or None


def _endless(path: str, bound: str) -> AzureError:
    return unexpected_error(
        200, f"the list {path} does not end within {bound}, which is the bound of a list"
    )
