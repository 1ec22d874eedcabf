"""Bastion hosts ("About Azure Bastion configuration settings")."""

from collections.abc import Iterator

from provisioner.service_rules.partial_bodies import is_silent, number_at, text_or, value_at
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
from provisioner.service_rules.service_subnets import (
    ServiceSubnet,
    misnamed_subnets,
    shared_subnets,
    subnets_of,
    undersized_subnets,
)

_BASTION = "Microsoft.Network/bastionHosts"
_DOCS = "learn.microsoft.com/azure/bastion/configuration-settings"
# guidelines.md §2.2.
_SUBNET = ServiceSubnet("AzureBastionSubnet", 26)
_UNITS = "properties.scaleUnits"
_OF_STANDARD = (
    "enableFileCopy", "enableIpConnect", "enableShareableLink", "enableTunneling",
)  # fmt: skip
_OF_PREMIUM = ("enableSessionRecording", "enablePrivateOnlyBastion")


def _sku_name(write: Write) -> str:
    """Return the SKU in lower case; "" where it is not known yet."""
    return (text_or(write.after, "sku.name", "Basic") or "").lower()


def _judge_subnet(write: Write) -> Iterator[Refusal]:
    yield from misnamed_subnets(write, _SUBNET, *subnets_of(write.after))


def _judge_size(write: Write) -> Iterator[Refusal]:
    yield from undersized_subnets(write, _SUBNET, *subnets_of(write.after))


def _judge_shared(write: Write) -> Iterator[Refusal]:
    yield from shared_subnets(write)


def _judge_address(write: Write) -> Iterator[Refusal]:
    yield from non_standard_addresses(write)


def _judge_use(write: Write) -> Iterator[Refusal]:
    yield from addresses_in_use(write)


def _judge_units(write: Write) -> Iterator[Refusal]:
    units = number_at(write.after, _UNITS)
    if units is None:
        return
    if _sku_name(write) == "basic" and units != 2:
        yield Refusal(_UNITS, f"a Basic host has 2 scale units, and not {units}")
    elif not 2 <= units <= 50:
        yield Refusal(_UNITS, f"{units} scale units is not between 2 and 50")


def _judge_features(write: Write) -> Iterator[Refusal]:
    sku = _sku_name(write)
    lacking = (*_OF_STANDARD, *_OF_PREMIUM) if sku in ("basic", "developer") else (
        _OF_PREMIUM if sku == "standard" else ()
    )  # fmt: skip
    for name in lacking:
        if value_at(write.after, f"properties.{name}") is True:
            least = "Premium" if name in _OF_PREMIUM else "Standard"
            yield Refusal(
                f"properties.{name}", f"{name} needs the SKU {least}, and this one is {sku.title()}"
            )


def _judge_configuration(write: Write) -> Iterator[Refusal]:
    if _sku_name(write) not in ("", "developer") and is_silent(
        write.after, "properties.ipConfigurations"
    ):
        yield Refusal(
            "properties.ipConfigurations",
            f"a host of the SKU {_sku_name(write).title()} has no subnet",
        )


def _judge_region(write: Write) -> Iterator[Refusal]:
    paths = [at for at, _named in addresses_of(write.type, write.after)]
    region = region_in(write.after)
    yield from references_to_other_regions(write.after, write.neighbours, region, *paths)


RULES = (
    ServiceRule(
        id="bastion-subnet-name", type=_BASTION, code=None, source=f"{_DOCS} (subnet)",
        judge=_judge_subnet,
    ),
    ServiceRule(
        id="bastion-subnet-size", type=_BASTION, code=None,
        source=f"{_DOCS}: /26 or larger since November 2021", judge=_judge_size,
    ),
    ServiceRule(
        id="bastion-beside-another", type=_BASTION, code=None,
        source="learn.microsoft.com/azure/bastion/bastion-faq: one host in a virtual network",
        judge=_judge_shared,
    ),
    ServiceRule(
        id="bastion-address-sku", type=_BASTION, code=None, source=f"{_DOCS} (public IP address)",
        judge=_judge_address,
    ),
    ServiceRule(
        id="bastion-address-in-use", type=_BASTION, code="PublicIPAddressInUse",
        source="gardener/gardener-extension-provider-azure#757 (of a NAT gateway)",
        judge=_judge_use,
    ),
    ServiceRule(
        id="bastion-scale-units", type=_BASTION, code=None,
        source="guidelines.md §3.3 (2 to 50); a Basic host has 2", judge=_judge_units,
    ),
    ServiceRule(
        id="bastion-feature-of-sku", type=_BASTION, code=None,
        source="learn.microsoft.com/azure/bastion/bastion-sku-comparison", judge=_judge_features,
    ),
    ServiceRule(
        id="bastion-without-subnet", type=_BASTION, code=None, source=f"{_DOCS} (subnet)",
        judge=_judge_configuration,
    ),
    ServiceRule(
        id="bastion-refers-to-other-region", type=_BASTION, code=OTHER_REGION,
        source="recorded message of InvalidResourceReference (errors.jsonl)", judge=_judge_region,
    ),
)  # fmt: skip
