"""A policy judged by what will stand: assignments that a plan changes before what they judge."""

from collections.abc import Mapping

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import ResourceValue, Unknown
from provisioner.preflight.policy_rules import Assigned, Exemption, Ruling, Subject, rule_on
from tests.environments import Bench

GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg-main"
VNET = "Microsoft.Network/virtualNetworks"
IS_NETWORK = {"field": "type", "equals": VNET}
LATER = Unknown("x", {"x": ResourceValue("x")}, ("x.id",))
BODY = {
    "location": "West Europe",
    "tags": {"costs": "42"},
    "properties": {
        "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
        "later": LATER,
        "subnets": [{"name": "one", "properties": {"addressPrefix": "10.0.1.0/24"}}],
    },
}


def definition(
    condition: object, effect: object = "deny", mode: object = "All"
) -> Mapping[str, object]:
    rule = {"if": condition, "then": {"effect": effect}}
    parameters = {"effect": {"defaultValue": "audit"}}
    return {"properties": {"mode": mode, "policyRule": rule, "parameters": parameters}}


def assignment(effect: str | None = None, **properties: object) -> Mapping[str, object]:
    stated = {"parameters": {"effect": {"value": effect}}} if effect else {}
    return {"properties": {**stated, **properties}}


PARAMETER = "[parameters('effect')]"
ROWS = [
    pytest.param(definition(IS_NETWORK), assignment(), "DENIES", id="denies"),
    pytest.param(definition(IS_NETWORK, PARAMETER), assignment(), "ALLOWS", id="audits by default"),
    pytest.param(definition(IS_NETWORK, PARAMETER), assignment("Deny"), "DENIES", id="is told to"),
    pytest.param(None, assignment("Audit"), "ALLOWS", id="a built-in one is told to audit"),
    pytest.param(None, assignment("Deny"), "OPEN", id="a built-in one that was not read"),
    pytest.param(
        definition(IS_NETWORK),
        assignment(enforcementMode="DoNotEnforce"),
        "ALLOWS",
        id="not enforced",
    ),
    pytest.param(
        definition(IS_NETWORK), assignment(notScopes=[GROUP]), "ALLOWS", id="the group is left out"
    ),
    pytest.param(
        definition(IS_NETWORK, mode="Microsoft.Kubernetes.Data"),
        assignment(),
        "ALLOWS",
        id="about what is in a cluster",
    ),
    pytest.param(
        definition({"field": "location", "notEquals": "westeurope"}),
        assignment(),
        "ALLOWS",
        id="region",
    ),
    pytest.param(
        definition({"field": "tags.owner", "exists": "false"}), assignment(), "DENIES", id="no tag"
    ),
    pytest.param(
        definition({"field": f"{VNET}/later", "equals": "x"}),
        assignment(),
        "OPEN",
        id="known later",
    ),
    pytest.param(
        definition({"anyOf": [{"field": f"{VNET}/later", "equals": "x"}, IS_NETWORK]}),
        assignment(),
        "DENIES",
        id="whatever is known later",
    ),
    pytest.param(
        definition({"allOf": [{"field": f"{VNET}/later", "equals": "x"}, {"not": IS_NETWORK}]}),
        assignment(),
        "ALLOWS",
        id="not, whatever is known later",
    ),
    pytest.param(
        definition({"field": f"{VNET}/subnets[*].addressPrefix", "like": "10.*"}),
        assignment(),
        "DENIES",
        id="entries of a list",
    ),
    pytest.param(
        definition({"count": {"field": f"{VNET}/subnets[*]"}, "greater": 0}),
        assignment(),
        "OPEN",
        id="words that are not judged",
    ),
]


@pytest.mark.parametrize(("defined", "assigned", "ruling"), ROWS)
def test_a_rule(
    defined: Mapping[str, object] | None,
    assigned: Mapping[str, object],
    ruling: str,
    catalog: Catalog,
) -> None:
    subject = Subject(ResourceId.parse(f"{GROUP}/providers/{VNET}/vnet"), catalog.get(VNET), BODY)

    found, _fields = rule_on(Assigned(assigned, defined), subject)

    assert found is Ruling[ruling]


def exemption(scope: str = GROUP, **properties: object) -> Exemption:
    return Exemption(ResourceId.parse(scope), {"properties": properties})


