"""What networks and interfaces answer: free addresses, effective routes and rules, offers."""

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.msi import ManagedServiceIdentityClient
from azure.mgmt.network import NetworkManagementClient

from provisioner.simulator.server import LocalAzure
from tests.simulator.sdk import Connect
from tests.simulator.setting import GROUP, SUBSCRIPTION, Caller

REGION = {"location": "westeurope"}
HUB = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/hub"


@pytest.fixture
def network(connect: Connect) -> Any:
    return connect(NetworkManagementClient)


def make_network(network: Any, name: str, prefix: str, **subnet: Any) -> Any:
    space = {"addressPrefixes": [f"{prefix}.0.0/16"]}
    subnets = [{"name": "a", "properties": {"addressPrefix": f"{prefix}.0.0/24", **subnet}}]
    body = {**REGION, "properties": {"addressSpace": space, "subnets": subnets}}
    return network.virtual_networks.begin_create_or_update("rg", name, body).result()


def make_interface(network: Any, subnet: str, name: str = "nic", **properties: Any) -> Any:
    configuration = {"name": "i", "properties": {"subnet": {"id": subnet}}}
    body = {**REGION, "properties": {"ipConfigurations": [configuration], **properties}}
    return network.network_interfaces.begin_create_or_update("rg", name, body).result()


def test_an_address_is_free_taken_reserved_or_nowhere(network: Any):
    made = make_network(network, "vn", "10.1")
    interface = make_interface(network, made.properties.subnets[0].id)
    (configuration,) = interface.properties.ip_configurations
    assert configuration.properties.private_ip_address == "10.1.0.4"
    assert configuration.properties.primary is True
    assert interface.properties.mac_address.startswith("00-0D-3A-")
    check = network.virtual_networks.check_ip_address_availability
    assert check("rg", "vn", ip_address="10.1.0.9").available is True
    taken = check("rg", "vn", ip_address="10.1.0.4")
    assert (taken.available, taken.is_platform_reserved) == (False, False)
    assert taken.available_ip_addresses == [f"10.1.0.{last}" for last in range(5, 10)]
    reserved = check("rg", "vn", ip_address="10.1.0.255")
    assert (reserved.available, reserved.is_platform_reserved) == (False, True)
    with pytest.raises(HttpResponseError) as refused:
        check("rg", "vn", ip_address="10.2.0.4")
    assert refused.value.error.code == "PrivateIPAddressNotInAnySubnet"
    with pytest.raises(HttpResponseError):
        check("rg", "vn", ip_address="nonsense")
    (usage,) = network.virtual_networks.list_usage("rg", "vn")
    assert (usage.current_value, usage.limit) == (1, 251)


def test_system_routes_give_way_to_routes_of_ones_own(network: Any):
    table = network.route_tables.begin_create_or_update(
        "rg",
        "rt",
        {
            **REGION,
            "properties": {
                "disableBgpRoutePropagation": True,
                "routes": [
                    {
                        "name": "out",
                        "properties": {
                            "addressPrefix": "0.0.0.0/0",
                            "nextHopType": "VirtualAppliance",
                            "nextHopIpAddress": "10.1.0.68",
                        },
                    }
                ],
            },
        },
    ).result()
    plain = make_network(network, "plain", "10.1")
    routed = make_network(network, "routed", "10.2", routeTable={"id": table.id})

    def routes(name: str, subnet: str) -> dict[tuple[str, str], tuple[str, list[str]]]:
        make_interface(network, subnet, name)
        found = network.network_interfaces.begin_get_effective_route_table("rg", name).result()
        return {
            (one.address_prefix[0], one.source): (
                f"{one.next_hop_type.value} {one.state.value}",
                one.next_hop_ip_address,
            )
            for one in found.value
        }

    system = routes("one", plain.properties.subnets[0].id)
    assert system[("10.1.0.0/16", "Default")] == ("VnetLocal Active", [])
    assert system[("0.0.0.0/0", "Default")] == ("Internet Active", [])
    assert system[("10.0.0.0/8", "Default")] == ("None Active", [])
    own = routes("two", routed.properties.subnets[0].id)
    assert own[("0.0.0.0/0", "User")] == ("VirtualAppliance Active", ["10.1.0.68"])
    assert own[("0.0.0.0/0", "Default")] == ("Internet Invalid", [])
    assert ("10.0.0.0/8", "Default") not in own


