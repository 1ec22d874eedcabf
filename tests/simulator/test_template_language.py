"""What templates are made of: parameters, variables, loops, conditions, symbolic names, modules."""

from collections.abc import Iterator

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.simulator.server import LocalAzure
from tests.simulator.deploying import (
    IDENTITIES,
    SCHEMA,
    Deployer,
    identity,
    module,
    network,
    symbolic,
    template,
)
from tests.simulator.setting import GROUP, SUBSCRIPTION, Caller, StandingClock

SECRET = "correct horse battery"


@pytest.fixture
def here(real_catalog: Catalog) -> Iterator[Deployer]:
    with LocalAzure.start(real_catalog, None, clock=StandingClock()) as azure:
        call = Caller(azure.endpoint)
        call.create_group()
        yield Deployer(azure, call)
        call.close()


def test_loops_of_resources_properties_variables_and_outputs(here: Deployer):
    document = template(
        network(
            "[concat('vn-', variables('names')[copyIndex()])]",
            tags={"place": "[string(copyIndex(1))]"},
            copy={"name": "networks", "count": "[length(variables('names'))]"},
            properties={
                "addressSpace": {"addressPrefixes": ["[format('10.{0}.0.0/16', copyIndex())]"]},
                "copy": [
                    {
                        "name": "subnets",
                        "count": 2,
                        "input": {
                            "name": "[concat('s', copyIndex('subnets', 1))]",
                            "properties": {
                                "addressPrefix": "[cidrSubnet(format('10.{0}.0.0/16', "
                                "copyIndex('networks')), 24, copyIndex('subnets'))]"
                            },
                        },
                    }
                ],
            },
        ),
        identity("late", dependsOn=["networks"]),
        variables={
            "copy": [{"name": "names", "count": 2, "input": "[concat('n', copyIndex('names'))]"}],
            "nested": {
                "copy": [{"name": "odd", "count": 2, "input": "[add(1, mul(2, copyIndex('odd')))]"}]
            },
        },
        outputs={
            "prefixes": {
                "type": "array",
                "copy": {
                    "count": 2,
                    "input": "[reference(concat('vn-n', copyIndex())).subnets[1].properties"
                    ".addressPrefix]",
                },
            },
            "odd": {"type": "array", "value": "[variables('nested').odd]"},
        },
    )
    assert here.outputs(document) == {
        "prefixes": ["10.0.1.0/24", "10.1.1.0/24"],
        "odd": [1, 3],
    }
    assert here.names() == ["late", "s1", "s1", "s2", "s2", "vn-n0", "vn-n1"]
    tags = here.call("GET", "Microsoft.Network/virtualNetworks/vn-n1").body["tags"]
    assert tags == {"place": "2"}


def test_a_condition_that_does_not_hold_leaves_out_a_resource_and_those_after_it_go_on(
    here: Deployer,
):
    document = template(
        identity("never", condition="[parameters('wanted')]"),
        identity("after", dependsOn=["never"]),
        parameters={"wanted": {"type": "bool", "defaultValue": False}},
        outputs={
            "no": {
                "type": "string",
                "condition": "[parameters('wanted')]",
                "value": "[reference('never').clientId]",
            },
            "either": {
                "type": "string",
                "value": "[if(parameters('wanted'), reference('never').clientId, 'none')]",
            },
        },
    )
    assert here.outputs(document) == {"either": "none"}
    assert here.names() == ["after"]
    assert set(here.outputs(document, parameters={"wanted": True})) == {"no", "either"}


