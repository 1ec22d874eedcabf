"""Deployments: what a template has to be, what becomes of one that fails, how one is followed."""

import pytest
from azure.core.exceptions import HttpResponseError

from provisioner.catalog.registry import Catalog
from provisioner.simulator.server import LocalAzure
from tests.export.deploying import deploy, deployments_client
from tests.simulator.setting import SUBSCRIPTION, StandingClock

GROUP = {
    "type": "Microsoft.Resources/resourceGroups",
    "apiVersion": "2025-04-01",
    "name": "rg",
    "location": "westeurope",
}
IDENTITY = {
    "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
    "apiVersion": "2024-11-30",
    "name": "id-main",
    "location": "westeurope",
}
GROUP_ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
IDENTITY_ID = f"{GROUP_ID}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-main"
OTHER_ID = IDENTITY_ID.replace("/id-main", "/other")


def template(*resources: dict, **parts: object) -> dict:
    return {"$schema": "s", "contentVersion": "1.0.0.0", "resources": list(resources), **parts}


def nested(inner: dict, **head: object) -> dict:
    return {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2022-09-01",
        "name": "inner",
        "resourceGroup": "rg",
        "dependsOn": [GROUP_ID],
        "properties": {
            "mode": "Incremental",
            "expressionEvaluationOptions": {"scope": "inner"},
            "template": inner,
        },
        **head,
    }


@pytest.fixture
def local(real_catalog: Catalog):
    with LocalAzure.start(real_catalog, None) as started:
        yield started


def refusal(local: LocalAzure, document: dict, name: str = "main") -> tuple[str, str]:
    with pytest.raises(HttpResponseError) as refused:
        deploy(local.endpoint, SUBSCRIPTION, document, name)
    assert refused.value.error is not None
    return refused.value.error.code, refused.value.error.message


# A template that cannot be deployed, and words of the refusal.
INVALID = [
    pytest.param(
        template({**GROUP, "tags": {"a": "[loadTextContent('a')]"}}),
        "The template function 'loadTextContent' is not valid",
        id="function",
    ),
    pytest.param(
        template({**GROUP, "tags": {"a": "[parameters('a')]"}}),
        "parameter 'a' is not found",
        id="undeclared parameter",
    ),
    pytest.param(
        template(GROUP, parameters={"a": {"type": "string"}}),
        "parameter 'a' is not provided",
        id="parameter without a value",
    ),
    pytest.param(
        template(GROUP, parameters={"a": {"type": "int", "defaultValue": "x"}}),
        "Expected a value of type 'int'",
        id="default of another type",
    ),
    pytest.param(
        template({**GROUP, "name": f"[reference('{IDENTITY_ID}').clientId]"}),
        "'reference' is not expected at this location",
        id="reference in a name",
    ),
    pytest.param(
        template({**GROUP, "dependsOn": [IDENTITY_ID]}),
        "is not defined in the template",
        id="waits for what is not there",
    ),
    pytest.param(
        template({**GROUP, "dependsOn": [GROUP_ID]}), "Circular dependency", id="waits for itself"
    ),
    pytest.param(template(GROUP, GROUP), "defined multiple times", id="twice"),
    pytest.param(template(*[GROUP] * 801), "'801'", id="too many resources"),
    pytest.param(template({**GROUP, "name": "a/b"}), "incorrect segment lengths", id="name"),
    pytest.param(template({**GROUP, "copy": {}}), "has no 'name'", id="a loop without a name"),
    pytest.param(
        template({**GROUP, "copy": {"name": "c", "count": 801}}),
        "has the count '801'",
        id="too long a loop",
    ),
    pytest.param(template(GROUP, imports={}), "does not know 'imports'", id="a part not known"),
    pytest.param(
        template({**GROUP, "tags": {"a": "[variables('v')]"}}, variables={"w": 1}),
        "The template variable 'v' is not found",
        id="undeclared variable",
    ),
    pytest.param(
        template({**GROUP, "tags": {"a": "[utcNow()]"}}),
        "'utcNow' is not expected at this location",
        id="time outside of a default value",
    ),
    pytest.param(
        template(GROUP, variables={"v": f"[reference('{IDENTITY_ID}').clientId]"}),
        "'reference' is not expected at this location",
        id="reference in a variable",
    ),
    pytest.param(
        template({**GROUP, "name": "[variables('v')]"}, variables={"v": "[variables('v')]"}),
        "Circular dependency detected in the variable",
        id="a variable of itself in a name",
    ),
    pytest.param(template({**GROUP, "tags": {"a": "[concat('a)]"}}), "not valid", id="open quote"),
    pytest.param(
        template(GROUP, nested(template({**IDENTITY, "name": "[nope()]"}))),
        "nope",
        id="in a nested template",
    ),
]


@pytest.mark.parametrize(("document", "words"), INVALID)
def test_an_invalid_template_changes_nothing(local: LocalAzure, document, words):
    code, message = refusal(local, document)
    assert code == "InvalidTemplate"
    assert words in message
    assert local.resource_ids() == ()


