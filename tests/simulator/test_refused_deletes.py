"""What the built-in Azure refuses to delete, with the codes of Azure."""

import pytest

from provisioner.model.azure_error import AzureError
from provisioner.model.resource_id import ResourceId
from provisioner.plan.reads import Read
from tests.environments import Bench

S = "/subscriptions/11111111-1111-1111-1111-111111111111"
GROUP = f"{S}/resourceGroups/rg-main"
NETWORK = f"{GROUP}/providers/Microsoft.Network"
ZONE = f"{NETWORK}/privateDnsZones/privatelink.vaultcore.azure.net"
LINK = f"{ZONE}/virtualNetworkLinks/link"
WEST = {"location": "westeurope"}


@pytest.fixture
def at(bench: Bench) -> Bench:
    bench.send("PUT", GROUP, dict(WEST))
    spaces = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
    bench.send("PUT", f"{NETWORK}/virtualNetworks/vnet", {**WEST, "properties": spaces})
    bench.send("PUT", ZONE, {"location": "global"})
    linked = {"virtualNetwork": {"id": f"{NETWORK}/virtualNetworks/vnet"}}
    bench.send("PUT", LINK, {"location": "global", "properties": linked})
    return bench


def delete(bench: Bench, path: str) -> AzureError | None:
    resource = ResourceId.parse(path)
    version = bench.catalog.get(resource.type).api_version
    try:
        bench.client.delete(resource, version, None, lambda _status: None)
    except AzureError as problem:
        return problem
    return None


def listed(bench: Bench, path: str) -> list[str]:
    (answer,) = bench.client.read([Read(path, "2024-07-01", "", is_list=True)])
    return [str(item["id"]) for item in answer.items]


def test_a_zone_does_not_go_before_its_links(at: Bench) -> None:
    refused = delete(at, ZONE)

    assert refused is not None
    assert (refused.status, refused.code) == (409, "CannotDeleteResource")
    assert "virtualNetworkLinks/link" in refused.message
    assert delete(at, LINK) is None
    assert delete(at, ZONE) is None


def test_a_group_takes_a_zone_with_its_links_along(at: Bench) -> None:
    assert delete(at, GROUP) is None


def test_the_link_of_a_zone_is_in_the_list_of_everything(at: Bench) -> None:
    """A child, and yet a tracked resource."""
    assert LINK in listed(at, f"{GROUP}/resources")


def test_what_is_used_names_its_users(at: Bench) -> None:
    nsg = f"{NETWORK}/networkSecurityGroups/nsg"
    at.send("PUT", nsg, dict(WEST))
    subnet = {"addressPrefix": "10.0.1.0/24", "networkSecurityGroup": {"id": nsg}}
    at.send("PUT", f"{NETWORK}/virtualNetworks/vnet/subnets/a", {"properties": subnet})

    properties = at.body_of("nsg")["properties"]

    assert isinstance(properties, dict)
    assert properties["subnets"] == [{"id": f"{NETWORK}/virtualNetworks/vnet/subnets/a"}]
    refused = delete(at, nsg)
    assert refused is not None
    assert refused.code == "InUseNetworkSecurityGroupCannotBeDeleted"
