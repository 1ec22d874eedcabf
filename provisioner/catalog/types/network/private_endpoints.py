"""Private endpoints.

Target, group ids and subnet are fixed. The connection is a child of the target: a lock on the
target blocks writes and deletes of the endpoint, and the target's owner approves it. A disconnected
endpoint needs replacing, a rejected one needs the owner. Azure creates its network interface and
deletes it with the endpoint.

Facts: guidelines.md CLU-11.1, §2.2 and §2.4, and the recorded pairs.
"""

from collections.abc import Mapping, Sequence

from provisioner.catalog import api_versions
from provisioner.catalog.field import Compare, Disruption, Field, Health, Repair, UnhealthyState
from provisioner.catalog.network_provider import made_interfaces
from provisioner.catalog.resource_type import ComputationContext, NameRule, ResourceType, SdkModel
from provisioner.model.resource_id import ResourceId, parse_resource_id
from provisioner.model.values import Body, Json, lookup

_APPROVED = {"status": "Approved", "description": "Auto-Approved", "actionsRequired": "None"}
_PENDING = {"status": "Pending", "description": "", "actionsRequired": "None"}
_STATE = ("properties", "privateLinkServiceConnectionState")
_STATES = {
    "privateLinkServiceConnections": _APPROVED,
    "manualPrivateLinkServiceConnections": _PENDING,
}

# Host names of services in the public cloud, by type (guidelines.md §2.4).
_HOSTS = {
    "microsoft.keyvault/vaults": ("{name}.vaultcore.azure.net",),
    "microsoft.containerregistry/registries": (
        "{name}.{location}.data.azurecr.io",
        "{name}.azurecr.io",
    ),
}


def _computed_values(
    resource: ResourceId, body: Body, context: ComputationContext
) -> Mapping[str, Json]:
    interface = lookup(body, ("properties", "customNetworkInterfaceName"))
    name = interface or f"{resource.name}.nic.{context.guid(resource.text, 'interface')}"
    group = resource.scope.text if resource.scope else ""
    properties: dict[str, Json] = {
        "resourceGuid": context.guid(resource.text),
        "networkInterfaces": [
            {"id": f"{group}/providers/{TYPE.namespace}/networkInterfaces/{name}"}
        ],
    }
    held = context.lookup(resource.text) or {}
    connected: list[Body] = []
    for kind, state in _STATES.items():
        found = [
            _with_connection_state(entry, held, kind, state) for entry in _connections(body, kind)
        ]
        connected += [entry for entry in found if _is_approved(entry)]
        properties[kind] = found
    properties["customDnsConfigs"] = _dns_configurations(resource, body, connected, context)
    return {"properties": properties}


def _connections(body: Body, kind: str) -> Sequence[Body]:
    found = lookup(body, ("properties", kind))
    return found if isinstance(found, (list, tuple)) else ()


def _with_connection_state(
    connection: Body, held: Body, kind: str, state: Mapping[str, Json]
) -> Mapping[str, Json]:
    """Return a connection in the state in which the service's owner left it.

    A new one is in the initial state of its kind: Approved, or Pending where approval is manual.
    """
    properties = connection.get("properties")
    known = properties if isinstance(properties, Mapping) else {}
    before = next(
        (
            lookup(entry, _STATE)
            for entry in _connections(held, kind)
            if entry.get("name") == connection.get("name")
        ),
        None,
    )
    current = before if isinstance(before, Mapping) else state
    return {**connection, "properties": {**known, _STATE[-1]: current}}


def _is_approved(connection: Body) -> bool:
    return lookup(connection, (*_STATE, "status")) == "Approved"


def _dns_configurations(
    resource: ResourceId, body: Body, connected: Sequence[Body], context: ComputationContext
) -> list[Json]:
    """Return the host names of the approved services behind an endpoint, each with its address."""
    subnet = lookup(body, ("properties", "subnet", "id"))
    if not isinstance(subnet, str):
        return []
    hosts = [
        host
        for connection in connected
        for host in _service_hosts(connection, lookup(body, ("location",)))
    ]
    fixed = _fixed_addresses(body)
    named: list[Json] = []
    for position, host in enumerate(hosts):
        if position < len(fixed):
            address = fixed[position]
        else:
            address = context.free_address(subnet, f"{resource.text}/{host}")
        named.append({"fqdn": host, "ipAddresses": [address]})
    return named