def test_routes_lead_to_peers_and_through_a_lent_gateway(network: Any, local: LocalAzure):
    make_network(network, "hub", "10.1")
    spoke = make_network(network, "spoke", "10.2")
    call = Caller(local.endpoint)

    def put(path: str, **properties: Any) -> None:
        answer = call("PUT", f"Microsoft.Network/{path}", {**REGION, "properties": properties})
        assert answer.status in (200, 201), answer.body

    put("virtualNetworks/hub/subnets/GatewaySubnet", addressPrefix="10.1.255.0/27")
    address = {
        **REGION,
        "sku": {"name": "Standard"},
        "properties": {"publicIPAllocationMethod": "Static"},
    }
    call("PUT", "Microsoft.Network/publicIPAddresses/pip", address)
    pip = f"{GROUP}/providers/Microsoft.Network/publicIPAddresses/pip"
    put(
        "virtualNetworkGateways/gw",
        gatewayType="Vpn",
        vpnType="RouteBased",
        sku={"name": "VpnGw2AZ", "tier": "VpnGw2AZ"},
        ipConfigurations=[
            {
                "name": "i",
                "properties": {
                    "subnet": {"id": f"{HUB}/subnets/GatewaySubnet"},
                    "publicIPAddress": {"id": pip},
                },
            }
        ],
    )
    put(
        "localNetworkGateways/site",
        gatewayIpAddress="192.0.2.1",
        localNetworkAddressSpace={"addressPrefixes": ["192.168.7.0/24"]},
    )
    base = f"{GROUP}/providers/Microsoft.Network"
    put(
        "connections/c",
        connectionType="IPsec",
        sharedKey="x" * 20,
        virtualNetworkGateway1={"id": f"{base}/virtualNetworkGateways/gw"},
        localNetworkGateway2={"id": f"{base}/localNetworkGateways/site"},
    )
    put(
        "virtualNetworks/hub/virtualNetworkPeerings/to-spoke",
        remoteVirtualNetwork={"id": spoke.id},
        allowVirtualNetworkAccess=True,
        allowGatewayTransit=True,
    )
    put(
        "virtualNetworks/spoke/virtualNetworkPeerings/to-hub",
        remoteVirtualNetwork={"id": HUB},
        allowVirtualNetworkAccess=True,
        useRemoteGateways=True,
    )
    call.close()
    make_interface(network, spoke.properties.subnets[0].id)
    found = network.network_interfaces.begin_get_effective_route_table("rg", "nic").result()
    hops = {one.address_prefix[0]: (one.source, one.next_hop_type) for one in found.value}
    assert hops["10.1.0.0/16"] == ("Default", "VNetPeering")
    assert hops["192.168.7.0/24"] == ("VirtualNetworkGateway", "VirtualNetworkGateway")


def test_the_rules_of_the_subnet_and_of_the_interface_are_both_effective(network: Any):
    groups = network.network_security_groups
    web = network.application_security_groups.begin_create_or_update("rg", "web", REGION).result()
    rule = {
        "name": "https",
        "properties": {
            "priority": 100,
            "access": "Allow",
            "direction": "Inbound",
            "protocol": "Tcp",
            "sourceAddressPrefix": "VirtualNetwork",
            "sourcePortRange": "*",
            "destinationApplicationSecurityGroups": [{"id": web.id}],
            "destinationPortRanges": ["443", "8000-8080"],
        },
    }
    guard = groups.begin_create_or_update(
        "rg", "guard", {**REGION, "properties": {"securityRules": [rule]}}
    ).result()
    own = groups.begin_create_or_update("rg", "own", REGION).result()
    made = make_network(network, "vn", "10.1", networkSecurityGroup={"id": guard.id})
    subnet = made.properties.subnets[0].id
    body = {
        **REGION,
        "properties": {
            "networkSecurityGroup": {"id": own.id},
            "ipConfigurations": [
                {
                    "name": "i",
                    "properties": {
                        "subnet": {"id": subnet},
                        "applicationSecurityGroups": [{"id": web.id}],
                    },
                }
            ],
        },
    }
    network.network_interfaces.begin_create_or_update("rg", "nic", body).result()
    interfaces = network.network_interfaces
    found = interfaces.begin_list_effective_network_security_groups("rg", "nic").result().value
    assert [one.network_security_group.id for one in found] == [guard.id, own.id]
    assert found[0].association.subnet.id == subnet
    assert found[1].association.network_interface.id.endswith("/networkInterfaces/nic")
    rules = {one.name: one for one in found[0].effective_security_rules}
    https = rules["securityRules/https"]
    assert https.destination_port_ranges == ["443-443", "8000-8080"]
    assert https.source_port_range == "0-65535"
    assert https.destination_address_prefixes == ["10.1.0.4/32"]
    assert "10.1.0.0/16" in https.expanded_source_address_prefix
    assert rules["defaultSecurityRules/DenyAllInBound"].protocol == "All"


