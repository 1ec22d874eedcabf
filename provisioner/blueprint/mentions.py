"""What the body of a resource names: ids of resources, and addresses of services.

Called by `blueprint.composition`, for the order of the graph.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Value


@dataclass(frozen=True, slots=True)
class Mentions:
    """The names in a body, in its order.

    `ids` are the ids that are written out, each with the path of the object or list entry that it
    is in (a key) or of the property that it is. `urls` are the texts that begin with `https://`, in
    lower case.
    """

    ids: tuple[tuple[str, ResourceId], ...]
    urls: tuple[str, ...]


def find_mentions(body: Mapping[str, Value]) -> Mentions:
    """Return what the keys and the texts of a body name."""
    ids: list[tuple[str, ResourceId]] = []
    urls: list[str] = []
    _collect(body, "", ids, urls)
    return Mentions(tuple(ids), tuple(urls))


def _collect(value: Value, path: str, ids: list[tuple[str, ResourceId]], urls: list[str]) -> None:
    if isinstance(value, str):
        _add(value, path, ids, urls)
    elif isinstance(value, (dict, Mapping)):
        for key, item in value.items():
            if key[:1] in _FIRST:
                _add(key, path, ids, urls)
            # Every leaf of every body comes by here, and few of them name anything.
            if item[:1] not in _FIRST if isinstance(item, str) else item.__class__ in _NUMBERS:
                continue
            _collect(item, f"{path}.{key}" if path else key, ids, urls)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            _collect(item, f"{path}[{index}]", ids, urls)


def _add(text: str, path: str, ids: list[tuple[str, ResourceId]], urls: list[str]) -> None:
    named = parse_resource_id(text)
    if named is not None:
        ids.append((path, named))
    elif text[:8].lower() == "https://":
        urls.append(text.lower())


_FIRST = frozenset("/hH")
"""How an id or an address of a service begins."""

_NUMBERS = frozenset({int, float, bool, type(None)})
