"""What policies can see of a write, by the assignments and definitions in force."""

import pytest

from provisioner.model.azure_error import AzureError
from provisioner.model.resource_id import ResourceId
from provisioner.preflight.azure_queries import Reply
from provisioner.preflight.policy_fields import (
    ANY_FIELD,
    MOST_DEFINITIONS,
    ask_assignments,
    ask_definitions,
    read_inspected_fields,
)

S = "11111111-1111-1111-1111-111111111111"
BUILT_IN = "/providers/Microsoft.Authorization/policyDefinitions"
SETS = "/providers/Microsoft.Authorization/policySetDefinitions"
VNET = f"/subscriptions/{S}/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v"
SUBNET = f"{VNET}/subnets"
ALIAS = "Microsoft.Network/virtualNetworks/subnets"


def assignment(definition: str, **properties: object):
    return {"properties": {"policyDefinitionId": definition, **properties}}


def policy(condition: object, effect: object = "deny", /, **parameters: object):
    declared = {name: {"defaultValue": value} for name, value in parameters.items()}
    rule = {"if": condition, "then": {"effect": effect}}
    return {"properties": {"policyRule": rule, "parameters": declared}}


def sight(assignments, definitions=None, refused=None):
    (inquiry,) = ask_assignments([S])
    replies = {inquiry: Reply(inquiry, tuple(assignments), refused)}
    for _ in range(2):
        for asked in ask_definitions(replies):
            body = (definitions or {}).get(asked.path)
            missing = None if body else AzureError(403, "AuthorizationFailed", "no")
            replies[asked] = Reply(asked, (body,) if body else (), missing)
    return read_inspected_fields([S], replies)[S]


def content(name: str, prefix: str = "10.0.0.0/24", **more: object):
    body = {"name": name, "type": ALIAS, "properties": {"addressPrefix": prefix}}
    return {**body, **more}


def differ(found, *bodies) -> bool:
    shapes = {found.shape(ResourceId.parse(f"{SUBNET}/{body['name']}"), body) for body in bodies}
    return len(shapes) == len(bodies)


A, B = content("a"), content("b")
OTHER = content("c", "10.0.1.0/24")
TAGGED = content("d", tags={"costs": "42"})


def test_where_nothing_is_assigned_all_writes_of_a_type_are_the_same():
    found = sight([])

    assert not differ(found, A, B)
    assert not differ(found, A, OTHER)


@pytest.mark.parametrize(
    ("condition", "same", "other"),
    [
        pytest.param(
            {"field": "location", "equals": "x"}, OTHER, content("e", location="y"), id="location"
        ),
        pytest.param({"field": "tags['costs']", "exists": False}, OTHER, TAGGED, id="a tag"),
        pytest.param(
            {"field": "[concat('tags[', parameters('t'), ']')]", "exists": False},
            OTHER,
            TAGGED,
            id="a tag by a parameter",
        ),
        pytest.param({"field": f"{ALIAS}/addressPrefix", "equals": "x"}, B, OTHER, id="an alias"),
        pytest.param(
            {"not": {"anyOf": [{"field": f"{ALIAS}/addressPrefix", "like": "*"}]}},
            B,
            OTHER,
            id="an alias within",
        ),
        pytest.param(
            {"value": f"[length(field('{ALIAS}/addressPrefix'))]", "less": 9},
            B,
            OTHER,
            id="an alias in an expression",
        ),
        pytest.param(
            {"count": {"field": f"{ALIAS}/addressPrefix[*]"}, "greater": 1}, B, OTHER, id="a count"
        ),
    ],
)
def test_writes_that_differ_in_what_a_rule_looks_at_are_told_apart(condition, same, other):
    found = sight([assignment(f"{BUILT_IN}/p")], {f"{BUILT_IN}/p": policy(condition)})

    assert not differ(found, A, same)
    assert differ(found, A, other)


@pytest.mark.parametrize(
    "condition",
    [
        pytest.param({"field": "name", "like": "x*"}, id="the name"),
        pytest.param({"field": "id", "contains": "x"}, id="the id"),
        pytest.param(
            {"field": "[parameters('f')]", "exists": True},
            id="a field by a parameter without a value",
        ),
        pytest.param(
            {"value": "[field(parameters('f'))]", "equals": 1}, id="a field by an expression"
        ),
        pytest.param(
            {"field": f"{ALIAS}/prefixOfAddress", "equals": "x"}, id="an alias with another name"
        ),
    ],
)
def test_what_cannot_be_told_is_asked_about_each(condition):
    found = sight([assignment(f"{BUILT_IN}/p")], {f"{BUILT_IN}/p": policy(condition)})

    assert differ(found, A, OTHER)


@pytest.mark.parametrize(
    ("given", "declared", "sees"),
    [
        pytest.param({}, {"effect": "Audit"}, False, id="audited by default"),
        pytest.param(
            {"effect": {"value": "Deny"}}, {"effect": "Audit"}, True, id="denied by the assignment"
        ),
        pytest.param(
            {"effect": {"value": "Disabled"}},
            {"effect": "Deny"},
            False,
            id="disabled by the assignment",
        ),
        pytest.param({}, {}, True, id="an effect that nobody states"),
    ],
)
def test_a_rule_that_neither_refuses_nor_changes_sees_nothing(given, declared, sees):
    rule = policy({"field": "name", "like": "x*"}, "[parameters('effect')]", **declared)
    found = sight([assignment(f"{BUILT_IN}/p", parameters=given)], {f"{BUILT_IN}/p": rule})

    assert differ(found, A, B) is sees


def test_an_assignment_that_selects_by_location_sees_it():
    selected = assignment(f"{BUILT_IN}/p", resourceSelectors=[{"name": "west"}])
    found = sight([selected], {f"{BUILT_IN}/p": policy({"field": "type", "equals": "x"})})

    assert differ(found, A, content("e", location="y"))
    assert not differ(found, A, OTHER)


def test_the_policies_of_a_set_are_read_with_the_values_that_it_gives():
    members = [
        {
            "policyDefinitionId": f"{BUILT_IN}/p",
            "parameters": {"effect": {"value": "[parameters('how')]"}},
        }
    ]
    initiative = {
        "properties": {
            "policyDefinitions": members,
            "parameters": {"how": {"defaultValue": "deny"}},
        }
    }
    rule = policy({"field": "location", "equals": "x"}, "[parameters('effect')]", effect="audit")
    read = {f"{SETS}/s": initiative, f"{BUILT_IN}/p": rule}

    denied = sight([assignment(f"{SETS}/s")], read)
    audited = sight([assignment(f"{SETS}/s", parameters={"how": {"value": "audit"}})], read)

    assert differ(denied, A, content("e", location="y"))
    assert not differ(audited, A, content("e", location="y"))


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(
            sight([], refused=AzureError(403, "AuthorizationFailed", "no")), id="list refused"
        ),
        pytest.param(sight([assignment(f"{BUILT_IN}/p")]), id="definition refused"),
        pytest.param(
            sight([assignment(f"{BUILT_IN}/{n}") for n in range(MOST_DEFINITIONS + 1)]),
            id="too many",
        ),
        pytest.param(
            sight(
                [assignment(f"{BUILT_IN}/p", overrides=[{"kind": "policyEffect"}])],
                {f"{BUILT_IN}/p": policy({"field": "location", "equals": "x"}, "audit")},
            ),
            id="an effect that is overridden",
        ),
        pytest.param(ANY_FIELD, id="nothing known"),
    ],
)
def test_where_the_rules_are_not_known_each_write_is_asked_about(found):
    assert differ(found, A, B)