def _service_hosts(connection: Body, location: object) -> list[str]:
    service = parse_resource_id(lookup(connection, ("properties", "privateLinkServiceId")))
    if service is None:
        return []
    patterns = _HOSTS.get(service.type.lower(), ())
    return [text.format(name=service.name.lower(), location=location) for text in patterns]


def _fixed_addresses(body: Body) -> list[str]:
    entries = lookup(body, ("properties", "ipConfigurations"))
    found = entries if isinstance(entries, (list, tuple)) else ()
    return [str(lookup(entry, ("properties", "privateIPAddress"))) for entry in found]


# States of a connection ("What is a private endpoint?"). Pending is no finding: the service's owner
# has to approve.
_CONNECTION = Health(
    "Approved",
    {
        "rejected": UnhealthyState(
            "the owner of the service rejected the connection, and approves it, or a new endpoint "
            "asks again",
            Repair.OTHERS,
        ),
        "disconnected": UnhealthyState(
            "the service was deleted or removed the connection, which only a new endpoint makes "
            "again",
            Repair.REPLACE,
        ),
    },
)


def _connection_fields(path: str) -> Mapping[str, Field]:
    properties = f"{path}[].properties"
    return {
        path: Field(default=(), keys=("name",), security=True, disruption=Disruption.CONNECTIONS),
        f"{properties}.privateLinkServiceId": Field(
            compare=Compare.RESOURCE_ID, create_only=True, security=True
        ),
        f"{properties}.groupIds": Field(
            default=(), compare=Compare.SET, create_only=True, security=True
        ),
        f"{properties}.groupIds[]": Field(compare=Compare.CASELESS),
        # Written by the service's owner.
        f"{properties}.privateLinkServiceConnectionState": Field(read_only=True),
        f"{properties}.privateLinkServiceConnectionState.status": Field(
            read_only=True, health=_CONNECTION, security=True, disruption=Disruption.CONNECTIONS
        ),
    }


_CONNECTS = "connects to it through a private endpoint"


def _is_api_server_endpoint(endpoint: ResourceId) -> bool:
    """Return whether AKS created an endpoint in a node resource group.

    That of a private API server is named kube-apiserver (AKS "Create a private AKS cluster").
    """
    return endpoint.name.lower() == "kube-apiserver"


TYPE = ResourceType(
    name="Microsoft.Network/privateEndpoints",
    api_version=api_versions.NETWORK,
    sdk=SdkModel("azure.mgmt.network", "PrivateEndpoint"),
    rule=NameRule(
        r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}[a-zA-Z0-9_]",
        "2 to 64 letters, digits, underscores, periods and hyphens, starting with a letter or "
        "digit and ending with one or an underscore",
    ),
    etag=True,
    serialise_on="",
    # Its connection is a child of the target, written and deleted with it: a lock on the target
    # forbids both (ScopeLocked, hashicorp/terraform-provider-azurerm#17478).
    reaches=(
        "properties.privateLinkServiceConnections[].properties.privateLinkServiceId",
        "properties.manualPrivateLinkServiceConnections[].properties.privateLinkServiceId",
    ),
    seconds=60,
    computed=_computed_values,
    makes=made_interfaces,
    by_keeper=_is_api_server_endpoint,
    adds_to={
        "properties.privateLinkServiceConnections[].properties.privateLinkServiceId": _CONNECTS,
        "properties.manualPrivateLinkServiceConnections[].properties.privateLinkServiceId": (
            _CONNECTS
        ),
    },
    fields={
        **_connection_fields("properties.privateLinkServiceConnections"),
        **_connection_fields("properties.manualPrivateLinkServiceConnections"),
        "properties.subnet.id": Field(compare=Compare.RESOURCE_ID, create_only=True),
        "properties.ipConfigurations": Field(
            default=(), keys=("name",), disruption=Disruption.CONNECTIONS
        ),
        "properties.ipVersionType": Field(default="IPv4", create_only=True),
        # Azure names the interface itself where this is empty.
        "properties.customNetworkInterfaceName": Field(default="", create_only=True),
        "properties.customDnsConfigs": Field(read_only=True),
        "properties.resourceGuid": Field(read_only=True),
        "properties.applicationSecurityGroups": Field(default=(), keys=("id",), security=True),
        "properties.applicationSecurityGroups[].id": Field(compare=Compare.RESOURCE_ID),
        "extendedLocation.name": Field(compare=Compare.LOCATION, create_only=True),
    },
)