def test_dependencies_by_name_id_and_reference(here: Deployer):
    """The last of a template goes first where nothing says otherwise: each wait counts."""
    named = f"{GROUP}/providers/{IDENTITIES}/id-a"
    document = template(
        identity("id-a"),
        identity("id-b", dependsOn=["id-a"], tags={"a": f"[reference('{named}').clientId]"}),
        identity("id-c", dependsOn=[f"[resourceId('{IDENTITIES}', 'id-b')]"]),
        identity("id-d", dependsOn=[f"{IDENTITIES}/id-c"]),
        identity("id-e", tags={"d": "[reference('id-d').clientId]"}),
        network("vn", resources=[
            {
                "type": "subnets",
                "apiVersion": "2024-05-01",
                "name": "inside",
                "dependsOn": ["vn"],
                "properties": {"addressPrefix": "10.0.1.0/24"},
            }
        ]),
    )  # fmt: skip
    properties = here.deploy(document)
    assert here.names() == ["id-a", "id-b", "id-c", "id-d", "id-e", "inside", "vn"]
    waits = {
        entry["resourceName"]: [one["resourceName"] for one in entry["dependsOn"]]
        for entry in properties["dependencies"]
    }
    assert waits == {
        "id-b": ["id-a"],
        "id-c": ["id-b"],
        "id-d": ["id-c"],
        "id-e": ["id-d"],
        "vn/inside": ["vn"],
    }
    without = template(
        identity("id-x"), identity("id-y", tags={"x": f"[reference('{named}x').clientId]"})
    )
    assert here.failures(without, name="other")[0][0] == "ResourceNotFound"


def test_a_serial_loop_writes_batch_after_batch(here: Deployer):
    loop = {"name": "l", "count": 4, "mode": "serial", "batchSize": 2}
    waits = here.deploy(template(identity("[concat('id-', copyIndex())]", copy=loop)))[
        "dependencies"
    ]
    found = {
        entry["resourceName"]: {one["resourceName"] for one in entry["dependsOn"]}
        for entry in waits
    }
    assert found == {"id-2": {"id-0", "id-1"}, "id-3": {"id-0", "id-1"}}


def test_what_the_bicep_compiler_writes(here: Deployer):
    """Symbolic names, an existing resource, loops, a module, functions and types of its own."""
    here.deploy(template(identity("old")), name="before")
    inner = symbolic(
        {"made": identity("[parameters('name')]", tags="[parameters('tags')]")},
        parameters={"name": {"type": "string"}, "tags": {"$ref": "#/definitions/tags"}},
        definitions={
            "tags": {
                "type": "object",
                "properties": {"owner": {"type": "string", "minLength": 2}},
                "additionalProperties": {"type": "string"},
            }
        },
        outputs={"client": {"type": "string", "value": "[reference('made').clientId]"}},
    )
    document = symbolic(
        {
            "old": {**identity("old"), "existing": True},
            "many": identity(
                "[format('id-{0}', copyIndex())]",
                copy={"name": "many", "count": "[length(range(0, 2))]"},
                tags={"of": "[reference('old').clientId]"},
            ),
            "mod": module(
                "mod",
                inner,
                properties={
                    "parameters": {
                        "name": {"value": "[__bicep.named('x', 3)]"},
                        "tags": {
                            "value": {
                                "owner": "me",
                                "first": "[reference('many[0]').clientId]",
                            }
                        },
                    }
                },
                dependsOn=["many"],
            ),
        },
        functions=[
            {
                "namespace": "__bicep",
                "members": {
                    "named": {
                        "parameters": [
                            {"type": "string", "name": "prefix"},
                            {"type": "int", "name": "number"},
                        ],
                        "output": {
                            "type": "string",
                            "value": "[__bicep.joined(createArray(parameters('prefix'), "
                            "padLeft(parameters('number'), 2, '0')))]",
                        },
                    },
                    "joined": {
                        "parameters": [{"type": "array", "name": "parts"}],
                        "output": {"type": "string", "value": "[join(parameters('parts'), '-')]"},
                    },
                },
            }
        ],
        outputs={
            "clients": {
                "type": "array",
                "value": "[map(references('many'), lambda('m', lambdaVariables('m').clientId))]",
            },
            "inner": {
                "type": "string",
                "value": "[reference('mod').outputs.client.value]",
            },
            "id": {"type": "string", "value": "[resourceInfo('old').id]"},
            "full": {
                "type": "string",
                "value": "[reference('many[1]', '2024-11-30', 'full').resourceId]",
            },
        },
    )
    outputs = here.outputs(document)
    assert here.names() == ["id-0", "id-1", "old", "x-03"]
    assert [len(client) for client in (*outputs["clients"], outputs["inner"])] == [36, 36, 36]
    assert outputs["id"] == f"{GROUP}/providers/{IDENTITIES}/old"
    assert outputs["full"] == f"{GROUP}/providers/{IDENTITIES}/id-1"
    made = here.call("GET", f"{IDENTITIES}/x-03").body["tags"]
    assert made == {"owner": "me", "first": outputs["clients"][0]}
    # The definition of its own is held against what a module is given.
    document["resources"]["mod"]["properties"]["parameters"]["tags"]["value"] = {"owner": "I"}
    code, message = here.refused(document)
    assert code == "InvalidTemplate"
    assert "parameter 'tags'.owner" in message
    assert "greater than or equal to '2'" in message


