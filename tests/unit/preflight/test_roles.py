"""Roles that are assigned: of Azure, of the plan, of somebody else, and of nobody."""

import pytest

from provisioner.preflight.roles import CHECK
from tests.unit.preflight.intents import (
    DENIED,
    GROUP,
    SUBSCRIPTION,
    Intents,
    codes,
    judge,
    make_intent,
)

READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
UNKNOWN = "00000000-0000-0000-0000-0000000000ff"
OTHER = "/subscriptions/22222222-2222-2222-2222-222222222222"
ROLES = "providers/Microsoft.Authorization/roleDefinitions"
NAME = "11111111-0000-0000-0000-0000000000a1"
ASSIGNMENT = f"{GROUP}/providers/Microsoft.Authorization/roleAssignments/{NAME}"
MISSING = ["error: role-missing"]


def body(role: str) -> dict:
    return {"properties": {"roleDefinitionId": role, "principalId": READER}}


ROWS = [
    pytest.param(f"{SUBSCRIPTION}/{ROLES}/{UNKNOWN}", [], MISSING, id="no role"),
    pytest.param(f"/{ROLES}/{UNKNOWN}", [{"name": READER}], MISSING, id="of the tenant, and none"),
    pytest.param(f"{SUBSCRIPTION}/{ROLES}/{UNKNOWN}", [{"name": UNKNOWN}], [], id="of others"),
    pytest.param(
        f"{OTHER}/{ROLES}/{UNKNOWN}", [{"name": UNKNOWN}], [], id="of another subscription"
    ),
    pytest.param(
        f"{SUBSCRIPTION}/{ROLES}/{UNKNOWN}", DENIED, ["warning: not-checked"], id="nobody may ask"
    ),
]


@pytest.mark.parametrize(("role", "answer", "expected"), ROWS)
def test_a_role_that_azsec_does_not_know(intents: Intents, role, answer, expected) -> None:
    intent = make_intent(intents.write(ASSIGNMENT, body(role)))

    assert codes(judge(CHECK, intent, {"roleDefinitions": answer})) == expected


def test_roles_that_are_assignable_in_a_group_alone_are_asked_for(intents: Intents) -> None:
    """Without the filter they are not listed, and would be refused as roles that nobody has."""
    intent = make_intent(intents.write(ASSIGNMENT, body(f"{SUBSCRIPTION}/{ROLES}/{UNKNOWN}")))

    assert {inquiry.query for inquiry in CHECK.ask(intent)} == {(("$filter", "atScopeAndBelow()"),)}


def test_what_is_built_in_made_or_read_is_not_asked_about(intents: Intents) -> None:
    made = f"{SUBSCRIPTION}/{ROLES}/11111111-0000-0000-0000-0000000000b1"
    read = f"{SUBSCRIPTION}/{ROLES}/11111111-0000-0000-0000-0000000000b2"
    writes = [
        intents.write(ASSIGNMENT[:-1] + str(number), body(role))
        for number, role in enumerate((f"/{ROLES}/{READER}", made, read))
    ]
    intent = make_intent(*writes, intents.write(made, {}), found={read: {}})

    assert list(CHECK.ask(intent)) == []
