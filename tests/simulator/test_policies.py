"""Azure Policy in the built-in Azure: which rules deny, asked beforehand and on a write."""

import pytest

from provisioner.model.azure_error import AzureError
from provisioner.model.resource_id import ResourceId
from provisioner.preflight.azure_queries import AzureQuery
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
                    "prefixes": {"type": "Array", "defaultValue": []},
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
    pytest.param({"field": "name", "equals": "[concat('v', 'net')]"}, True, id="functions"),
    pytest.param(
        {"value": "[length(field('tags'))]", "greater": 0}, True, id="a value that is computed"
    ),
    pytest.param({"field": "name", "equals": "[utcNow()]"}, False, id="functions not evaluated"),
]


@pytest.mark.parametrize(("condition", "denied"), ROWS)
def test_a_rule_denies_the_same_beforehand_and_on_the_write(at: Bench, condition, denied) -> None:
    assign(at, condition, parameters={"prefixes": {"value": ["10.0.0.0/16"]}})

    assert foretell(at) == (["Deny"] if denied else [])
    assert write(at) == ("RequestDisallowedByPolicy" if denied else "written")


def selector(kind: str, named: list[str], but: list[str] | None = None) -> dict[str, object]:
    return {"kind": kind, "in": named} if but is None else {"kind": kind, "notIn": but}


def select(kind: str, named: list[str], but: list[str] | None = None) -> dict[str, object]:
    return {"resourceSelectors": [{"name": "one", "selectors": [selector(kind, named, but)]}]}


def override(effect: str, regions: list[str] | None = None) -> dict[str, object]:
    selectors = [selector("resourceLocation", regions)] if regions else []
    return {"overrides": [{"kind": "policyEffect", "value": effect, "selectors": selectors}]}


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
    pytest.param("Deny", select("resourceType", [VNET]), True, id="its type is selected"),
    pytest.param("Deny", select("resourceType", ["A/b"]), False, id="another type is selected"),
    pytest.param("Deny", select("resourceLocation", ["westEurope"]), True, id="its region is"),
    pytest.param("Deny", select("resourceLocation", ["eastus"]), False, id="another region is"),
    pytest.param("Deny", select("resourceLocation", [], ["eastus"]), True, id="all but another"),
    pytest.param("Deny", override("disabled"), False, id="the effect is overridden"),
    pytest.param("Audit", override("deny"), True, id="the effect is overridden to deny"),
    pytest.param(
        "Deny", override("disabled", ["eastus"]), True, id="the effect is overridden elsewhere"
    ),
]


@pytest.mark.parametrize(("effect", "properties", "denied"), ASSIGNMENTS)
def test_an_assignment_says_whether_a_rule_is_in_force(
    at: Bench, effect, properties, denied
) -> None:
    assign(at, IS_NETWORK, effect, **properties)

    assert foretell(at) == (["Deny"] if denied else [])
    assert write(at) == ("RequestDisallowedByPolicy" if denied else "written")


def exempt(bench: Bench, scope: str = GROUP, of: str = "rule", **properties: object) -> None:
    bench.send(
        "PUT",
        f"{scope}/providers/Microsoft.Authorization/policyExemptions/theirs",
        {
            "properties": {
                "policyAssignmentId": f"{AUTHORIZATION}/policyAssignments/{of}",
                "exemptionCategory": "Waiver",
                **properties,
            }
        },
    )


EXEMPTIONS = [
    pytest.param(GROUP, {}, False, id="the group is exempt"),
    pytest.param(S, {"exemptionCategory": "Mitigated"}, False, id="the subscription is"),
    pytest.param(f"{S}/resourceGroups/other", {}, True, id="another group is"),
    pytest.param(GROUP, {"expiresOn": "2999-01-01T00:00:00Z"}, False, id="for a long time"),
    pytest.param(GROUP, {"expiresOn": "2020-01-01T00:00:00Z"}, True, id="it has expired"),
    pytest.param(GROUP, select("resourceType", [VNET]), False, id="networks are"),
    pytest.param(GROUP, select("resourceType", ["A/b"]), True, id="another type is"),
]


@pytest.mark.parametrize(("scope", "properties", "denied"), EXEMPTIONS)
def test_an_exemption_leaves_its_scope_out(at: Bench, scope, properties, denied) -> None:
    assign(at, IS_NETWORK)
    exempt(at, scope, **properties)

    assert foretell(at) == (["Deny"] if denied else [])
    assert write(at) == ("RequestDisallowedByPolicy" if denied else "written")


def test_an_exemption_of_an_assignment_that_does_not_exist_is_refused(at: Bench) -> None:
    with pytest.raises(AssertionError, match="PolicyAssignmentNotFound"):
        exempt(at, of="none")


def test_exemptions_are_listed_from_the_subscription_down(at: Bench) -> None:
    assign(at, IS_NETWORK)
    exempt(at)

    listed = at.send("GET", f"{AUTHORIZATION}/policyExemptions")

    assert [entry["name"] for entry in listed["value"]] == ["theirs"]  # type: ignore[index,union-attr,call-overload]


def test_a_check_without_a_type_is_refused(at: Bench) -> None:
    path = f"{S}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions"
    scope = ResourceId.parse(S)

    (reply,) = at.client.ask([AzureQuery("POST", path, "2023-03-01", "", scope, (), "{}")])

    assert reply.refused is not None
    assert reply.refused.code == "InvalidCheckRestrictionsRequest"
