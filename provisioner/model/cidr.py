"""Address ranges in CIDR notation."""

import ipaddress


def is_range_within(inner: str, outer: str) -> bool:
    """Tell whether every address of `inner` lies in `outer`. False for what is not a range."""
    try:
        below = ipaddress.ip_network(inner)
        above = ipaddress.ip_network(outer)
    except ValueError:
        return False
    if isinstance(below, ipaddress.IPv4Network) and isinstance(above, ipaddress.IPv4Network):
        return below.subnet_of(above)
    if isinstance(below, ipaddress.IPv6Network) and isinstance(above, ipaddress.IPv6Network):
        return below.subnet_of(above)
    return False
