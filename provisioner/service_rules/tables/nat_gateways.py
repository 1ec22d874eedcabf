"""NAT gateways ("What is Azure NAT Gateway?", "NAT gateway resource")."""

from collections.abc import Iterator

from provisioner.service_rules.partial_bodies import entries_at, number_at, text_or, value_at
from provisioner.service_rules.public_addresses import (
    addresses_in_use,
    addresses_of,
    non_standard_addresses,
)
from provisioner.service_rules.rule import Refusal, ServiceRule, Write
from provisioner.service_rules.same_region import (
    OTHER_REGION,
    references_to_other_regions,
    region_in,
)

_NAT = "Microsoft.Network/natGateways"
_DOCS = "learn.microsoft.com/azure/nat-gateway/nat-gateway-resource"
_TIMEOUT = "properties.idleTimeoutInMinutes"
_MOST = 16


def _judge_sku(write: Write) -> Iterator[Refusal]:
    sku = text_or(write.after, "sku.name", "Standard")
    if sku is not None:
        yield from non_standard_addresses(write, (sku.lower(),))


def _judge_use(write: Write) -> Iterator[Refusal]:
    yield from addresses_in_use(write)


def _judge_count(write: Write) -> Iterator[Refusal]:
    for path in ("properties.publicIpAddresses", "properties.publicIpAddressesV6"):
        count = sum(1 for _ in entries_at(write.after, path))
        if count > _MOST:
            yield Refusal(path, f"a NAT gateway takes {_MOST} public addresses, and not {count}")


def _judge_timeout(write: Write) -> Iterator[Refusal]:
    minutes = number_at(write.after, _TIMEOUT)
    if minutes is not None and not 4 <= minutes <= 120:
        yield Refusal(_TIMEOUT, f"{minutes} minutes is not between 4 and 120")


def _judge_zones(write: Write) -> Iterator[Refusal]:
    zones = value_at(write.after, "zones")
    sku = (text_or(write.after, "sku.name", "Standard") or "").lower()
    if sku == "standard" and isinstance(zones, (list, tuple)) and len(zones) > 1:
        yield Refusal(
            "zones",
            f"a Standard NAT gateway is in one zone or in none, and not in {len(zones)}",
            "Make one for each zone, or take the SKU StandardV2.",
        )


def _judge_region(write: Write) -> Iterator[Refusal]:
    paths = [at for at, _named in addresses_of(write.type, write.after)]
    region = region_in(write.after)
    yield from references_to_other_regions(write.after, write.neighbours, region, *paths)


RULES = (
    ServiceRule(
        id="nat-gateway-address-sku",
        type=_NAT,
        code=None,
        source=f"{_DOCS}: not with Basic addresses, and StandardV2 with StandardV2 alone; "
        "Azure/bicep#5914",
        judge=_judge_sku,
    ),
    ServiceRule(
        id="nat-gateway-address-in-use",
        type=_NAT,
        code="PublicIPAddressInUse",
        source="gardener/gardener-extension-provider-azure#757",
        judge=_judge_use,
    ),
    ServiceRule(
        id="nat-gateway-too-many-addresses",
        type=_NAT,
        code=None,
        source=f"{_DOCS}: up to 16",
        judge=_judge_count,
    ),
    ServiceRule(
        id="nat-gateway-timeout",
        type=_NAT,
        code=None,
        source=f"{_DOCS}: 4 to 120 minutes",
        judge=_judge_timeout,
    ),
    ServiceRule(
        id="nat-gateway-zones",
        type=_NAT,
        code=None,
        source="learn.microsoft.com/azure/nat-gateway/nat-availability-zones",
        judge=_judge_zones,
    ),
    ServiceRule(
        id="nat-gateway-refers-to-other-region",
        type=_NAT,
        code=OTHER_REGION,
        source="recorded message of InvalidResourceReference (errors.jsonl)",
        judge=_judge_region,
    ),
)
