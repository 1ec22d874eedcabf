"""A secret that stands in Azure: no plan, drift or message shows it, and an update keeps it."""

from collections.abc import Mapping

import pytest

from provisioner.blueprint.expression import resolve
from provisioner.model.diagnostic import DiagnosticError
from provisioner.model.resource_id import ResourceId
from provisioner.plan.plan import Plan
from provisioner.plan.plan_file import read_plan_file, write_plan_file
from provisioner.plan.redaction import conceal, with_live_bodies
from provisioner.reports.json_text import render_json
from provisioner.workflow.drift import check_drift
from tests.environments import Bench
from tests.unit.plan.test_ignores import NSG, ignore

SECRET = "S3cretHunter2Value"
SAS = f"https://a.blob.core.windows.net/c?sv=2022-11-02&sig={SECRET}%3D"


def _tag(bench: Bench, name: str, tags: Mapping[str, str | None]) -> None:
    """Tag the one resource of this name, as somebody in the portal would; None removes a tag."""
    body = bench.body_of(name)
    resource = ResourceId.parse(str(body["id"]))
    kept = {**body["tags"], **tags}
    told = {**body, "tags": {key: value for key, value in kept.items() if value is not None}}
    version = bench.catalog.get(resource.type).api_version
    bench.client.put(resource, version, told, None, lambda _status: None)


def _through_a_file(plan: Plan) -> Plan:
    """Return a plan as apply gets it from a file that holds no secret."""
    text = write_plan_file(plan)
    assert SECRET not in text
    return read_plan_file(text, "saved.azplan")


@pytest.mark.parametrize(
    "tags",
    [
        pytest.param({"password": SECRET}, id="by its name"),
        pytest.param({"backup": SAS}, id="by its shape"),
        pytest.param({'we\'ird "key".token': SECRET}, id="under a name with quotes"),
    ],
)
def test_an_update_keeps_a_secret_that_the_plan_does_not_hold(
    bench: Bench, tags: dict[str, str]
) -> None:
    bench.apply(bench.plan(bench.compose(NSG)))
    _tag(bench, "nsg", tags)

    plan = _through_a_file(bench.plan(bench.compose(NSG.replace("priority: 200", "priority: 300"))))
    bench.apply(plan)

    body = bench.body_of("nsg")
    assert body["properties"]["securityRules"][0]["properties"]["priority"] == 300
    assert {name: body["tags"][name] for name in tags} == tags


def test_a_secret_that_was_rotated_after_the_plan_is_not_put_back(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(NSG)))
    _tag(bench, "nsg", {"password": SECRET})
    plan = _through_a_file(bench.plan(bench.compose(NSG.replace("priority: 200", "priority: 300"))))
    _tag(bench, "nsg", {"password": "Rotated4Hunter"})

    bench.apply(plan)

    assert bench.body_of("nsg")["tags"]["password"] == "Rotated4Hunter"


def test_a_plan_is_stale_when_a_secret_is_gone(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(NSG)))
    _tag(bench, "nsg", {"password": SECRET})
    plan = bench.plan(bench.compose(NSG.replace("priority: 200", "priority: 300")))
    _tag(bench, "nsg", {"password": None})

    with pytest.raises(DiagnosticError, match="held a secret that is gone"):
        bench.apply(plan)


def test_a_secret_in_an_entry_that_others_own_stays_in_its_entry(bench: Bench) -> None:
    let_go = ignore("properties.securityRules[theirs]", "nsg")
    bench.apply(bench.plan(bench.compose(NSG, ignore=let_go)))
    rules = bench.body_of("nsg")["properties"]["securityRules"]
    theirs = {
        "name": "theirs",
        "properties": {**rules[0]["properties"], "priority": 400, "description": SAS},
    }
    bench.tamper("nsg", securityRules=[theirs, *rules])

    changed = bench.compose(NSG.replace("priority: 200", "priority: 300"), ignore=let_go)
    bench.apply(_through_a_file(bench.plan(changed)))

    rules = {
        r["name"]: r["properties"] for r in bench.body_of("nsg")["properties"]["securityRules"]
    }
    assert (rules["theirs"]["description"], rules["ssh"]["priority"]) == (SAS, 300)


def test_drift_and_plan_mask_a_value_that_changes(bench: Bench) -> None:
    blueprint = bench.compose(NSG.replace("{access", "{description: plain, access"))
    bench.apply(bench.plan(blueprint))
    rules = bench.body_of("nsg")["properties"]["securityRules"]
    rules[0]["properties"]["description"] = SAS
    bench.tamper("nsg", securityRules=rules)

    plan, drift = bench.plan(blueprint), check_drift(blueprint, bench.catalog, bench.client)

    assert drift.found
    _through_a_file(plan)
    for document in (plan.document, drift):
        text = render_json(document)
        assert SECRET not in text
        assert "(sensitive)" in text


def test_a_stale_plan_is_refused_without_the_secret(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(NSG)))
    plan = bench.plan(bench.compose(NSG.replace("priority: 200", "priority: 300")))
    rules = bench.body_of("nsg")["properties"]["securityRules"]
    rules[0]["properties"]["description"] = SAS
    bench.tamper("nsg", securityRules=rules)

    with pytest.raises(DiagnosticError) as refused:
        bench.apply(plan)

    assert "description" in str(refused.value)
    assert SECRET not in str(refused.value)


def test_a_body_whose_secret_is_nowhere_in_azure_is_refused() -> None:
    with pytest.raises(DiagnosticError, match=r"a: tags.password holds .* a plan cannot hold"):
        conceal({"tags": {"password": SECRET}}, {}, "a")


def test_entries_are_found_by_name_and_else_by_position() -> None:
    live = {
        "named": [{"name": "b", "token": "t-b-12345"}, {"name": "a", "token": "t-a-12345"}],
        "plain": ["x", SAS],
    }
    hidden = conceal(live, live, "one")
    turned = {**live, "named": list(reversed(live["named"]))}

    shown = resolve(hidden, with_live_bodies({"one": turned}).get)

    assert shown == live


ALERTS = """
alerts:
  type: Microsoft.Insights/actionGroups
  name: ag-test
  resourceGroup: main
  properties:
    groupShortName: test
    enabled: true
"""


def test_what_the_catalog_knows_as_sensitive_is_kept_the_same_way(bench: Bench) -> None:
    """The address of a webhook has no shape of its own, and whoever has it can call it."""
    address = f"https://hooks.contoso.example/{SECRET}"
    bench.apply(bench.plan(bench.compose(ALERTS)))
    bench.tamper("ag-test", webhookReceivers=[{"name": "theirs", "serviceUri": address}])

    plan = _through_a_file(bench.plan(bench.compose(ALERTS.replace("test\n    en", "new\n    en"))))
    bench.apply(plan)

    properties = bench.body_of("ag-test")["properties"]
    assert properties["groupShortName"] == "new"
    assert properties["webhookReceivers"][0]["serviceUri"] == address
