"""Pod, service and DNS addresses of AKS clusters.

"AKS error codes" are AKS's own list of error codes ("apierror", Microsoft; guidelines.md §3.2).
"""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import cast

from provisioner.catalog.cluster_defaults import (
    DNS_SERVICE_ADDRESS,
    SERVICE_RANGE,
    network_plugin,
    pod_range,
)
from provisioner.catalog.node_pools import CLUSTER
from provisioner.model.values import Body, is_known
from provisioner.service_rules.addresses import first_overlap
from provisioner.service_rules.partial_bodies import (
    is_silent,
    text_at,
    texts_at,
    value_at,
)
from provisioner.service_rules.rule import Refusal, ServiceRule, Write

_NETWORK = "properties.networkProfile"
_SERVICES = (f"{_NETWORK}.serviceCidr", f"{_NETWORK}.serviceCidrs")
_PODS = (f"{_NETWORK}.podCidr", f"{_NETWORK}.podCidrs")
"""One range, or one for each IP family (learn.microsoft.com/azure/aks/configure-dual-stack)."""
_RESOLVER = f"{_NETWORK}.dnsServiceIP"

_Range = ipaddress.IPv4Network | ipaddress.IPv6Network

_CODES = "AKS error codes; guidelines.md §3.2"


def _parse_range(text: str) -> _Range | None:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None


def _stated_ranges(write: Write, paths: tuple[str, str]) -> list[_Range]:
    """Return the ranges that a body states at the one path or the other."""
    found = (_parse_range(text) for _at, text in texts_at(write.after, *paths))
    return [one for one in found if one is not None]


def _parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _judge_range_form(write: Write) -> Iterator[Refusal]:
    for at, text in texts_at(write.after, *_SERVICES, *_PODS):
        if _parse_range(text) is None:
            yield Refusal(
                at,
                f"{text!r} is no range of addresses: expected one as 10.0.0.0/16, without "
                "host bits",
            )


def _judge_resolver_form(write: Write) -> Iterator[Refusal]:
    text = text_at(write.after, _RESOLVER)
    if text is not None and _parse_address(text) is None:
        yield Refusal(_RESOLVER, f"{text!r} is no address")


def _dns_service_address(write: Write) -> tuple[str, int, _Range] | None:
    """Return dnsServiceIP, its offset in the service range of its family, and that range.

    The default where one is not stated; None where something of it is not known.
    """
    silent = is_silent(write.after, _RESOLVER)
    text = DNS_SERVICE_ADDRESS if silent else text_at(write.after, _RESOLVER)
    address = _parse_address(text) if text is not None else None
    if not all(is_known(value_at(write.after, path)) for path in _SERVICES):
        return None
    default = all(is_silent(write.after, path) for path in _SERVICES)
    stated = [ipaddress.ip_network(SERVICE_RANGE)] if default else _stated_ranges(write, _SERVICES)
    for services in stated:
        if text is not None and address is not None and address.version == services.version:
            return text, int(address) - int(services.network_address), services
    return None


def _judge_resolver_outside(write: Write) -> Iterator[Refusal]:
    found = _dns_service_address(write)
    if found is not None and not 0 <= found[1] < found[2].num_addresses:
        yield Refusal(_RESOLVER, f"{found[0]} lies outside of the service range {found[2]}")


def _judge_resolver_first(write: Write) -> Iterator[Refusal]:
    found = _dns_service_address(write)
    if found is not None and found[1] in (0, 1):
        yield Refusal(
            _RESOLVER,
            f"{found[0]} is the {'first' if found[1] else 'own'} address of the service range "
            f"{found[2]}: the first is that of the Kubernetes API",
        )


def _judge_resolver_last(write: Write) -> Iterator[Refusal]:
    found = _dns_service_address(write)
    if found is not None and found[2].version == 4 and found[1] == found[2].num_addresses - 1:
        yield Refusal(_RESOLVER, f"{found[0]} is the broadcast address of {found[2]}")


def _default_pods(write: Write) -> str | None:
    """Return the default pod range, which overlay and kubenet clusters have."""
    network = value_at(write.after, _NETWORK)
    if not is_known(network):
        return None
    stated = network if isinstance(network, Mapping) else {}
    version = text_at(write.after, "properties.kubernetesVersion")
    body = cast(Body, {"properties": {"networkProfile": stated, "kubernetesVersion": version}})
    given = {**stated, **network_plugin(body)}
    default = pod_range(cast(Body, {"properties": {"networkProfile": given}}))
    return default if isinstance(default, str) else None


def _default_of(write: Write, paths: tuple[str, ...], default: str | None) -> Iterator[_Range]:
    """Yield the range that a cluster gets where it states none."""
    if default is not None and all(is_silent(write.after, path) for path in paths):
        yield ipaddress.ip_network(default)


def _judge_overlap(write: Write) -> Iterator[Refusal]:
    shared = first_overlap(
        _stated_ranges(write, _SERVICES) or _default_of(write, _SERVICES, SERVICE_RANGE),
        _stated_ranges(write, _PODS) or _default_of(write, _PODS, _default_pods(write)),
    )
    if shared is not None:
        services, pods = shared
        yield Refusal(_PODS[0], f"the range of pods {pods} overlaps that of services {services}")


RULES = (
    ServiceRule(
        id="cluster-range-form",
        type=CLUSTER,
        code="CidrStringParseError",
        source="AKS error codes",
        judge=_judge_range_form,
    ),
    ServiceRule(
        id="cluster-dns-address-form",
        type=CLUSTER,
        code="DnsServiceIpParseError",
        source="AKS error codes",
        judge=_judge_resolver_form,
    ),
    ServiceRule(
        id="cluster-dns-address-outside",
        type=CLUSTER,
        code="DnsServiceIpOutOfServiceCidr",
        source=_CODES,
        judge=_judge_resolver_outside,
    ),
    ServiceRule(
        id="cluster-dns-address-first",
        type=CLUSTER,
        code="DnsServiceIpConflicting",
        source=_CODES,
        judge=_judge_resolver_first,
    ),
    ServiceRule(
        id="cluster-dns-address-broadcast",
        type=CLUSTER,
        code="DnsBroadcastAddressConflicting",
        source=_CODES,
        judge=_judge_resolver_last,
    ),
    ServiceRule(
        id="cluster-pods-overlap-services",
        type=CLUSTER,
        code="PodCidrOverlapServiceCidr",
        source=_CODES,
        judge=_judge_overlap,
    ),
)