EXEMPTIONS = [
    pytest.param(exemption(), "ALLOWS", id="of the group"),
    pytest.param(exemption(f"{GROUP}/providers/{VNET}/other"), "DENIES", id="of another resource"),
    pytest.param(
        exemption(expiresOn="2027-03-31T00:00:00Z"), "OPEN", id="it may have expired by then"
    ),
    pytest.param(
        exemption(resourceSelectors=[{"name": "one"}]), "OPEN", id="of what selectors select"
    ),
    pytest.param(
        exemption(policyDefinitionReferenceIds=["one"]), "OPEN", id="of some policies only"
    ),
    pytest.param(exemption(expiresOn=None, resourceSelectors=[]), "ALLOWS", id="spelt out"),
]


@pytest.mark.parametrize(("exempt", "ruling"), EXEMPTIONS)
def test_an_exemption(exempt: Exemption, ruling: str, catalog: Catalog) -> None:
    subject = Subject(ResourceId.parse(f"{GROUP}/providers/{VNET}/vnet"), catalog.get(VNET), BODY)

    found, _fields = rule_on(Assigned(assignment(), definition(IS_NETWORK), (exempt,)), subject)

    assert found is Ruling[ruling]


@pytest.mark.parametrize("narrowed", ["overrides", "resourceSelectors"])
def test_what_narrows_an_assignment_leaves_it_open(narrowed: str, catalog: Catalog) -> None:
    subject = Subject(ResourceId.parse(f"{GROUP}/providers/{VNET}/vnet"), catalog.get(VNET), BODY)
    stated = assignment(**{narrowed: [{"name": "one"}]})

    found, _fields = rule_on(Assigned(stated, definition(IS_NETWORK)), subject)

    assert found is Ruling.OPEN


POLICY = """\
rule:
  type: Microsoft.Authorization/policyDefinitions
  name: tables
  scope: /subscriptions/${environment.subscriptions.workload}
  properties:
    policyType: Custom
    mode: All
    parameters: {effect: {type: String, defaultValue: audit}}
    policyRule:
      if: {field: type, equals: Microsoft.Network/routeTables}
      then: {effect: "[parameters('effect')]"}
"""
ASSIGNED = """\
assigned:
  type: Microsoft.Authorization/policyAssignments
  name: tables
  scope: ${resourceGroups.main.id}
  properties:
    policyDefinitionId: ${rule.id}
    parameters: {effect: {value: EFFECT}}
"""
TABLE = """\
table: {type: Microsoft.Network/routeTables, resourceGroup: main, name: rt}
"""


@pytest.mark.parametrize(
    "relaxed",
    [POLICY + ASSIGNED.replace("EFFECT", "audit"), POLICY, ""],
    ids=["audits", "is no longer assigned", "is gone"],
)
def test_what_a_policy_denied_is_made_after_the_policy_has_changed(
    relaxed: str, bench: Bench
) -> None:
    bench.apply(bench.plan(bench.compose(POLICY + ASSIGNED.replace("EFFECT", "deny"))))

    plan = bench.preflight(bench.compose(relaxed + TABLE))

    assert [d.code for d in plan.document.diagnostics] == []
    (table,) = (step for step in plan.steps if step.key == "put table")
    assert any("assign" in key or "policyAssignments" in key for key in table.after)
    bench.apply(plan, allow_delete=True)


def test_what_a_policy_will_deny_is_foretold(bench: Bench) -> None:
    bench.apply(bench.plan(bench.compose(POLICY + ASSIGNED.replace("EFFECT", "audit"))))

    plan = bench.preflight(bench.compose(POLICY + ASSIGNED.replace("EFFECT", "deny") + TABLE))

    (told,) = plan.document.diagnostics
    assert told.code == "policy-denies"
    assert "as this plan changes it" in told.message
    assert not plan.can_apply()


EXEMPT = """\
exempt:
  type: Microsoft.Authorization/policyExemptions
  name: tables
  scope: ${resourceGroups.main.id}
  properties:
    policyAssignmentId: ${assigned.id}
    exemptionCategory: Waiver
"""


def test_a_plan_that_exempts_first_is_not_denied(bench: Bench) -> None:
    denying = POLICY + ASSIGNED.replace("EFFECT", "deny")
    bench.apply(bench.plan(bench.compose(denying)))

    refused = bench.preflight(bench.compose(denying + TABLE))
    plan = bench.preflight(bench.compose(denying + EXEMPT + TABLE))

    assert [told.code for told in refused.document.diagnostics] == ["policy-denies"]
    assert plan.document.diagnostics == ()
    bench.apply(plan)


def test_a_plan_that_ends_an_exemption_is_denied(bench: Bench) -> None:
    denying = POLICY + ASSIGNED.replace("EFFECT", "deny")
    bench.apply(bench.plan(bench.compose(denying + EXEMPT)))

    plan = bench.preflight(bench.compose(denying + TABLE))

    assert "policy-denies" in [told.code for told in plan.document.diagnostics]
