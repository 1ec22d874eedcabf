"""Resources move to another resource group: what goes along, and what is refused."""

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.msi import ManagedServiceIdentityClient
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.resource.locks import ManagementLockClient
from azure.mgmt.resource.resources import ResourceManagementClient

from provisioner.catalog.built_in_roles import find_built_in_role
from provisioner.catalog.registry import Catalog
from provisioner.simulator.server import LocalAzure
from tests.simulator.sdk import Connect
from tests.simulator.setting import GROUP, SUBSCRIPTION, Caller, StandingClock

TARGET = GROUP.replace("/rg", "/other")
HUB, NSG = (f"{GROUP}/providers/Microsoft.Network/{kind}" for kind in (
    "virtualNetworks/hub", "networkSecurityGroups/nsg"))  # fmt: skip


@pytest.fixture
def populated(connect: Connect) -> Connect:
    """A network whose subnet has a security group and an interface, an identity, and `other`."""
    connect(ResourceManagementClient).resource_groups.create_or_update(
        "other", {"location": "uksouth"}
    )
    network = connect(NetworkManagementClient)
    place = {"location": "westeurope"}
    network.network_security_groups.begin_create_or_update("rg", "nsg", place).result()
    subnet = {"addressPrefix": "10.0.0.0/24", "networkSecurityGroup": {"id": NSG}}
    space = {"addressPrefixes": ["10.0.0.0/16"]}
    body = {"addressSpace": space, "subnets": [{"name": "a", "properties": subnet}]}
    network.virtual_networks.begin_create_or_update(
        "rg", "hub", {**place, "tags": {"a": "b"}, "properties": body}
    ).result()
    endpoint = {"subnet": {"id": f"{HUB}/subnets/a"}}
    configuration = [{"name": "one", "properties": endpoint}]
    network.network_interfaces.begin_create_or_update(
        "rg", "nic", {**place, "properties": {"ipConfigurations": configuration}}
    ).result()
    connect(ManagedServiceIdentityClient).user_assigned_identities.create_or_update(
        "rg", "id-a", place
    )
    return connect


def move(connect: Connect, *resources: str, target: str = TARGET, only_validate: bool = False):
    client = connect(ResourceManagementClient).resources
    begin = client.begin_validate_move_resources if only_validate else client.begin_move_resources
    begin("rg", {"resources": list(resources), "targetResourceGroup": target}).result()


def names(connect: Connect, group: str) -> set[str]:
    listed = connect(ResourceManagementClient).resources.list_by_resource_group(group)
    return {each.name for each in listed}


def test_a_network_moves_with_its_subnets_and_others_name_it_at_its_place(populated: Connect):
    move(populated, HUB)

    network = populated(NetworkManagementClient)
    hub = network.virtual_networks.get("other", "hub")
    assert hub.id == f"{TARGET}/providers/Microsoft.Network/virtualNetworks/hub"
    assert (hub.tags, hub.location) == ({"a": "b"}, "westeurope")
    (subnet,) = hub.subnets
    assert subnet.id == f"{hub.id}/subnets/a"
    assert subnet.network_security_group.id == NSG
    assert network.subnets.get("other", "hub", "a").address_prefix == "10.0.0.0/24"
    nic = network.network_interfaces.get("rg", "nic")
    assert nic.ip_configurations[0].subnet.id == subnet.id
    with pytest.raises(HttpResponseError) as absent:
        network.virtual_networks.get("rg", "hub")
    assert absent.value.status_code == 404
    assert (names(populated, "rg"), names(populated, "other")) == ({"nsg", "nic", "id-a"}, {"hub"})
    # What guards a security group that is in use, and an address, holds at the new place.
    with pytest.raises(HttpResponseError, match="in use"):
        network.network_security_groups.begin_delete("rg", "nsg").result()


def test_locks_move_with_a_resource_and_role_assignments_do_not(populated: Connect):
    locks = populated(ManagementLockClient).management_locks
    roles = populated(AuthorizationManagementClient).role_assignments
    role = find_built_in_role("Reader")
    definition = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions"
    body = {"principalId": "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9", "principalType": "Group"}
    stated = {"properties": {**body, "roleDefinitionId": f"{definition}/{role}"}}
    roles.create(NSG, "11111111-2222-4333-8444-555555555555", stated)
    diagnostic = {"level": "CanNotDelete"}
    locks.create_or_update_by_scope(NSG, "keep", diagnostic)
    with pytest.raises(HttpResponseError) as locked:
        move(populated, NSG)
    assert locked.value.error.code == "ScopeLocked"
    locks.delete_by_scope(NSG, "keep")

    move(populated, NSG)
    moved = NSG.replace("/rg/", "/other/")
    assert list(roles.list_for_scope(moved, filter="atScope()")) == []
    network = populated(NetworkManagementClient)
    assert network.subnets.get("rg", "hub", "a").network_security_group.id == moved