def test_a_nested_template_of_the_outer_scope_sees_the_outer_parameters(here: Deployer):
    inner = template(
        identity("[parameters('name')]", tags={"raw": "[[x]", "made": "[variables('made')]"})
    )
    nested = module("inner", inner)
    del nested["properties"]["expressionEvaluationOptions"]
    document = template(
        nested,
        parameters={"name": {"type": "string", "defaultValue": "outer"}},
        # What an expression comes to is text, and not evaluated again.
        variables={"made": "[concat('[', 'y]')]"},
    )
    here.deploy(document)
    assert here.call("GET", f"{IDENTITIES}/outer").body["tags"] == {"raw": "[x]", "made": "[y]"}


def test_deployments_across_scopes(here: Deployer):
    """From the tenant into a management group, from there into a subscription and a group."""
    group = {
        "type": "Microsoft.Resources/resourceGroups",
        "apiVersion": "2024-11-01",
        "name": "[parameters('name')]",
        "location": "[deployment().location]",
    }
    scope = {"type": "string", "value": "[managementGroup().name]"}
    name = {"name": {"type": "string", "defaultValue": "made"}}
    in_group = module(
        "in-group",
        template(
            identity("deep"), outputs={"g": {"type": "string", "value": "[resourceGroup().name]"}}
        ),
        resourceGroup="[parameters('name')]",
        dependsOn=["[subscriptionResourceId('Microsoft.Resources/resourceGroups', 'made')]"],
    )
    in_subscription = module(
        "in-subscription",
        template(
            group,
            in_group,
            parameters=name,
            outputs={"s": {"type": "string", "value": "[subscription().subscriptionId]"}},
        ),
        subscriptionId=SUBSCRIPTION,
        location="westeurope",
    )
    in_management = module(
        "in-management",
        template(in_subscription, outputs={"m": scope}),
        scope="Microsoft.Management/managementGroups/mg",
        location="northeurope",
    )
    read = "[reference('in-management').outputs.m.value]"
    document = template(
        in_management,
        outputs={
            "m": {"type": "string", "value": read},
            "tenant": {"type": "string", "value": "[tenant().tenantId]"},
        },
    )
    outputs = here.outputs(document, at="", location="westeurope")
    assert outputs["m"] == "mg"
    assert here.names() == ["deep"]
    made = here.call("GET", f"/subscriptions/{SUBSCRIPTION}/resourceGroups/made").body
    assert made["location"] == "westeurope"
    at = "/providers/Microsoft.Management/managementGroups/mg/providers/Microsoft.Resources"
    listed = here.call("GET", f"{at}/deployments/").body["value"]
    assert [one["name"] for one in listed] == ["in-management"]


def test_extension_resources_by_scope(here: Deployer):
    lock = {
        "type": "Microsoft.Authorization/locks",
        "apiVersion": "2020-05-01",
        "name": "keep",
        "scope": f"[format('{IDENTITIES}/{{0}}', 'id-a')]",
        "dependsOn": ["id-a"],
        "properties": {"level": "CanNotDelete"},
    }
    older = {
        "type": f"{IDENTITIES}/providers/locks",
        "apiVersion": "2020-05-01",
        "name": "id-a/Microsoft.Authorization/older",
        "dependsOn": ["id-a"],
        "properties": {"level": "CanNotDelete"},
    }
    here.deploy(template(identity("id-a"), lock, older))
    at = f"{GROUP}/providers/{IDENTITIES}/id-a/providers/Microsoft.Authorization/locks"
    for name in ("keep", "older"):
        assert here.call("GET", f"{at}/{name}").status == 200


