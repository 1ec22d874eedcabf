"""Subnets reserved for a service: their required name and minimum size."""

from collections.abc import Iterator
from dataclasses import dataclass

from provisioner.service_rules.addresses import ranges_at
from provisioner.service_rules.partial_bodies import Tree, entries_at, id_at
from provisioner.service_rules.public_addresses import find_neighbour
from provisioner.service_rules.rule import Refusal, Write


@dataclass(frozen=True, slots=True)
class ServiceSubnet:
    """The subnet of a service, by its name, and the longest prefix of it."""

    name: str
    prefix: int


def subnets_of(body: Tree) -> Iterator[str]:
    """Yield the paths of the subnets that the ipConfigurations of a body name."""
    for at, _entry in entries_at(body, "properties.ipConfigurations"):
        yield f"{at}.properties.subnet.id"


def misnamed_subnets(write: Write, wanted: ServiceSubnet, *paths: str) -> Iterator[Refusal]:
    """Yield the subnets of another name than the service's own."""
    for path in paths:
        subnet = id_at(write.after, path)
        if subnet is not None and subnet.name.lower() != wanted.name.lower():
            yield Refusal(
                path,
                f"{write.id.name} is in a subnet named {wanted.name}, and not in {subnet.name}",
            )


def shared_subnets(write: Write) -> Iterator[Refusal]:
    """Yield the subnets of a write that another resource of its type uses."""
    for path in subnets_of(write.after):
        subnet = id_at(write.after, path)
        if subnet is None:
            continue
        for other in write.others(write.neighbours.referring_to(subnet, write.type)):
            if any(id_at(other.body, at) == subnet for at in subnets_of(other.body)):
                yield Refusal(path, f"{other.label} is in {subnet.name} already, which takes one")
                break


def undersized_subnets(write: Write, wanted: ServiceSubnet, *paths: str) -> Iterator[Refusal]:
    """Yield the subnets with fewer addresses than the service needs.

    A subnet that the resource already uses is accepted: the minimum sizes grew, and existing
    resources keep theirs.
    """
    if write.before is not None:
        return
    for path in paths:
        named = id_at(write.after, path)
        subnet = find_neighbour(write.neighbours, named) if named else None
        if subnet is None or subnet.id.name.lower() != wanted.name.lower():
            continue
        for _at, one in ranges_at(
            subnet.body, "properties.addressPrefix", "properties.addressPrefixes"
        ):
            if one.version == 4 and one.prefixlen > wanted.prefix:
                yield Refusal(
                    path,
                    f"{wanted.name} is a /{one.prefixlen}, and has to be a /{wanted.prefix} or "
                    "larger",
                )