def test_a_validation_moves_nothing(populated: Connect):
    move(populated, HUB, NSG, only_validate=True)
    assert names(populated, "other") == set()
    with pytest.raises(HttpResponseError) as refused:
        move(populated, f"{GROUP}/{IDENTITY}", only_validate=True)
    assert refused.value.status_code == 409


IDENTITY = "providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-a"
PROBLEMS = [
    pytest.param(f"{GROUP}/{IDENTITY}", "ResourceMoveNotSupported", id="a type that stays"),
    pytest.param(f"{HUB}/subnets/a", "ResourceMoveNotSupported", id="a child"),
    pytest.param(HUB.replace("/rg/", "/other/"), "ResourceMoveNotSupported", id="another group"),
    pytest.param(f"{HUB}-none", "ResourceNotFound", id="none"),
]


@pytest.mark.parametrize(("resource", "code"), PROBLEMS)
def test_what_does_not_move_is_refused_and_nothing_moves(
    populated: Connect, resource: str, code: str
):
    with pytest.raises(HttpResponseError) as refused:
        move(populated, NSG, resource)
    error = refused.value.error
    assert (refused.value.status_code, error.code) == (409, "ResourceMoveValidationFailed")
    assert [(each.code, each.target) for each in error.details] == [(code, resource)]
    assert names(populated, "other") == set()


def test_a_cluster_does_not_move(connect: Connect):
    connect(ResourceManagementClient).resource_groups.create_or_update(
        "other", {"location": "uksouth"}
    )
    pool = {"name": "sys", "mode": "System", "count": 1, "vmSize": "Standard_D4ds_v5"}
    properties = {"dnsPrefix": "k", "agentPoolProfiles": [pool]}
    body = {"location": "westeurope", "identity": {"type": "SystemAssigned"}}
    clusters = connect(ContainerServiceClient).managed_clusters
    made = clusters.begin_create_or_update("rg", "k", {**body, "properties": properties}).result()
    with pytest.raises(HttpResponseError, match="validation errors") as refused:
        move(connect, made.id)
    assert "Microsoft.ContainerService/managedClusters" in refused.value.error.details[0].message


@pytest.mark.parametrize(
    ("target", "code"),
    [(f"{GROUP}-none", "ResourceGroupNotFound"), (GROUP, "InvalidRequestContent")],
)
def test_a_target_that_is_none_is_refused(populated: Connect, target: str, code: str):
    with pytest.raises(HttpResponseError) as refused:
        move(populated, NSG, target=target)
    assert refused.value.error.code == code


def test_a_name_that_is_taken_in_the_target_is_refused(populated: Connect):
    network = populated(NetworkManagementClient)
    network.network_security_groups.begin_create_or_update(
        "other", "nsg", {"location": "westeurope"}
    ).result()
    with pytest.raises(HttpResponseError) as refused:
        move(populated, NSG)
    assert [each.code for each in refused.value.error.details] == ["ResourceAlreadyExists"]


def test_a_move_takes_its_time_holds_what_it_moves_and_may_fail(real_catalog: Catalog):
    clock = StandingClock()
    with LocalAzure.start(real_catalog, None, clock=clock, realistic=1.0) as azure:
        call = Caller(azure.endpoint)
        call.create_group()
        call("PUT", TARGET, {"location": "uksouth"})
        call("PUT", NSG, {"location": "westeurope"})
        clock.advance(3600)
        body: dict[str, Any] = {"resources": [NSG], "targetResourceGroup": TARGET}
        azure.faults.fail_operation("moveResources", "ResourceMoveFailed", "Not today.")
        for fails in (True, False):
            reply = call("POST", f"{GROUP}/moveResources", body)
            assert reply.status == 202
            assert call("GET", reply.headers["location"]).status == 202
            assert call("PUT", NSG, {"location": "westeurope"}).status == 409
            clock.advance(3600)
            ended = call("GET", reply.headers["location"])
            assert ended.status == (409 if fails else 204)
            assert call("GET", NSG).status == (200 if fails else 404)
            assert call("GET", GROUP).body["properties"]["provisioningState"] == "Succeeded"
        assert call("GET", NSG.replace("/rg/", "/other/")).status == 200
        call.close()