def test_the_place_of_a_deployment(local: LocalAzure):
    assert refusal(local, template(GROUP), "n" * 65)[0] == "DeploymentNameLengthLimitExceeded"
    assert refusal(local, template(GROUP, nested(template(), location="westeurope")))[0] == (
        "InvalidDeployment"
    )
    deployments = deployments_client(local.endpoint, SUBSCRIPTION)
    with pytest.raises(HttpResponseError, match="ResourceGroupNotFound"):
        deployments.begin_create_or_update(
            "rg", "main", {"properties": {"mode": "Incremental", "template": template()}}
        )


def test_values_pass_between_deployments(local: LocalAzure):
    given = template(
        IDENTITY,
        outputs={"client": {"type": "string", "value": f"[reference('{IDENTITY_ID}').clientId]"}},
    )
    inner = f"{GROUP_ID}/providers/Microsoft.Resources/deployments/inner"
    taken = template(
        {
            **IDENTITY,
            "name": "other",
            "tags": {
                "client": "[concat('c-', parameters('c'))]",
                "plain": "[[x]",
                "open": "[concat('a'",
            },
        },
        parameters={"c": {"type": "string"}},
    )
    second = nested(taken, name="second", dependsOn=[inner])
    second["properties"]["parameters"] = {
        "c": {"value": f"[reference('{inner}').outputs.client.value]"}
    }
    done = deploy(
        local.endpoint,
        SUBSCRIPTION,
        template(
            GROUP,
            second,
            nested(given),
            outputs={
                "c": {"type": "string", "value": f"[reference('{IDENTITY_ID}').clientId]"},
                "tags": {
                    "type": "object",
                    "value": f"[reference('{OTHER_ID}', '2024-11-30', 'Full').tags]",
                },
            },
        ),
    )
    client = done["properties"]["outputs"]["c"]["value"]
    assert done["properties"]["provisioningState"] == "Succeeded"
    deployments = deployments_client(local.endpoint, SUBSCRIPTION)
    assert deployments.get("rg", "second").properties.provisioning_state == "Succeeded"
    assert len(client) == 36
    assert done["properties"]["outputs"]["tags"]["value"] == {
        "client": f"c-{client}",
        "plain": "[x]",
        "open": "[concat('a'",
    }
    assert len(local.resource_ids()) == 3


def test_what_waits_for_nothing_may_come_first(local: LocalAzure):
    late = {**GROUP, "name": "rg-other", "tags": {"a": f"[reference('{GROUP_ID}').state]"}}
    assert refusal(local, template(GROUP, late))[0] == "DeploymentFailed"
    deployments = deployments_client(local.endpoint, SUBSCRIPTION)
    error = deployments.get_at_subscription_scope("main").properties.error
    assert [detail.code for detail in error.details] == ["ResourceGroupNotFound"]


def test_a_deployment_into_a_tenant_and_into_a_group(local: LocalAzure):
    deployments = deployments_client(local.endpoint, SUBSCRIPTION)
    into = nested(template(GROUP), subscriptionId=SUBSCRIPTION, location="westeurope")
    into = {key: value for key, value in into.items() if key not in ("resourceGroup", "dependsOn")}
    deployments.begin_create_or_update_at_tenant_scope(
        "main",
        {
            "location": "westeurope",
            "properties": {"mode": "Incremental", "template": template(into)},
        },
    ).result()
    deployments.begin_create_or_update(
        "rg", "main", {"properties": {"mode": "Incremental", "template": template(IDENTITY)}}
    ).result()
    assert local.resource_ids() == (GROUP_ID, IDENTITY_ID)
    assert deployments.get("rg", "main").location is None


def test_what_fails_leaves_the_rest(local: LocalAzure):
    missing = IDENTITY_ID.replace("/id-main", "/none")
    bad = {**IDENTITY, "name": "bad", "tags": {"a": f"[reference('{missing}').clientId]"}}
    after = {**IDENTITY, "name": "after", "dependsOn": [IDENTITY_ID.replace("/id-main", "/bad")]}
    code, _ = refusal(local, template(GROUP, nested(template(IDENTITY, bad, after))))
    assert code == "DeploymentFailed"
    assert [text.rpartition("/")[2] for text in local.resource_ids()] == ["rg", "id-main"]
    deployments = deployments_client(local.endpoint, SUBSCRIPTION)
    error = deployments.get("rg", "inner").properties.error
    assert [detail.code for detail in error.details] == ["ResourceNotFound"]


def test_a_deployment_runs_as_long_as_its_slowest_chain(real_catalog: Catalog):
    clock = StandingClock()
    with LocalAzure.start(real_catalog, None, clock=clock, realistic=1.0) as local:
        deployments = deployments_client(local.endpoint, SUBSCRIPTION)
        properties = {
            "mode": "Incremental",
            "template": template(GROUP, nested(template(IDENTITY))),
        }
        deployments.begin_create_or_update_at_subscription_scope(
            "main", {"location": "westeurope", "properties": properties}
        )
        seconds = sum(real_catalog.get(name).seconds for name in (GROUP["type"], IDENTITY["type"]))
        states = []
        for passed in (0, seconds - 1, 1):
            clock.advance(passed)
            found = deployments.get_at_subscription_scope("main")
            states.append(found.properties.provisioning_state)
        assert states == ["Running", "Running", "Succeeded"]
