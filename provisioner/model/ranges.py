"""Exact arithmetic over address ranges: which of them overlap, and what they leave free."""

import ipaddress
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Generic, TypeAlias, TypeVar

from provisioner.model.cidr import Range, parse_range

IpRange: TypeAlias = Range

T = TypeVar("T")


def read_range(value: object) -> IpRange | None:
    """Return a range in CIDR notation; None for any other value, and where host bits are set.

    Other than for `parse_range`, an address without a prefix length is no range: the address
    space of a network or a subnet has to state one.
    """
    return parse_range(value) if isinstance(value, str) and "/" in value else None


def is_within(inner: IpRange, outer: IpRange) -> bool:
    """Return whether every address of `inner` lies in `outer`."""
    return (
        inner.version == outer.version
        and _first(outer) <= _first(inner)
        and _last(inner) <= _last(outer)
    )


def overlap(one: IpRange, other: IpRange) -> bool:
    """Return whether two ranges share an address: one of them then holds the other."""
    return is_within(one, other) or is_within(other, one)


def overlapping(items: Sequence[T], range_of: Callable[[T], IpRange]) -> Iterator[tuple[T, T]]:
    """Yield every pair of items whose ranges overlap, the wider (or else the earlier) first.

    One sweep over the sorted ranges: ranges in CIDR notation are disjoint or nested, so those that
    are still open where one begins are exactly those that hold it. O(n log n + pairs).
    """
    for _version, group in groupby(
        sorted(items, key=lambda item: _order(range_of(item))),
        key=lambda item: range_of(item).version,
    ):
        still_open: list[T] = []
        for item in group:
            begins = _first(range_of(item))
            while still_open and _last(range_of(still_open[-1])) < begins:
                still_open.pop()
            for wider in still_open:
                yield wider, item
            still_open.append(item)


class RangeIndex(Generic[T]):
    """Items by their ranges, to look up those that overlap another range.

    Bisection finds the items inside of it, and a lookup of each shorter prefix those that contain
    it. O(n log n) to build.
    """

    def __init__(self, items: Iterable[tuple[IpRange, T]]) -> None:
        self._items = tuple(items)
        self._at: dict[tuple[int, int, int], list[int]] = {}
        for position, (one, _item) in enumerate(self._items):
            self._at.setdefault(_order(one), []).append(position)
        self._places = sorted(self._at)
        self._prefixes = {
            version: sorted({prefix for other, _first, prefix in self._at if other == version})
            for version in {version for version, _first, _prefix in self._at}
        }

    def overlapping(self, one: IpRange) -> list[tuple[IpRange, T]]:
        """Return (range, item) of those that share an address with a range, in their order."""
        begin = bisect_left(self._places, (one.version, _first(one), 0))
        end = bisect_left(self._places, (one.version, _last(one) + 1, 0))
        found = {position for place in self._places[begin:end] for position in self._at[place]}
        for prefix in self._prefixes.get(one.version, ()):
            if prefix >= one.prefixlen:
                break
            host = one.max_prefixlen - prefix
            found.update(self._at.get((one.version, _first(one) >> host << host, prefix), ()))
        return [self._items[position] for position in sorted(found)]


def free_ranges(space: IpRange, taken: Iterable[IpRange]) -> tuple[IpRange, ...]:
    """Return what of `space` no range of `taken` holds, as the fewest ranges, in order."""
    free: list[IpRange] = []
    following = _first(space)
    for one in sorted(filter(lambda r: overlap(r, space), taken), key=_order):
        free += _between(space, following, _first(one) - 1)
        following = max(following, _last(one) + 1)
    return (*free, *_between(space, following, _last(space)))


def first_free(space: IpRange, taken: Iterable[IpRange], prefix: int) -> IpRange | None:
    """Return the first range of /`prefix` in `space` that no range of `taken` touches, or None."""
    for gap in free_ranges(space, taken):
        if gap.prefixlen <= prefix:
            return read_range(f"{gap.network_address}/{prefix}")
    return None


def show_ends(shown: IpRange) -> str:
    """Return the first and the last address of a range, in words."""
    return f"{shown[0]} to {shown[-1]}"


def _between(space: IpRange, first: int, last: int) -> list[IpRange]:
    if first > last:
        return []
    if isinstance(space, ipaddress.IPv4Network):
        ends = ipaddress.IPv4Address(first), ipaddress.IPv4Address(last)
        return list(ipaddress.summarize_address_range(*ends))
    wide = ipaddress.IPv6Address(first), ipaddress.IPv6Address(last)
    return list(ipaddress.summarize_address_range(*wide))


def _first(one: IpRange) -> int:
    return int(one.network_address)


def _last(one: IpRange) -> int:
    return int(one.broadcast_address)


def _order(one: IpRange) -> tuple[int, int, int]:
    return one.version, _first(one), one.prefixlen
