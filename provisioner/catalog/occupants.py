"""Entries of a body in which Azure names what uses a resource (`ResourceType.occupants`).

Called by `plan`.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from provisioner.catalog.resource_type import ResourceType
from provisioner.model.values import in_lower_case, lookup


def occupants_in(resource_type: ResourceType, body: object) -> Iterator[object]:
    """Yield the entries in which Azure names what uses a resource or is in it.

    A property holds a list of them, or one (`properties.ipConfiguration` of a public address).
    """
    for parent, names in _names_by_parent(tuple(resource_type.occupants)):
        # One pass over the names of an object: most resources have none of these properties.
        stated = in_lower_case(lookup(body, parent))
        for name in names:
            entries = stated.get(name)
            if isinstance(entries, (list, tuple)):
                yield from entries
            elif isinstance(entries, Mapping) and entries:
                yield entries


# A few types have occupants, and there are thousands of resources of each.
@lru_cache(maxsize=1024)
def _names_by_parent(
    paths: tuple[str, ...],
) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    """Return the last names of paths, in lower case, by the names before them."""
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    for path in paths:
        *parent, name = path.split(".")
        found[tuple(parent)] = (*found.get(tuple(parent), ()), name.lower())
    return tuple(found.items())
