"""Custom controls, judged: what an expression sees, what is unknown, and what it may cost."""

import pytest

from provisioner.blueprint.expression_limits import Budget
from provisioner.blueprint.memory_files import MemoryFiles
from provisioner.catalog.registry import Catalog
from provisioner.controls import custom
from provisioner.controls.evaluation import Result
from provisioner.controls.frameworks import Framework, comply
from provisioner.documents.controls import ResultDocument
from provisioner.documents.trace import StateKind
from provisioner.model.diagnostic import DiagnosticError
from provisioner.plan.estates import desired_estate
from provisioner.workflow.affected_environments import find_touched
from provisioner.workflow.check import check_environment
from provisioner.workflow.plan import Desired, load_desired
from provisioner.workflow.security_evaluation import evaluate_state
from tests.environments import BLUEPRINT, ENVIRONMENT, TODAY, Bench

VAULT = """\
  identity:
    type: Microsoft.ManagedIdentity/userAssignedIdentities
    resourceGroup: main
    name: id-azsec
    location: westeurope
  vault:
    type: Microsoft.KeyVault/vaults
    resourceGroup: main
    name: kv-azsec-custom
    location: westeurope
    tags: {owner: platform, "cost.center": "4711", principal: "${identity.properties.principalId}"}
    properties:
      tenantId: 99999999-9999-9999-9999-999999999999
      sku: {family: A, name: standard}
"""
CONTROL = """\
apiVersion: azsec/v1
kind: Control
metadata: {id: ACME-01, title: Vaults are as Contoso wants them}
severity: high
layer: data
rationale: Contoso wants it.
rules:
  - types: [Microsoft.KeyVault/vaults]
"""


def files(*rule: str, control: str = CONTROL, environment: str = "") -> dict[str, str]:
    return {
        "environment.yaml": f"{ENVIRONMENT}controls: [own.yaml]\n{environment}",
        "blueprint.yaml": BLUEPRINT + VAULT,
        "own.yaml": control + "".join(f"    {line}\n" for line in rule),
    }


def load(catalog: Catalog, texts: dict[str, str]) -> Desired:
    return load_desired("environment.yaml", catalog, MemoryFiles(texts), TODAY)


def judge(catalog: Catalog, texts: dict[str, str]) -> Result:
    desired = load(catalog, texts)
    estate = desired_estate(desired.graph, catalog)
    results = evaluate_state(estate, desired.graph, desired.environment, catalog).results
    return next(result for result in results if result.control.id == "ACME-01")


JUDGED = {
    "what is stated": (
        "expect: resource.body.properties.sku.name == 'premium'",
        "fail",
        "properties.sku.name",
        "sku.name is standard, expected resource.body.properties.sku.name == 'premium'",
    ),
    "a default of Azure": (
        "expect: resource.body.properties.publicNetworkAccess == 'Enabled'",
        "pass",
        "properties.publicNetworkAccess",
        "publicNetworkAccess is Enabled (default)",
    ),
    "what nobody sets is null": (
        "expect: resource.tags.team == 'blue'",
        "fail",
        "tags.team",
        "tags.team is not set, expected resource.tags.team == 'blue'",
    ),
    "what nobody sets is not there for has()": (
        "expect: '!has(resource.tags.team) && !has(resource.body.identity.type)'",
        "pass",
        "",
        "tags.team is not set, identity.type is not set",
    ),
    "a key with a dot": (
        "expect: resource.tags['cost.center'] == '4711'",
        "pass",
        "tags[cost.center]",
        "tags[cost.center] is 4711",
    ),
    "names": (
        "expect: resource.resourceGroup == 'rg-main' && resource.name == 'kv-azsec-custom' && "
        "resource.type == 'Microsoft.KeyVault/vaults' && resource.id.endsWith(resource.name)",
        "pass",
        "",
        "resource.resourceGroup == 'rg-main'",
    ),
    "what Azure will only know after apply": (
        "expect: resource.tags.principal != ''",
        "unknown",
        "tags.principal",
        "whether it passes is (known after apply: identity.properties.principalId)",
    ),
    "what it depends on is known after apply": (
        "when: resource.tags.principal != ''\n    expect: 'false'",
        "unknown",
        "",
        "whether the rule applies is (known after apply: identity.properties.principalId)",
    ),
    "what it is not about": (
        "when: resource.tags.owner == 'others'\n    expect: 'false'",
        "not applicable",
        None,
        "",
    ),
    "evidence and path of its own": (
        "expect: 'false'\n    path: properties.sku\n"
        "    evidence: '\"it is \" + resource.body.properties.sku.name'",
        "fail",
        "properties.sku",
        "it is standard",
    ),
}


