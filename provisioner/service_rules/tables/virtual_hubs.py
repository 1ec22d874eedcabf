"""Route servers ("Azure Route Server frequently asked questions")."""

from collections.abc import Iterator

from provisioner.service_rules.partial_bodies import id_at, number_at
from provisioner.service_rules.rule import Refusal, ServiceRule, Write

_CONFIGURATION = "Microsoft.Network/virtualHubs/ipConfigurations"
_CONNECTION = "Microsoft.Network/virtualHubs/bgpConnections"
_SUBNET = "properties.subnet.id"
_ASN = "properties.peerAsn"
_PAGE = "learn.microsoft.com/azure/route-server/route-server-faq"
_RESERVED = frozenset(
    (
        *(8074, 8075, 12076, 65515, 65517, 65518, 65519, 65520),
        *(23456, *range(64496, 64512), *range(65535, 65552)),
    )
)
"""Numbers of Azure, and of IANA."""


def _judge_subnet(write: Write) -> Iterator[Refusal]:
    subnet = id_at(write.after, _SUBNET)
    if subnet is not None and subnet.name.lower() != "routeserversubnet":
        yield Refusal(_SUBNET, "a route server is in a subnet named RouteServerSubnet")


def _judge_number(write: Write) -> Iterator[Refusal]:
    number = number_at(write.after, _ASN)
    if number is not None and number in _RESERVED:
        yield Refusal(_ASN, f"{number} is reserved by Azure or IANA")


RULES = (
    ServiceRule(
        id="route-server-subnet", type=_CONFIGURATION, code=None, source=_PAGE,
        judge=_judge_subnet,
    ),
    ServiceRule(
        id="route-server-peer-number", type=_CONNECTION, code=None, source=_PAGE,
        judge=_judge_number,
    ),
)  # fmt: skip
