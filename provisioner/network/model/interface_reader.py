"""Reads network interfaces from an estate: the subnets and addresses of machines.

`topology_reader` calls it for the topology. AKS nodes are left out: the pools of their cluster
represent them.
"""

from collections.abc import Iterator, Mapping

from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import parse_resource_id, resource_group_id
from provisioner.model.values import Unknown, is_empty, lookup
from provisioner.network.model.intervals import parse_addresses
from provisioner.network.model.topology_elements import Interface, IpConfiguration, SecurityGroup

INTERFACE = "Microsoft.Network/networkInterfaces"
SCALE_SET = "Microsoft.Compute/virtualMachineScaleSets"
MACHINE = "Microsoft.Compute/virtualMachines"
_CLUSTER = "Microsoft.ContainerService/managedClusters"
_PROFILE_PATHS = {
    SCALE_SET: (
        "properties",
        "virtualMachineProfile",
        "networkProfile",
        "networkInterfaceConfigurations",
    ),
    MACHINE: ("properties", "networkProfile", "networkInterfaceConfigurations"),
}
_BACKEND_LISTS = (
    "loadBalancerBackendAddressPools",
    "loadBalancerInboundNatRules",
    "loadBalancerInboundNatPools",
)
_UNKNOWN_NAME = "that is not known yet"


def read_interfaces(estate: Estate, groups: Mapping[str, SecurityGroup]) -> Iterator[Interface]:
    """Yield the network interfaces of an estate, also those stated by scale sets and machines.

    `groups` are its security groups by key.

    What stands in a group that a cluster keeps for its nodes is judged by the cluster's pools.
    """
    node_groups = node_resource_groups(estate)
    for resource in estate.of_type(INTERFACE):
        if not _is_in_node_group(resource, node_groups):
            yield _read_interface(estate, groups, resource, resource.body.get("properties"), "")
    for kind, path in _PROFILE_PATHS.items():
        for resource in estate.of_type(kind):
            entries = (
                lookup(resource.body, path) if not _is_in_node_group(resource, node_groups) else ()
            )
            for entry in entries if isinstance(entries, (list, tuple)) else ():
                name = str(lookup(entry, ("name",)))
                yield _read_interface(
                    estate, groups, resource, lookup(entry, ("properties",)), name
                )


def node_resource_groups(estate: Estate) -> frozenset[str]:
    """Return the keys of the groups that AKS keeps for the nodes of clusters."""
    return frozenset(
        resource_group_id(cluster.id.subscription, name).key
        for cluster in estate.of_type(_CLUSTER)
        # Only where the name is stated or answered: AKS otherwise makes one up.
        if isinstance(name := lookup(cluster.body, ("properties", "nodeResourceGroup")), str)
        and cluster.id.subscription is not None
    )


def _is_in_node_group(resource: Resource, node_groups: frozenset[str]) -> bool:
    container = resource.id.container
    return container is not None and container.key in node_groups


def _read_interface(
    estate: Estate,
    groups: Mapping[str, SecurityGroup],
    resource: Resource,
    properties: object,
    name: str,
) -> Interface:
    """Return an interface: a resource, or the configuration `name` in the body of another one."""
    stated = lookup(properties, ("networkSecurityGroup",))
    named = parse_resource_id(lookup(stated, ("id",)))
    group = groups.get(named.key) if named else None
    return Interface(
        key=resource.id.key,
        label=f"{resource.label}[{name}]" if name else resource.label,
        configurations=tuple(_read_configurations(estate, properties)),
        group=group,
        span=resource.span,
        declared=resource.address is not None,
        hides_group=group is None and not is_empty(stated),
    )


def _read_configurations(estate: Estate, properties: object) -> Iterator[IpConfiguration]:
    entries = lookup(properties, ("ipConfigurations",))
    for entry in entries if isinstance(entries, (list, tuple)) else ():
        subnet = parse_resource_id(lookup(entry, ("properties", "subnet", "id")))
        public, known = _public_address(estate, entry)
        text = lookup(entry, ("properties", "privateIPAddress"))
        address = parse_addresses(text) if isinstance(text, str) else None
        yield IpConfiguration(
            subnet=subnet.key if subnet else "",
            public=public,
            known=known,
            address=address.lowest if address else None,
            pools=tuple(_backend_keys(entry)),
        )


def _backend_keys(entry: object) -> Iterator[str]:
    """Yield the keys of the pools and rules of load balancers that a configuration is behind."""
    for name in _BACKEND_LISTS:
        parts = lookup(entry, ("properties", name))
        for part in parts if isinstance(parts, (list, tuple)) else ():
            named = parse_resource_id(lookup(part, ("id",)))
            if named is not None:
                yield named.key


def _public_address(estate: Estate, entry: object) -> tuple[str | None, bool]:
    """Return the name of the public address of a configuration, and whether it is known.

    The name is None where there is no public address.
    """
    own = lookup(entry, ("properties", "publicIPAddressConfiguration"))
    if not is_empty(own):
        # Each machine has one of its own.
        return str(lookup(own, ("name",))), not isinstance(own, Unknown)
    stated = lookup(entry, ("properties", "publicIPAddress"))
    # Whether there is an address at all depends on an expression.
    if isinstance(stated, Unknown):
        return _UNKNOWN_NAME, False
    if is_empty(stated):
        return None, True
    named = parse_resource_id(lookup(stated, ("id",)))
    if named is None:
        return _UNKNOWN_NAME, True
    found: Resource | None = estate.get(named)
    # Named as in the blueprint where it is there, so that a breach and the file have one word for
    # it.
    return (found.address if found and found.address else named.name), True
