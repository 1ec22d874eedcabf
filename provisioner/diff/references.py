"""Compares references to resources by their ids.

Azure sometimes answers more of a referenced resource than its id, and clients sometimes send all
that they have read of it. Called by `diff.comparison`.
"""

from collections.abc import Mapping

from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import is_empty, lookup

_ID = frozenset({"id", "Id", "ID", "iD"})


def is_same_reference(desired: Mapping[str, object], actual: object) -> bool:
    """Return whether both refer to one resource, and one of them states no more than its id.

    Azure sometimes answers more of a resource than was asked for, and clients sometimes send all
    that they have read of it.
    """
    if _ID.isdisjoint(desired) or not (_is_bare(desired) or _is_bare(actual)):
        return False
    one = parse_resource_id(lookup(desired, ("id",)))
    return one is not None and one == parse_resource_id(lookup(actual, ("id",)))


def _is_bare(reference: object) -> bool:
    return isinstance(reference, Mapping) and all(
        is_empty(value) for key, value in reference.items() if key.lower() != "id"
    )
