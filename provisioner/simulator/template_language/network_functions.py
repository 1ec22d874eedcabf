"""CIDR functions of templates. Source: "CIDR functions for ARM templates"."""

import ipaddress

from provisioner.simulator.template_language.expressions import Functions
from provisioner.simulator.template_language.operands import text, whole
from provisioner.simulator.template_language.template_errors import ExpressionError, Value


def _parse_network(value: Value) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text(value), strict=False)
    except ValueError as problem:
        raise ExpressionError(f"the network '{value}' is not valid: {problem}.") from None


def _parse_cidr(value: Value) -> dict[str, Value]:
    """Return the parts of an address block; an IPv6 block has no broadcast address."""
    network = _parse_network(value)
    is_ipv4 = network.version == 4
    single = network.num_addresses <= 2
    last = network[-1]
    found: dict[str, Value] = {
        "network": str(network.network_address),
        "netmask": str(network.netmask),
    }
    if is_ipv4:
        found["broadcast"] = str(network.broadcast_address)
    return {
        **found,
        "firstUsable": str(network[0] if single else network[1]),
        "lastUsable": str(last if single or not is_ipv4 else network[-2]),
        "cidr": network.prefixlen,
    }


def _cidr_subnet(value: Value, prefix: Value, index: Value) -> str:
    network, length, position = _parse_network(value), whole(prefix), whole(index)
    if not network.prefixlen <= length <= network.max_prefixlen:
        raise ExpressionError(
            f"the CIDR '{length}' must be between {network.prefixlen} and {network.max_prefixlen}."
        )
    if not 0 <= position < 2 ** (length - network.prefixlen):
        raise ExpressionError(f"the subnet index '{position}' is outside of '{network}'.")
    size = 2 ** (network.max_prefixlen - length)
    return f"{network.network_address + position * size}/{length}"


def _cidr_host(value: Value, index: Value) -> str:
    """Return a usable address: index 0 is the first one after the network address.

    Raises:
        ExpressionError: the index is outside of the block.
    """
    network, position = _parse_network(value), whole(index)
    usable = network.num_addresses - (2 if network.version == 4 else 1)
    if not 0 <= position < usable:
        raise ExpressionError(f"the host index '{position}' is outside of '{network}'.")
    return str(network.network_address + 1 + position)


NETWORK_FUNCTIONS: Functions = {
    "cidrhost": _cidr_host,
    "cidrsubnet": _cidr_subnet,
    "parsecidr": _parse_cidr,
}
