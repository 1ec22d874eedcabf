"""The labels of subnets in a network diagram: ranges, egress, public and load-balanced addresses.

`boxes` writes them into the groups of the subnets.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from provisioner.network.model.intervals import show_address, show_addresses
from provisioner.network.model.topology import Topology
from provisioner.network.model.topology_elements import HopType, Subnet
from provisioner.network.model.unsupported_resources import words_of
from provisioner.network.paths.egress_candidates import find_egress_candidates, members_in
from provisioner.network.paths.egress_paths import EgressPath


@dataclass(frozen=True, slots=True)
class SubnetDetails:
    """The label lines of the subnets of a network.

    `name` gives the name of a resource by its key.
    """

    topology: Topology
    name: Callable[[str], str]

    def of(self, subnet: Subnet, paths: Iterable[EgressPath]) -> Iterator[str]:
        """Yield the lines of a subnet with these egress paths."""
        if subnet.ranges:
            yield show_addresses(subnet.ranges)
        if subnet.delegations:
            yield f"delegated to {', '.join(subnet.delegations)}"
        if subnet.service_endpoints:
            yield f"service endpoints: {', '.join(subnet.service_endpoints)}"
        yield from dict.fromkeys(self._describe_path(path) for path in paths)
        for interface in self.topology.interfaces_in(subnet):
            for each in interface.public_in(subnet.key):
                yield f"{self.name(interface.key)} has the public address {each.public}"
        yield from self._describe_load_balancers(subnet)
        yield from (f"not judged: {each}" for each in words_of(self.topology.unjudged_in(subnet)))

    def _describe_path(self, path: EgressPath) -> str:
        prefix = path.route.prefix or "0.0.0.0/0"
        if path.firewall is not None:
            return f"{prefix} to {self.name(path.firewall.key)}"
        if path.route.hop is HopType.NONE:
            return f"{prefix} is dropped" + ("" if path.unjudged else ": no egress")
        if path.route.hop is HopType.GATEWAY:
            return f"{prefix} to the virtual network gateway"
        if path.route.hop is HopType.APPLIANCE:
            return f"{prefix} to {path.route.towards}, which is not a firewall"
        # Candidates of the whole subnet come before those of one machine.
        through = find_egress_candidates(self.topology, path.subnet)
        if not path.path.delivered:
            return "egress not known" if path.unjudged else "no egress"
        return f"{prefix} to the internet, " + (
            f"through {through[0].words}" if through else "by a route"
        )

    def _describe_load_balancers(self, subnet: Subnet) -> Iterator[str]:
        for balancer in self.topology.balancers:
            for frontend in balancer.frontends.values():
                if frontend.subnet == subnet.key:
                    address = frontend.address
                    address_text = (
                        "an address known later" if address is None else show_address(address)
                    )
                    yield f"{self.name(balancer.key)} answers at {address_text}"
            answering = dict.fromkeys(
                frontend.public
                for rule in balancer.rules
                if members_in(self.topology, balancer, rule, subnet)
                for frontend in balancer.answering(rule)
            )
            for public in answering:
                yield f"behind {self.name(balancer.key)} ({public})"
