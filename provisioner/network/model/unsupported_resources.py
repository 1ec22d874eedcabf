"""Resources in a network of types without catalog facts, whose effect on packets is unknown.

A connection to a virtual hub, an appliance of another vendor: each opens a path that no route, rule
or peering shows. Without facts of the type the path is not seen, so that the absence of a path may
not be claimed for its subnets. The same holds for a load balancer that an interface names and that
was not read, and for the network of a subnet that is known by its id alone: its peerings and its
gateway route the subnet too.
"""

from collections.abc import Iterable, Iterator, Mapping

from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import unknowns
from provisioner.network.model.interface_reader import MACHINE, SCALE_SET, node_resource_groups
from provisioner.network.model.topology_elements import Unjudged

_PROVIDER = "microsoft.network/"
_NETWORK = "Microsoft.Network/virtualNetworks"
_SUBNET = f"{_NETWORK}/subnets"
_INTERFACE = "Microsoft.Network/networkInterfaces"
_ADDRESSES = frozenset(
    ("microsoft.network/publicipaddresses", "microsoft.network/publicipprefixes")
)


def find_unjudged(estate: Estate) -> tuple[Unjudged, ...]:
    """Return the resources of types without facts that are connected with a subnet.

    They come in the order of the estate; after them the network resources that were seen by their
    id alone.

    It has to do with a subnet where it names the subnet, its network, or an interface in it; where
    an interface in it, or something else without facts that has to do with it, names it or a part
    of it; and where it is a child of the network. One that holds a public address and names none of
    these may have to do with every subnet of the environment, and so may one that was not read.
    """
    outside = [resource for resource in estate if not resource.has_facts]
    unread_ids = (*_unread_load_balancers(estate), *_unread_networks(estate))
    if not outside and not estate.unread:
        return unread_ids
    return (*_ConnectedResources(estate, outside).find(), *unread_ids)


def _unread_load_balancers(estate: Estate) -> Iterator[Unjudged]:
    """Yield the load balancers in whose pools an interface is and that the estate does not have."""
    found: dict[str, tuple[ResourceId, set[str]]] = {}
    node_groups = node_resource_groups(estate)
    machines = (*estate.of_type(_INTERFACE), *estate.of_type(SCALE_SET), *estate.of_type(MACHINE))
    for interface in machines:
        # AKS keeps load balancers and interfaces of nodes in the node resource group; the
        # cluster's outboundType stands for them.
        if interface.id.container is not None and interface.id.container.key in node_groups:
            continue
        named = tuple(_ids_in(interface.body))
        subnets = {each.key for each in named if each.type.lower() == _SUBNET.lower()}
        for each in named:
            balancer = each.parent if each.type.lower().startswith(_LOAD_BALANCER_PART) else None
            if balancer is not None and balancer.key not in estate.resources:
                found.setdefault(balancer.key, (balancer, set()))[1].update(subnets)
    for key, (balancer, subnet_keys) in found.items():
        yield Unjudged(key, balancer.text, balancer.type, frozenset(subnet_keys), reason=_NOT_READ)


def _unread_networks(estate: Estate) -> Iterator[Unjudged]:
    """Yield the networks of subnets that the estate does not have."""
    found: dict[str, tuple[ResourceId, list[Resource]]] = {}
    for subnet in estate.of_type(_SUBNET):
        network = subnet.id.parent
        if network is not None and network.key not in estate.resources:
            found.setdefault(network.key, (network, []))[1].append(subnet)
    for key, (network, inside) in found.items():
        yield Unjudged(
            key,
            network.name,
            network.type,
            frozenset(subnet.id.key for subnet in inside),
            inside[0].span,
            "its peerings, gateway and DNS servers were not read",
            "Add the network to the blueprint (`existing: true`), with Reader on it.",
        )


_NOT_READ = "its rules were not read"
_LOAD_BALANCER_PART = "microsoft.network/loadbalancers/"


