"""Private DNS zones: virtual network links and record sets.

Sources: "What is a virtual network link?", "Overview of DNS zones and records", and the reports
named at each rule.
"""

import ipaddress
from collections.abc import Callable, Iterator

from provisioner.catalog.regions import GLOBAL, same_region
from provisioner.model.estate import Resource
from provisioner.service_rules.conditions import is_at
from provisioner.service_rules.partial_bodies import entries_at, id_at, number_at, text_at, value_at
from provisioner.service_rules.rule import Refusal, ServiceRule, Write

_ZONE = "Microsoft.Network/privateDnsZones"
_LINK = f"{_ZONE}/virtualNetworkLinks"
_KINDS = ("A", "AAAA", "CNAME", "MX", "PTR", "SRV", "TXT")
_LINKS_PAGE = "learn.microsoft.com/azure/dns/private-dns-virtual-network-links"
_RECORDS_PAGE = "learn.microsoft.com/azure/dns/dns-zones-records"
_NETWORK, _REGISTERS = "properties.virtualNetwork.id", "properties.registrationEnabled"
_RESOLUTION = "properties.resolutionPolicy"
# RFC 2181, 8: a TTL has 31 bits.
_LONGEST = 2**31 - 1


def _others_on_network(write: Write) -> Iterator[Resource]:
    """Yield the links of any zone to the network of this link."""
    network = id_at(write.after, _NETWORK)
    if network is None:
        return
    for other in write.others(write.neighbours.referring_to(network, _LINK)):
        if id_at(other.body, _NETWORK) == network:
            yield other


def _judge_repeated(write: Write) -> Iterator[Refusal]:
    for other in _others_on_network(write):
        if other.id.parent == write.id.parent:
            yield Refusal(
                _NETWORK, f"the zone is linked to this network by {other.id.name} already"
            )
            return


def _judge_same_name(write: Write) -> Iterator[Refusal]:
    zone = write.id.parent
    for other in _others_on_network(write):
        theirs = other.id.parent
        if zone and theirs and theirs != zone and theirs.name.lower() == zone.name.lower():
            yield Refusal(
                _NETWORK,
                f"the network is linked to another zone {zone.name} already ({theirs}), and takes "
                "one of a name",
            )
            return


def _judge_registration(write: Write) -> Iterator[Refusal]:
    if value_at(write.after, _REGISTERS) is not True:
        return
    for other in _others_on_network(write):
        if value_at(other.body, _REGISTERS) is True:
            yield Refusal(
                _REGISTERS,
                f"the network registers its machines in {other.id.parent and other.id.parent.name} "
                "already, and in one zone alone",
            )
            return


def _judge_time(write: Write) -> Iterator[Refusal]:
    seconds = number_at(write.after, "properties.ttl")
    if seconds is not None and not 0 <= seconds <= _LONGEST:
        yield Refusal("properties.ttl", f"{seconds} seconds is not between 0 and {_LONGEST:,}")


def _judge_neighbours(kind: str) -> Callable[[Write], Iterator[Refusal]]:
    """Return what refuses an alias beside other records of its name, and those beside it."""

    def judge(write: Write) -> Iterator[Refusal]:
        zone = write.id.parent
        if zone is None:
            return
        if kind == "CNAME" and write.id.name == "@":
            yield Refusal("", "a CNAME record set cannot be at the apex of a zone (@)")
        beside = [other for other in _KINDS if other != "CNAME"] if kind == "CNAME" else ["CNAME"]
        for other in beside:
            for found in write.neighbours.children(zone, f"{_ZONE}/{other}"):
                if found.id.name.lower() == write.id.name.lower():
                    yield Refusal(
                        "",
                        f"{write.id.name} has a record set of the type {other}, and a CNAME stands "
                        "alone",
                    )
                    return

    return judge


def _judge_addresses(entries: str, name: str, version: int) -> Callable[[Write], Iterator[Refusal]]:
    def judge(write: Write) -> Iterator[Refusal]:
        for at, entry in entries_at(write.after, entries):
            text = text_at(entry, name)
            if text is not None and not _is_version(text, version):
                yield Refusal(f"{at}.{name}", f"{text!r} is not an IPv{version} address")

    return judge


def _is_version(text: str, version: int) -> bool:
    try:
        return ipaddress.ip_address(text).version == version
    except ValueError:
        return False


