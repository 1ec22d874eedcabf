"""Subnets of virtual networks.

A range or delegation that something uses cannot change. The defaults of
`privateEndpointNetworkPolicies` and `defaultOutboundAccess` changed with api versions. A PUT of a
subnet drops attachments that it does not state (security group, route table, NAT gateway), so
each of them is a security setting.

Facts: guidelines.md §2.2, §2.7 and §3.3, and the recorded pairs of the type.
"""

from collections.abc import Iterable, Mapping

from provisioner.catalog import api_versions
from provisioner.catalog.error_codes import RefusalCodes
from provisioner.catalog.field import (
    PARENT,
    Answered,
    Compare,
    Disruption,
    Field,
    Since,
    chosen_by_service,
)
from provisioner.catalog.network_provider import NETWORK_NAME
from provisioner.catalog.resource_type import ListRead, ResourceType, SdkModel
from provisioner.model.resource_id import parse_resource_id
from provisioner.model.values import Body, Json, lookup

_ATTACHED = Field(default=None, security=True, disruption=Disruption.CONNECTIONS)
_ATTACHED_ID = Field(compare=Compare.RESOURCE_ID, security=True, disruption=Disruption.CONNECTIONS)

# Properties in which Azure answers what uses a subnet.
_OCCUPANTS = (
    "ipConfigurations",
    "privateEndpoints",
    "serviceAssociationLinks",
    "resourceNavigationLinks",
    "ipConfigurationProfiles",
)


def _occupant_name(body: Body) -> str | None:
    """Return the name of something that uses a subnet, or None."""
    for kind in _OCCUPANTS:
        users = lookup(body, ("properties", kind))
        for user in users if isinstance(users, (list, tuple)) else ():
            service = lookup(user, ("properties", "linkedResourceType"))
            resource = parse_resource_id(lookup(user, ("id",)))
            if isinstance(service, str) or resource is None:
                return service if isinstance(service, str) else "something"
            return (resource.parent or resource).name
    return None


def _default_outbound_access(body: Body) -> Json:
    """Return True, the default before 2025-07-01, but False in an edge zone (recorded)."""
    return not isinstance(lookup(body, (PARENT, "extendedLocation")), Mapping)


def _address_ranges(body: Body, keys: Iterable[str]) -> frozenset[str]:
    values = (lookup(body, ("properties", key)) for key in keys)
    texts = (value if isinstance(value, (list, tuple)) else (value,) for value in values)
    return frozenset(text for several in texts for text in several if isinstance(text, str))


def _keeps_ranges(before: Body, after: Body) -> str | None:
    """Return why ranges in use cannot be removed, or None: others can be added.

    Source: guidelines.md §2.7.
    """
    user = _occupant_name(before)
    keys = ("addressPrefix", "addressPrefixes")
    changed = [
        key for key in keys if _address_ranges(before, (key,)) != _address_ranges(after, (key,))
    ]
    if user is None or _address_ranges(before, keys) <= _address_ranges(after, changed):
        return None
    return (
        f"addressPrefix cannot change, nor the subnet be deleted, while {user} is in it: give the "
        "new range to a new subnet"
    )


def _delegated_services(body: Body) -> frozenset[str]:
    delegations = lookup(body, ("properties", "delegations"))
    entries = delegations if isinstance(delegations, (list, tuple)) else ()
    names = (lookup(entry, ("properties", "serviceName")) for entry in entries)
    return frozenset(name.lower() for name in names if isinstance(name, str))


def _keeps_delegations(before: Body, after: Body) -> str | None:
    """Return why delegations cannot change while a service uses the subnet, or None.

    Source: guidelines.md §2.7.
    """
    user = _occupant_name(before)
    if user is None or _delegated_services(before) == _delegated_services(after):
        return None
    return f"delegations cannot change while {user} is in the subnet"


