"""Addresses, ranges, ports and service tags, as the network services parse them."""

import ipaddress
import re
from collections.abc import Iterable, Iterator

from provisioner.model.cidr import Range, parse_range
from provisioner.model.ranges import first_free, is_within, overlap, show_ends
from provisioner.service_rules.partial_bodies import Tree, texts_at

# Service tags begin with a product name; Microsoft adds tags every few months ("Virtual network
# service tags").
_FAMILIES = ("azure", "microsoft", "m365", "office", "windows", "power", "dynamics", "defender")
_TAGS = frozenset(
    """
    actiongroup apimanagement appconfiguration applicationinsightsavailability appservice
    appservicemanagement autonomousdevelopmentplatform batchnodemanagement chaosstudio
    cognitiveservicesfrontend cognitiveservicesmanagement containerappsmanagement datafactory
    datafactorymanagement eventhub gatewaymanager guestandhybridmanagement hdinsight internet
    kustoanalytics logicapps logicappsmanagement marketplace onedsanalytics oneds
    privatelink restorestorage scuba servicebus servicefabric serialconsole sql sqlmanagement
    storage storagemover storagesyncservice trafficmanager umbrella videoindexer virtualdesktop
    virtualnetwork vscode aksserviceaccounts aks globaldns intune osdu
    """.lower().split()
)
"""Service tags that begin with none of `_FAMILIES`
(learn.microsoft.com/azure/virtual-network/service-tags-overview, and the tags of ARM's own
service tag list). A tag that is newer than this list mostly begins with a family's word."""

_PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")
_HIGHEST_PORT = 65535
_SHORT = re.compile(r"\d{1,10}(?:\.\d{1,8}){0,2}", re.ASCII)


def is_service_tag(text: str) -> bool:
    """Return whether a text is a service tag, of one region (`Sql.WestEurope`) or of all.

    What has the form of one is taken for one: Microsoft's list grows.
    """
    word = text.partition(".")[0].lower()
    return word in _TAGS or (word.isalnum() and word.startswith(_FAMILIES))


def read_loosely(text: str) -> Range | None:
    """Return a CIDR range or a single address as a range, host bits ignored; else None.

    Azure also accepts an address of fewer than four numbers, the last of which fills the rest:
    `789` is 0.0.3.21 (recorded: cli/test_network_nsg.yaml).
    """
    exact = parse_range(text)
    if exact is not None:
        return exact
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return _read_short(text)


def _read_short(text: str) -> Range | None:
    *first, last = text.split(".") if _SHORT.fullmatch(text) else ("",)
    high = [int(number) for number in first]
    room = 8 * (4 - len(first))
    if not last or any(number > 255 for number in high) or int(last) >= 2**room:
        return None
    whole = int.from_bytes(bytes(high)) << room | int(last)
    return ipaddress.IPv4Network(whole)


def is_address(text: str) -> bool:
    """Return whether a text is one address, IPv4 or IPv6."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_span(text: str) -> bool:
    """Return whether a text is two addresses of one family in order (`10.0.0.1-10.0.0.9`)."""
    first, dash, last = text.partition("-")
    if not dash or not is_address(first) or not is_address(last):
        return False
    begin, end = ipaddress.ip_address(first), ipaddress.ip_address(last)
    return begin.version == end.version and int(begin) <= int(end)


def is_port_range(text: str, highest: int = _HIGHEST_PORT, lowest: int = 0) -> bool:
    """Return whether a text is a port or a range of ports in order (`80`, `8000-8080`)."""
    found = _PORTS.fullmatch(text)
    if found is None:
        return False
    first = int(found[1])
    return lowest <= first <= int(found[2] or first) <= highest


def port_range_error(text: str) -> str | None:
    """Return what is wrong with a port range that is only in the wrong order, or None."""
    found = _PORTS.fullmatch(text)
    if found is None or found[2] is None or int(found[1]) <= int(found[2]):
        return None
    return f"{text!r} ends before it begins: write {found[2]}-{found[1]}"


def ranges_at(body: Tree, *paths: str) -> Iterator[tuple[str, Range]]:
    """Yield (path, range) of the ranges at these paths; what is no range is left out."""
    for at, text in texts_at(body, *paths):
        found = parse_range(text)
        if found is not None:
            yield at, found


def is_within_any(inner: Range, spaces: Iterable[Range]) -> bool:
    """Return whether a range lies in one of these."""
    return any(is_within(inner, space) for space in spaces)


def shared_addresses(one: Range, other: Range) -> str:
    """Return in words which addresses two overlapping ranges share: one of them holds the other."""
    shared = min(one, other, key=lambda each: each.num_addresses)
    return f"they share {shared.num_addresses:,} addresses, {show_ends(shared)}"


def propose_free(spaces: Iterable[Range], taken: Iterable[Range], like: Range) -> str | None:
    """Return, as a hint, the first range of the size of another one that is free in some spaces."""
    held = tuple(taken)
    for space in spaces:
        if space.version == like.version:
            found = first_free(space, held, like.prefixlen)
            if found is not None:
                return f"{found} is free in the network."
    return None


def first_overlap(mine: Iterable[Range], theirs: Iterable[Range]) -> tuple[Range, Range] | None:
    """Return the first pair of ranges that share an address, or None."""
    others = tuple(theirs)
    return next(((one, other) for one in mine for other in others if overlap(one, other)), None)