class _ConnectedResources:
    def __init__(self, estate: Estate, outside: list[Resource]) -> None:
        self._estate = estate
        self._outside = outside
        self._subnets = estate.of_type(_SUBNET)
        self._own = frozenset(s.id.key for s in self._subnets if s.address is not None)
        interfaces = estate.of_type(_INTERFACE)
        self._named = {
            each.id.key: frozenset(self._ids_in(each)) for each in (*outside, *interfaces)
        }
        self._links = self._find_links()

    def find(self) -> Iterator[Unjudged]:
        for resource in self._outside:
            reached = self._reached_from(resource.id.key)
            subnets = frozenset(
                subnet.id.key
                for subnet in self._subnets
                for key in reached
                if self._is_connected_with(key, subnet.id)
            )
            # It can be reached from the internet, and nothing says where it forwards to.
            if not subnets and any(_is_address(named) for named in self._named[resource.id.key]):
                subnets = self._own
            if subnets:
                yield Unjudged(
                    resource.id.key, resource.label, resource.type, subnets, resource.span
                )
        # Known by id and type alone, from a list: it may be connected with anything.
        for unread in self._estate.unread:
            if unread.type.lower().startswith(_PROVIDER) and self._own:
                yield Unjudged(unread.key, unread.text, unread.type, self._own)

    def _is_connected_with(self, key: str, subnet: ResourceId) -> bool:
        """Return whether something names a subnet or its network, or is a child of the network."""
        network = subnet.parent
        inside = {subnet.key, network.key} if network is not None else {subnet.key}
        above = self._estate.resources[key].id.parent
        return any(named.key in inside for named in self._named[key]) or (
            above is not None and above.key in inside
        )

    def _find_links(self) -> Mapping[str, frozenset[str]]:
        """Return the references between resources without facts and interfaces, both ways."""
        links: dict[str, set[str]] = {key: set() for key in self._named}
        outside = {resource.id.key for resource in self._outside}
        for key, named in self._named.items():
            for other in (found for one in named if (found := self._resource_of(one)) is not None):
                # Two interfaces that name each other, or one that nothing else names, lead nowhere.
                if other != key and (key in outside or other in outside):
                    links[key].add(other)
                    links[other].add(key)
        return {key: frozenset(those) for key, those in links.items()}

    def _resource_of(self, named: ResourceId) -> str | None:
        """Return what an id stands for or is a part of (a backend pool of a load balancer)."""
        current: ResourceId | None = named
        while current is not None:
            if current.key in self._named:
                return current.key
            current = current.parent
        return None

    def _reached_from(self, start: str) -> frozenset[str]:
        seen, pending = {start}, [start]
        while pending:
            for other in self._links[pending.pop()] - seen:
                seen.add(other)
                pending.append(other)
        return frozenset(seen)

    def _ids_in(self, resource: Resource) -> Iterator[ResourceId]:
        """Yield the ids in a body, and those of the resources that its unknown values are of."""
        yield from _ids_in(resource.body)
        # Before apply a reference to a subnet is an expression; its paths name the resource.
        for unknown in unknowns(resource.body):
            for path in unknown.paths:
                found = self._at_path(path)
                if found is not None:
                    yield found.id

    def _at_path(self, path: str) -> Resource | None:
        parts = path.split(".")
        heads = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
        return next((found for head in heads if (found := self._estate.at(head))), None)


def _is_address(named: ResourceId) -> bool:
    return named.type.lower() in _ADDRESSES


def _ids_in(value: object) -> Iterator[ResourceId]:
    if isinstance(value, str):
        named = parse_resource_id(value)
        if named is not None:
            yield named
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _ids_in(key)
            yield from _ids_in(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _ids_in(item)


def words_of(unjudged: Iterable[Unjudged]) -> tuple[str, ...]:
    """Return the names of unjudged resources for reports.

    Each is its label with its type, and what is unknown of it where that is not the type itself.
    """
    return tuple(
        f"{each.label} ({each.type}{f': {each.reason}' if each.reason else ''})"
        for each in unjudged
    )
