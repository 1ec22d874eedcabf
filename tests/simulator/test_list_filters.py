"""Lists answer what their `$filter` asks for, or refuse it: never with everything."""

from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.simulator.server import LocalAzure
from tests.simulator.setting import GROUP, SUBSCRIPTION, Caller, Reply

S = f"/subscriptions/{SUBSCRIPTION}"
IDENTITIES = "providers/Microsoft.ManagedIdentity/userAssignedIdentities"
PLANNED = "Contoso.Market/appliances"


@pytest.fixture(scope="module")
def call(real_catalog: Catalog) -> Iterator[Caller]:
    """Two identities and a network in `rg`, an identity and what has a plan in `other`."""
    with LocalAzure.start(real_catalog, None) as azure:
        caller = Caller(azure.endpoint)
        caller.create_group()
        other = f"{S}/resourceGroups/other"
        caller("PUT", other, {"location": "uksouth", "tags": {"Env": "dev", "team": "a"}})
        for group, name in ((GROUP, "id-a"), (GROUP, "id-b"), (other, "id-c")):
            body = {"location": "westeurope", "tags": {"owner": name, "Env": "dev"}}
            assert caller("PUT", f"{group}/{IDENTITIES}/{name}", body).status == 201
        network = {"properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}}
        place = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/hub"
        assert caller("PUT", place, {"location": "uksouth", **network}).status == 201
        bought = {"location": "uksouth", "plan": {"name": "p", "publisher": "contoso"}}
        assert caller("PUT", f"{other}/providers/{PLANNED}/box", bought).status in (200, 201)
        yield caller
        caller.close()


def ask(call: Caller, path: str, condition: str) -> Reply:
    return call("GET", f"{path}?$filter={quote(condition)}")


def names(call: Caller, path: str, condition: str) -> list[str]:
    reply = ask(call, path, condition)
    assert reply.status == 200, reply.body
    found = [entry["name"] for entry in reply.body["value"]]
    return sorted(name for name in found if not name.startswith("NetworkWatcher"))


RESOURCES = [
    pytest.param("name eq 'HUB'", ["hub"], id="name"),
    pytest.param("name eq 'none'", [], id="no name"),
    pytest.param("resourceGroup eq 'RG' and name ne 'hub'", ["id-a", "id-b"], id="group and ne"),
    pytest.param(
        "resourceType eq 'microsoft.network/virtualnetworks'", ["hub"], id="type without case"
    ),
    pytest.param("location eq 'UK South'", ["box", "hub"], id="location as people write it"),
    pytest.param("substringof('id-', name)", ["id-a", "id-b", "id-c"], id="part of a name"),
    pytest.param("substringof('oth', resourceGroup)", ["box", "id-c"], id="part of a group"),
    pytest.param("name eq 'hub' or name eq 'id-c'", ["hub", "id-c"], id="or"),
    pytest.param("plan/publisher eq 'Contoso' and plan/name eq 'p'", ["box"], id="plan"),
    pytest.param("plan ne null", ["box"], id="any plan"),
    pytest.param("identity/principalId eq 'x'", [], id="identity"),
    pytest.param("tagName eq 'ENV'", ["id-a", "id-b", "id-c"], id="tag without case"),
    pytest.param("tagname eq 'owner' and tagvalue eq 'id-b'", ["id-b"], id="tag and value"),
    pytest.param("tagName eq 'owner' and tagValue eq 'ID-B'", [], id="values with case"),
    pytest.param("startswith(tagname, 'own')", ["id-a", "id-b", "id-c"], id="az --tag own*"),
]


@pytest.mark.parametrize(("condition", "found"), RESOURCES)
def test_resources(call: Caller, condition: str, found: list[str]):
    assert names(call, f"{S}/resources", condition) == found


def test_resources_of_a_group(call: Caller):
    assert names(call, f"{GROUP}/resources", "substringof('id', name)") == ["id-a", "id-b"]


@pytest.mark.parametrize(
    "condition",
    [
        "complete nonsense",
        "colour eq 'red'",
        "name gt 'a'",
        "tagName eq 'a' and tagValue eq 'b' and resourceType eq 'c/d'",
        "tagName eq 'a' or tagName eq 'b'",
        "tagValue eq 'b'",
        "tagName eq 'a' and tagName eq 'b'",
    ],
)
@pytest.mark.parametrize("path", [f"{S}/resources", f"{S}/resourceGroups"])
def test_what_resource_manager_does_not_know_is_refused(call: Caller, path: str, condition: str):
    reply = ask(call, path, condition)
    assert (reply.status, reply.code) == (400, "InvalidFilterInQueryString")
    assert f"Invalid $filter '{condition}'" in reply.body["error"]["message"]


def test_groups_are_filtered_by_tags_alone(call: Caller):
    assert names(call, f"{S}/resourceGroups", "tagName eq 'env' and tagValue eq 'dev'") == ["other"]
    assert names(call, f"{S}/resourceGroups", "tagName eq 'env' and tagValue eq 'prod'") == []
    assert ask(call, f"{S}/resourceGroups", "name eq 'rg'").code == "InvalidFilterInQueryString"


def test_a_filter_is_read_however_it_is_encoded(call: Caller):
    query = urlencode({"$FILTER": "name eq 'hub'"})
    assert query == "%24FILTER=name+eq+%27hub%27"
    (found,) = call("GET", f"{S}/resources?{query}").body["value"]
    assert found["name"] == "hub"
    assert len(call("GET", f"{S}/resources?$filter=").body["value"]) > 4


def test_times_and_states_of_resources_are_added_on_request(call: Caller):
    wanted = "createdTime,changedTime,provisioningState"
    path = f"{S}/resources?$filter=name%20eq%20'hub'"
    (plain,) = call("GET", path).body["value"]
    (whole,) = call("GET", f"{path}&$expand={wanted}").body["value"]
    assert set(whole) - set(plain) == set(wanted.split(","))
    assert whole["provisioningState"] == "Succeeded"
    assert call("GET", f"{path}&$expand=cost").code == "InvalidQueryOption"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("$top=0", "InvalidTopInQueryString"),
        ("$top=many", "InvalidTopInQueryString"),
        ("$skiptoken=x", "InvalidSkipTokenInQueryString"),
        ("$orderby=name", "InvalidQueryOption"),
        ("$select=name", "InvalidQueryOption"),
    ],
)
def test_options_that_are_wrong_or_not_known_are_refused(call: Caller, query: str, code: str):
    reply = call("GET", f"{S}/resources?{query}")
    assert (reply.status, reply.code) == (400, code)


