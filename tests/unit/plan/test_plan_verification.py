"""Whether a plan is the one that azsec derives, and what is said of one that is not."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from provisioner.model.resource_id import ResourceId
from provisioner.plan.plan import Plan, digest_json, digest_of
from provisioner.plan.plan_file import read_plan_file, write_plan_file
from provisioner.plan.plan_verification import find_disagreement
from provisioner.plan.request import Request
from provisioner.plan.write_scope import find_outside
from provisioner.workflow.plan import Desired, Planned, plan_environment
from tests.environments import Bench

GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-main"
FOREIGN = "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-victim"
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
nodes:
  type: Microsoft.Network/virtualNetworks/subnets
  parent: ${vnet.id}
  name: nodes
  properties: {addressPrefix: 10.0.1.0/24, routeTable: {id: "${table.id}"}}
"""


def forge(plan: Plan, change: Callable[[dict[str, Any]], None]) -> Plan:
    """Return a plan whose file was changed by somebody who knows how azsec computes its digest."""
    content = json.loads(write_plan_file(plan))
    change(content)
    return read_plan_file(sign(content), "forged.azplan")


def sign(content: dict[str, Any]) -> str:
    """Give an edited plan file the digest and the checksum of what it holds now."""
    bare = json.loads(json.dumps(content))
    for name in ("digest", "digests", "checksum"):
        del bare[name]
    beside = ("diagnostics", "inProgress", "undeclared", "tags", "ignored", "unmanaged", "census")
    for name in ("digest", *beside, "additions", "accepted", "cluster"):
        del bare["plan"][name]
    del bare["plan"]["summary"]["unchanged"]
    content["digest"] = content["plan"]["digest"] = digest_json(bare)
    del content["checksum"]
    return json.dumps({**content, "checksum": digest_json(content)})


def explain(bench: Bench, approved: Plan, desired: Desired) -> list[tuple[str, str]]:
    """Return code and message of each reason why a plan is refused."""
    derived = derive(bench, approved, desired)
    told = find_disagreement(approved, derived.plan, derived.state, bench.catalog)
    return [(diagnostic.code, diagnostic.message) for diagnostic in told]


def derive(bench: Bench, approved: Plan, desired: Desired) -> Planned:
    return plan_environment(desired, bench.catalog, bench.client, approved.request)


def edit_step(number: int, **parts: object) -> Callable[[dict[str, Any]], None]:
    """Change a step, and what the file shows of it."""

    def change(content: dict[str, Any]) -> None:
        content["steps"][number] |= parts
        shown = {k: v for k, v in parts.items() if k in content["plan"]["steps"][number]}
        content["plan"]["steps"][number] |= shown

    return change


def add_step(content: dict[str, Any]) -> None:
    added = {"key": "put x", "address": "x", "after": [], "id": f"{FOREIGN}"}
    content["steps"].append({**content["steps"][0], **added})
    content["plan"]["steps"].append({**content["plan"]["steps"][0], **added})


def drop_step(content: dict[str, Any]) -> None:
    del content["steps"][0], content["plan"]["steps"][0]
    for steps in (content["steps"], content["plan"]["steps"]):
        for step in steps:
            step["after"] = [key for key in step["after"] if key != "put resourceGroups.main"]


def turn_into_delete(content: dict[str, Any]) -> None:
    edit_step(0, verb="DELETE", id=FOREIGN, body=None)(content)
    content["observed"] = []


def claim_a_change(content: dict[str, Any]) -> None:
    content["plan"]["changes"].append(
        {**content["plan"]["changes"][0], "address": "x", "id": FOREIGN}
    )


FORGERIES = [
    pytest.param(
        lambda content: edit_step(0, body={"location": "eastus"})(content),
        "its step 'put resourceGroups.main' has another body.location, body.tags left out",
        id="another body",
    ),
    pytest.param(
        edit_step(0, id=FOREIGN),
        f'its step \'put resourceGroups.main\' has id "{FOREIGN}" instead of "{GROUP}"',
        id="an id outside of the subscription",
    ),
    pytest.param(
        turn_into_delete,
        "its step 'put resourceGroups.main' has another body, "
        f'id "{FOREIGN}" instead of "{GROUP}", verb "DELETE" instead of "PUT"',
        id="another verb",
    ),
    pytest.param(
        add_step,
        f"it holds the step 'put x' (PUT of {FOREIGN}), which azsec does not derive",
        id="a step more",
    ),
    pytest.param(drop_step, "it lacks the step 'put resourceGroups.main'", id="a step less"),
    pytest.param(
        edit_step(3, after=[]), "its step 'put nodes' has after [] instead of", id="no waits"
    ),
    pytest.param(
        edit_step(1, guarded=True),
        "its step 'put table' has guarded true instead of false",
        id="another guard",
    ),
    pytest.param(
        lambda content: content.update(observed=[]), "it has another observed", id="nothing seen"
    ),
    pytest.param(
        lambda content: content["plan"].update(gates=[{"gate": "x", "reason": "y", "hint": "z"}]),
        "it has another gates",
        id="another gate",
    ),
    pytest.param(
        lambda content: content.update(outputs={"ip": "10.9.9.9"}),
        "it has outputs.ip added",
        id="another output",
    ),
    pytest.param(
        claim_a_change, "x is planned as create, and nothing is to be", id="a change more"
    ),
]


@pytest.mark.parametrize(("change", "told"), FORGERIES)
def test_what_azsec_does_not_derive_is_named(
    change: Callable[[dict[str, Any]], None], told: str, bench: Bench
) -> None:
    desired = bench.compose(NETWORK)
    forged = forge(bench.plan(desired), change)

    reasons = explain(bench, forged, desired)

    assert {code for code, _ in reasons} == {"plan-edited"}
    assert any(told in message for _, message in reasons)