def test_an_expression_that_fails_while_deploying_is_the_failure_of_its_resource(here: Deployer):
    bad = identity("id-bad", tags={"a": "[reference('id-a').nothing]"})
    reply = here.send(template(identity("id-a"), bad))
    (detail,) = reply.body["properties"]["error"]["details"]
    assert detail["code"] == "InvalidTemplate"
    assert detail["message"].startswith(
        f"Unable to process template language expressions for resource '{detail['target']}'. 'The "
        "language expression property 'nothing' doesn't exist, available properties are"
    )
    assert here.names() == ["id-a"]


def test_only_what_is_not_there_is_made_once(here: Deployer):
    once = {
        **identity("id-a", tags={"n": "[parameters('n')]"}),
        "@options": {"onlyIfNotExists": True},
    }
    document = symbolic({"a": once}, parameters={"n": {"type": "string"}})
    for number in ("1", "2"):
        here.deploy(document, parameters={"n": number})
    assert here.call("GET", f"{IDENTITIES}/id-a").body["tags"] == {"n": "1"}


def test_list_functions_call_the_actions_of_resources(here: Deployer):
    account = {
        "type": "Microsoft.Storage/storageAccounts",
        "apiVersion": "2023-05-01",
        "name": "stkeys",
        "location": "westeurope",
        "kind": "StorageV2",
        "sku": {"name": "Standard_LRS"},
        "properties": {},
    }
    keys = "[length(listKeys('stkeys', '2023-05-01').keys)]"
    document = template(account, outputs={"keys": {"type": "int", "value": keys}})
    assert here.outputs(document) == {"keys": 2}
    document["outputs"]["keys"]["value"] = keys.replace("listKeys", "listNothing")
    assert here.failures(document)[0][0] == "DeploymentOutputEvaluationFailed"


def test_functions_of_the_place_and_of_defaults(here: Deployer):
    document = template(
        parameters={
            "now": {"type": "string", "defaultValue": "[utcNow('yyyy-MM')]"},
            "guid": {"type": "string", "defaultValue": "[newGuid()]"},
            "after": {"type": "string", "defaultValue": "[concat(parameters('now'), '!')]"},
            "maybe": {"type": "string", "nullable": True},
        },
        outputs={
            name: {"type": kind, "value": f"[{text}]"}
            for name, kind, text in (
                ("after", "string", "parameters('after')"),
                ("guid", "int", "length(parameters('guid'))"),
                ("maybe", "string", "coalesce(parameters('maybe'), 'null')"),
                ("group", "string", "resourceGroup().location"),
                ("subscription", "string", "subscription().subscriptionId"),
                ("deployment", "string", "deployment().name"),
                ("mode", "string", "deployment().properties.mode"),
                ("deployer", "int", "length(deployer().objectId)"),
                ("endpoint", "string", "environment().resourceManager"),
                ("zones", "array", "pickZones('Microsoft.Compute', 'vms', 'westeurope', 2)"),
                (
                    "physical",
                    "array",
                    "toPhysicalZones(subscription().id, 'westeurope', createArray('2'))",
                ),
                (
                    "logical",
                    "string",
                    "toLogicalZone(subscription().id, 'westeurope', 'westeurope-az3')",
                ),
                (
                    "kinds",
                    "bool",
                    "greater(length(providers('Microsoft.Network').resourceTypes), 1)",
                ),
            )
        },
    )
    outputs = here.outputs(document)
    assert len(outputs.pop("after")) == 8
    assert outputs == {
        "guid": 36,
        "maybe": "null",
        "group": "westeurope",
        "subscription": SUBSCRIPTION,
        "deployment": "main",
        "mode": "Incremental",
        "deployer": 36,
        "endpoint": f"{here.azure.endpoint}/",
        "zones": ["1", "2"],
        "physical": ["westeurope-az2"],
        "logical": "3",
        "kinds": True,
    }


