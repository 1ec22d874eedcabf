"""Paged lists of Azure Resource Manager (`value`, `nextLink`), within bounds."""

from collections.abc import Callable, Iterator
from typing import cast
from urllib.parse import urlsplit

from provisioner.azure.errors import is_absent, unexpected_error
from provisioner.azure.response_limits import Bounds
from provisioner.model.azure_error import AzureError
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import Body


def follow_pages(
    url: str, path: str, fetch: Callable[[str], Body | None], bounds: Bounds
) -> Iterator[Body]:
    """Yield the items of every page of the list at `url`, each an object.

    `fetch` returns the object at a URL, None for an answer without content; `path` names the list
    in errors. Raises AzureError for an answer that is no list of objects, for a `nextLink` that is
    no URL or repeats, and for a list that does not end within `bounds`: a part of a list would make
    existing resources look absent.
    """
    seen: set[str] = set()
    items = empty_pages = 0
    link: str | None = url
    while link is not None:
        if link in seen:
            raise unexpected_error(200, f"the page link of {path} leads back to itself")
        seen.add(link)
        if len(seen) > bounds.pages:
            raise _endless_list_error(path, f"{bounds.pages:,} pages")
        page = _fetch_page(link, path, fetch, is_first=len(seen) == 1)
        if page is None:
            return
        found = _items_of(page, path)
        items += len(found)
        empty_pages = 0 if found else empty_pages + 1
        if items > bounds.items:
            raise _endless_list_error(path, f"{bounds.items:,} items")
        if empty_pages > bounds.empty_pages:
            raise _endless_list_error(
                path, f"{bounds.empty_pages:,} pages without an item in a row"
            )
        yield from found
        link = _link_of(page, path)


class PageLimit:
    """Fetches up to `pages` pages of a list (None: all); `reached` is true if there were more."""

    def __init__(self, fetch: Callable[[str], Body | None], pages: int | None) -> None:
        self._fetch = fetch
        self._left = pages
        self.reached = False

    def __call__(self, url: str) -> Body | None:
        """Return the page at `url`, the last one without its link to the next."""
        page = self._fetch(url)
        if self._left is None or page is None:
            return page
        self._left -= 1
        if self._left > 0 or not page.get("nextLink"):
            return page
        self.reached = True
        return {name: value for name, value in page.items() if name != "nextLink"}


def name_resource(body: Body, path: str) -> Body:
    """Return the body of a resource with a well-formed id. Raises AzureError without one.

    `path` is what was read. An id without its first slash gets it: diagnostic settings of a
    subscription answer so (the examples of their REST reference).
    """
    found = body.get("id")
    if parse_resource_id(found) is not None:
        return body
    if isinstance(found, str) and parse_resource_id(f"/{found}") is not None:
        return {**body, "id": f"/{found}"}
    shown = "no `id`" if found is None else f"the `id` {str(found)[:100]!r}"
    raise unexpected_error(200, f"{path} holds a resource with {shown}, which is not a resource id")


def _fetch_page(
    link: str, path: str, fetch: Callable[[str], Body | None], *, is_first: bool
) -> Body | None:
    """Return a page, None for a list that is absent.

    Only a 404 to the first page means that the list is absent; to a later page it leaves the list
    incomplete.

    Raises:
        AzureError: for a refusal, and for a later page that is absent.
    """
    try:
        page = fetch(link)
    except AzureError as error:
        if is_first or not is_absent(error):
            raise
        raise _missing_page_error(path, str(error)) from error
    if page is None and not is_first:
        raise _missing_page_error(path, "204")
    return page


def _items_of(page: Body, path: str) -> list[Body]:
    items = page.get("value")
    if not isinstance(items, list):
        raise unexpected_error(200, f"the list {path} has no `value`")
    if any(not isinstance(item, dict) for item in items):
        raise unexpected_error(200, f"the list {path} holds an item that is not an object")
    return cast(list[Body], items)


def _link_of(page: Body, path: str) -> str | None:
    link = page.get("nextLink")
    if link is None or link == "":
        return None
    if not isinstance(link, str) or not _is_url(link):
        raise unexpected_error(200, f"the list {path} has a page link that is not a URL")
    return link


def _is_url(link: str) -> bool:
    """Return whether a link is absolute: the SDK would treat any other text as a path."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _missing_page_error(path: str, reason: str) -> AzureError:
    return unexpected_error(200, f"the list {path} names a next page that is absent ({reason})")


def _endless_list_error(path: str, bound: str) -> AzureError:
    return unexpected_error(
        200, f"the list {path} does not end within {bound}, which is the bound of a list"
    )
