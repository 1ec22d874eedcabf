"""How controls end: by the worst of what they find, by their parts, by who else answers."""

from dataclasses import replace

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.controls.control import Control, Layer, Mode, Severity
from provisioner.controls.evaluation import Result, UnknownReason, judge
from provisioner.controls.evaluation_context import EvaluationContext, UnreadableInput
from provisioner.controls.gate import Gate
from provisioner.controls.posture_change import compare_results
from provisioner.controls.registry import controls_by_id
from provisioner.controls.resource_types import CLUSTER, LOCK, VAULT
from provisioner.controls.verdict import Verdict
from provisioner.manifests.cluster_kinds import CILIUM_NODE, CILIUM_POLICY, resource_of
from provisioner.model.actual import Gap
from provisioner.model.cluster_contents import Kind
from provisioner.model.estate import Estate, Resource
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Unknown
from tests.controls.estates import SUBSCRIPTION, ground_of
from tests.observed_cluster import contents_of, make_objects, view_of
from tests.unit.controls.sketches import attestation, control, waiver

CLOSED = {"vault": {"type": VAULT, "properties": {"publicNetworkAccess": "Disabled"}}}
OPEN = {"vault": {"type": VAULT, "properties": {"publicNetworkAccess": "Enabled"}}}
SILENT = {"vault": {"type": VAULT}}


def one(found: tuple[Result, ...]) -> Result:
    (result,) = found
    return result


def test_what_is_as_it_should_be_passes(catalog: Catalog) -> None:
    result = one(judge([control("WRK-05.1")], ground_of(CLOSED, catalog)))
    assert result.verdict is Verdict.PASS
    assert result.findings[0].evidence == "publicNetworkAccess is Disabled"


def test_what_is_absent_is_judged_by_the_default(catalog: Catalog) -> None:
    result = one(judge([control("WRK-05.1")], ground_of(SILENT, catalog)))
    assert result.verdict is Verdict.FAIL
    said = "publicNetworkAccess is Enabled (default), expected Disabled"
    assert result.findings[0].evidence == said


def test_where_there_is_nothing_it_is_not_applicable(catalog: Catalog) -> None:
    result = one(judge([control("WRK-05.1")], ground_of({}, catalog)))
    assert result.verdict is Verdict.NOT_APPLICABLE
    assert VAULT in result.why


def test_what_is_known_after_apply_is_unknown(catalog: Catalog) -> None:
    later = Unknown("x", {}, ("other.properties.x",))
    sketch = {"vault": {"type": VAULT, "properties": {"publicNetworkAccess": later}}}
    assert one(judge([control("WRK-05.1")], ground_of(sketch, catalog))).verdict is Verdict.UNKNOWN


def test_what_cannot_be_read_is_unknown_and_says_why(catalog: Catalog) -> None:
    hidden = Resource(ResourceId.parse("/subscriptions/s/providers/A.B/c/d"), VAULT, {}, "vault")
    ground = EvaluationContext(
        Estate.of(()), frozenset(), catalog, "AzureCloud", (UnreadableInput(hidden, "403"),)
    )
    result = one(judge([control("WRK-05.1")], ground))
    assert result.verdict is Verdict.UNKNOWN
    assert "403" in result.findings[0].evidence


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [
        pytest.param(VAULT, Verdict.UNKNOWN, id="of what it judges"),
        pytest.param(LOCK, Verdict.PASS, id="of what it does not look at"),
        pytest.param("", Verdict.PASS, id="of mixed types, which have no properties"),
    ],
)
def test_a_refused_list_hides_what_nobody_declared(
    kind: str, verdict: Verdict, catalog: Catalog
) -> None:
    gap = Gap(kind, ResourceId.parse(SUBSCRIPTION), "403")
    ground = replace(ground_of(CLOSED, catalog), gaps=(gap,))
    result = one(judge([control("WRK-05.1")], ground))
    assert result.verdict is verdict
    assert (result.unknown_reason is UnknownReason.UNREADABLE) is (verdict is Verdict.UNKNOWN)


def test_what_fails_in_plain_sight_fails_beside_a_refused_list(catalog: Catalog) -> None:
    gap = Gap(VAULT, ResourceId.parse(SUBSCRIPTION), "403")
    ground = replace(ground_of(OPEN, catalog), gaps=(gap,))
    assert one(judge([control("WRK-05.1")], ground)).verdict is Verdict.FAIL


def test_what_others_manage_is_not_judged(catalog: Catalog) -> None:
    sketch = {"vault": {**OPEN["vault"], "existing": True}}
    result = one(judge([control("WRK-05.1")], ground_of(sketch, catalog)))
    assert result.verdict is Verdict.NOT_APPLICABLE


def test_a_waiver_turns_a_failure_and_nothing_else(catalog: Catalog) -> None:
    ground = ground_of(OPEN, catalog)
    assert one(judge([control("WRK-05.1")], ground, [waiver()])).verdict is Verdict.WAIVED
    elsewhere = waiver(scope="registry")
    assert one(judge([control("WRK-05.1")], ground, [elsewhere])).verdict is Verdict.FAIL


def test_what_only_a_cluster_knows_is_unknown_until_attested(catalog: Catalog) -> None:
    asked = control("CLU-07", modes=(Mode.CLUSTER,), evidence="the report of kube-bench")
    ground = ground_of({"cluster": {"type": CLUSTER}}, catalog)
    before = one(judge([asked], ground))
    assert before.verdict is Verdict.UNKNOWN
    assert before.why == "evidence required: the report of kube-bench"
    after = one(judge([asked], ground, (), [attestation()]))
    assert after.verdict is Verdict.PASS
    assert after.outstanding == ""
    nowhere = one(judge([asked], ground_of(CLOSED, catalog)))
    assert (nowhere.verdict, nowhere.why) == (Verdict.NOT_APPLICABLE, "there is no cluster")


