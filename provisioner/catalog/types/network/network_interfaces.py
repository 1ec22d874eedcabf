"""Network interfaces of virtual machines.

An interface moves to another subnet of its virtual network, not to another network. Azure assigns a
dynamic address, which stays while the interface exists: a preset. With `enableIPForwarding` a
machine routes past its subnet's route table, a security setting. Interfaces of scale sets are not
resources, and a private endpoint creates its own: neither is declared.

Facts: "Create, change, or delete a network interface", "IP address naming and configuration", the
SDK's model, and the recorded conversations that have one.
"""

from collections.abc import Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.field import Answered, Compare, Disruption, Field, Owner
from provisioner.catalog.network_provider import (
    NETWORK_NAME,
    virtual_networks_of,
    with_private_address,
)
from provisioner.catalog.resource_type import ComputationContext, ResourceType, SdkModel
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body, Json, lookup

_CONFIGURATIONS = "properties.ipConfigurations"
_CONFIGURATION = f"{_CONFIGURATIONS}[].properties"
_MEMBERSHIPS = {
    "applicationSecurityGroups": ("location", "tags", "properties"),
    "loadBalancerBackendAddressPools": ("name", "properties"),
    "loadBalancerInboundNatRules": ("name", "properties"),
    "applicationGatewayBackendAddressPools": ("name", "properties"),
    "virtualNetworkTaps": ("location", "tags", "properties"),
}
"""The lists of what an interface is a member of, and the parts of an entry that the SDK has beside
its id."""


def _computed_values(
    resource: ResourceId, body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    entries = lookup(body, _CONFIGURATIONS.split("."))
    found = entries if isinstance(entries, (list, tuple)) else ()
    serial = context.guid(resource.text, "mac").replace("-", "")[:6].upper()
    return {
        "properties": {
            "resourceGuid": context.guid(resource.text),
            # The prefix that Microsoft has registered for its virtual adapters.
            "macAddress": "-".join(("00", "0D", "3A", serial[:2], serial[2:4], serial[4:])),
            "ipConfigurations": [
                _with_rank(with_private_address(resource, entry, context), is_first=position == 0)
                for position, entry in enumerate(found)
            ],
        }
    }


def _with_rank(entry: Mapping[str, Json], *, is_first: bool) -> Mapping[str, Json]:
    """Return an IP configuration with `primary`, which is the first where none is (recorded)."""
    properties = entry.get("properties")
    if not isinstance(properties, Mapping) or properties.get("primary") is not None:
        return entry
    return {**entry, "properties": {**properties, "primary": is_first}}


def _stays_in_its_network(before: Body, after: Body) -> str | None:
    """Return why an interface cannot move to another virtual network, or None.

    It moves to another subnet of its network ("Change subnet assignment").
    """
    old, new = (
        virtual_networks_of(before, _CONFIGURATIONS),
        virtual_networks_of(after, _CONFIGURATIONS),
    )
    if not old or not new or old == new:
        return None
    return "an interface cannot go to another virtual network"


TYPE = ResourceType(
    name="Microsoft.Network/networkInterfaces",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "NetworkInterface"),
    rule=NETWORK_NAME,
    etag=True,
    seconds=3,
    in_use="NicInUse",
    occupants={"properties.virtualMachine": ("Microsoft.Compute/virtualMachines",)},
    occupancy="takes it for its own",
    # A foreign interface with a public address is a path around the route table of its subnet.
    looked_into=True,
    computed=_computed_values,
    fields={
        _CONFIGURATIONS: Field(
            keys=("name",),
            create_only=_stays_in_its_network,
            security=True,
            disruption=Disruption.CONNECTIONS,
        ),
        f"{_CONFIGURATION}.subnet.id": Field(
            compare=Compare.RESOURCE_ID,
            create_only=_stays_in_its_network,
            disruption=Disruption.CONNECTIONS,
        ),
        f"{_CONFIGURATION}.publicIPAddress": Field(default=None, security=True),
        f"{_CONFIGURATION}.publicIPAddress.id": Field(
            compare=Compare.RESOURCE_ID, security=True, disruption=Disruption.CONNECTIONS
        ),
        f"{_CONFIGURATION}.gatewayLoadBalancer": Field(default=None, security=True),
        f"{_CONFIGURATION}.gatewayLoadBalancer.id": Field(compare=Compare.RESOURCE_ID),
        f"{_CONFIGURATION}.privateIPAllocationMethod": Field(
            default="Dynamic", disruption=Disruption.CONNECTIONS
        ),
        # Azure assigns one where none is stated; a dynamic one stays while the interface exists.
        f"{_CONFIGURATION}.privateIPAddress": Field(
            owner=Owner.PRESET, disruption=Disruption.CONNECTIONS
        ),
        f"{_CONFIGURATION}.privateIPAddressVersion": Field(default="IPv4"),
        f"{_CONFIGURATION}.privateIPAddressPrefixLength": Field(default=None),
        # Azure makes the first configuration primary.
        f"{_CONFIGURATION}.primary": Field(owner=Owner.PRESET),
        **{
            f"{_CONFIGURATION}.{name}": Field(default=(), keys=("id",), security=True)
            for name in _MEMBERSHIPS
        },
        **{
            f"{_CONFIGURATION}.{name}[].id": Field(compare=Compare.RESOURCE_ID)
            for name in _MEMBERSHIPS
        },
        # The SDK types an entry as the whole pool, rule or group; it only refers to one by its id.
        **{
            f"{_CONFIGURATION}.{name}[].{part}": Field(read_only=True)
            for name, parts in _MEMBERSHIPS.items()
            for part in parts
        },
        "properties.networkSecurityGroup": Field(default=None, security=True),
        "properties.networkSecurityGroup.id": Field(compare=Compare.RESOURCE_ID, security=True),
        "properties.dnsSettings": Field(default={}),
        "properties.dnsSettings.dnsServers": Field(default=(), security=True),
        "properties.dnsSettings.internalDnsNameLabel": Field(
            default=None, compare=Compare.CASELESS
        ),
        "properties.dnsSettings.internalDomainNameSuffix": Field(read_only=True),
        "properties.enableAcceleratedNetworking": Field(
            default=False, disruption=Disruption.CONNECTIONS
        ),
        "properties.disableTcpStateTracking": Field(default=False, answered=Answered.STATED),
        # A forwarding machine is a path around the route table of its subnet.
        "properties.enableIPForwarding": Field(default=False, security=True),
        "properties.nicType": Field(default="Standard", create_only=True),
        "properties.auxiliaryMode": Field(default="None", answered=Answered.STATED),
        "properties.auxiliarySku": Field(default="None", answered=Answered.STATED),
        "properties.workloadType": Field(default=None, answered=Answered.STATED),
        "properties.migrationPhase": Field(read_only=True),
        "properties.privateLinkService": Field(read_only=True),
        "extendedLocation": Field(default=None, create_only=True),
        "extendedLocation.name": Field(compare=Compare.LOCATION, create_only=True),
    },
)
