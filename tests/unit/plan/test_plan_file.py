"""The plan file: what is refused, and how it is told."""

import json
from dataclasses import replace
from typing import Any

import pytest

from provisioner.model.diagnostic import DiagnosticError
from provisioner.model.resource_id import ResourceId
from provisioner.plan.plan_file import read_plan_file, write_plan_file
from tests.environments import Bench

NETWORK = """\
table:
  type: Microsoft.Network/routeTables
  resourceGroup: main
  name: rt-main
  properties: {disableBgpRoutePropagation: true, routes: []}
vnet:
  type: Microsoft.Network/virtualNetworks
  resourceGroup: main
  name: vnet
  properties: {addressSpace: {addressPrefixes: [10.0.0.0/16]}}
"""


def edit(text: str, *path: str | int, value: object) -> str:
    content: Any = json.loads(text)
    current = content
    for step in path[:-1]:
        current = current[step]
    current[path[-1]] = value
    return json.dumps(content)


def test_a_plan_survives_its_file(bench: Bench) -> None:
    plan = bench.plan(bench.compose(NETWORK))

    again = read_plan_file(write_plan_file(plan), "p")

    # The path of the environment's file is this machine's, and stands in no document.
    assert again.document.model_dump() == plan.document.model_dump()
    assert replace(again, document=plan.document) == plan


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param(("steps", 0, "body", "location"), "eastus", id="another body"),
        pytest.param(("steps", 0, "verb"), "DELETE", id="another verb"),
        pytest.param(("steps", 0, "id"), "/subscriptions/other", id="another resource"),
        pytest.param(("plan", "summary", "create"), 0, id="what the reviewer reads"),
        pytest.param(("observed", 0, "body"), {}, id="what was seen"),
        pytest.param(("digest",), "sha256:0", id="the digest itself"),
        pytest.param(("checksum",), "sha256:0", id="the checksum"),
        pytest.param(
            ("plan", "unmanaged"), [{"id": "/x", "type": "x"}], id="what is told beside it"
        ),
        pytest.param(("request", "targets"), ["vnet"], id="what was asked for"),
        pytest.param(("request", "destroy"), "yes", id="what was asked for, in another type"),
        pytest.param(("observed", 0, "body"), [], id="what was seen, in another type"),
        pytest.param(("digests",), ["state"], id="the digests, in another type"),
    ],
)
def test_an_edited_plan_is_refused(
    path: tuple[str | int, ...], value: object, bench: Bench
) -> None:
    text = write_plan_file(bench.plan(bench.compose(NETWORK)))

    with pytest.raises(DiagnosticError, match="was changed after azsec wrote it"):
        read_plan_file(edit(text, *path, value=value), "p")


def test_another_format_version_is_refused(bench: Bench) -> None:
    text = write_plan_file(bench.plan(bench.compose(NETWORK)))

    with pytest.raises(DiagnosticError, match="has format version '99'; this azsec reads '5'"):
        read_plan_file(edit(text, "formatVersion", value="99"), "p")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("{", "it is not JSON", id="no JSON"),
        pytest.param("[]", "its kind is not azsec/plan-file", id="another JSON"),
        pytest.param('{"kind": "azsec/plan"}', "its kind is not", id="a plan's document"),
    ],
)
def test_what_is_no_plan_file_is_refused(text: str, why: str) -> None:
    with pytest.raises(DiagnosticError, match=why):
        read_plan_file(text, "p")


def test_a_stale_plan_is_refused_field_by_field(bench: Bench) -> None:
    desired = bench.compose(NETWORK)
    bench.apply(bench.plan(desired))
    changed = NETWORK.replace(
        "disableBgpRoutePropagation: true", "disableBgpRoutePropagation: false"
    )
    plan = bench.plan(bench.compose(changed))
    table = next(r for r in desired.graph if r.address == "table")
    body = {
        "location": "westeurope",
        "tags": dict(table.body["tags"]),
        "properties": {
            "disableBgpRoutePropagation": True,
            "routes": [
                {
                    "name": "out",
                    "properties": {"addressPrefix": "0.0.0.0/0", "nextHopType": "Internet"},
                }
            ],
        },
    }
    bench.client.put(table.id, table.type.api_version, body, None, lambda _status: None)

    with pytest.raises(DiagnosticError) as refused:
        bench.apply(plan)

    told = [str(diagnostic) for diagnostic in refused.value.diagnostics]
    assert len(told) == 1
    assert told[0].startswith("error: the plan is stale: table properties.routes[out]")


def test_a_plan_is_stale_once_what_it_creates_exists(bench: Bench) -> None:
    plan = bench.plan(bench.compose(NETWORK))
    bench.apply(bench.plan(bench.compose(NETWORK), "vnet"))

    with pytest.raises(DiagnosticError, match="vnet was absent and exists now"):
        bench.apply(plan)


def test_what_was_absent_within_something_absent_is_not_read_again(bench: Bench) -> None:
    plan = bench.plan(bench.compose(NETWORK))
    before = len(bench.server.requests)

    bench.apply(plan)

    sent = bench.server.requests[before:]
    reads = sent[: next(i for i, one in enumerate(sent) if one.method == "PUT")]
    assert [one.path.rpartition("/resourceGroups/")[2].count("/") for one in reads] == [0, 0], (
        "the resource group alone: for the plan, and right before it is created"
    )


def test_what_was_there_is_read_again_by_the_lists_that_the_plan_was_made_of(bench: Bench) -> None:
    tables = "".join(
        f"""
table{number}:
  type: Microsoft.Network/routeTables
  resourceGroup: main
  name: rt-{number}
  properties: {{disableBgpRoutePropagation: true, routes: []}}
"""
        for number in range(6)
    )
    bench.apply(bench.plan(bench.compose(tables)))
    changed = tables.replace("true", "false")
    plan = bench.plan(bench.compose(changed))
    before = len(bench.server.requests)

    bench.apply(plan)

    sent = bench.server.requests[before:]
    reads = sent[: next(i for i, one in enumerate(sent) if one.method == "PUT")]
    assert [one.path.rpartition("/")[2] for one in reads] == ["routeTables", "rg-main"]

    plan = bench.plan(bench.compose(tables))
    bench.tamper("rt-3", disableBgpRoutePropagation=True)
    with pytest.raises(DiagnosticError, match=r"table3 properties\.disableBgp"):
        bench.apply(plan)


def test_each_resource_that_appeared_within_a_new_group_is_named(bench: Bench) -> None:
    plan = bench.plan(bench.compose(NETWORK))
    bench.apply(bench.plan(bench.compose(NETWORK)))

    with pytest.raises(DiagnosticError) as refused:
        bench.apply(plan)

    assert len(refused.value.diagnostics) == len(plan.observed)


def test_a_plan_is_stale_once_a_resource_is_gone(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(NETWORK)))
    plan = bench.plan(bench.compose(NETWORK.replace("true", "false")))
    table = ResourceId.parse(plan.steps[0].id.text)
    bench.client.delete(table, plan.steps[0].api_version, None, lambda _status: None)

    with pytest.raises(DiagnosticError, match="table was there and was deleted"):
        bench.apply(plan)
