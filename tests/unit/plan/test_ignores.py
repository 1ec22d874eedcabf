"""What an environment lets others change: left alone, told, and refused where it makes no sense."""

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.documents.plan import Action
from provisioner.model.diagnostic import DiagnosticError
from provisioner.workflow.drift import check_drift
from tests.environments import Bench, compose_small

NSG = """
nsg:
  type: Microsoft.Network/networkSecurityGroups
  name: nsg
  resourceGroup: main
  properties:
    securityRules:
      - name: ssh
        properties:
          {access: Deny, direction: Inbound, priority: 200, protocol: Tcp, sourceAddressPrefix: "*",
           sourcePortRange: "*", destinationAddressPrefix: "*", destinationPortRange: "22"}
"""

VAULT = """
vault:
  type: Microsoft.KeyVault/vaults
  name: kv-azsec-test
  resourceGroup: main
  properties:
    tenantId: 22222222-2222-2222-2222-222222222222
    sku: {family: A, name: standard}
    enablePurgeProtection: true
    softDeleteRetentionInDays: 90
"""


def ignore(path: str, scope: str, expires: str = "2027-06-30") -> str:
    return (
        f'  - path: "{path}"\n    scope: {scope}\n    reason: they scale it by hand\n'
        f"    owner: platform@contoso.example\n    expires: {expires}\n"
    )


def test_what_is_ignored_is_neither_planned_nor_drift_and_is_told(bench: Bench) -> None:
    blueprint = bench.compose(NSG, ignore=ignore("properties.securityRules[ssh]", "nsg"))
    bench.apply(bench.plan(blueprint))
    rules = bench.body_of("nsg")["properties"]["securityRules"]
    rules[0]["properties"]["access"] = "Allow"
    bench.tamper("nsg", securityRules=rules)

    plan = bench.plan(blueprint)
    drift = check_drift(blueprint, bench.catalog, bench.client)

    assert plan.steps == ()
    assert not drift.found
    for entry in (plan.document.ignored[0], drift.ignored[0]):
        assert entry.field.path == "properties.securityRules[ssh].properties.access"
        assert (entry.owner, entry.expires) == ("platform@contoso.example", "2027-06-30")
    assert (plan.document.ignored[0].field.after, drift.ignored[0].field.after) == ("Deny", "Allow")


def test_an_update_for_another_reason_leaves_it_as_it_is(bench: Bench) -> None:
    let_go = ignore("properties.securityRules[*].properties.access", "nsg")
    bench.apply(bench.plan(bench.compose(NSG, ignore=let_go)))
    rules = bench.body_of("nsg")["properties"]["securityRules"]
    rules[0]["properties"]["access"] = "Allow"
    bench.tamper("nsg", securityRules=rules)

    changed = bench.compose(NSG.replace("priority: 200", "priority: 300"), ignore=let_go)
    bench.apply(bench.plan(changed))

    rule = bench.body_of("nsg")["properties"]["securityRules"][0]["properties"]
    assert (rule["access"], rule["priority"]) == ("Allow", 300)


def test_a_rule_that_somebody_added_stays_where_the_list_is_let_go(bench: Bench) -> None:
    let_go = ignore("properties.securityRules[theirs]", "nsg")
    bench.apply(bench.plan(bench.compose(NSG, ignore=let_go)))
    rules = bench.body_of("nsg")["properties"]["securityRules"]
    theirs = {"name": "theirs", "properties": {**rules[0]["properties"], "priority": 400}}
    bench.tamper("nsg", securityRules=[*rules, theirs])

    changed = bench.compose(NSG.replace("priority: 200", "priority: 300"), ignore=let_go)
    bench.apply(bench.plan(changed))

    names = [rule["name"] for rule in bench.body_of("nsg")["properties"]["securityRules"]]
    assert names == ["ssh", "theirs"]


def test_a_new_resource_is_what_the_blueprint_says(bench: Bench) -> None:
    blueprint = bench.compose(NSG, ignore=ignore("properties.securityRules", "nsg"))

    bench.apply(bench.plan(blueprint))

    assert len(bench.body_of("nsg")["properties"]["securityRules"]) == 1


def test_what_is_ignored_forces_nothing_and_is_refused_nothing(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(VAULT)))
    shorter = VAULT.replace("90", "30")

    blocked = bench.plan(bench.compose(shorter))
    let_go = ignore("properties.softDeleteRetentionInDays", "vault")
    ignored = bench.plan(bench.compose(shorter, ignore=let_go))

    assert [change.action for change in blocked.document.changes] == [Action.BLOCKED]
    assert ignored.document.changes == ()


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        pytest.param(
            ignore("properties.securityRules", "nsk"),
            ("there is no resource at 'nsk'", "nsg"),
            id="a scope that matches nothing",
        ),
        pytest.param(
            ignore("properties.securityRulez", "nsg"),
            ("is not a property of Microsoft.Network/networkSecurityGroups", "securityRules"),
            id="a path that is not a property",
        ),
        pytest.param(
            ignore("properties..x", "nsg"),
            ("is not a path of a property",),
            id="a path that is none",
        ),
        pytest.param(
            ignore("properties.securityRules", "nsg", "2027-01-14"),
            ("was ignored until 2027-01-14", "platform@contoso.example"),
            id="expired",
        ),
        pytest.param(ignore("tags", "nsg"), ("what it owns",), id="all tags, ours too"),
        pytest.param(ignore("tags.azsec-below", "nsg"), ("what it owns",), id="one of our tags"),
        pytest.param(
            ignore("properties.securityRules", "nsg") * 2, ("is ignored at",), id="stated twice"
        ),
        pytest.param(
            ignore("properties.securityRules", "nsg").replace("    owner: ", "    # "),
            ("'ignore.0.owner' is required",),
            id="owned by nobody",
        ),
        pytest.param(
            ignore("properties.securityRules", "nsg", "soon"), ("ignore.0.expires",), id="no date"
        ),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_with_its_place(
    entry: str, words: tuple[str, ...], catalog: Catalog
) -> None:
    with pytest.raises(DiagnosticError) as refused:
        compose_small(NSG, catalog, ignore=entry)

    (told,) = refused.value.diagnostics
    assert str(told).startswith("environment.yaml:")
    for word in words:
        assert word in str(told)


@pytest.mark.parametrize(("expires", "warns"), [("2027-01-29", True), ("2027-01-30", False)])
def test_two_weeks_before_it_ends_it_is_told(expires: str, warns: bool, catalog: Catalog) -> None:
    desired = compose_small(NSG, catalog, ignore=ignore("properties", "nsg", expires))

    assert [d.code for d in desired.diagnostics] == (["ignore-expires"] if warns else [])
