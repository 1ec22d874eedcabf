"""Azure Policy in the built-in Azure: which rules deny, asked beforehand and on a write."""

import pytest

from provisioner.model.azure_error import AzureError
from provisioner.model.resource_id import ResourceId
from provisioner.preflight.inquiry import Inquiry
from tests.environments import Bench

S = "/subscriptions/11111111-1111-1111-1111-111111111111"
GROUP = f"{S}/resourceGroups/rg-main"
AUTHORIZATION = f"{S}/providers/Microsoft.Authorization"
VNET = "Microsoft.Network/virtualNetworks"
NETWORK = {
    "location": "West Europe",
    "tags": {"costs": "42"},
    "properties": {
        "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
        "subnets": [
            {"name": "one", "properties": {"addressPrefix": "10.0.1.0/24"}},
            {"name": "two", "properties": {"addressPrefix": "10.0.2.0/24"}},
        ],
    },
}
IS_NETWORK = {"field": "type", "equals": VNET.lower()}


@pytest.fixture
def at(bench: Bench) -> Bench:
    for name in ("rg-main", "other"):
        bench.send("PUT", f"{S}/resourceGroups/{name}", {"location": "westeurope"})
    return bench


def assign(bench: Bench, condition: object, effect: str = "Deny", **properties: object) -> None:
    bench.send(
        "PUT",
        f"{AUTHORIZATION}/policyDefinitions/rule",
        {
            "properties": {
                "mode": "All",
                "parameters": {
                    "effect": {"type": "String", "defaultValue": "Audit"},
                    "prefixes": {"type": "Array"},
                },
                "policyRule": {"if": condition, "then": {"effect": effect}},
            }
        },
    )
    bench.send(
        "PUT",
        f"{AUTHORIZATION}/policyAssignments/rule",
        {
            "properties": {
                "policyDefinitionId": f"{AUTHORIZATION}/policyDefinitions/rule",
                **properties,
            }
        },
    )


def foretell(bench: Bench) -> list[str]:
    answer = bench.send(
        "POST",
        f"{GROUP}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions",
        {"resourceDetails": {"resourceContent": {"type": VNET, "name": "vnet", **NETWORK}}},
    )
    told = answer["contentEvaluationResult"]["policyEvaluations"]  # type: ignore[index,call-overload]
    return [entry["effectDetails"]["policyEffect"] for entry in told]  # type: ignore[index,union-attr,call-overload]


def write(bench: Bench) -> str:
    resource = ResourceId.parse(f"{GROUP}/providers/{VNET}/vnet")
    try:
        bench.client.put(resource, "2024-05-01", NETWORK, None, lambda _status: None)
    except AzureError as error:
        return error.code
    return "written"


PREFIXES = f"{VNET}/addressSpace.addressPrefixes[*]"
SUBNETS = f"{VNET}/subnets[*].addressPrefix"
ROWS = [
    pytest.param(IS_NETWORK, True, id="a type, in any case"),
    pytest.param({"field": "type", "equals": "Microsoft.Network/routeTables"}, False, id="another"),
    pytest.param(
        {"field": "location", "notEquals": "westeurope"}, False, id="a region has one name"
    ),
    pytest.param({"field": "location", "notIn": ["northeurope"]}, True, id="not in a list"),
    pytest.param({"field": "name", "like": "vn*t"}, True, id="a wildcard"),
    pytest.param({"field": "name", "notLike": "vn*"}, False, id="no wildcard"),
    pytest.param({"field": "tags['costs']", "exists": "false"}, False, id="a tag that is there"),
    pytest.param({"field": "tags.owner", "exists": False}, True, id="a tag that is not"),
    pytest.param({"field": "tags.costs", "contains": "4"}, True, id="a part of a value"),
    pytest.param({"not": IS_NETWORK}, False, id="not"),
    pytest.param({"allOf": [IS_NETWORK, {"not": IS_NETWORK}]}, False, id="all of"),
    pytest.param({"anyOf": [IS_NETWORK, {"not": IS_NETWORK}]}, True, id="any of"),
    pytest.param({"field": PREFIXES, "equals": "10.0.0.0/16"}, True, id="every entry of a list"),
    pytest.param({"field": SUBNETS, "equals": "10.0.1.0/24"}, False, id="one entry is not all"),
    pytest.param(
        {"field": f"{VNET}/enableDdosProtection", "notEquals": "true"},
        True,
        id="a property that is not stated",
    ),
    pytest.param(
        {"field": PREFIXES, "in": "[parameters('prefixes')]"}, True, id="a parameter's values"
    ),
    pytest.param(
        {"value": "[resourceGroup().name]", "equals": "rg-main"}, False, id="words not evaluated"
    ),
    pytest.param(
        {"field": "name", "equals": "[concat('v', 'net')]"}, False, id="functions not evaluated"
    ),
]


@pytest.mark.parametrize(("condition", "denied"), ROWS)
def test_a_rule_denies_the_same_beforehand_and_on_the_write(at: Bench, condition, denied) -> None:
    assign(at, condition, parameters={"prefixes": {"value": ["10.0.0.0/16"]}})

    assert foretell(at) == (["Deny"] if denied else [])
    assert write(at) == ("RequestDisallowedByPolicy" if denied else "written")


ASSIGNMENTS = [
    pytest.param("[parameters('effect')]", {}, False, id="the default of the effect"),
    pytest.param(
        "[parameters('effect')]",
        {"parameters": {"effect": {"value": "deny"}}},
        True,
        id="the effect that the assignment states",
    ),
    pytest.param("Audit", {}, False, id="what is audited is let through"),
    pytest.param("Deny", {"enforcementMode": "DoNotEnforce"}, False, id="not enforced"),
    pytest.param("Deny", {"notScopes": [GROUP]}, False, id="the group is left out"),
    pytest.param("Deny", {"notScopes": [f"{S}/resourceGroups/other"]}, True, id="another one is"),
]


@pytest.mark.parametrize(("effect", "properties", "denied"), ASSIGNMENTS)
def test_an_assignment_says_whether_a_rule_is_in_force(
    at: Bench, effect, properties, denied
) -> None:
    assign(at, IS_NETWORK, effect, **properties)

    assert foretell(at) == (["Deny"] if denied else [])
    assert write(at) == ("RequestDisallowedByPolicy" if denied else "written")


def test_a_check_without_a_type_is_refused(at: Bench) -> None:
    path = f"{S}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions"
    scope = ResourceId.parse(S)

    (reply,) = at.client.ask([Inquiry("POST", path, "2023-03-01", "", scope, (), "{}")])

    assert reply.refused is not None
    assert reply.refused.code == "InvalidCheckRestrictionsRequest"