def test_secret_parameters_and_outputs_are_never_shown(here: Deployer):
    inner = template(
        parameters={"p": {"type": "securestring"}},
        outputs={"p": {"type": "securestring", "value": "[concat(parameters('p'), '!')]"}},
    )
    nested = module(
        "inner", inner, properties={"parameters": {"p": {"value": "[parameters('p')]"}}}
    )
    given = "[length(listOutputsWithSecureValues('inner', '2025-04-01').p)]"
    document = template(
        nested,
        parameters={"p": {"type": "secureString"}, "o": {"type": "secureObject"}},
        outputs={
            "n": {"type": "int", "value": given},
            "all": {"type": "object", "value": "[deployment().properties.parameters]"},
        },
    )
    values = {"p": SECRET, "o": {"k": SECRET}}
    assert here.outputs(document, parameters=values) == {
        "n": len(SECRET) + 1,
        "all": {},
    }
    at = f"{GROUP}/providers/Microsoft.Resources/deployments"
    shown = here.call("GET", f"{at}/inner").body["properties"]
    assert shown["parameters"] == {"p": {"type": "SecureString"}}
    assert shown["outputs"] == {"p": {"type": "SecureString"}}
    answers = [
        here.call("GET", f"{at}/"),
        here.call("GET", f"{at}/main"),
        here.call("GET", f"{at}/main/operations"),
        here.call("POST", f"{at}/main/exportTemplate"),
        here.send(document, verb="validate", parameters=values),
        here.call(
            "GET",
            f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Insights/eventtypes/management/"
            "values?$filter=eventTimestamp%20ge%202026-12-31T00:00:00Z",
        ),
    ]
    assert SECRET not in str([answer.body for answer in answers])


OF_PARAMETERS = [
    (
        {"type": "string", "allowedValues": ["a", "b"]},
        "c",
        "not part of the allowed value(s): 'a,b'",
    ),
    ({"type": "int", "minValue": 2}, 1, "should be greater than or equal to '2'"),
    ({"type": "int", "maxValue": 2}, 3, "should be less than or equal to '2'"),
    ({"type": "string", "minLength": 2}, "a", "Length of the value should be greater"),
    ({"type": "array", "maxLength": 1}, [1, 2], "Length of the value should be less"),
    ({"type": "bool"}, "true", "received a value of type 'String'"),
    ({"type": "int"}, True, "received a value of type 'Boolean'"),
    ({"type": "securestring", "allowedValues": ["a"]}, SECRET, "not part of the allowed value(s)"),
    ({"type": "text"}, "a", "The type 'text'"),
    ({"$ref": "#/definitions/none"}, "a", "leads to no type definition"),
    ({"type": "array", "items": {"type": "int"}}, [1, "a"], "parameter 'p'[1] is not valid"),
    (
        {"type": "object", "properties": {"a": {"type": "int"}}},
        {},
        "is missing required property 'a'",
    ),
    (
        {"type": "object", "properties": {}, "additionalProperties": False},
        {"b": 1},
        "has the property 'b', which its definition does not allow",
    ),
    (
        {
            "type": "object",
            "discriminator": {
                "propertyName": "kind",
                "mapping": {"a": {"type": "object"}},
            },
        },
        {"kind": "b"},
        "its property 'kind' must be one of 'a'",
    ),
]


@pytest.mark.parametrize(("definition", "value", "words"), OF_PARAMETERS)
def test_a_parameter_is_held_against_its_definition(here: Deployer, definition, value, words):
    document = template(parameters={"p": definition})
    code, message = here.refused(document, parameters={"p": value})
    assert code == "InvalidTemplate"
    assert words in message
    assert SECRET not in message