@pytest.mark.parametrize(
    "path", [f"{S}/{IDENTITIES}", f"{GROUP}/{IDENTITIES}", f"{S}/providers/{PLANNED}"]
)
def test_a_list_that_documents_no_filter_refuses_one(call: Caller, path: str):
    assert ask(call, path, "name eq 'id-a'").code == "InvalidFilterInQueryString"
    assert [entry["name"] for entry in call("GET", f"{path}?$top=1").body["value"]]


@pytest.mark.parametrize("path", ["roleAssignments", "roleDefinitions", "denyAssignments"])
def test_authorization_refuses_filters_in_its_own_words(call: Caller, path: str):
    reply = ask(call, f"{GROUP}/providers/Microsoft.Authorization/{path}", "colour eq 'red'")
    assert (reply.status, reply.code) == (400, "UnsupportedQuery")
    assert "The filter 'colour eq 'red'' is not supported" in reply.body["error"]["message"]


def test_a_principal_and_a_scope_are_not_asked_for_together(call: Caller):
    path = f"{GROUP}/providers/Microsoft.Authorization/roleAssignments"
    assert ask(call, path, "atScope() and principalId eq 'a'").code == "UnsupportedQuery"
    assert ask(call, path, "atScope() and assignedTo('a')").body == {"value": []}


def test_policies_are_listed_by_scope_type_and_expiry(call: Caller):
    policy = "providers/Microsoft.Authorization"
    rule = {"if": {"field": "type", "equals": "x"}, "then": {"effect": "audit"}}
    definition = f"{S}/{policy}/policyDefinitions/ours"
    body = {"properties": {"policyRule": rule, "metadata": {"category": "Names"}}}
    assert call("PUT", definition, body).status == 201
    assigned = {"properties": {"policyDefinitionId": definition}}
    for scope, name in ((S, "wide"), (GROUP, "narrow")):
        assert call("PUT", f"{scope}/{policy}/policyAssignments/{name}", assigned).status == 201
    for name, expires in (("past", "2020-01-01T00:00:00Z"), ("still", "2999-01-01T00:00:00Z")):
        exempt = {
            "policyAssignmentId": f"{S}/{policy}/policyAssignments/wide",
            "exemptionCategory": "Waiver",
            "expiresOn": expires,
        }
        path = f"{GROUP}/{policy}/policyExemptions/{name}"
        assert call("PUT", path, {"properties": exempt}).status == 201

    assignments = f"{S}/{policy}/policyAssignments"
    assert names(call, assignments, "") == ["narrow", "wide"]
    assert names(call, assignments, "atScope()") == ["wide"]
    assert names(call, f"{GROUP}/{policy}/policyAssignments", "atScope()") == ["narrow", "wide"]
    assert names(call, f"{GROUP}/{policy}/policyAssignments", "atExactScope()") == ["narrow"]
    assert names(call, assignments, f"policyDefinitionId eq '{definition}'") == ["narrow", "wide"]
    definitions = f"{S}/{policy}/policyDefinitions"
    assert names(call, definitions, "policyType eq 'Custom'") == ["ours"]
    assert names(call, definitions, "policyType eq Custom") == ["ours"]
    assert names(call, definitions, "category eq 'names'") == ["ours"]
    assert "ours" not in names(call, definitions, "policyType eq 'BuiltIn'")
    assert names(call, f"{GROUP}/{policy}/policyExemptions", "excludeExpired()") == ["still"]


@pytest.mark.parametrize(
    "path",
    [
        "/tenants",
        f"{S}/providers/Microsoft.Features/features",
        f"{S}/providers/Microsoft.KeyVault/deletedVaults",
        f"{S}/locations",
    ],
)
def test_lists_that_are_not_of_resources_refuse_filters_too(call: Caller, path: str):
    assert call("GET", path).status == 200
    assert ask(call, path, "name eq 'x'").code == "InvalidFilterInQueryString"


def test_deployments_are_filtered_by_their_state(call: Caller):
    deployments = f"{GROUP}/providers/Microsoft.Resources/deployments"
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "resources": [],
    }
    body = {"properties": {"mode": "Incremental", "template": template}}
    assert call("PUT", f"{deployments}/empty", body).status == 201
    assert names(call, deployments, "provisioningState eq 'succeeded'") == ["empty"]
    assert names(call, deployments, "provisioningState eq 'Failed'") == []
    assert ask(call, deployments, "name eq 'empty'").code == "InvalidFilterInQueryString"


def test_several_slashes_are_one(call: Caller):
    network = f"{GROUP}/providers/Microsoft.Network//virtualNetworks/hub"
    lock = f"{network}/providers/Microsoft.Authorization/locks/keep"
    assert call("PUT", lock, {"properties": {"level": "CanNotDelete"}}).status == 201
    (found,) = call("GET", lock.removesuffix("/keep")).body["value"]
    assert "//" not in found["id"]
    assert call("DELETE", lock).status == 200
