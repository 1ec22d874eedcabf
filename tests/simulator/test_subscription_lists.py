"""What a subscription is asked before anything is made: regions, providers, limits, names."""

from collections.abc import Iterator

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient

from provisioner.catalog.region_metadata import REGION_METADATA
from provisioner.catalog.regions import REGIONS
from provisioner.catalog.registry import Catalog
from provisioner.catalog.vm_sizes import zones_of
from provisioner.simulator.server import LocalAzure
from tests.simulator.sdk import Connect
from tests.simulator.setting import GROUP, SUBSCRIPTION, Caller

S = f"/subscriptions/{SUBSCRIPTION}"


@pytest.fixture(scope="module")
def call(real_catalog: Catalog) -> Iterator[Caller]:
    with LocalAzure.start(real_catalog, None) as azure:
        caller = Caller(azure.endpoint)
        caller.create_group()
        yield caller
        caller.close()


def test_every_region_has_metadata_and_a_pair_that_there_is():
    assert REGION_METADATA.keys() == REGIONS.keys()
    assert {facts.pair for facts in REGION_METADATA.values()} - {None} <= REGIONS.keys()


def test_regions_in_the_documented_shape(call: Caller):
    found = {each["name"]: each for each in call("GET", f"{S}/locations").body["value"]}
    assert found.keys() == REGIONS.keys()
    west = found["westeurope"]
    assert west["regionalDisplayName"] == "(Europe) West Europe"
    assert west["metadata"]["pairedRegion"] == [
        {"name": "northeurope", "id": f"{S}/locations/northeurope"}
    ]
    assert (west["metadata"]["regionType"], west["metadata"]["geography"]) == ("Physical", "Europe")
    for name, region in found.items():
        mapped = [each["logicalZone"] for each in region.get("availabilityZoneMappings", ())]
        assert mapped == list(zones_of(name))


def test_providers_name_types_versions_and_regions(connect: Connect):
    client = connect(ResourceManagementClient)
    network = client.providers.get("microsoft.network")
    types = {each.resource_type: each for each in network.resource_types}
    assert "West Europe" in types["virtualNetworks"].locations
    assert types["virtualNetworks"].default_api_version in types["virtualNetworks"].api_versions
    assert types["virtualNetworks"].capabilities == "SupportsTags, SupportsLocation"
    listed = client.provider_resource_types.list("Microsoft.Network").value
    assert {each.resource_type for each in listed} == types.keys()
    assert "Microsoft.Network" in [each.namespace for each in client.providers.list()]
    with pytest.raises(HttpResponseError, match="Known values: metadata"):
        client.providers.get("Microsoft.Network", expand="resourceTypes/aliases")


def test_networks_and_accounts_are_counted_by_region(connect: Connect):
    client = connect(NetworkManagementClient)
    space = {"addressPrefixes": ["10.0.0.0/16"]}
    body = {"location": "westeurope", "properties": {"addressSpace": space}}
    client.virtual_networks.begin_create_or_update("rg", "hub", body).result()
    used = {each.name.value: each for each in client.usages.list("West Europe")}
    assert (used["VirtualNetworks"].current_value, used["VirtualNetworks"].limit) == (1, 1000)
    assert used["NetworkWatchers"].current_value == 1
    elsewhere = {each.name.value: each.current_value for each in client.usages.list("uksouth")}
    assert not any(elsewhere.values())


def test_the_limit_of_storage_accounts(call: Caller):
    (found,) = call("GET", f"{S}/providers/Microsoft.Storage/locations/westeurope/usages").body[
        "value"
    ]
    assert (found["name"]["value"], found["currentValue"], found["limit"]) == (
        "StorageAccounts", 0, 250,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("hub", "Allowed"),
        ("Office365", "Reserved"),
        ("my-windows-vm", "Reserved"),
        ("login-page", "Reserved"),
        ("page-login", "Allowed"),
    ],
)
def test_reserved_names(call: Caller, name: str, status: str):
    path = "/providers/Microsoft.Resources/checkResourceName"
    body = {"name": name, "type": "Microsoft.Network/virtualNetworks"}
    assert call("POST", path, body).body == {**body, "status": status}
    assert call("POST", path, {"name": name}).code == "InvalidRequestContent"


@pytest.mark.parametrize(
    ("type_name", "hint"),
    [
        ("Microsoft.Network/virtualNetwork", "similar ones are Microsoft.Network/virtualNetworks"),
        ("Microsoft.ManagedIdentity/foo", "facts of are Microsoft.ManagedIdentity/"),
    ],
)
def test_a_type_outside_the_catalog_is_told_with_those_that_are_known(
    call: Caller, type_name: str, hint: str
):
    reply = call("GET", f"{GROUP}/providers/{type_name}/x")
    assert (reply.status, reply.code) == (404, "ResourceNotFound")
    assert hint in reply.body["error"]["message"]
    known = call("GET", f"{GROUP}/providers/Microsoft.Network/virtualNetworks/x")
    assert "facts" not in known.body["error"]["message"]
