"""Shortest unambiguous names of ARM resource types, for tables.

A node pool is named `managedClusters/agentPools`, without its resource provider. JSON has the full
type. `adoption_wording`, `markdown`, `module_groups` and `section_text` call it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from provisioner.reports.values import plain


def without_vendor(resource_type: str) -> str:
    """Return a type without the vendor of its resource provider: `Network/virtualNetworks`."""
    text = plain(resource_type)
    return text.partition(".")[2] or text


def kinds_of(resource_types: Iterable[str]) -> Mapping[str, str]:
    """Return the name of each type without its resource provider.

    Types that have the same name in two providers keep it.
    """
    types = sorted(set(resource_types))
    counted = Counter(map(_kind, types))
    return {one: _kind(one) if counted[_kind(one)] == 1 else without_vendor(one) for one in types}


def _kind(resource_type: str) -> str:
    text = plain(resource_type)
    return text.partition("/")[2] or text


def last_kind(resource_type: str) -> str:
    """Return the last kind of a type: `…/agentPools`, of one without a parent `managedClusters`."""
    kind = _kind(resource_type)
    return f"…/{kind.rpartition('/')[2]}" if "/" in kind else kind
