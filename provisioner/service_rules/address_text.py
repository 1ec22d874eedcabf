"""Errors in the text of an address range."""

from collections.abc import Iterator

from provisioner.model.cidr import parse_range
from provisioner.service_rules.addresses import read_loosely
from provisioner.service_rules.rule import Refusal, Write


def unreadable_ranges(write: Write, *paths: str) -> Iterator[Refusal]:
    """Yield what is no range in CIDR notation (Azure: InvalidAddressPrefixFormat)."""
    for at, text in write.texts_at(*paths):
        if "/" not in text or read_loosely(text) is None:
            yield Refusal(
                at, f"{text!r} is not a range of addresses in CIDR notation, such as 10.0.0.0/24"
            )


def ranges_with_host_bits(write: Write, *paths: str) -> Iterator[Refusal]:
    """Yield the ranges with bits set behind their prefix (Azure: InvalidCIDRNotation)."""
    for at, text in write.texts_at(*paths):
        meant = read_loosely(text) if "/" in text and parse_range(text) is None else None
        if meant is not None:
            yield Refusal(
                at,
                f"{text} has bits set behind its prefix: the range of that length is {meant}",
                f"Write {meant}.",
            )
