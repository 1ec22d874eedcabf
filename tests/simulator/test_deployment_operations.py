"""What is asked of deployments besides to deploy: what-if, complete mode, lists, cancel, export."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import requests

from provisioner.catalog.registry import Catalog
from provisioner.simulator.server import LocalAzure
from tests.export.deploying import management_client
from tests.simulator.deploying import (
    AT,
    IDENTITIES,
    NETWORKS,
    Deployer,
    identity,
    module,
    network,
    template,
)
from tests.simulator.setting import GROUP, SUBSCRIPTION, Caller, StandingClock


@pytest.fixture
def start(real_catalog: Catalog) -> Iterator[Callable[..., Deployer]]:
    with ExitStack() as stack:

        def started(**options: Any) -> Deployer:
            azure = stack.enter_context(LocalAzure.start(real_catalog, None, **options))
            call = Caller(azure.endpoint)
            stack.callback(call.close)
            call.create_group()
            return Deployer(azure, call)

        yield started


@pytest.fixture
def here(start: Callable[..., Deployer]) -> Deployer:
    return start()


def changes(properties: dict[str, Any]) -> dict[str, str]:
    """Return the change of each resource of a what-if, by its name."""
    return {
        change["resourceId"].rpartition("/")[2]: change["changeType"]
        for change in properties["changes"]
    }


def test_what_if_foretells_what_a_deployment_does(here: Deployer):
    first = template(identity("id-kept", tags={"a": "1"}), network("vn"))
    assert changes(here.what_if(first)) == {"id-kept": "Create", "vn": "Create"}
    assert here.names() == []
    here.deploy(first)
    here.deploy(template(identity("id-other")), name="other")
    again = here.what_if(first)
    assert changes(again) == {"id-kept": "NoChange", "vn": "NoChange", "id-other": "Ignore"}
    before = here.call("GET", f"{NETWORKS}/vn").body

    second = template(
        identity("id-kept", tags={"a": "2", "b": "1"}),
        network("vn", properties={
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16", "10.1.0.0/16"]},
            "provisioningState": "Wanted",
        }),
        identity("id-new", tags={"of": "[reference('id-kept').clientId]"}),
    )  # fmt: skip
    found = here.what_if(second)
    assert changes(found) == {
        "id-kept": "Modify",
        "vn": "Modify",
        "id-new": "Create",
        "id-other": "Ignore",
    }
    by_name = {change["resourceId"].rpartition("/")[2]: change for change in found["changes"]}
    assert by_name["id-kept"]["delta"] == [
        {"path": "tags.a", "propertyChangeType": "Modify", "before": "1", "after": "2"},
        {"path": "tags.b", "propertyChangeType": "Create", "after": "1"},
    ]
    assert by_name["vn"]["delta"] == [
        {
            "path": "properties.addressSpace.addressPrefixes",
            "propertyChangeType": "Array",
            "children": [
                {"path": "1", "propertyChangeType": "Create", "after": "10.1.0.0/16"},
            ],
        },
        {
            "path": "properties.provisioningState",
            "propertyChangeType": "NoEffect",
            "before": "Succeeded",
            "after": "Wanted",
        },
    ]
    new = by_name["id-new"]
    assert "before" not in new
    assert (new["after"]["name"], new["after"]["type"]) == ("id-new", IDENTITIES)
    assert new["after"]["apiVersion"] == "2024-11-30"
    assert "properties" not in new["after"]
    # Nothing of it has happened: neither in the resources nor in the deployments and logs.
    assert here.call("GET", f"{NETWORKS}/vn").body == before
    assert here.names() == ["id-kept", "id-other", "vn"]
    listed = here.call("GET", f"{GROUP}{AT}/").body["value"]
    assert [one["name"] for one in listed] == ["other", "main"]
    here.deploy(second)
    assert set(changes(here.what_if(second)).values()) == {"NoChange", "Ignore"}


def test_what_if_by_ids_alone_and_of_what_would_be_refused(here: Deployer):
    here.deploy(template(identity("id-kept")))
    document = template(
        identity("id-kept"),
        identity("id-new"),
        identity("!", dependsOn=["id-new"]),
        module("inner", template(identity("id-inner"))),
    )
    found = here.what_if(document, whatIfSettings={"resultFormat": "ResourceIdOnly"})
    assert {key for change in found["changes"] for key in change} == {"resourceId", "changeType"}
    assert changes(found) == {
        "id-kept": "Deploy",
        "id-new": "Create",
        "!": "Create",
        "id-inner": "Create",
    }
    assert [(one["level"], one["code"]) for one in found["diagnostics"]] == [
        ("Error", "InvalidResourceName")
    ]
    whole = here.what_if(document)["changes"]
    refused = next(change for change in whole if change["resourceId"].endswith("/!"))
    assert set(refused["after"]) == {"id", "name", "type", "apiVersion", "resourceGroup"}
    for stated, words in (
        ({"whatIfSettings": {"resultFormat": "Other"}}, "resultFormat 'Other'"),
        ({"validationLevel": "Other"}, "validationLevel 'Other'"),
        ({"debugSetting": {"detailLevel": "all"}}, "'properties.debugSetting'"),
        ({"nonsense": 1}, "Could not find member 'nonsense'"),
    ):
        code, message = here.refused(document, verb="whatIf", **stated)
        assert (code, words in message) == ("InvalidRequestContent", True), message


def test_the_complete_mode_deletes_what_is_not_in_the_template(here: Deployer):
    nsg = {
        "type": "Microsoft.Network/networkSecurityGroups",
        "apiVersion": "2024-05-01",
        "name": "nsg",
        "location": "westeurope",
        "properties": {},
    }
    subnet = {
        "name": "inside",
        "properties": {
            "addressPrefix": "10.0.1.0/24",
            "networkSecurityGroup": {
                "id": "[resourceId('Microsoft.Network/networkSecurityGroups', 'nsg')]"
            },
        },
    }
    space = {"addressPrefixes": ["10.0.0.0/16"]}
    used = network("vn", properties={"addressSpace": space, "subnets": [subnet]}, dependsOn=["nsg"])
    here.deploy(template(nsg, used, identity("id-kept"), identity("id-locked")))
    lock = f"{GROUP}/providers/{IDENTITIES}/id-locked/providers/Microsoft.Authorization/locks/l"
    here.call("PUT", lock, {"properties": {"level": "CanNotDelete"}})
    only = template(identity("id-kept"), identity("never", condition="[false()]"))

    foretold = here.what_if(only, mode="Complete")
    assert changes(foretold) == {
        "id-kept": "NoChange",
        "nsg": "Delete",
        "vn": "Delete",
        "id-locked": "Ignore",
    }
    assert [one["code"] for one in foretold["diagnostics"]] == ["ScopeLocked"]
    assert here.names() == ["id-kept", "id-locked", "inside", "l", "nsg", "vn"]

    # What is in use goes after what uses it; what is locked stays, and is the failure.
    assert here.failures(only, mode="Complete") == [
        ("ScopeLocked", f"{GROUP}/providers/{IDENTITIES}/id-locked")
    ]
    assert here.names() == ["id-kept", "id-locked", "l"]
    here.call("DELETE", lock)
    here.deploy(only, mode="Complete")
    assert here.names() == ["id-kept"]
    operations = here.call("GET", f"{GROUP}{AT}/main/operations").body["value"]
    done = [
        (one["properties"]["provisioningOperation"], one["properties"]["targetResource"])
        for one in operations
    ]
    assert [(verb, target["resourceName"]) for verb, target in done] == [
        ("Create", "id-kept"),
        ("Delete", "id-locked"),
    ]
    code, message = here.refused(
        template(), mode="Complete", at=f"/subscriptions/{SUBSCRIPTION}", location="westeurope"
    )
    assert code == "InvalidDeployment"
    assert "not supported for the subscription scope" in message


def test_locks_of_a_group_are_those_of_its_deployments(here: Deployer):
    here.deploy(template(identity("id-a")))
    lock = f"{GROUP}/providers/Microsoft.Authorization/locks/l"
    here.call("PUT", lock, {"properties": {"level": "CanNotDelete"}})
    assert here.call("DELETE", f"{GROUP}{AT}/main").code == "ScopeLocked"
    here.deploy(template(identity("id-b")))
    here.call("DELETE", lock)
    here.call("PUT", lock, {"properties": {"level": "ReadOnly"}})
    assert here.refused(template())[0] == "ScopeLocked"
    assert here.send(template(), verb="validate").status == 200


def test_validate_says_what_would_be_deployed_and_writes_nothing(here: Deployer):
    inner = template(
        identity("[parameters('n')]"), parameters={"n": {"type": "string", "minLength": 3}}
    )
    nested = module("inner", inner, properties={"parameters": {"n": {"value": "id-inner"}}})
    document = template(identity("id-a"), nested, parameters={"p": {"type": "int"}})
    reply = here.send(document, verb="validate", parameters={"p": 1})
    properties = reply.body["properties"]
    assert reply.status == 200
    assert properties["provisioningState"] == "Succeeded"
    assert properties["parameters"] == {"p": {"type": "Int", "value": 1}}
    validated = [one["id"].rpartition("/")[2] for one in properties["validatedResources"]]
    assert sorted(validated) == ["id-a", "id-inner", "inner"]
    assert here.names() == []
    nested["properties"]["parameters"]["n"]["value"] = "x"
    code, message = here.refused(document, verb="validate", parameters={"p": 1})
    assert (code, "greater than or equal to '3'" in message) == ("InvalidTemplate", True)


def test_the_record_of_a_deployment(here: Deployer):
    missing = f"{GROUP}/providers/{IDENTITIES}/none"
    document = template(
        identity("id-fine"),
        identity("id-bad", tags={"c": f"[reference('{missing}').clientId]"}),
        identity("!"),
    )
    correlation = "12345678-1234-1234-1234-123456789012"
    asked = {"properties": {"mode": "Incremental", "template": document}}
    here.call("PUT", f"{GROUP}{AT}/main", asked, {"x-ms-correlation-request-id": correlation})
    properties = here.call("GET", f"{GROUP}{AT}/main").body["properties"]
    assert properties["provisioningState"] == "Failed"
    assert properties["correlationId"] == correlation
    assert [one["id"].rpartition("/")[2] for one in properties["outputResources"]] == ["id-fine"]
    failed = {one["target"].rpartition("/")[2] for one in properties["error"]["details"]}
    assert failed == {"id-bad", "!"}
    assert here.call("HEAD", f"{GROUP}{AT}/main").status == 204
    assert here.call("HEAD", f"{GROUP}{AT}/none").status == 404
    operations = {}
    for path in (f"{GROUP}/deployments/main/operations", f"{GROUP}{AT}/main/operations"):
        for one in here.call("GET", path).body["value"]:
            operations[one["properties"]["targetResource"]["resourceName"]] = one
    states = {name: one["properties"]["provisioningState"] for name, one in operations.items()}
    assert states == {"id-fine": "Succeeded", "id-bad": "Failed", "!": "Failed"}
    bad = here.call(
        "GET", f"{GROUP}/deployments/main/operations/{operations['id-bad']['operationId']}"
    )
    assert bad.body["properties"]["statusCode"] == "NotFound"
    assert bad.body["properties"]["statusMessage"]["error"]["code"] == "ResourceNotFound"
    nowhere = here.call("GET", f"{GROUP}/deployments/main/operations/0")
    assert nowhere.code == "DeploymentOperationNotFound"
    assert here.call("POST", f"{GROUP}{AT}/main/exportTemplate").body == {"template": document}
    one = here.call("POST", "/providers/Microsoft.Resources/calculateTemplateHash", document).body
    assert one["templateHash"] == properties["templateHash"]


def test_lists_are_filtered_and_come_in_pages(here: Deployer):
    for number in range(3):
        here.deploy(template(), name=f"d{number}")
    here.failures(template(identity("!")), name="bad")
    here.azure.page_size = 2

    def listed(query: str = "") -> list[str]:
        names: list[str] = []
        path = f"{GROUP}{AT}/?{query}"
        while path:
            body = here.call("GET", path).body
            names += [one["name"] for one in body["value"]]
            path = body.get("nextLink", "")
        return names

    assert listed() == ["bad", "d2", "d1", "d0"]
    assert listed("$filter=provisioningState%20eq%20'Failed'") == ["bad"]
    assert listed("$top=1") == ["bad", "d2", "d1", "d0"]
    wrong = here.call("GET", f"{GROUP}{AT}/?$filter=name%20eq%20'd0'")
    assert wrong.code == "InvalidFilterInQueryString"


def test_a_running_deployment_is_neither_replaced_nor_deleted_but_cancelled(
    start: Callable[..., Deployer],
):
    clock = StandingClock()
    here = start(clock=clock, realistic=1.0)
    reply = here.send(template(network("vn")))
    assert reply.body["properties"]["provisioningState"] == "Running"
    assert here.refused(template())[0] == "DeploymentActive"
    assert here.call("DELETE", f"{GROUP}{AT}/main").code == "DeploymentActive"
    running = here.call("GET", f"{GROUP}{AT}/main/operations").body["value"][0]["properties"]
    assert running["provisioningState"] == "Running"
    assert here.call("POST", f"{GROUP}{AT}/main/cancel").status == 204
    cancelled = here.call("GET", reply.headers["azure-asyncoperation"]).body
    assert cancelled == {"status": "Canceled"}
    assert here.call("POST", f"{GROUP}{AT}/main/cancel").code == "DeploymentCannotBeCancelled"
    on_error = {"onErrorDeployment": {"type": "LastSuccessful"}}
    assert here.refused(template(), name="other", **on_error)[0] == "DeploymentNotFound"
    assert here.call("DELETE", f"{GROUP}{AT}/main").status == 202
    assert here.names() == ["vn"]


def test_a_failed_deployment_is_rolled_back_to_an_earlier_one(here: Deployer):
    """The earlier one runs again in complete mode, with the parameters that it had."""
    bad = template(identity("id-later"), identity("!", dependsOn=["id-later"]))
    on_error = {"onErrorDeployment": {"type": "LastSuccessful"}}
    assert here.refused(bad, **on_error)[0] == "DeploymentNotFound"
    first = template(
        identity("[parameters('n')]"), parameters={"n": {"type": "string", "minLength": 3}}
    )
    here.deploy(first, name="first", parameters={"n": "id-one"})
    here.deploy(first, name="second", parameters={"n": "id-two"})
    assert here.failures(bad, **on_error)[0][0] == "InvalidResourceName"
    rolled = here.call("GET", f"{GROUP}{AT}/main").body["properties"]
    assert rolled["provisioningState"] == "Failed"
    assert rolled["onErrorDeployment"] == {
        "type": "LastSuccessful",
        "deploymentName": "second",
        "provisioningState": "Succeeded",
    }
    assert here.names() == ["id-two"]
    specific = {"type": "SpecificDeployment", "deploymentName": "first"}
    here.failures(bad, onErrorDeployment=specific)
    assert here.names() == ["id-one"]
    assert here.refused(bad, onErrorDeployment={"type": "x"})[0] == "InvalidRequestContent"


def test_a_caller_deploys_only_what_they_may_write(start: Callable[..., Deployer]):
    here = start()
    here.azure.allowed_actions = [
        "Microsoft.Resources/*", "Microsoft.ManagedIdentity/*/write", "*/read"
    ]  # fmt: skip
    here.deploy(template(identity("id-a")))
    here.azure.allowed_actions = ["Microsoft.Resources/deployments/validate/action", "*/read"]
    assert here.send(template(), verb="validate").status == 200
    assert here.refused(template())[0] == "AuthorizationFailed"
    assert here.refused(template(), verb="whatIf")[0] == "AuthorizationFailed"
    here.azure.allowed_actions = [
        "Microsoft.Resources/*", "Microsoft.ManagedIdentity/*/write", "*/read"
    ]  # fmt: skip
    code, message = here.refused(template(identity("id-b"), network("vn")))
    assert code == "InvalidTemplateDeployment"
    assert "Authorization failed for template resource 'vn'" in message
    assert "Microsoft.Network/virtualNetworks/write" in message
    level = {"validationLevel": "ProviderNoRbac"}
    assert here.send(template(network("vn")), verb="validate", **level).status == 200
    assert here.names() == ["id-a"]


def test_linked_templates_of_this_server(here: Deployer):
    """A blob of an account here, a version of a template spec; nothing of another server."""
    account = "stlinked"
    storage = f"Microsoft.Storage/storageAccounts/{account}"
    sku = {"sku": {"name": "Standard_LRS"}, "kind": "StorageV2", "location": "westeurope"}
    made = here.call("PUT", storage, {**sku, "properties": {}})
    assert made.status in (200, 202), made.body
    within = here.call(
        "PUT", f"{storage}/blobServices/default/containers/texts", {"properties": {}}
    )
    assert within.status == 201, within.body
    inner = template(
        identity("[parameters('n')]"),
        parameters={"n": {"type": "string"}},
        outputs={"n": {"type": "string", "value": "[parameters('n')]"}},
    )
    blob = f"{here.azure.endpoint}/{account}/texts/inner.json"
    sent = {
        "x-ms-version": "2023-11-03",
        "x-ms-blob-type": "BlockBlob",
        "Authorization": "Bearer local",
    }
    for name, content in (("inner", inner), ("given", {"parameters": {"n": {"value": "id-p"}}})):
        address = blob.replace("inner", name)
        assert requests.put(address, json=content, headers=sent, timeout=5).status_code == 201

    def linked(**link: Any) -> dict[str, Any]:
        nested = module("inner", {}, properties={"templateLink": link})
        del nested["properties"]["template"]
        nested["properties"]["parameters"] = {"n": {"value": "id-linked"}}
        read = "[reference('inner').outputs.n.value]"
        return template(nested, outputs={"n": {"type": "string", "value": read}})

    assert here.outputs(linked(uri=blob)) == {"n": "id-linked"}
    whole = here.send(
        None, templateLink={"uri": blob}, parametersLink={"uri": blob.replace("inner", "given")}
    )
    assert whole.status == 200, whole.body
    assert whole.body["properties"]["templateLink"]["uri"] == blob
    spec = f"{GROUP}/providers/Microsoft.Resources/templateSpecs/ts"
    here.call("PUT", spec, {"location": "westeurope", "properties": {}})
    properties = {"mainTemplate": inner}
    here.call("PUT", f"{spec}/versions/1", {"location": "westeurope", "properties": properties})
    assert here.outputs(linked(id=f"{spec}/versions/1")) == {"n": "id-linked"}
    assert [name for name in here.names() if name.startswith("id-")] == ["id-linked", "id-p"]

    for link, words in (
        ({"uri": "https://example.com/inner.json"}, "from its own blobs only"),
        ({"uri": f"{blob}x"}, "The blob does not exist"),
        ({"uri": blob, "contentVersion": "2.0.0.0"}, "content version '1.0.0.0'"),
        ({"relativePath": "other.json"}, "starts from a template that is linked"),
        ({"id": spec}, "none of a version of a template spec"),
        ({}, "must have a 'uri'"),
    ):
        code, message = here.refused(linked(**link))
        assert (code, words in message) == ("InvalidContentLink", True), message
    gone = here.refused(linked(id=f"{spec}/versions/2"))
    assert gone[0] == "TemplateSpecVersionNotFound"


def test_clients_find_an_api_version_of_deployments_and_template_specs(here: Deployer):
    """`az deployment group create --template-spec` asks the provider for one."""
    path = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Resources"
    types = {one["resourceType"]: one for one in here.call("GET", path).body["resourceTypes"]}
    for name in ("deployments", "templateSpecs", "templateSpecs/versions"):
        assert types[name]["defaultApiVersion"] in types[name]["apiVersions"]


def test_the_client_of_the_sdk(here: Deployer):
    """azure-mgmt-resource-deployments, over the socket, at each scope."""
    client = management_client(here.azure.endpoint, SUBSCRIPTION)
    deployments = client.deployments
    inline = {"properties": {"mode": "Incremental", "template": template(identity("id-sdk"))}}
    elsewhere = {
        "location": "westeurope",
        "properties": {**inline["properties"], "template": template()},
    }
    assert deployments.begin_validate("rg", "d", inline).result().error is None
    found = deployments.begin_what_if("rg", "d", inline).result()
    assert [change.change_type for change in found.changes] == ["Create"]
    done = deployments.begin_create_or_update("rg", "d", inline).result()
    assert done.properties.provisioning_state == "Succeeded"
    assert deployments.check_existence("rg", "d")
    assert not deployments.check_existence("rg", "none")
    assert [one.name for one in deployments.list_by_resource_group("rg")] == ["d"]
    (operation,) = client.deployment_operations.list("rg", "d")
    assert operation.properties.target_resource.resource_name == "id-sdk"
    same = client.deployment_operations.get("rg", "d", operation.operation_id)
    assert same.properties.provisioning_state == "Succeeded"
    assert deployments.export_template("rg", "d").template["resources"][0]["name"] == "id-sdk"
    for begin, of, arguments in (
        ("begin_create_or_update_at_subscription_scope", "get_at_subscription_scope", ()),
        (
            "begin_create_or_update_at_management_group_scope",
            "get_at_management_group_scope",
            ("mg",),
        ),
        ("begin_create_or_update_at_tenant_scope", "get_at_tenant_scope", ()),
    ):
        getattr(deployments, begin)(*arguments, "d", elsewhere).result()
        assert getattr(deployments, of)(*arguments, "d").location == "westeurope"
    assert deployments.begin_what_if_at_subscription_scope("d", elsewhere).result().changes == []
    deployments.begin_delete("rg", "d").result()
    assert not deployments.check_existence("rg", "d")
    assert here.names() == ["id-sdk"]