@pytest.mark.parametrize("targets", [(), ("vnet",)], ids=["everything", "a target"])
def test_a_plan_is_derived_again_with_its_own_options(
    targets: tuple[str, ...], bench: Bench
) -> None:
    desired = bench.compose(NETWORK)
    approved = read_plan_file(write_plan_file(bench.plan(desired, *targets)), "p")

    assert explain(bench, approved, desired) == []


def test_a_forged_expression_is_not_evaluated(bench: Bench) -> None:
    desired = bench.compose(NETWORK)
    endless = {"$unknown": {"expression": "nowhere.of.x", "where": {}, "paths": ["x"]}}

    forged = forge(
        bench.plan(desired),
        lambda content: content.update(inputs=[{"source": endless, "value": 1}]),
    )

    (reason,) = explain(bench, forged, desired)
    assert reason[0] == "plan-edited"
    assert reason[1].endswith(": it has another inputs.")


def test_what_moved_is_told_field_by_field(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(NETWORK)))
    changed = bench.compose(NETWORK.replace("Propagation: true", "Propagation: false"))
    approved = bench.plan(changed)
    route = {"name": "out", "properties": {"addressPrefix": "0.0.0.0/0", "nextHopType": "Internet"}}
    bench.tamper("rt-main", routes=[route])

    (reason,) = explain(bench, approved, changed)

    assert reason[0] == "plan-stale"
    assert reason[1].startswith("the plan is stale: table properties.routes[out] was null and is")


def test_drift_elsewhere_makes_a_plan_stale(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(NETWORK)))
    changed = bench.compose(NETWORK.replace("10.0.1.0/24", "10.0.2.0/24"))
    approved = bench.plan(changed)
    bench.tamper("rt-main", disableBgpRoutePropagation=False)

    (reason,) = explain(bench, approved, changed)

    assert reason == (
        "plan-stale",
        "the plan is stale, Azure moved since it was made: table is not in the plan, and is now "
        "planned as update of properties.disableBgpRoutePropagation.",
    )


def test_what_arrives_in_a_group_that_goes_makes_a_plan_stale(bench: Bench) -> None:
    desired = bench.compose(NETWORK)
    bench.apply(bench.plan(desired))
    approved = bench.plan_destroy(desired)
    arrived = ResourceId.parse(f"{GROUP}/providers/Microsoft.Network/routeTables/theirs")
    body = {"location": "westeurope", "properties": {}}
    version = bench.catalog.get(arrived.type).api_version
    bench.client.put(arrived, version, body, None, lambda _status: None)

    reasons = explain(bench, approved, desired)

    assert {code for code, _ in reasons} == {"plan-stale"}
    assert any("resourceGroups.main is planned as delete" in told for _, told in reasons)
    assert any("it holds" in told and "theirs" in told for _, told in reasons)


def test_a_blueprint_that_changed_is_named(bench: Bench) -> None:
    approved = bench.plan(bench.compose(NETWORK))
    changed = bench.compose(NETWORK.replace("10.0.1.0/24", "10.0.2.0/24"))

    (reason,) = explain(bench, approved, changed)

    assert reason == (
        "plan-outdated",
        "the blueprint changed since the plan was made: nodes is planned otherwise now: "
        'properties.addressPrefix to "10.0.1.0/24" (now "10.0.2.0/24").',
    )


def test_the_digest_is_of_what_is_done(bench: Bench) -> None:
    desired = bench.compose(NETWORK)

    plain, asked = bench.plan(desired), bench.preflight(desired)

    assert plain.document.digest == asked.document.digest == digest_of(asked)
    assert replace(plain, request=replace(plain.request, targets=("vnet",))) != plain
    other = plan_environment(
        desired, bench.catalog, bench.client, Request(desired.environment.path, ("vnet",))
    ).plan
    assert other.document.digest != plain.document.digest


@pytest.mark.parametrize(
    "where",
    [
        pytest.param(FOREIGN, id="another subscription"),
        pytest.param(
            "/providers/Microsoft.Management/managementGroups/root/providers/"
            "Microsoft.Authorization/roleAssignments/9",
            id="a management group",
        ),
        pytest.param("/providers/Microsoft.Authorization/roleDefinitions/9", id="the tenant"),
    ],
)
def test_a_step_outside_of_the_subscriptions_is_an_error(where: str, bench: Bench) -> None:
    desired = bench.compose(NETWORK)
    steps = bench.plan(desired).steps
    subscriptions = [guid.upper() for guid in desired.environment.subscriptions.values()]

    assert find_outside(steps, subscriptions) == ()
    moved = (replace(steps[0], id=ResourceId.parse(where)), *steps[1:])
    (problem,) = find_outside(moved, subscriptions)

    assert problem.code == "outside-environment"
    assert f"would write to {where}, which is in none" in problem.message


def test_a_plan_is_derived_again_with_what_may_be_adopted(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(NETWORK, name="first"), "table"))
    table = bench.body_of("rt-main")
    bench.client.put(
        ResourceId.parse(str(table["id"])),
        bench.catalog.get("Microsoft.Network/routeTables").api_version,
        {**table, "tags": {}},
        None,
        lambda _status: None,
    )
    desired = bench.compose(NETWORK)
    request = Request(desired.environment.path, ("table",), adopt=("table",))
    made = plan_environment(desired, bench.catalog, bench.client, request).plan
    approved = read_plan_file(write_plan_file(made), "p")

    assert approved.request.adopt == ("table",)
    assert explain(bench, approved, desired) == []
