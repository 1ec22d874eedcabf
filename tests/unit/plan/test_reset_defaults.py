"""Values off a service's default where the blueprint is silent: shown, and put back if asked."""

from tests.environments import Bench
from tests.unit.plan.test_ignores import NSG, VAULT

SUBNET = """
vnet:
  type: Microsoft.Network/virtualNetworks
  name: vnet
  resourceGroup: main
  properties: {addressSpace: {addressPrefixes: [10.0.0.0/16]}}
nodes:
  type: Microsoft.Network/virtualNetworks/subnets
  name: nodes
  parent: ${vnet.id}
  properties: {addressPrefix: 10.0.0.0/24}
"""


def test_without_being_asked_a_plan_leaves_them(bench: Bench) -> None:
    blueprint = bench.compose(VAULT)
    bench.apply(bench.plan(blueprint))
    bench.tamper("kv-azsec-test", enabledForDeployment=True)

    plan = bench.plan(blueprint)

    assert plan.steps == ()
    assert [e.field.path for e in plan.document.undeclared] == ["properties.enabledForDeployment"]


def test_when_asked_a_plan_puts_them_back(bench: Bench) -> None:
    blueprint = bench.compose(VAULT)
    bench.apply(bench.plan(blueprint))
    bench.tamper(
        "kv-azsec-test",
        enabledForDeployment=True,
        networkAcls={"defaultAction": "Allow", "ipRules": [{"value": "203.0.113.0/24"}]},
    )

    plan = bench.plan(blueprint, reset_defaults=True)
    bench.apply(plan)
    after = bench.plan(blueprint)

    (change,) = plan.document.changes
    assert {(f.declared, f.reason) for f in change.fields} == {
        (False, "goes back to the service's default")
    }
    assert plan.document.undeclared == ()
    assert (after.steps, after.document.undeclared) == ((), ())
    properties = bench.body_of("kv-azsec-test")["properties"]
    assert properties["enabledForDeployment"] is False
    assert not (properties.get("networkAcls") or {}).get("ipRules")


def test_an_entry_and_an_object_that_nobody_declared_go(bench: Bench) -> None:
    blueprint = bench.compose(NSG + SUBNET)
    bench.apply(bench.plan(blueprint))
    nsg = bench.body_of("nsg")["id"]
    bench.tamper("nodes", networkSecurityGroup={"id": nsg})

    bench.apply(bench.plan(blueprint, reset_defaults=True))

    assert not bench.body_of("nodes")["properties"].get("networkSecurityGroup")
    assert bench.plan(blueprint).document.undeclared == ()


def test_what_cannot_change_in_place_stays_with_a_warning(bench: Bench) -> None:
    silent = VAULT.replace("    softDeleteRetentionInDays: 90\n", "")
    bench.apply(bench.plan(bench.compose(VAULT.replace("90", "30"))))

    plan = bench.plan(bench.compose(silent), reset_defaults=True)

    assert plan.steps == ()
    assert [e.field.path for e in plan.document.undeclared] == [
        "properties.softDeleteRetentionInDays"
    ]
    (told,) = plan.document.diagnostics
    assert told.code == "default-not-adopted"
    assert "softDeleteRetentionInDays cannot change in place" in told.message
