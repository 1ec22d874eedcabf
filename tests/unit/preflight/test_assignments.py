"""Role assignments that exist under another name."""

import pytest

from provisioner.model.values import ResourceValue, Unknown
from provisioner.preflight.assignments import CHECK
from tests.unit.preflight.intents import (
    GROUP,
    SUBSCRIPTION,
    Intents,
    codes,
    judge,
    make_intent,
)

READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
WRITER = "b24988ac-6180-42a0-ab88-20f7382dd24c"
SOMEBODY = "0a0a0a0a-0000-0000-0000-000000000001"
OURS = "11111111-0000-0000-0000-000000000001"
THEIRS = "11111111-0000-0000-0000-000000000002"


def assignment(scope: str, name: str) -> str:
    return f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"


def body(principal: object = SOMEBODY, role: str = READER, scope: str = SUBSCRIPTION) -> dict:
    definition = f"{scope}/providers/Microsoft.Authorization/roleDefinitions/{role}"
    return {"properties": {"principalId": principal, "roleDefinitionId": definition}}


LATER = Unknown("i.p", {"i": ResourceValue("identity")}, ("identity.p",))
ROWS = [
    pytest.param(body(), GROUP, body(), [], ["error: assignment-exists"], id="the same"),
    pytest.param(
        body(SOMEBODY.upper()), GROUP, body(), [], ["error: assignment-exists"], id="in capitals"
    ),
    pytest.param(
        body(),
        GROUP,
        body(scope=""),
        [],
        ["error: assignment-exists"],
        id="the role's id below the tenant",
    ),
    pytest.param(body(), GROUP, body(role=WRITER), [], [], id="another role"),
    pytest.param(body(), GROUP, body(OURS), [], [], id="another principal"),
    pytest.param(body(), SUBSCRIPTION, body(), [], [], id="at the subscription: inherited"),
    pytest.param(body(LATER), GROUP, body(), [], [], id="an identity that is yet to be made"),
    pytest.param(
        body(),
        GROUP,
        body(),
        [assignment(GROUP, THEIRS)],
        ["warning: assignment-exists"],
        id="one that the plan deletes",
    ),
]


@pytest.mark.parametrize(("desired", "scope", "held", "deleted", "expected"), ROWS)
def test_a_new_assignment(intents: Intents, desired, scope, held, deleted, expected) -> None:
    intent = make_intent(
        intents.write(assignment(GROUP, OURS), desired),
        found={assignment(scope, THEIRS): held},
        deleted=deleted,
    )

    assert codes(judge(CHECK, intent, {})) == expected


def test_one_that_is_updated_does_not_collide_with_itself(intents: Intents) -> None:
    write = intents.write(assignment(GROUP, OURS), body(), body())

    assert judge(CHECK, make_intent(write, found={assignment(GROUP, OURS): body()}), {}) == []
