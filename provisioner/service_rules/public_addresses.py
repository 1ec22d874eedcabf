"""Public IP addresses and prefixes that a resource refers to: SKU, zones, users."""

from collections.abc import Iterator

from provisioner.model.estate import Resource
from provisioner.model.resource_id import ResourceId
from provisioner.service_rules.partial_bodies import Tree, id_at, text_at, value_at
from provisioner.service_rules.rule import Refusal, RuleContext, Write

_USERS = {
    "Microsoft.Network/natGateways": (
        "properties.publicIpAddresses",
        "properties.publicIpAddressesV6",
    ),
    "Microsoft.Network/azureFirewalls": ("properties.ipConfigurations",),
    "Microsoft.Network/bastionHosts": ("properties.ipConfigurations",),
    "Microsoft.Network/applicationGateways": ("properties.frontendIPConfigurations",),
    "Microsoft.Network/loadBalancers": ("properties.frontendIPConfigurations",),
    "Microsoft.Network/networkInterfaces": ("properties.ipConfigurations",),
    "Microsoft.Network/virtualNetworkGateways": ("properties.ipConfigurations",),
}
"""The types that hold public addresses, and the lists of their bodies that name them: by id, or as
the publicIPAddress of a configuration."""
_MANAGEMENT = "properties.managementIpConfiguration.properties.publicIPAddress.id"


def addresses_of(type_name: str, body: Tree) -> Iterator[tuple[str, ResourceId]]:
    """Yield (path, id) of the public addresses that a body of one of these types names."""
    for path in _USERS.get(type_name, ()):
        entries = value_at(body, path)
        for index in range(len(entries) if isinstance(entries, (list, tuple)) else 0):
            for at in (f"{path}[{index}].id", f"{path}[{index}].properties.publicIPAddress.id"):
                named = id_at(body, at)
                if named is not None and named.type.lower().endswith("/publicipaddresses"):
                    yield at, named
    management = id_at(body, _MANAGEMENT)
    if management is not None:
        yield _MANAGEMENT, management


def sku_of(address: Resource) -> str | None:
    """Return the SKU of an address or prefix in lower case; None where it is not known yet.

    Silence is Basic.
    """
    sku = value_at(address.body, "sku")
    name = text_at(address.body, "sku.name")
    if name is not None:
        return name.lower()
    return "basic" if not sku else None


def find_neighbour(neighbours: RuleContext, resource: ResourceId) -> Resource | None:
    """Return a resource that was seen, or None."""
    found = neighbours.lookup(resource)
    return found if isinstance(found, Resource) else None


def non_standard_addresses(
    write: Write, allowed: tuple[str, ...] = ("standard",)
) -> Iterator[Refusal]:
    """Yield the public addresses of a write whose SKU is none of these."""
    for at, named in addresses_of(write.type, write.after):
        address = find_neighbour(write.neighbours, named)
        sku = sku_of(address) if address else None
        if sku is not None and sku not in allowed:
            yield Refusal(
                at,
                f"{named.name} is a public IP address of the SKU {sku.title()}, and "
                f"{' or '.join(name.title() for name in allowed)} is required",
            )


def addresses_in_use(write: Write) -> Iterator[Refusal]:
    """Yield the public addresses of a write that another resource uses (PublicIPAddressInUse)."""
    for at, address in addresses_of(write.type, write.after):
        for type_name in _USERS:
            for other in write.others(write.neighbours.referring_to(address, type_name)):
                if any(named == address for _at, named in addresses_of(type_name, other.body)):
                    yield Refusal(at, f"{address.name} is used by {other.label} already")
