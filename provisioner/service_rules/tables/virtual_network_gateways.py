"""Virtual network gateways and their connections ("About VPN Gateway settings")."""

from collections.abc import Iterator

from provisioner.service_rules.address_text import ranges_with_host_bits, unreadable_ranges
from provisioner.service_rules.addresses import is_address
from provisioner.service_rules.partial_bodies import entries_at, id_at, is_stated, text_at, value_at
from provisioner.service_rules.public_addresses import (
    addresses_in_use,
    find_neighbour,
    non_standard_addresses,
)
from provisioner.service_rules.rule import Refusal, ServiceRule, Write
from provisioner.service_rules.service_subnets import ServiceSubnet, misnamed_subnets, subnets_of

_GATEWAY = "Microsoft.Network/virtualNetworkGateways"
_LOCAL = "Microsoft.Network/localNetworkGateways"
_DOCS = "learn.microsoft.com/azure/vpn-gateway/vpn-gateway-about-vpn-gateway-settings"
# /29 is the least that Azure accepts; guidelines.md §2.2 recommends a /27.
_SUBNET = ServiceSubnet("GatewaySubnet", 29)
_SKU = "properties.sku.name"
_METHOD = "properties.publicIPAllocationMethod"
_CONFIGURATIONS = "properties.ipConfigurations"
_SITE = "properties.localNetworkAddressSpace.addressPrefixes"
_POINT, _NAME = "properties.gatewayIpAddress", "properties.fqdn"


def _judge_subnet(write: Write) -> Iterator[Refusal]:
    yield from misnamed_subnets(write, _SUBNET, *subnets_of(write.after))


def _judge_address(write: Write) -> Iterator[Refusal]:
    """Yield a VPN gateway with a static public address that is not of the SKU Standard.

    A Basic address was allocated dynamically here as far as recordings go (2020); none that is
    static was ever accepted, and none at all since 2023.
    """
    is_vpn = (text_at(write.after, "properties.gatewayType") or "").lower() == "vpn"
    sku = (text_at(write.after, _SKU) or "").lower()
    if is_vpn and sku and sku != "basic":
        for refusal in non_standard_addresses(write):
            named = id_at(write.after, refusal.path)
            address = find_neighbour(write.neighbours, named) if named else None
            method = text_at(address.body, _METHOD) if address else None
            if (method or "").lower() == "static":
                yield refusal


def _judge_kind(write: Write) -> Iterator[Refusal]:
    """Yield a gateway whose SKU is of the other type; Standard and HighPerformance are of both."""
    kind = (text_at(write.after, "properties.gatewayType") or "").lower()
    sku = text_at(write.after, _SKU) or ""
    of_vpn = sku.lower().startswith("vpngw") or sku.lower() == "basic"
    of_express = sku.lower().startswith("ergw") or sku.lower() == "ultraperformance"
    if (kind == "expressroute" and of_vpn) or (kind == "vpn" and of_express):
        yield Refusal(_SKU, f"{sku} is not a SKU of a gateway of the type {kind}")


def _judge_generation(write: Write) -> Iterator[Refusal]:
    generation = text_at(write.after, "properties.vpnGatewayGeneration") or ""
    sku = text_at(write.after, _SKU) or ""
    if generation.lower() == "generation1" and sku.lower().startswith(("vpngw4", "vpngw5")):
        yield Refusal(_SKU, f"{sku} is a SKU of Generation2 alone")


def _judge_routes(write: Write) -> Iterator[Refusal]:
    is_basic = (text_at(write.after, _SKU) or "").lower() == "basic"
    if is_basic and value_at(write.after, "properties.enableBgp") is True:
        yield Refusal("properties.enableBgp", "a gateway of the SKU Basic has no BGP")


def _judge_use(write: Write) -> Iterator[Refusal]:
    yield from addresses_in_use(write)


def _judge_active(write: Write) -> Iterator[Refusal]:
    active = value_at(write.after, "properties.activeActive") is True
    count = sum(1 for _ in entries_at(write.after, _CONFIGURATIONS))
    if active and count == 1:
        yield Refusal(
            _CONFIGURATIONS, "an active-active gateway has two ipConfigurations, and this one has 1"
        )


def _judge_ranges(write: Write) -> Iterator[Refusal]:
    yield from unreadable_ranges(write, _SITE)


def _judge_host_bits(write: Write) -> Iterator[Refusal]:
    yield from ranges_with_host_bits(write, _SITE)


def _judge_point(write: Write) -> Iterator[Refusal]:
    point = text_at(write.after, _POINT)
    if point is not None and not is_address(point):
        yield Refusal(_POINT, f"{point!r} is not an address of a VPN device")


def _judge_both_points(write: Write) -> Iterator[Refusal]:
    if is_stated(write.after, _POINT) and is_stated(write.after, _NAME):
        yield Refusal(_NAME, "gatewayIpAddress and fqdn exclude each other", "State one of them.")


RULES = (
    ServiceRule(
        id="gateway-subnet-name", type=_GATEWAY, code=None, source=f"{_DOCS} (gateway subnet)",
        judge=_judge_subnet,
    ),
    ServiceRule(
        id="gateway-address-sku", type=_GATEWAY, code="PublicIpWithBasicSkuNotAllowedOnVPNGateways",
        source="Azure/Azure-Landing-Zones#475", judge=_judge_address,
    ),
    ServiceRule(
        id="gateway-sku-of-another-kind", type=_GATEWAY, code=None,
        source=f"{_DOCS} (gateway SKUs); expressroute-about-virtual-network-gateways",
        judge=_judge_kind,
    ),
    ServiceRule(
        id="gateway-generation", type=_GATEWAY, code=None,
        source="learn.microsoft.com/azure/vpn-gateway/about-gateway-skus (table by generation)",
        judge=_judge_generation,
    ),
    ServiceRule(
        id="gateway-bgp-of-basic", type=_GATEWAY, code=None,
        source="learn.microsoft.com/azure/vpn-gateway/about-gateway-skus (BGP)",
        judge=_judge_routes,
    ),
    ServiceRule(
        id="gateway-address-in-use", type=_GATEWAY, code="PublicIPAddressInUse",
        source="gardener/gardener-extension-provider-azure#757 (of a NAT gateway)",
        judge=_judge_use,
    ),
    ServiceRule(
        id="gateway-active-with-one-address", type=_GATEWAY, code=None,
        source="learn.microsoft.com/azure/vpn-gateway/about-active-active-gateways",
        judge=_judge_active,
    ),
    ServiceRule(
        id="site-range", type=_LOCAL, code="InvalidAddressPrefixFormat",
        source=f"{_DOCS} (local network gateways); the code is that of subnets",
        judge=_judge_ranges,
    ),
    ServiceRule(
        id="site-host-bits", type=_LOCAL, code="InvalidCIDRNotation",
        source=f"{_DOCS} (local network gateways); the code is that of networks",
        judge=_judge_host_bits,
    ),
    ServiceRule(
        id="site-address", type=_LOCAL, code=None,
        source="REST reference of local network gateways: gatewayIpAddress is an IP address",
        judge=_judge_point,
    ),
    ServiceRule(
        id="site-address-and-name", type=_LOCAL, code=None,
        source=f"{_DOCS} (local network gateways): an IP address or an FQDN",
        judge=_judge_both_points,
    ),
)  # fmt: skip
