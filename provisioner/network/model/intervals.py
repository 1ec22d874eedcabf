"""Interval sets: exact sets of IPv4 addresses and ports, with set operations, parsing and text.

Routes, security groups, firewalls and proofs compute with them.
"""

import hashlib
import ipaddress
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from provisioner.model.cidr import parse_range

_HIGHEST_ADDRESS = 2**32 - 1
_HIGHEST_PORT = 2**16 - 1


@dataclass(frozen=True, slots=True)
class Intervals:
    """A set of integers as intervals.

    `parts` are disjoint, sorted (low, high) pairs, both ends included, with a gap between any two.
    """

    parts: tuple[tuple[int, int], ...] = ()

    @staticmethod
    def of(pairs: Iterable[tuple[int, int]]) -> "Intervals":
        """Return the set of all numbers in any of the pairs."""
        merged: list[tuple[int, int]] = []
        # Adjacent intervals are merged, too, so that equal sets have equal parts and can be
        # compared and hashed.
        for low, high in sorted(pairs):
            if merged and low <= merged[-1][1] + 1:
                if high > merged[-1][1]:
                    merged[-1] = (merged[-1][0], high)
            else:
                merged.append((low, high))
        return Intervals(tuple(merged))

    def __or__(self, other: "Intervals") -> "Intervals":
        if not other.parts:
            return self
        return Intervals.of((*self.parts, *other.parts)) if self.parts else other

    def __and__(self, other: "Intervals") -> "Intervals":
        if not self._may_meet(other):
            return NOTHING
        if self._spans(other):
            return other
        if other._spans(self):
            return self
        found: list[tuple[int, int]] = []
        own, others = iter(self.parts), iter(other.parts)
        # Both sides are sorted: one pass over both, as in merging.
        one, two = next(own, None), next(others, None)
        while one is not None and two is not None:
            low, high = max(one[0], two[0]), min(one[1], two[1])
            if low <= high:
                found.append((low, high))
            if one[1] < two[1]:
                one = next(own, None)
            else:
                two = next(others, None)
        return Intervals(tuple(found))

    def __sub__(self, other: "Intervals") -> "Intervals":
        if not self._may_meet(other):
            return self
        if other._spans(self):
            return NOTHING
        found: list[tuple[int, int]] = []
        for low, high in self.parts:
            # Public addresses have twenty parts and rule sets hundreds: bisection keeps a
            # subtraction from walking all of them.
            start = max(bisect_right(other.parts, (low, low)) - 1, 0)
            for below, above in other.parts[start:]:
                if below > high:
                    break
                if above < low:
                    continue
                if below > low:
                    found.append((low, below - 1))
                low = above + 1
            if low <= high:
                found.append((low, high))
        return Intervals(tuple(found))

    def _may_meet(self, other: "Intervals") -> bool:
        """Return whether the spans of two sets meet: those of most rules and routes do not."""
        own, others = self.parts, other.parts
        return bool(own and others and own[0][0] <= others[-1][1] and others[0][0] <= own[-1][1])

    def _spans(self, other: "Intervals") -> bool:
        """Return whether this is one interval that holds all of another set, which is not empty."""
        own, others = self.parts, other.parts
        return len(own) == 1 and own[0][0] <= others[0][0] and others[-1][1] <= own[0][1]

    def __bool__(self) -> bool:
        return bool(self.parts)

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self.parts, (number, 2**33)) - 1
        return at >= 0 and self.parts[at][0] <= number <= self.parts[at][1]

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self.parts)

    def covers(self, other: "Intervals") -> bool:
        """Return whether every number of `other` is in this set."""
        return not other - self

    @property
    def lowest(self) -> int:
        """The lowest number. Raises IndexError for the empty set."""
        return self.parts[0][0]

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return sum(high - low + 1 for low, high in self.parts)


NOTHING = Intervals()
EVERYWHERE = Intervals(((0, _HIGHEST_ADDRESS),))
ANY_PORT = Intervals(((0, _HIGHEST_PORT),))


# A rule's prefixes are asked for once for every packet that is followed.
@lru_cache(maxsize=65_536)
def parse_addresses(text: str) -> Intervals | None:
    """Return the addresses that an ARM body writes as `*`, a range, an address or `a-b`.

    None for anything else: a service tag, a name, an IPv6 range.
    """
    if text in ("*", "Any", "0.0.0.0/0"):
        return EVERYWHERE
    low, dash, high = text.partition("-")
    try:
        if dash:
            pair = int(ipaddress.IPv4Address(low.strip())), int(ipaddress.IPv4Address(high.strip()))
            return Intervals((pair,)) if pair[0] <= pair[1] else None
        exact = parse_range(text)
        network = (
            exact
            if isinstance(exact, ipaddress.IPv4Network)
            else ipaddress.IPv4Network(text.strip(), strict=False)
        )
    except ValueError:
        return None
    return Intervals(((int(network.network_address), int(network.broadcast_address)),))


def parse_ports(text: str) -> Intervals | None:
    """Return the ports that an ARM body writes as `*`, `443` or `1024-2048`; None for no such."""
    if text in ("*", "Any"):
        return ANY_PORT
    low, dash, high = text.partition("-")
    try:
        pair = int(low), int(high if dash else low)
    except ValueError:
        return None
    return Intervals((pair,)) if 0 <= pair[0] <= pair[1] <= _HIGHEST_PORT else None


def show_address(number: int) -> str:
    """Return an address in dotted form."""
    return str(ipaddress.IPv4Address(number))


def show_addresses(addresses: Intervals, most: int = 3) -> str:
    """Return the ranges of a set as people write them: `10.0.0.0/16, 10.1.0.4 and 2 more`."""
    ranges = [
        str(network) if network.num_addresses > 1 else str(network.network_address)
        for low, high in addresses.parts[: most + 1]
        for network in ipaddress.summarize_address_range(
            ipaddress.IPv4Address(low), ipaddress.IPv4Address(high)
        )
    ]
    shown = ", ".join(ranges[:most])
    return shown if len(ranges) <= most else f"{shown} and more"


def identify_addresses(addresses: Intervals, most: int = 6) -> str:
    """Return a text that is unique for a set of addresses.

    It has all of up to `most` ranges; of more, the first, their number, and a digest over all.
    """
    parts = addresses.parts
    if len(parts) <= most:
        return ", ".join(map(_show_range, parts))
    # Waivers name a breach by its message: two different sets of addresses must not read alike.
    digest = hashlib.sha256(repr(parts).encode()).hexdigest()[:12]
    first = ", ".join(map(_show_range, parts[:2]))
    return f"{first} and {len(parts) - 2} more ranges, digest {digest}"


def _show_range(part: tuple[int, int]) -> str:
    """Return a range as one CIDR or address, else as its first and last address."""
    low, high = map(ipaddress.IPv4Address, part)
    (network, *more) = ipaddress.summarize_address_range(low, high)
    if more:
        return f"{low}-{high}"
    return str(network) if network.num_addresses > 1 else str(low)


def show_ports(ports: Intervals) -> str:
    """Return the ports of a set as people write them: `443, 8000-8080`, `any`."""
    if ports == ANY_PORT:
        return "any"
    return ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in ports)
