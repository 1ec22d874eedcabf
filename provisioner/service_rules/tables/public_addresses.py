"""Public IP addresses and prefixes ("Public IP addresses", "Public IP address prefix")."""

import re
from collections.abc import Iterator

from provisioner.model.estate import Resource
from provisioner.service_rules.partial_bodies import id_at, is_silent, number_at, text_at, text_or
from provisioner.service_rules.public_addresses import find_neighbour, sku_of
from provisioner.service_rules.rule import Refusal, ServiceRule, Write
from provisioner.service_rules.same_region import (
    OTHER_REGION,
    references_to_other_regions,
    region_in,
    region_of,
)

_ADDRESS = "Microsoft.Network/publicIPAddresses"
_PREFIX = "Microsoft.Network/publicIPPrefixes"
_DOCS = "learn.microsoft.com/azure/virtual-network/ip-services/public-ip-addresses"
_METHOD, _VERSION = "properties.publicIPAllocationMethod", "properties.publicIPAddressVersion"
_FROM, _LABEL = "properties.publicIPPrefix.id", "properties.dnsSettings.domainNameLabel"
_TIMEOUT = "properties.idleTimeoutInMinutes"
_LABELS = re.compile(r"[a-z][a-z0-9-]{1,61}[a-z0-9]")


def _judge_static(write: Write) -> Iterator[Refusal]:
    sku = text_at(write.after, "sku.name") or ""
    method = text_at(write.after, _METHOD)
    known = method is not None or is_silent(write.after, _METHOD)
    if sku.lower().startswith("standard") and known and (method or "").lower() != "static":
        yield Refusal(
            _METHOD,
            f"an address of the SKU {sku} is allocated statically, and not "
            f"{'dynamically' if method else 'by default'}",
            "Set publicIPAllocationMethod to Static.",
        )


def _judge_timeout(write: Write) -> Iterator[Refusal]:
    minutes = number_at(write.after, _TIMEOUT)
    if minutes is not None and not 4 <= minutes <= 30:
        yield Refusal(_TIMEOUT, f"{minutes} minutes is not between 4 and 30")


def _judge_label(write: Write) -> Iterator[Refusal]:
    label = text_at(write.after, _LABEL)
    if label is not None and _LABELS.fullmatch(label) is None:
        yield Refusal(
            _LABEL,
            f"{label!r} is not a DNS label: 3 to 63 lower-case letters, digits and hyphens, "
            "beginning "
            "with a letter and not ending with a hyphen",
        )


def _judge_same_label(write: Write) -> Iterator[Refusal]:
    label, region = (text_at(write.after, _LABEL) or "").lower(), region_in(write.after)
    if not label or region is None or text_at(write.after, f"{_LABEL}Scope"):
        return
    for other in write.others(write.neighbours.of_type(_ADDRESS)):
        same = (text_at(other.body, _LABEL) or "").lower() == label
        if same and region_of(other) == region and not text_at(other.body, f"{_LABEL}Scope"):
            yield Refusal(
                _LABEL, f"the DNS label {label} is used in {region} by {other.label} already"
            )
            return


def _prefix_of(write: Write) -> Resource | None:
    named = id_at(write.after, _FROM)
    return find_neighbour(write.neighbours, named) if named else None


def _judge_prefix_pair(write: Write) -> Iterator[Refusal]:
    prefix = _prefix_of(write)
    if prefix is None:
        return
    mine, theirs = (text_or(write.after, "sku.name", "Basic") or "").lower(), sku_of(prefix)
    if theirs is not None and mine and mine != theirs:
        yield Refusal(
            _FROM,
            f"an address of the SKU {mine.title()} does not come from a prefix of the SKU "
            f"{theirs.title()}",
        )
    version = text_or(write.after, _VERSION, "IPv4")
    other = text_or(prefix.body, _VERSION, "IPv4")
    if version and other and version.lower() != other.lower():
        yield Refusal(_FROM, f"an {version} address does not come from an {other} prefix")


def _judge_missing_prefix(write: Write) -> Iterator[Refusal]:
    named = id_at(write.after, _FROM)
    if named is not None and write.neighbours.lookup(named) is None:
        yield Refusal(_FROM, f"{named} was not found")


def _judge_prefix_region(write: Write) -> Iterator[Refusal]:
    region = region_in(write.after)
    yield from references_to_other_regions(write.after, write.neighbours, region, _FROM)


def _judge_length(write: Write) -> Iterator[Refusal]:
    length = number_at(write.after, "properties.prefixLength")
    version = (text_or(write.after, _VERSION, "IPv4") or "").lower()
    lowest, highest = (21, 31) if version == "ipv4" else (108, 127)
    if length is not None and version and not lowest <= length <= highest:
        yield Refusal(
            "properties.prefixLength",
            f"a public prefix has a length of {lowest} to {highest}, and not of {length}",
        )


RULES = (
    ServiceRule(
        id="public-address-not-static",
        type=_ADDRESS,
        code="StandardSkuPublicIPAddressesMustBeStatic",
        source="pulumi/pulumi-azure-native#1597, MicrosoftDocs/azure-docs#42889",
        judge=_judge_static,
    ),
    ServiceRule(
        id="public-address-timeout",
        type=_ADDRESS,
        code=None,
        source=f"{_DOCS}: idle timeout of 4 to 30 minutes",
        judge=_judge_timeout,
    ),
    ServiceRule(
        id="public-address-label",
        type=_ADDRESS,
        code="InvalidDomainNameLabel",
        source=f"{_DOCS}: DNS name label",
        judge=_judge_label,
    ),
    ServiceRule(
        id="public-address-label-taken",
        type=_ADDRESS,
        code="DnsRecordInUse",
        source=f"{_DOCS}: unique within a region; a code that clients of ARM tell apart",
        judge=_judge_same_label,
    ),
    ServiceRule(
        id="public-address-of-missing-prefix",
        type=_ADDRESS,
        status=404,
        code="NotFound",
        source="recorded (added/errors.jsonl, publicIPPrefix of an address)",
        judge=_judge_missing_prefix,
    ),
    ServiceRule(
        id="public-address-prefix-pair",
        type=_ADDRESS,
        code=None,
        source="learn.microsoft.com/azure/virtual-network/ip-services/public-ip-address-prefix",
        judge=_judge_prefix_pair,
    ),
    ServiceRule(
        id="public-address-prefix-region",
        type=_ADDRESS,
        code=OTHER_REGION,
        source="recorded message of InvalidResourceReference (errors.jsonl)",
        judge=_judge_prefix_region,
    ),
    ServiceRule(
        id="public-prefix-length",
        type=_PREFIX,
        code=None,
        source="learn.microsoft.com/azure/virtual-network/ip-services/public-ip-address-prefix",
        judge=_judge_length,
    ),
)
