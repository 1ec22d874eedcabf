"""Facts that types of Microsoft.Network share: names, and values that Azure computes."""

from collections.abc import Iterator, Mapping

from provisioner.catalog.resource_type import ComputationContext, NameRule
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Body, Json, is_empty, lookup

NETWORK_NAME = NameRule(
    r"[a-zA-Z0-9](?:[a-zA-Z0-9_.-]{0,78}[a-zA-Z0-9_])?",
    "1 to 80 letters, digits, underscores, periods and hyphens, starting with a letter or "
    "digit and ending with one or an underscore",
)
"""The names of nearly all network resources (documentation: naming rules for Azure resources)."""


def compute_guid(
    resource: ResourceId, _body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    """Return the GUID that the provider gives a resource, and nothing else."""
    return {"properties": {"resourceGuid": context.guid(resource.text)}}


def with_private_address(
    owner: ResourceId, configuration: Body, context: ComputationContext
) -> Mapping[str, Json]:
    """Return an IP configuration with an address of its subnet, as Azure assigns one.

    Unchanged where it states an address, or no subnet. `owner` is the resource that holds it.
    """
    properties = configuration.get("properties")
    subnet = lookup(configuration, ("properties", "subnet", "id"))
    if not isinstance(subnet, str) or not isinstance(properties, Mapping):
        return configuration
    if not is_empty(properties.get("privateIPAddress")):
        return configuration
    address = context.free_address(subnet, f"{owner.text}/{configuration.get('name')}")
    return {**configuration, "properties": {**properties, "privateIPAddress": address}}


def virtual_networks_of(body: Body, path: str) -> frozenset[str]:
    """Return the keys of the virtual networks in which the IP configurations at `path` are."""
    configurations = lookup(body, path.split("."))
    entries = configurations if isinstance(configurations, (list, tuple)) else ()
    subnets = (
        parse_resource_id(lookup(entry, ("properties", "subnet", "id"))) for entry in entries
    )
    return frozenset(s.parent.key for s in subnets if s is not None and s.parent is not None)


def made_interfaces(body: Body) -> Iterator[str]:
    """Yield the ids of the network interfaces that Azure creates for a resource (`makes`).

    They are deleted with it ("Manage Azure private endpoints").
    """
    interfaces = lookup(body, ("properties", "networkInterfaces"))
    for interface in interfaces if isinstance(interfaces, (list, tuple)) else ():
        made = lookup(interface, ("id",))
        if isinstance(made, str):
            yield made