def test_what_arm_answers_in_part_passes_and_says_what_is_missing(catalog: Catalog) -> None:
    asked = control("WRK-05.1", modes=(Mode.ARM, Mode.CLUSTER), evidence="a look inside")
    result = one(judge([asked], ground_of(CLOSED, catalog)))
    assert (result.verdict, result.outstanding) == (Verdict.PASS, "a look inside")


REFUSED = "cannot list: forbidden"


@pytest.mark.parametrize(
    ("kind", "opened", "verdict"),
    [
        pytest.param(CILIUM_POLICY, False, Verdict.UNKNOWN, id="one that may open what is closed"),
        pytest.param(CILIUM_POLICY, True, Verdict.FAIL, id="and what is seen is open already"),
        pytest.param(CILIUM_NODE, False, Verdict.PASS, id="one that the control does not read"),
    ],
)
def test_a_kind_that_was_refused_lets_nothing_pass(
    kind: Kind, opened: bool, verdict: Verdict, catalog: Catalog
) -> None:
    objects = make_objects()
    if opened:
        objects["networkpolicies"].clear()
    whole = contents_of(objects, without=(resource_of(kind),))
    contents = replace(whole, refused={kind: REFUSED})
    sketch = {"cluster": {"type": CLUSTER}}
    ground = replace(ground_of(sketch, catalog), view=view_of(contents))
    result = one(judge([controls_by_id()["WRK-03.2"]], ground))
    assert result.verdict is verdict
    assert (REFUSED in result.why) is (verdict is Verdict.UNKNOWN)
    assert (result.unknown_reason is UnknownReason.UNREADABLE) is (verdict is Verdict.UNKNOWN)


def _group() -> Control:
    return Control(
        id="WRK-05",
        title="Secrets are safe",
        severity=Severity.HIGH,
        layer=Layer.DATA,
        item="Secrets",
        rationale="They open doors.",
        modes=(),
    )


def test_a_group_ends_as_the_worst_of_its_parts(catalog: Catalog) -> None:
    controls = [
        _group(),
        control("WRK-05.1"),
        control("WRK-05.2", "properties.sku.name", "premium"),
    ]
    group, *_ = judge(controls, ground_of(CLOSED, catalog))
    assert group.verdict is Verdict.FAIL
    assert group.why == "by its parts WRK-05.2"


def test_what_nobody_answered_says_nothing_against_a_group(catalog: Catalog) -> None:
    asked = control("WRK-05.3", modes=(Mode.PERSON,), evidence="a letter")
    sketch = {**CLOSED, "cluster": {"type": CLUSTER}}
    group, *_ = judge([_group(), control("WRK-05.1"), asked], ground_of(sketch, catalog))
    assert group.verdict is Verdict.PASS


def test_a_delta_has_what_turned_the_worst_first(catalog: Catalog) -> None:
    controls = [
        control("WRK-05.1"),
        control("WRK-05.3", "properties.enablePurgeProtection", True, severity=Severity.CRITICAL),
    ]
    good = {"vault": {"type": VAULT, "properties": {
        "publicNetworkAccess": "Disabled", "enablePurgeProtection": True}}}  # fmt: skip
    before = judge(controls, ground_of(good, catalog))
    after = judge(controls, ground_of(SILENT, catalog))
    delta = compare_results(before, after)
    assert [turn.control.id for turn in delta.failing] == ["WRK-05.3", "WRK-05.1"]
    assert not delta.passing
    back = compare_results(after, before)
    assert [turn.control.id for turn in back.passing] == ["WRK-05.3", "WRK-05.1"]
    assert not back.failing


def test_what_failed_and_is_gone_passes_where_the_control_is_still_judged(
    catalog: Catalog,
) -> None:
    both = {**CLOSED, "old": {"type": VAULT, "properties": {"publicNetworkAccess": "Enabled"}}}
    controls = [control("WRK-05.1")]
    before = judge(controls, ground_of(both, catalog))
    (turn,) = compare_results(before, judge(controls, ground_of(CLOSED, catalog))).passing
    assert turn.finding.resource.label == "old"
    said = "no longer: publicNetworkAccess is Enabled, expected Disabled"
    assert turn.finding.evidence == said
    assert not compare_results(before, judge(controls, ground_of(OPEN, catalog))).passing
    assert not compare_results(before, judge(controls, ground_of({}, catalog))).passing


def test_what_fails_already_is_not_new_and_what_is_new_is_told_so(catalog: Catalog) -> None:
    results = judge([control("WRK-05.1")], ground_of(OPEN, catalog))
    assert compare_results(results, results).failing == ()
    (turn,) = compare_results((), results).failing
    assert turn.is_new


@pytest.mark.parametrize(
    ("least", "refuses"),
    [
        (Severity.CRITICAL, False),
        (Severity.HIGH, True),
        (Severity.MEDIUM, True),
        (None, False),
    ],
)
def test_the_gate_refuses_what_is_as_severe_or_worse(least: Severity | None, refuses: bool) -> None:
    gate = Gate(least, proofs=False)
    assert (gate.refusing(control("WRK-05.1")) == "controls") is refuses


@pytest.mark.parametrize("least", [*Severity, None])
def test_the_gate_on_proofs_is_of_any_severity(least: Severity | None) -> None:
    proof = controls_by_id()["PRF-02"]
    assert Gate(least, proofs=True).refusing(proof) == "proofs"
    assert Gate(least, proofs=False).refusing(proof) is None
