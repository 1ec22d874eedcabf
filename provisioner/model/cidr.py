"""Address ranges in CIDR notation."""

import ipaddress
from functools import lru_cache
from typing import TypeAlias

Range: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
"""A range of addresses."""


def parse_range(text: object) -> Range | None:
    """Return the range that a text names; a single address is a range of one.

    None for any other value, and where host bits are set.
    """
    return _parse(text) if isinstance(text, str) else None


# Checks of an address plan and of a write read the ranges of all subnets again and again.
@lru_cache(maxsize=65_536)
def _parse(text: str) -> Range | None:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None


def is_range_within(inner: str, outer: str) -> bool:
    """Return whether every address of `inner` is in `outer`; False where either is no range."""
    below, above = parse_range(inner), parse_range(outer)
    if isinstance(below, ipaddress.IPv4Network) and isinstance(above, ipaddress.IPv4Network):
        return below.subnet_of(above)
    if isinstance(below, ipaddress.IPv6Network) and isinstance(above, ipaddress.IPv6Network):
        return below.subnet_of(above)
    return False
