"""Unjudged resources in a network, as uncertain breaches that make a proof unknown.

The proofs that claim the absence of a path call it: egress, inbound, remote access and
segmentation.
"""

from collections.abc import Iterator, Sequence

from provisioner.network.model.topology import Topology
from provisioner.network.model.topology_elements import Subnet
from provisioner.network.proofs.proof import Breach

_MOST_NAMED = 3


def find_gaps(name: str, topology: Topology, subnets: Sequence[Subnet]) -> Iterator[Breach]:
    """Yield an uncertain breach for each unjudged resource that is connected with some subnets.

    `name` is the proof's.
    """
    for unjudged in topology.unjudged:
        touched = [subnet.label for subnet in subnets if subnet.key in unjudged.subnets]
        if not touched:
            continue
        more = f" and {len(touched) - _MOST_NAMED} more" if len(touched) > _MOST_NAMED else ""
        yield Breach(
            unjudged.label,
            (
                f"{name} is unknown for {', '.join(touched[:_MOST_NAMED])}{more}: "
                f"{unjudged.label} is connected to it, and "
                f"{unjudged.reason or f'azsec has no facts about {unjudged.type}'}."
            ),
            unjudged.hint,
            unjudged.span,
            certain=False,
        )
