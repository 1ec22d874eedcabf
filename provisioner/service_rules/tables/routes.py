"""Route tables ("Virtual network traffic routing", user-defined routes)."""

from collections.abc import Iterator

from provisioner.service_rules.addresses import is_address, is_service_tag, read_loosely
from provisioner.service_rules.duplicate_names import repeated_names
from provisioner.service_rules.partial_bodies import is_silent, is_stated, text_at
from provisioner.service_rules.rule import Refusal, ServiceRule, Write

_TABLE = "Microsoft.Network/routeTables"
_ROUTE = f"{_TABLE}/routes"
_DOCS = "learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview"
_PREFIX, _KIND = "properties.addressPrefix", "properties.nextHopType"
_HOP, _HOPS = "properties.nextHopIpAddress", "properties.nextHop"
_APPLIANCE = "virtualappliance"


def _judge_names(write: Write) -> Iterator[Refusal]:
    yield from repeated_names(write.after, "properties.routes")


def _judge_missing_hop(write: Write) -> Iterator[Refusal]:
    kind = text_at(write.after, _KIND) or ""
    if kind.lower() == _APPLIANCE and all(is_silent(write.after, at) for at in (_HOP, _HOPS)):
        yield Refusal(
            _HOP,
            f"the route {write.id.name} leads to a virtual appliance and has no nextHopIpAddress",
            "State the private address of the appliance.",
        )


def _judge_needless_hop(write: Write) -> Iterator[Refusal]:
    kind = text_at(write.after, _KIND)
    if kind is None or kind.lower().startswith(_APPLIANCE):
        return
    if is_stated(write.after, _HOP):
        yield Refusal(
            _HOP, f"nextHopIpAddress goes with nextHopType VirtualAppliance, and not with {kind}"
        )


def _judge_hop(write: Write) -> Iterator[Refusal]:
    hop = text_at(write.after, _HOP)
    if hop is not None and not is_address(hop):
        yield Refusal(_HOP, f"{hop!r} is not an address: one address is expected, such as 10.0.0.4")


def _judge_prefix(write: Write) -> Iterator[Refusal]:
    text = text_at(write.after, _PREFIX)
    if text is None or is_service_tag(text) or ("/" in text and read_loosely(text) is not None):
        return
    yield Refusal(
        _PREFIX,
        f"{text!r} is neither a range in CIDR notation, such as 10.0.0.0/24, nor a service tag",
    )


def _judge_same_prefix(write: Write) -> Iterator[Refusal]:
    mine = _normalized_destination(text_at(write.after, _PREFIX))
    for other in write.siblings if mine else ():
        if _normalized_destination(text_at(other.body, _PREFIX)) == mine:
            yield Refusal(
                _PREFIX,
                f"the routes {write.id.name} and {other.id.name} have the same address prefix "
                f"{mine}",
                "A table has one route for a prefix.",
            )
            return


def _normalized_destination(text: str | None) -> str | None:
    if text is None:
        return None
    found = read_loosely(text)
    return text.lower() if found is None else str(found)


RULES = (
    ServiceRule(
        id="routes-of-one-name",
        type=_TABLE,
        code="InvalidRequestFormat",
        source="learn.microsoft.com/answers (DuplicateResourceName: two child resources with the "
        "same name)",
        judge=_judge_names,
    ),
    ServiceRule(
        id="route-without-next-hop",
        type=_ROUTE,
        code="MissingNextHopIpAddress",
        source="hashicorp/terraform-provider-azurerm#20365",
        judge=_judge_missing_hop,
    ),
    ServiceRule(
        id="route-with-needless-next-hop",
        type=_ROUTE,
        code=None,
        source="REST reference of routes: next hop values are allowed with VirtualAppliance alone; "
        "XenitAB/terraform-modules#303",
        judge=_judge_needless_hop,
    ),
    ServiceRule(
        id="route-next-hop-address",
        type=_ROUTE,
        code=None,
        source="REST reference of routes: nextHopIpAddress is an IP address",
        judge=_judge_hop,
    ),
    ServiceRule(
        id="route-prefix",
        type=_ROUTE,
        code="InvalidAddressPrefixFormat",
        source=f"{_DOCS}: a CIDR range or a service tag",
        judge=_judge_prefix,
    ),
    ServiceRule(
        id="route-same-prefix",
        type=_ROUTE,
        code=None,
        source=f"{_DOCS}: no two routes of a table have one address prefix",
        judge=_judge_same_prefix,
    ),
)
