"""Azure Policy: what denies and what changes a write."""

import json

import pytest

from provisioner.model.values import ResourceValue, Unknown
from provisioner.preflight.policies import CHECK
from tests.unit.preflight.intents import DENIED, GROUP, Intents, codes, judge, make_intent

VNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet"
SUBNET = f"{VNET}/subnets/nodes"
ASSIGNED = f"{GROUP}/providers/Microsoft.Authorization/policyAssignments/guard"
LATER = Unknown("f.ip", {"f": ResourceValue("firewall")}, ("firewall.ip",))
BODY = {"properties": {"routeTable": {"id": "x"}, "addressPrefix": "10.0.0.0/24", "later": LATER}}


def evaluation(effect: str, path: str = "properties.addressPrefix", result: str = "NonCompliant"):
    return {
        "contentEvaluationResult": {
            "policyEvaluations": [
                {
                    "policyInfo": {
                        "policyAssignmentId": ASSIGNED,
                        "policyDefinitionId": "definition",
                    },
                    "evaluationResult": result,
                    "evaluationDetails": {
                        "evaluatedExpressions": [{"path": path}],
                        "reason": "Talk to the platform team.",
                    },
                    "effectDetails": {"policyEffect": effect},
                }
            ]
        }
    }


def restriction(result: str, **more: object) -> dict[str, object]:
    policy = {"policyAssignmentId": ASSIGNED, "policyDefinitionId": "definition"}
    return {
        "fieldRestrictions": [
            {"field": "tags.costs", "restrictions": [{"result": result, "policy": policy, **more}]}
        ]
    }


ROWS = [
    pytest.param([{}], [], id="no policy"),
    pytest.param([evaluation("Deny")], ["error: policy-denies"], id="denied"),
    pytest.param([evaluation("deny")], ["error: policy-denies"], id="in the rule's own case"),
    pytest.param([evaluation("Audit")], [], id="audited alone"),
    pytest.param([evaluation("Deny", result="Compliant")], [], id="kept to"),
    pytest.param(
        [evaluation("Deny", "properties.later")],
        ["warning: policy-may-deny"],
        id="it depends on a value that only Azure will know",
    ),
    pytest.param(
        [restriction("Required", defaultValue="42", policyEffect="Modify")],
        ["warning: policy-changes"],
        id="a tag that a policy sets",
    ),
    pytest.param(
        [restriction("Required", defaultValue="42")],
        ["warning: policy-changes"],
        id="where Azure does not name the effect",
    ),
    pytest.param([restriction("Required", values=["a", "b"])], [], id="what a field may hold"),
    pytest.param(DENIED, ["warning: not-checked"], id="nobody may ask"),
]


@pytest.mark.parametrize(("answers", "expected"), ROWS)
def test_a_write(intents: Intents, answers, expected) -> None:
    intent = make_intent(intents.write(SUBNET, BODY))

    assert codes(judge(CHECK, intent, {"checkPolicyRestrictions": answers})) == expected


def test_the_policy_is_named_with_what_it_says(intents: Intents) -> None:
    intent = make_intent(intents.write(SUBNET, BODY))

    (told,) = judge(CHECK, intent, {"checkPolicyRestrictions": [evaluation("Deny")]})

    assert ASSIGNED in told.message
    assert "properties.addressPrefix" in told.message
    assert "Talk to the platform team." in told.message


def test_many_writes_that_one_policy_changes_are_one_warning(intents: Intents) -> None:
    intent = make_intent(*(intents.write(f"{VNET}/subnets/s{n}", BODY) for n in range(7)))
    changed = [restriction("Required", defaultValue="42", policyEffect="Modify")]

    (told,) = judge(CHECK, intent, {"checkPolicyRestrictions": changed})

    assert "tags.costs = 42" in told.message
    assert "and 2 more" in told.message


def test_azure_is_asked_in_the_group_that_exists_without_what_is_not_known(
    intents: Intents,
) -> None:
    write = intents.write(SUBNET, BODY)
    (early,) = CHECK.ask(make_intent(write))
    (late,) = CHECK.ask(make_intent(write, found={GROUP: {}}))

    assert early.path.startswith("/subscriptions/11111111-1111-1111-1111-111111111111/providers/")
    assert late.path.startswith(f"{GROUP}/providers/")
    asked = json.loads(late.body or "")
    assert asked["includeAuditEffect"] is False
    assert asked["resourceDetails"]["scope"] == VNET
    assert asked["resourceDetails"]["resourceContent"] == {
        "name": "nodes",
        "type": "Microsoft.Network/virtualNetworks/subnets",
        "properties": {"routeTable": {"id": "x"}, "addressPrefix": "10.0.0.0/24"},
    }