TYPE = ResourceType(
    name="Microsoft.Network/virtualNetworks/subnets",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "Subnet"),
    rule=NETWORK_NAME,
    lists=ListRead.EMBEDDED,
    taggable=False,
    etag=True,
    serialise_on="",
    seconds=4,
    in_use="InUseSubnetCannotBeDeleted",
    occupants={
        "properties.ipConfigurations": (
            "Microsoft.Compute/virtualMachineScaleSets",
            "Microsoft.ContainerService/managedClusters/agentPools",
            "Microsoft.Network/azureFirewalls",
            "Microsoft.Network/bastionHosts",
            "Microsoft.Network/loadBalancers",
            "Microsoft.Network/networkInterfaces",
            "Microsoft.Network/virtualHubs/ipConfigurations",
        ),
        "properties.privateEndpoints": ("Microsoft.Network/privateEndpoints",),
        "properties.serviceAssociationLinks": ("Microsoft.ContainerService/managedClusters",),
    },
    codes=RefusalCodes(not_found="NotFound"),
    ranges_within={
        "properties.addressPrefix": "properties.addressSpace.addressPrefixes",
        "properties.addressPrefixes": "properties.addressSpace.addressPrefixes",
    },
    adds="makes a subnet in it",
    adds_by=("properties.addressPrefix", "properties.addressPrefixes"),
    occupancy="takes an address in it",
    fields={
        # Fixed while something is in the subnet (guidelines.md §2.7).
        "properties.addressPrefix": Field(
            compare=Compare.CIDR, forbidden=_keeps_ranges, disruption=Disruption.CONNECTIONS
        ),
        "properties.addressPrefixes": Field(
            compare=Compare.SET, forbidden=_keeps_ranges, disruption=Disruption.CONNECTIONS
        ),
        "properties.addressPrefixes[]": Field(compare=Compare.CIDR),
        "properties.networkSecurityGroup": _ATTACHED,
        "properties.networkSecurityGroup.id": _ATTACHED_ID,
        "properties.routeTable": _ATTACHED,
        "properties.routeTable.id": _ATTACHED_ID,
        "properties.natGateway": _ATTACHED,
        "properties.natGateway.id": _ATTACHED_ID,
        "properties.serviceGateway": _ATTACHED,
        "properties.serviceGateway.id": _ATTACHED_ID,
        "properties.serviceEndpoints": Field(
            default=(), keys=("service",), security=True, disruption=Disruption.CONNECTIONS
        ),
        "properties.serviceEndpoints[].service": Field(compare=Compare.CASELESS),
        # Azure fills in the regions: the network's, its pair, or "*".
        "properties.serviceEndpoints[].locations": Field(
            default=chosen_by_service, compare=Compare.SET
        ),
        "properties.serviceEndpoints[].locations[]": Field(compare=Compare.LOCATION),
        "properties.serviceEndpoints[].networkIdentifier.id": Field(compare=Compare.RESOURCE_ID),
        "properties.serviceEndpointPolicies": Field(default=(), keys=("id",), security=True),
        "properties.serviceEndpointPolicies[].id": Field(compare=Compare.RESOURCE_ID),
        # Fixed while the service uses the subnet (guidelines.md §2.7).
        "properties.delegations": Field(
            default=(), keys=("name",), security=True, forbidden=_keeps_delegations
        ),
        "properties.delegations[].type": Field(read_only=True),
        "properties.delegations[].properties.serviceName": Field(
            compare=Compare.CASELESS, security=True, forbidden=_keeps_delegations
        ),
        # Silence is Enabled at 2020-07-01, and Disabled at 2020-11-01 and later (recorded).
        "properties.privateEndpointNetworkPolicies": Field(
            default=Since("2020-11-01", "Disabled", before="Enabled"), security=True
        ),
        "properties.privateLinkServiceNetworkPolicies": Field(default="Enabled", security=True),
        # Silence is a private subnet since this api version, and implicit outbound access before
        # ("Default outbound access in Azure"; guidelines.md §2.2: it ended 2026-03-31).
        "properties.defaultOutboundAccess": Field(
            default=Since("2025-07-01", False, _default_outbound_access),
            answered=Answered.STATED,
            security=True,
        ),
        "properties.sharingScope": Field(default=None, security=True),
        "properties.ipAllocations": Field(default=(), keys=("id",)),
        "properties.ipAllocations[].id": Field(compare=Compare.RESOURCE_ID),
        "properties.ipamPoolPrefixAllocations": Field(default=()),
        "properties.ipamPoolPrefixAllocations[].pool.id": Field(compare=Compare.RESOURCE_ID),
        # Written by the application gateways in the subnet.
        "properties.applicationGatewayIPConfigurations": Field(read_only=True),
    },
)