def test_what_a_region_of_networks_offers(network: Any):
    names = [one.service_name for one in network.available_delegations.list("westeurope")]
    assert "Microsoft.Web/serverFarms" in names
    inside = network.available_resource_group_delegations.list("westeurope", "rg")
    assert [one.service_name for one in inside] == names
    services = [one.name for one in network.available_endpoint_services.list("westeurope")]
    assert "Microsoft.Storage" in services
    types = network.available_private_endpoint_types.list("westeurope")
    assert "Microsoft.KeyVault/vaults" in [one.resource_name for one in types]
    tags = network.service_tags.list("westeurope").values_property
    assert {one.name: one.properties.address_prefixes for one in tags}["AzureLoadBalancer"] == [
        "168.63.129.16/32"
    ]
    used = {one.name.value: one.current_value for one in network.usages.list("westeurope")}
    assert used["VirtualNetworks"] == 0


def test_conflicting_rules_and_overlapping_subnets_are_refused(network: Any):
    make_network(network, "vn", "10.1")
    subnet = {"properties": {"addressPrefix": "10.1.0.128/25"}}
    with pytest.raises(HttpResponseError) as refused:
        network.subnets.begin_create_or_update("rg", "vn", "b", subnet).result()
    assert refused.value.error.code == "NetcfgSubnetRangesOverlap"
    network.network_security_groups.begin_create_or_update("rg", "nsg", REGION).result()
    rule = {
        "properties": {
            "priority": 100,
            "access": "Allow",
            "direction": "Inbound",
            "protocol": "Tcp",
            "sourceAddressPrefix": "*",
            "sourcePortRange": "*",
            "destinationAddressPrefix": "*",
            "destinationPortRange": "443",
        }
    }
    network.security_rules.begin_create_or_update("rg", "nsg", "web", rule).result()
    with pytest.raises(HttpResponseError) as refused:
        network.security_rules.begin_create_or_update("rg", "nsg", "ssh", rule).result()
    assert refused.value.error.code == "SecurityRuleConflict"


def test_the_identity_that_the_system_assigns(connect: Connect, local: LocalAzure):
    client = connect(ManagedServiceIdentityClient)
    call = Caller(local.endpoint)
    account = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stone"
    body = {
        **REGION,
        "sku": {"name": "Standard_LRS"},
        "kind": "StorageV2",
        "identity": {"type": "SystemAssigned"},
    }
    made = call("PUT", account, body)
    principal = call("GET", account).body["identity"]["principalId"]
    assert made.status in (200, 202)
    identity = client.system_assigned_identities.get_by_scope(account)
    assert identity.principal_id == principal
    assert identity.client_id != principal
    call("PUT", f"{GROUP}/providers/Microsoft.Network/routeTables/rt", REGION)
    with pytest.raises(HttpResponseError) as refused:
        client.system_assigned_identities.get_by_scope(
            f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
            "/providers/Microsoft.Network/routeTables/rt"
        )
    assert refused.value.status_code == 404
    call.close()


def test_an_empty_condition_is_none(local: LocalAzure):
    call = Caller(local.endpoint)
    zone = f"{GROUP}/providers/Microsoft.Network/privateDnsZones/privatelink.vaultcore.azure.net"
    empty = {"If-Match": "", "If-None-Match": ""}
    assert call("PUT", zone, {"location": "global"}, empty).status in (200, 201, 202)
    assert call("PUT", zone, {"location": "global"}, empty).status in (200, 201, 202)
    soa = call("GET", f"{zone}/SOA/@").body["properties"]["soaRecord"]
    assert soa["serialNumber"] == 1
    taken = call("PUT", zone, {"location": "global"}, {"If-None-Match": "*"})
    assert taken.status == 412
    call.close()
