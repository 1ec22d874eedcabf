"""Permissions: what the plan takes and the caller does not have."""

import pytest

from provisioner.preflight.permissions import CHECK
from tests.unit.preflight.intents import DENIED, GROUP, SUBSCRIPTION, codes, judge, make_intent

VNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet"
WRITE = "Microsoft.Network/virtualNetworks/write"
JOIN = "Microsoft.Network/virtualNetworks/subnets/join/action"
OWNER = {"actions": ["*"], "notActions": []}
CONTRIBUTOR = {"actions": ["*"], "notActions": ["Microsoft.Authorization/*/Write"]}
READER = {"actions": ["*/read"], "notActions": []}
NETWORK = {"actions": ["microsoft.network/*"], "notActions": []}
ASSIGN = "Microsoft.Authorization/roleAssignments/write"
ERROR = ["error: permission-missing"]

ROWS = [
    pytest.param(WRITE, [OWNER], [], id="everything"),
    pytest.param(WRITE, [NETWORK], [], id="a wildcard, in another case"),
    pytest.param(WRITE, [READER], ERROR, id="only reads"),
    pytest.param(WRITE, [READER, NETWORK], [], id="roles add up"),
    pytest.param(WRITE, [], ERROR, id="no role at all"),
    pytest.param(ASSIGN, [CONTRIBUTOR], ERROR, id="left out of a wildcard"),
    pytest.param(ASSIGN, [CONTRIBUTOR, OWNER], [], id="left out of one role, and in another"),
    pytest.param(
        "Microsoft.Network/locations/operations/read",
        [],
        ["warning: permission-missing"],
        id="following an operation, which not every provider asks for",
    ),
    pytest.param(WRITE, DENIED, ["warning: not-checked"], id="nobody may ask"),
]


@pytest.mark.parametrize(("action", "roles", "expected"), ROWS)
def test_whoever_applies(action, roles, expected) -> None:
    intent = make_intent(permissions=[(action, VNET)], applies=True)

    assert codes(judge(CHECK, intent, {"/permissions$": roles})) == expected


def test_whoever_only_plans_is_warned() -> None:
    intent = make_intent(permissions=[(WRITE, VNET), (JOIN, VNET)])

    (told,) = judge(CHECK, intent, {"/permissions$": [READER]})

    assert codes([told]) == ["warning: permission-missing"]
    assert f"{JOIN}, {WRITE}" in told.message
    assert SUBSCRIPTION in told.message
    assert "azsec roles" in (told.hint or "")


def test_a_group_that_exists_is_asked_itself() -> None:
    intent = make_intent(permissions=[(WRITE, VNET)], found={GROUP: {}}, applies=True)

    answers = {f"^{GROUP}/providers": [NETWORK]}

    assert judge(CHECK, intent, answers) == []


def test_a_role_on_the_resource_itself_cannot_be_ruled_out() -> None:
    intent = make_intent(permissions=[(JOIN, VNET)], found={GROUP: {}, VNET: {}}, applies=True)

    (told,) = judge(CHECK, intent, {"/permissions$": [READER]})

    assert codes([told]) == ["warning: permission-missing"]
    assert "on the resources themselves" in told.message