@pytest.mark.parametrize("name", JUDGED)
def test_a_rule_judges(name: str, catalog: Catalog) -> None:
    rule, verdict, path, evidence = JUDGED[name]
    result = judge(catalog, files(rule))
    assert result.verdict == verdict
    if path is None:
        assert result.findings == ()
    else:
        (finding,) = result.findings
        assert (finding.path, finding.resource.address) == (path, "vault")
        assert finding.evidence.startswith(evidence)


BROKEN = {
    "a text": (
        "expect: resource.name",
        "own.yaml:9:13: error: ACME-01, judging vault: the expression gives kv-azsec-custom. "
        "Expected true or false.",
    ),
    "a number of nothing": (
        "expect: size(resource.tags.team) > 1",
        "own.yaml:9:13: error: ACME-01, judging vault: the expression has no value: ",
    ),
    "a text of nothing": (
        "expect: resource.tags.team.matches('x')",
        "has no value: matches takes a text; it is given null. Use `has(…)`",
    ),
    "too much work": (
        "expect: '[1,2,3,4,5,6,7,8,9].map(a, [1,2,3,4,5,6,7,8,9].map(b, [1,2,3,4,5,6,7,8,9].map(c,"
        " [1,2,3,4,5,6,7,8,9].map(d, [1,2,3,4,5,6,7,8,9].map(e, [1,2,3,4,5,6,7,8,9].map(f, a + b + "
        "c + d + e + f)))))).size() == 9'",
        "own.yaml:9:14: error: ACME-01, judging vault: the expression costs more than the 3,000,000"
        " steps",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_an_expression_without_a_value_is_an_error_at_its_place(
    name: str, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule, said = BROKEN[name]
    # The bound is that of all expressions; a small rest of it is used up as quickly.
    monkeypatch.setattr(custom, "Budget", lambda: Budget(20_000))
    with pytest.raises(DiagnosticError) as problem:
        judge(catalog, files(rule))
    assert said in str(problem.value)


REFUSED = {
    "letters of azsec's own": (
        {"control": CONTROL.replace("ACME-01", "CLU-99")},
        "own.yaml:3:16: error: CLU-99 begins as azsec's own ids do.",
    ),
    "a type that there is not": (
        {"control": CONTROL.replace("/vaults", "/vault")},
        "own.yaml:8:13: error: there is no resource type 'Microsoft.KeyVault/vault' in the catalog "
        "or in the environment. Did you mean 'Microsoft.KeyVault/vaults'?",
    ),
    "a recommendation that there is not": (
        {"control": CONTROL.replace("rules:", "mappings: {cis: [9.9.9]}\nrules:")},
        "own.yaml:7:18: error: CIS AKS 1.8 has no recommendation '9.9.9'.",
    ),
    "a waiver of no control": (
        {
            "environment": "waivers: [{control: ACME-02, scope: vault, reason: r, owner: o, "
            "expires: 2027-03-31}]\n"
        },
        "error: there is no control 'ACME-02'. Did you mean 'ACME-01'?",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_judged_is_refused_at_its_place(name: str, catalog: Catalog) -> None:
    given, said = REFUSED[name]
    with pytest.raises(DiagnosticError) as problem:
        load(catalog, files("expect: 'true'", **given))
    assert said in str(problem.value)


def test_a_control_is_no_item_of_the_outline_and_answers_what_it_maps_to(catalog: Catalog) -> None:
    control = CONTROL.replace("rules:", "mappings: {checkov: [CKV_AZURE_9999]}\nrules:")
    desired = load(catalog, files("expect: 'true'", control=control))
    estate = desired_estate(desired.graph, catalog)
    results = evaluate_state(estate, desired.graph, desired.environment, catalog).results
    assert not any(each.id == "ACME-01" for each in comply(results, Framework.OUTLINE))
    (mapped,) = (each for each in comply(results, Framework.CHECKOV) if each.id == "CKV_AZURE_9999")
    assert (mapped.verdict, mapped.controls) == ("pass", ("ACME-01",))


def test_a_plan_knows_when_its_controls_changed(bench: Bench) -> None:
    """The digest of a plan is over what it does, the gate's refusal with it; the files of controls
    are among the inputs that say why it is outdated."""
    gate = "gates: {proofs: warn, controls: none}"
    plans = []
    for wanted in ("true", "resource.tags.owner == 'platform'", "resource.tags.owner == 'data'"):
        texts = files(f'expect: "{wanted}"')
        texts["environment.yaml"] = texts["environment.yaml"].replace(
            gate, "gates: {proofs: warn, controls: high}"
        )
        plans.append(bench.plan(load(bench.catalog, texts)))
    passes, still, fails = plans
    assert len({plan.digests["controls"] for plan in plans}) == 3
    assert passes.document.digest == still.document.digest
    reasons = [gate.reason for gate in fails.document.gates]
    assert any(reason.startswith("ACME-01 (high) newly fails: vault: ") for reason in reasons)
    assert not any("ACME-01" in gate.reason for gate in passes.document.gates)


def test_a_change_of_a_control_touches_the_environment(catalog: Catalog) -> None:
    texts = files("expect: 'true'")

    def compose(path: str, sources: object) -> object:
        return load_desired(path, catalog, sources, TODAY)  # type: ignore[arg-type]

    found, _ = find_touched(
        ["environment.yaml"], {"own.yaml": "own.yaml"}, compose, MemoryFiles(texts), lambda p: [p]
    )
    assert [(one.path, one.files) for one in found] == [("environment.yaml", ("own.yaml",))]


def test_what_could_not_be_read_is_unknown(bench: Bench) -> None:
    desired = load(bench.catalog, files("expect: 'true'"))
    bench.apply(bench.plan(desired))

    def actual() -> ResultDocument:
        document = check_environment(desired, bench.catalog, lambda: bench.client, StateKind.ACTUAL)
        return next(each for each in document.results if each.control.id == "ACME-01")

    assert actual().verdict == "pass"
    bench.server.faults.deny("Microsoft.KeyVault/vaults/read")
    assert actual().verdict == "unknown"
    assert "it could not be read" in actual().findings[0].evidence


def test_a_type_without_facts_is_judged(catalog: Catalog) -> None:
    texts = files(
        "expect: resource.body.properties.tier == 'gold'",
        control=CONTROL.replace("Microsoft.KeyVault/vaults", "Contoso.Rooms/rooms"),
    )
    texts["blueprint.yaml"] += """\
  room:
    type: Contoso.Rooms/rooms
    apiVersion: 2025-01-01
    resourceGroup: main
    name: room
    location: westeurope
    properties: {tier: silver}
"""
    result = judge(catalog, texts)
    assert [finding.evidence for finding in result.findings] == [
        "tier is silver, expected resource.body.properties.tier == 'gold'"
    ]


@pytest.mark.parametrize(
    ("kind", "expect", "verdict"),
    [
        pytest.param(
            "Microsoft.ManagedIdentity/userAssignedIdentities",
            "resource.body.properties.principalId != 'x'",
            "unknown",
            id="what Azure alone writes",
        ),
        pytest.param(
            "Fabrikam.Foo/bars",
            "resource.body.properties.exposed == null",
            "unknown",
            id="what a raw type does not state",
        ),
        pytest.param(
            "Fabrikam.Foo/bars", "resource.body.properties.size == 1", "pass", id="what it states"
        ),
    ],
)
def test_what_nobody_knows_before_it_is_made_is_unknown(
    catalog: Catalog, kind: str, expect: str, verdict: str
) -> None:
    control = CONTROL.replace("Microsoft.KeyVault/vaults", kind)
    texts = files(f'expect: "{expect}"', control=control)
    texts["blueprint.yaml"] += (
        "  bar: {type: Fabrikam.Foo/bars, apiVersion: 2024-05-01, resourceGroup: main, name: b, "
        "location: westeurope, properties: {size: 1}}\n"
    )
    desired = load(catalog, texts)
    estate = desired_estate(desired.graph, desired.catalog)
    results = evaluate_state(estate, desired.graph, desired.environment, desired.catalog).results
    result = next(each for each in results if each.control.id == "ACME-01")
    assert [str(finding.verdict) for finding in result.findings] == [verdict]


def test_a_property_that_the_type_does_not_have_is_an_error(catalog: Catalog) -> None:
    texts = files("expect: \"resource.body.propertys.sku.name != 'x'\"")
    with pytest.raises(DiagnosticError, match=r"Microsoft.KeyVault/vaults has no propertys\.sku"):
        load(catalog, texts)
