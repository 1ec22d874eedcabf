"""The requests that read observed resources again right before an apply.

One GET for each observed resource takes 1,000 requests before the first write of 1,000 resources.
Two facts save nearly all: nothing exists in what does not exist, and the lists that the plan was
made of answer many at once. What a list does not show is read by itself: only a GET says absent.
"""

from collections.abc import Iterable, Sequence

from provisioner.catalog.registry import Catalog
from provisioner.catalog.resource_type import ListRead
from provisioner.model.resource_id import ResourceId
from provisioner.plan.plan import Observed
from provisioner.plan.reads import Read, list_in_subscription, list_of_children

_LEAST = 5
"""How many observed resources make a list cheaper than a GET each: a list may go over pages."""


def split_absent(
    observed: Sequence[Observed],
) -> tuple[tuple[Observed, ...], tuple[tuple[Observed, ResourceId], ...]]:
    """Return what to read first, and what was absent within something absent.

    Each of the latter comes with its outermost parent that was absent.
    """
    absent = {entry.id.key for entry in observed if entry.body is None}
    first: list[Observed] = []
    within: list[tuple[Observed, ResourceId]] = []
    for entry in observed:
        outer = [each for each in entry.id.ancestors if each.key in absent]
        if entry.body is None and outer:
            within.append((entry, outer[-1]))
        else:
            first.append(entry)
    return tuple(first), tuple(within)


def shared_lists(observed: Iterable[Observed], catalog: Catalog) -> tuple[Read, ...]:
    """Return the lists that each answer at least five of the resources that were there."""
    lists: dict[str, list[Read]] = {}
    for entry in observed:
        known = catalog.find(entry.type)
        if entry.body is None or known is None or known.api_version != entry.api_version:
            continue
        read = _list_showing(entry.id, catalog)
        if read is not None:
            lists.setdefault(read.path.lower(), []).append(read)
    return tuple(reads[0] for _, reads in sorted(lists.items()) if len(reads) >= _LEAST)


def read_of(entry: Observed) -> Read:
    """Return the read of one observed resource."""
    return Read(entry.id.text, entry.api_version, entry.type, is_list=False)


def _list_showing(resource: ResourceId, catalog: Catalog) -> Read | None:
    """Return the list whose items hold a resource whole, or None.

    The resource is an item itself, or stands in the body of one.
    """
    known = catalog.of(resource)
    if known is None or known.list_omits:
        return None
    parent, subscription = resource.parent, resource.subscription
    if known.lists is ListRead.SUBSCRIPTION and subscription is not None:
        return list_in_subscription(subscription, known)
    if known.lists is ListRead.PARENT and parent is not None:
        return list_of_children(parent, known)
    if known.lists is ListRead.EMBEDDED and parent is not None:
        return _list_showing(parent, catalog)
    return None
