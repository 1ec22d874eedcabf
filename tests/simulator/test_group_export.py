"""The template of a resource group: what was written, in the form of a deployment."""

import json
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient

from provisioner.catalog.registry import Catalog
from provisioner.simulator.server import LocalAzure
from tests.simulator.sdk import Connect
from tests.simulator.setting import GROUP, Caller

NSG = f"{GROUP}/providers/Microsoft.Network/networkSecurityGroups/nsg"
OUTSIDE = GROUP.replace("/rg", "/other") + "/providers/Microsoft.Network/routeTables/rt"
LITERAL = "SkipAllParameterization"


@pytest.fixture
def populated(connect: Connect) -> Connect:
    """A network whose subnet has a security group of the group and routes of another one."""
    connect(ResourceManagementClient).resource_groups.create_or_update(
        "other", {"location": "westeurope"}
    )
    network = connect(NetworkManagementClient)
    place = {"location": "westeurope"}
    network.route_tables.begin_create_or_update("other", "rt", place).result()
    network.network_security_groups.begin_create_or_update("rg", "nsg", place).result()
    linked = {"networkSecurityGroup": {"id": NSG}, "routeTable": {"id": OUTSIDE}}
    subnets = [{"name": "a", "properties": {"addressPrefix": "10.0.0.0/24", **linked}}]
    body = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": subnets}
    network.virtual_networks.begin_create_or_update(
        "rg", "hub", {**place, "tags": {"odd": "[not an expression]"}, "properties": body}
    ).result()
    return connect


def export(connect: Connect, *options: str, resources: tuple[str, ...] = ("*",)) -> dict[str, Any]:
    body = {"resources": list(resources), "options": ", ".join(options)}
    groups = connect(ResourceManagementClient).resource_groups
    template: dict[str, Any] = groups.begin_export_template("rg", body).result().template
    return template


def test_names_and_what_is_elsewhere_are_parameters(populated: Connect):
    template = export(populated, "IncludeParameterDefaultValue", "IncludeComments")

    assert template["parameters"] == {
        "networkSecurityGroups_nsg_name": {"type": "String", "defaultValue": "nsg"},
        "virtualNetworks_hub_name": {"type": "String", "defaultValue": "hub"},
        "routeTables_rt_externalid": {"type": "String", "defaultValue": OUTSIDE},
    }
    nsg, hub = template["resources"]
    assert (nsg["name"], hub["name"]) == (
        "[parameters('networkSecurityGroups_nsg_name')]",
        "[parameters('virtualNetworks_hub_name')]",
    )
    assert nsg["comments"] == f"Generalized from resource: '{NSG}'."
    expression = (
        "[resourceId('Microsoft.Network/networkSecurityGroups', "
        "parameters('networkSecurityGroups_nsg_name'))]"
    )
    assert hub["dependsOn"] == [expression]
    (subnet,) = hub["properties"]["subnets"]
    assert subnet["properties"]["networkSecurityGroup"] == {"id": expression}
    assert subnet["properties"]["routeTable"] == {"id": "[parameters('routeTables_rt_externalid')]"}
    assert hub["tags"] == {"odd": "[[not an expression]"}
    assert "provisioningState" not in json.dumps(template)


def test_without_parameters_names_and_ids_stand_as_they_are(populated: Connect):
    template = export(populated, LITERAL)

    assert template["parameters"] == {}
    _, hub = template["resources"]
    assert hub["name"] == "hub"
    (subnet,) = hub["properties"]["subnets"]
    assert subnet["properties"]["routeTable"] == {"id": OUTSIDE}
    assert subnet["properties"]["networkSecurityGroup"] == {
        "id": "[resourceId('Microsoft.Network/networkSecurityGroups', 'nsg')]"
    }


def test_a_part_of_a_group_is_exported_by_ids(populated: Connect):
    template = export(populated, LITERAL, resources=(NSG,))
    assert [each["name"] for each in template["resources"]] == ["nsg"]
    for resources in ((f"{NSG}-none",), (OUTSIDE,)):
        with pytest.raises(HttpResponseError):
            export(populated, resources=resources)
    with pytest.raises(HttpResponseError, match="skipsome"):
        export(populated, "SkipSome")


def test_what_was_exported_is_deployed_into_another_group(real_catalog: Catalog):
    with LocalAzure.start(real_catalog, None) as azure:
        call = Caller(azure.endpoint)
        call.create_group()
        place = {"location": "westeurope"}
        call("PUT", NSG, place)
        subnet = {"addressPrefix": "10.0.0.0/24", "networkSecurityGroup": {"id": NSG}}
        space = {"addressPrefixes": ["10.0.0.0/16"]}
        properties = {"addressSpace": space, "subnets": [{"name": "a", "properties": subnet}]}
        hub = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/hub"
        call("PUT", hub, {**place, "properties": properties})
        asked = {"resources": ["*"], "options": "IncludeParameterDefaultValue"}
        template = call("POST", f"{GROUP}/exportTemplate", asked).body["template"]

        copy = GROUP.replace("/rg", "/copy")
        call("PUT", copy, place)
        deployment = f"{copy}/providers/Microsoft.Resources/deployments/again"
        body = {"properties": {"mode": "Incremental", "template": template}}
        assert call("PUT", deployment, body).status in (200, 201)
        found = call("GET", hub.replace("/rg/", "/copy/")).body
        (subnet,) = found["properties"]["subnets"]
        assert subnet["properties"]["networkSecurityGroup"]["id"] == NSG.replace("/rg/", "/copy/")
        call.close()


def test_types_outside_the_catalog_are_named_as_not_exported(real_catalog: Catalog):
    with LocalAzure.start(real_catalog, None) as azure:
        call = Caller(azure.endpoint)
        call.create_group()
        call("PUT", f"{GROUP}/providers/Contoso.Foo/bars/one", {"location": "westeurope"})
        body = call("POST", f"{GROUP}/exportTemplate", {"resources": ["*"]}).body
        assert body["template"]["resources"] == []
        assert body["error"]["code"] == "ExportTemplateCompletedWithErrors"
        assert [each["target"] for each in body["error"]["details"]] == ["Contoso.Foo/bars"]
        call.close()