def test_a_parameter_of_a_key_vault_is_refused_by_what_is_wrong(here: Deployer):
    """Azure would read the secret; the built-in Azure has vaults and nothing in them."""
    vault = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-deploy"
    document = template(parameters={"p": {"type": "securestring"}})

    def code() -> str:
        reference = {"p": {"reference": {"keyVault": {"id": vault}, "secretName": "s"}}}
        body = {"mode": "Incremental", "template": document, "parameters": reference}
        at = f"{GROUP}/providers/Microsoft.Resources/deployments/main"
        return here.call("PUT", at, {"properties": body}).code

    assert code() == "KeyVaultParameterReferenceNotFound"
    tenant = "6f1c2a34-9d0b-4c58-8e27-10a4b5c6d7e8"
    properties = {"tenantId": tenant, "sku": {"family": "A", "name": "standard"}}
    body = {"location": "westeurope", "properties": {**properties, "accessPolicies": []}}
    here.call("PUT", vault, body)
    assert code() == "KeyVaultParameterReferenceAuthorizationFailed"
    body["properties"]["enabledForTemplateDeployment"] = True
    here.call("PUT", vault, body)
    assert code() == "KeyVaultParameterReferenceSecretRetrieveFailed"


# A template that is refused as a whole, and words of the reason.
REFUSED = [
    ({"resources": []}, "no '$schema'"),
    (template(languageVersion="2.0"), "wants an object"),
    ({**template(), "resources": {}}, "wants the language version '2.0'"),
    (template(identity("a", resources=[{"name": "b"}])), "has no 'type'"),
    (template(identity("a", dependsOn="b")), "must be a list"),
    (template(identity("a", dependsOn=["b"])), "'b' is not defined in the template"),
    (template(identity("a", dependsOn=["b"]), identity("b", dependsOn=["a"])), "Circular"),
    (template(identity("a", condition="yes")), "no boolean"),
    (template(identity("a", scope="nowhere")), "The scope"),
    (template(identity("[concat('a', 1, length())]")), "function requires 1 argument(s)"),
    (template(functions=[{"namespace": "n"}]), "has no 'namespace' and 'members'"),
    (template(parameters={f"p{n}": {"type": "int"} for n in range(257)}), "limit of '256'"),
    (template(outputs={f"o{n}": {"type": "int", "value": 1} for n in range(65)}), "limit of '64'"),
    (symbolic({"a": {"import": "x", "name": "a"}}), "Bicep extensions"),
    (
        template(module("m", template(identity("[parameters('p')]")))),
        "parameter 'p' is not found",
    ),
    (template(module("m", template(), properties={"mode": "Other"})), "mode 'Other'"),
]


@pytest.mark.parametrize(("document", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_a_template_is_refused_as_a_whole(here: Deployer, document, words):
    for verb in ("", "validate", "whatIf"):
        assert words in here.refused(document, verb=verb)[1]
    assert here.names() == []


def test_a_refusal_names_line_and_column(here: Deployer):
    """As `az` writes the body: the key without quotes, comments and line ends as they are."""
    text = f"""{{"properties": {{"mode": "Incremental", "parameters": {{}}, template: {{
  // by hand
  "$schema": "{SCHEMA}",
  "contentVersion": "1.0.0.0", /* which one */
  "resources": [
    {{"type": "{IDENTITIES}", "apiVersion": "2024-11-30", "name": "a",
     "location": "[where('a')]"}},
  ]
}}}}}}"""
    at = f"{GROUP}/providers/Microsoft.Resources/deployments/main"
    reply = here.call.send_text("PUT", at, text)
    assert reply.status == 400
    error = reply.body["error"]
    assert error["code"] == "InvalidTemplate"
    assert "The template resource 'a' at line '7' and column '18' is not valid" in error["message"]
    assert "The template function 'where' is not valid" in error["message"]
    assert error["additionalInfo"] == [
        {
            "type": "TemplateViolation",
            "info": {
                "lineNumber": 7,
                "linePosition": 18,
                "path": "properties.template.resources[0].location",
            },
        }
    ]
    fine = text.replace("[where('a')]\"", 'westeurope", tags: {"note": "two\nlines"}')
    fine = fine.replace('"name": "a"', "'name': 'id-a'")
    assert here.call.send_text("PUT", at, fine).status == 201
    assert here.call("GET", f"{IDENTITIES}/id-a").body["tags"] == {"note": "two\nlines"}
    broken = here.call.send_text("PUT", at, text[:-3])
    assert (broken.status, broken.code) == (400, "InvalidRequestContent")
    assert "line 9 column" in broken.body["error"]["message"]
