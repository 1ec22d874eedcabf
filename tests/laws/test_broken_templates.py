"""A template with anything in any place is deployed or refused: it ends in no traceback."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioner.catalog.registry import all_types, build_catalog
from provisioner.catalog.sdk_models import read_schema_index
from provisioner.simulator.server import LocalAzure
from tests.simulator.deploying import Deployer, identity, module, network, symbolic, template
from tests.simulator.setting import Caller

INNER = symbolic(
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
SYMBOLIC = symbolic(
    {
        "old": {**identity("old"), "existing": True},
        "many": identity(
            "[format('id-{0}', copyIndex())]",
            copy={"name": "many", "count": "[length(range(0, 2))]", "mode": "serial"},
        ),
        "mod": module(
            "mod",
            INNER,
            properties={
                "parameters": {
                    "name": {"value": "[__bicep.named('x', 3)]"},
                    "tags": {"value": {"owner": "[reference('many[0]').clientId]"}},
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
                        {"type": "string", "name": "a"},
                        {"type": "int", "name": "b"},
                    ],
                    "output": {"type": "string", "value": "[concat(parameters('a'), 'abc')]"},
                }
            },
        }
    ],
)
LISTED = template(
    network(
        "[concat('vn-', variables('names')[copyIndex()])]",
        copy={"name": "networks", "count": 2},
        properties={
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "copy": [{"name": "subnets", "count": 1, "input": {"name": "s", "properties": {}}}],
        },
    ),
    identity("late", dependsOn=["networks"], condition="[parameters('p')]", scope="/"),
    parameters={
        "p": {"type": "bool", "defaultValue": True, "allowedValues": [True]},
        "q": {"type": "array", "items": {"type": "int"}, "defaultValue": [1], "nullable": True},
    },
    variables={"copy": [{"name": "names", "count": 2, "input": "[string(copyIndex('names'))]"}]},
    outputs={"o": {"type": "array", "copy": {"count": 2, "input": "[copyIndex()]"}}},
)
ANYTHING = st.sampled_from(
    [
        None, True, 0, -1, 10**30, 1.5, "", "x", "[", "[x()]", "[parameters('p')]",
        "[reference('late')]", "[copyIndex()]", "[null()]", "[createArray()]", "/", [], ["x"],
        [None], {}, {"a": 1}, {"copy": [{"name": "a", "count": 1}]}, {"type": "string"},
    ]
)  # fmt: skip
NAMES = st.sampled_from(
    ["@options", "condition", "copy", "dependsOn", "existing", "name", "nullable", "properties",
     "resourceGroup", "resources", "scope", "templateLink", "type", "value"]
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from places(item, (*path, key))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from places(item, (*path, place))


@st.composite
def broken(draw: st.DrawFn) -> Any:
    document = copy.deepcopy(draw(st.sampled_from([SYMBOLIC, LISTED])))
    for _ in range(draw(st.integers(1, 3))):
        *front, last = draw(st.sampled_from(list(places(document))))
        holder: Any = document
        for step in front:
            holder = holder[step]
        what = copy.deepcopy(draw(ANYTHING))
        if isinstance(holder, dict) and draw(st.booleans()):
            last = draw(NAMES)
        holder[last] = what
    return document


@pytest.fixture(scope="module")
def here() -> Iterator[Deployer]:
    catalog = build_catalog(all_types(), read_schema_index(all_types()))
    with LocalAzure.start(catalog, None) as azure:
        call = Caller(azure.endpoint)
        call.create_group()
        yield Deployer(azure, call)
        call.close()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(broken(), st.sampled_from(["", "validate", "whatIf"]))
def test_a_broken_template_is_deployed_or_refused(here: Deployer, document: Any, verb: str):
    reply = here.send(document, verb=verb)
    assert reply.status in (200, 201, 202, 400, 404, 409), reply.body
