"""The share of the internet that a list of ranges and service tags covers, taken together.

A list is judged by its union: `0.0.0.0/1` and `128.0.0.0/1` are everybody, however it is cut, and
everything but a hole is everybody too. Private ranges are nobody outside. Facts: the table of tags
in "Azure service tags overview", "Inbound and outbound IP addresses in Azure App Service", and the
IANA registries of special-purpose addresses.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from provisioner.network.model.intervals import NOTHING, Intervals, parse_addresses, show_addresses
from provisioner.network.model.service_tags import PUBLIC

_MOST_IPV4 = 2**24
"""A /8, the largest block that one organisation has had: what is more is strangers'."""

_MOST_IPV6 = 2 ** (128 - 16)
"""A /16, the largest block of IPv6 that one organisation has had."""

_GLOBAL_IPV6 = Intervals(((2 << 124, (4 << 124) - 1),))
"""All that is assigned on the internet (2000::/3)."""

_RENTED_TAGS = frozenset(("internet", "azurecloud", "powerplatformplex"))
"""Tags of addresses from which whoever has a subscription sends what they like: all public ones
(Azure's are among them), those of all data centres, used by other customers too, and of what Power
Platform executes on behalf of customers."""

_PLATFORM_TAGS = frozenset(
    (
        "virtualnetwork", "azureloadbalancer", "gatewaymanager", "azureplatformdns",
        "azureplatformimds", "azureplatformlkm", "azuremonitor", "azurebackup",
        "azuresiterecovery", "azurekeyvault", "azureactivedirectory",
        "azureactivedirectorydomainservices", "azureresourcemanager", "appservicemanagement",
        "batchnodemanagement", "apimanagement", "microsoftcontainerregistry",
        "guestandhybridmanagement", "azurearcinfrastructure", "microsoftdefenderforendpoint",
        "azureadvancedthreatprotection", "azureinformationprotection", "azureattestation",
        "azureupdatedelivery", "hdinsight", "sqlmanagement", "logicappsmanagement",
        "azuredataexplorermanagement",
    )
)  # fmt: skip
"""Tags of what Microsoft runs itself to manage and to serve, or of networks of one's own: nobody
rents an address there, or has something sent from there that they wrote. All other tags are of
services that act for whoever asks them: action groups call any webhook, Traffic Manager probes any
host, registries run tasks, Logic Apps and Data Factory run pipelines. AppService is among those,
too: by its page it has the inbound addresses of apps alone, by which they may still send
(`possibleOutboundIpAddresses` "includes VIPs")."""


@dataclass(frozen=True, slots=True)
class PublicReach:
    """The part of the internet that a list covers.

    `ipv4` and `ipv6` are its public addresses, `rented` the tags in which anybody rents, `unclear`
    the texts of which nobody can tell from here whose they are: tags of services that act for their
    customers (a Front Door, an action group of anybody), or no tag at all.
    """

    ipv4: Intervals = NOTHING
    ipv6: Intervals = NOTHING
    rented: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()

    def __or__(self, other: "PublicReach") -> "PublicReach":
        return PublicReach(
            self.ipv4 | other.ipv4,
            self.ipv6 | other.ipv6,
            (*self.rented, *other.rented),
            (*self.unclear, *other.unclear),
        )

    @property
    def holds_strangers(self) -> bool:
        """Whether it certainly holds addresses of others than one organisation's."""
        # A threshold, not 0.0.0.0/0: lists are narrowed by cutting out a range, and stay open to
        # nearly everybody.
        return bool(self.rented) or self.ipv4.size > _MOST_IPV4 or self.ipv6.size > _MOST_IPV6

    @property
    def is_empty(self) -> bool:
        """Whether nothing of the internet is in it, as far as is known."""
        return not (self.ipv4 or self.ipv6 or self.rented or self.unclear)

    def __str__(self) -> str:
        if self.rented:
            return self.rented[0]
        if self.ipv4.size > _MOST_IPV4:
            share = self.ipv4.size * 100 // PUBLIC.size
            return f"{max(share, 1)} % of the internet" if share < 100 else "everywhere"
        if self.ipv6.size > _MOST_IPV6:
            return "everywhere over IPv6"
        return show_addresses(self.ipv4) if self.ipv4 else ", ".join(self.unclear)


def read_reach(texts: Iterable[str]) -> PublicReach:
    """Return how much of the internet some ranges, addresses and service tags hold together."""
    ipv4: list[tuple[int, int]] = []
    ipv6: list[tuple[int, int]] = []
    rented, unclear = [], []
    for text in texts:
        # IPv4 first: a text like `10.0.0.1-10.0.0.9` is a range in ARM and nothing to the
        # ipaddress module.
        found = parse_addresses(_ANYWHERE.get(text.strip().lower(), text))
        ipv6_range = _parse_ipv6(text)
        if found is not None:
            ipv4 += found
        elif ipv6_range is not None:
            ipv6.append(ipv6_range)
        elif is_rented(text):
            rented.append(text)
        elif _tag_family(text) not in _PLATFORM_TAGS:
            unclear.append(text)
    return PublicReach(
        Intervals.of(ipv4) & PUBLIC,
        Intervals.of(ipv6) & _GLOBAL_IPV6,
        tuple(rented),
        tuple(unclear),
    )


def is_rented(tag: str) -> bool:
    """Return whether a service tag is one of addresses that anybody rents, also of one region."""
    return _tag_family(tag) in _RENTED_TAGS


_ANYWHERE = {"any": "*"}
"""Azure compares the names of tags, and this one, without case."""


def _tag_family(tag: str) -> str:
    name, _, region = tag.strip().lower().partition(".")
    # AzureFrontDoor.Backend and .Frontend are different tags; the suffix of others is a region.
    return f"{name}.{region}" if name == "azurefrontdoor" else name


def _parse_ipv6(text: str) -> tuple[int, int] | None:
    try:
        network = ipaddress.IPv6Network(text.strip(), strict=False)
    except ValueError:
        return None
    return int(network.network_address), int(network.broadcast_address)
