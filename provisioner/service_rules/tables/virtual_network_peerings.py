"""Virtual network peerings ("Virtual network peering", "Create, change, or delete a peering")."""

from collections.abc import Iterator

from provisioner.model.cidr import Range
from provisioner.model.estate import Resource
from provisioner.model.resource_id import ResourceId
from provisioner.service_rules.addresses import first_overlap, ranges_at
from provisioner.service_rules.partial_bodies import id_at, value_at
from provisioner.service_rules.rule import Refusal, ServiceRule, Write

_PEERING = "Microsoft.Network/virtualNetworks/virtualNetworkPeerings"
_REMOTE = "properties.remoteVirtualNetwork.id"
_SPACE = "properties.addressSpace.addressPrefixes"
_GATEWAYS, _TRANSIT = "properties.useRemoteGateways", "properties.allowGatewayTransit"
_DOCS = "learn.microsoft.com/azure/virtual-network/virtual-network-manage-peering"


def _judge_itself(write: Write) -> Iterator[Refusal]:
    remote = id_at(write.after, _REMOTE)
    if remote is not None and remote == write.id.parent:
        yield Refusal(_REMOTE, f"{remote.name} cannot be peered with itself")


def _judge_repeated(write: Write) -> Iterator[Refusal]:
    remote = id_at(write.after, _REMOTE)
    for other in write.siblings if remote else ():
        if id_at(other.body, _REMOTE) == remote:
            yield Refusal(_REMOTE, f"the peering {other.id.name} leads to {remote} already")
            return


def _judge_overlap(write: Write) -> Iterator[Refusal]:
    if value_at(write.after, "properties.peerCompleteVnets") is False:
        return
    remote = id_at(write.after, _REMOTE)
    if remote is None or remote == write.id.parent:
        return
    shared = first_overlap(_address_space(write, write.id.parent), _address_space(write, remote))
    if shared is not None:
        yield Refusal(
            _REMOTE,
            f"{shared[0]} of the network overlaps {shared[1]} of {remote.name}: networks are "
            "peered whose address spaces share no address",
        )


def _judge_other_peers(write: Write) -> Iterator[Refusal]:
    """Yield a peering whose remote network overlaps with another peer of the network.

    A network routes to each of its peers by their addresses.
    """
    remote = id_at(write.after, _REMOTE)
    theirs = _address_space(write, remote)
    for other in write.siblings if theirs else ():
        neighbour = id_at(other.body, _REMOTE)
        partial = value_at(other.body, "properties.peerCompleteVnets") is False
        if neighbour is None or neighbour == remote or partial:
            continue
        shared = first_overlap(theirs, _address_space(write, neighbour))
        if shared is not None:
            yield Refusal(
                _REMOTE,
                f"{shared[0]} of {remote and remote.name} overlaps {shared[1]} of "
                f"{neighbour.name}, which is peered already ({other.id.name})",
            )
            return


def _judge_gateways(write: Write) -> Iterator[Refusal]:
    if value_at(write.after, _GATEWAYS) is not True:
        return
    if value_at(write.after, _TRANSIT) is True:
        yield Refusal(
            _GATEWAYS, "useRemoteGateways and allowGatewayTransit exclude each other in one peering"
        )
    for other in write.siblings:
        if value_at(other.body, _GATEWAYS) is True:
            yield Refusal(
                _GATEWAYS,
                f"the peering {other.id.name} uses remote gateways already, and one of a network's "
                "peerings can",
            )
            return


def _address_space(write: Write, network: ResourceId | None) -> tuple[Range, ...]:
    found = write.neighbours.lookup(network) if network else None
    if not isinstance(found, Resource):
        return ()
    return tuple(one for _at, one in ranges_at(found.body, _SPACE))


RULES = (
    ServiceRule(
        id="peering-with-itself",
        type=_PEERING,
        code=None,
        source=f"{_DOCS}: two virtual networks",
        judge=_judge_itself,
    ),
    ServiceRule(
        id="peering-repeated",
        type=_PEERING,
        code="AnotherPeeringAlreadyReferencesRemoteVnet",
        source="reported for a second peering to one network; status 400 as for all checks of "
        "peerings",
        judge=_judge_repeated,
    ),
    ServiceRule(
        id="peering-of-overlapping-networks",
        type=_PEERING,
        code="VnetAddressSpacesOverlap",
        source=f"{_DOCS}: address spaces may not overlap; the code is reported with its prefixes",
        judge=_judge_overlap,
    ),
    ServiceRule(
        id="peering-overlaps-another-peer",
        type=_PEERING,
        code="VnetAddressSpaceOverlapsWithAlreadyPeeredVnet",
        source=f"{_DOCS}; a code that Microsoft's own clients of ARM tell apart",
        judge=_judge_other_peers,
    ),
    ServiceRule(
        id="peering-of-gateways",
        type=_PEERING,
        code=None,
        source=f"{_DOCS}: use remote gateways in one peering, and not beside a gateway of its own",
        judge=_judge_gateways,
    ),
)