def _judge_texts(write: Write) -> Iterator[Refusal]:
    for at, entry in entries_at(write.after, "properties.txtRecords"):
        for where, text in entries_at(entry, "value"):
            if isinstance(text, str) and len(text) > _MOST_CHARACTERS:
                yield Refusal(
                    f"{at}.{where}",
                    f"{len(text):,} characters are in one text, which holds {_MOST_CHARACTERS}",
                    "Split it into several texts of the record.",
                )


# RFC 1035, 3.3: the length of a character string is one octet.
_MOST_CHARACTERS = 255


def _judge_numbers(entries: str, *names: str) -> Callable[[Write], Iterator[Refusal]]:
    def judge(write: Write) -> Iterator[Refusal]:
        for at, entry in entries_at(write.after, entries):
            for name in names:
                found = number_at(entry, name)
                if found is not None and not 0 <= found <= 65535:
                    yield Refusal(f"{at}.{name}", f"{name} is {found}, and 0 to 65535")

    return judge


def _judge_place(write: Write) -> Iterator[Refusal]:
    location = text_at(write.after, "location")
    if location is not None and same_region(location) != GLOBAL:
        yield Refusal(
            "location", f"private DNS zones and their links are global, and not of {location}"
        )


def _judge_redirect(write: Write) -> Iterator[Refusal]:
    zone = write.id.parent
    redirects = is_at(write.after, _RESOLUTION, "NxDomainRedirect")
    if redirects and zone is not None and "privatelink" not in zone.name.lower().split("."):
        yield Refusal(
            _RESOLUTION,
            f"NxDomainRedirect is for zones of Private Link, and {zone.name} is none",
        )


RULES = (
    *(
        ServiceRule(
            id=f"{what}-not-global", type=type_name, code="LocationNotAvailableForResourceType",
            source="learn.microsoft.com/azure/dns/private-dns-privatednszone: zones are global",
            judge=_judge_place,
        )
        for what, type_name in (("zone", _ZONE), ("zone-link", _LINK))
    ),
    ServiceRule(
        id="zone-link-redirect", type=_LINK, code=None,
        source="learn.microsoft.com/azure/dns/private-dns-fallback (limitations)",
        judge=_judge_redirect,
    ),
    ServiceRule(
        id="zone-linked-twice", type=_LINK, status=409, code="Conflict",
        source=f"{_LINKS_PAGE}: one link between a zone and a network; the code is that of other "
        "conflicts of links",
        judge=_judge_repeated,
    ),
    ServiceRule(
        id="zones-of-one-name-on-network", type=_LINK, code="BadRequest",
        source="MicrosoftDocs/azure-aks-docs#212, microsoft-foundry/foundry-samples#214",
        judge=_judge_same_name,
    ),
    ServiceRule(
        id="network-registers-twice", type=_LINK, status=409, code="Conflict",
        source="Azure/Azure-Landing-Zones#3890", judge=_judge_registration,
    ),
    *(
        ServiceRule(
            id=f"record-ttl-{kind.lower()}", type=f"{_ZONE}/{kind}", code=None,
            source=f"{_RECORDS_PAGE} (time to live)", judge=_judge_time,
        )
        for kind in _KINDS
    ),
    *(
        ServiceRule(
            id=f"record-beside-alias-{kind.lower()}", type=f"{_ZONE}/{kind}", code=None,
            source=f"{_RECORDS_PAGE} (CNAME records)", judge=_judge_neighbours(kind),
        )
        for kind in _KINDS
    ),
    ServiceRule(
        id="record-address", type=f"{_ZONE}/A", code=None, source=f"{_RECORDS_PAGE} (A)",
        judge=_judge_addresses("properties.aRecords", "ipv4Address", 4),
    ),
    ServiceRule(
        id="record-address-ipv6", type=f"{_ZONE}/AAAA", code=None, source=f"{_RECORDS_PAGE} (AAAA)",
        judge=_judge_addresses("properties.aaaaRecords", "ipv6Address", 6),
    ),
    ServiceRule(
        id="record-text-length", type=f"{_ZONE}/TXT", code=None,
        source=f"{_RECORDS_PAGE} (TXT): 255 characters in each text", judge=_judge_texts,
    ),
    ServiceRule(
        id="record-preference", type=f"{_ZONE}/MX", code=None, source=f"{_RECORDS_PAGE} (MX)",
        judge=_judge_numbers("properties.mxRecords", "preference"),
    ),
    ServiceRule(
        id="record-service", type=f"{_ZONE}/SRV", code=None, source=f"{_RECORDS_PAGE} (SRV)",
        judge=_judge_numbers("properties.srvRecords", "priority", "weight", "port"),
    ),
)  # fmt: skip
