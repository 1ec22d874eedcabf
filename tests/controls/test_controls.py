"""Every control, on what satisfies it, on what does not, and on what says nothing."""

import os
import re
from pathlib import Path

import pytest

from provisioner.catalog.registry import Catalog
from provisioner.controls.control import Control, Mode
from provisioner.controls.registry import all_controls, controls_by_id
from provisioner.controls.verdict import Verdict, worst
from tests.controls.estates import FIXTURES, findings_of, merge, read_fixture, read_remediation

GUIDELINES = Path(__file__).parents[3] / "shared" / "reference" / "guidelines.md"
_ROW = re.compile(r"^\| ((?:CLU|WRK|ENV|NET|PRV|MON|CFG|SA|MAN)-[\d.]+) \|(.*)$", re.MULTILINE)
_SEVERITY = re.compile(r"\s*(critical|high|medium|low|info)")

CHECKED = [control for control in all_controls() if control.rules]
IN_GUIDELINES = [control for control in all_controls() if control.proof is None]
_parametrize = pytest.mark.parametrize("control", CHECKED, ids=[c.id for c in CHECKED])


def verdict_of(control: Control, sketch: dict[str, object], catalog: Catalog) -> Verdict:
    return worst(seen.verdict for seen in findings_of(control, sketch, catalog))


@_parametrize
def test_what_satisfies_a_control_passes(control: Control, catalog: Catalog) -> None:
    fixture = read_fixture(control.id)
    found = findings_of(control, fixture["pass"], catalog)
    assert worst(seen.verdict for seen in found) is Verdict.PASS, found


@_parametrize
def test_what_does_not_fails_and_says_where(control: Control, catalog: Catalog) -> None:
    fixture = read_fixture(control.id)
    found = findings_of(control, merge(fixture["pass"], fixture["fail"]), catalog)
    assert worst(seen.verdict for seen in found) is Verdict.FAIL, found
    assert all(seen.evidence for seen in found)


ALSO = [
    pytest.param(control, patch, id=f"{control.id}-{number}")
    for control in CHECKED
    for number, patch in enumerate(read_fixture(control.id).get("also-fail", ()))
]


@pytest.mark.parametrize(("control", "patch"), ALSO)
def test_each_property_that_it_reads_matters(
    control: Control, patch: dict[str, object], catalog: Catalog
) -> None:
    found = findings_of(control, merge(read_fixture(control.id)["pass"], patch), catalog)
    assert worst(seen.verdict for seen in found) is Verdict.FAIL, found


@_parametrize
def test_a_property_that_is_absent_is_judged_by_its_default(
    control: Control, catalog: Catalog
) -> None:
    fixture = read_fixture(control.id)
    found = findings_of(control, merge(fixture["pass"], fixture["absent"]), catalog)
    assert worst(seen.verdict for seen in found) == fixture.get("absent-is", "fail"), found


@_parametrize
def test_its_remediation_makes_what_failed_pass(control: Control, catalog: Catalog) -> None:
    fixture = read_fixture(control.id)
    mended = merge(merge(fixture["pass"], fixture["fail"]), read_remediation(control))
    found = findings_of(control, mended, catalog)
    assert worst(seen.verdict for seen in found) is Verdict.PASS, found


@pytest.mark.parametrize("control", all_controls(), ids=[c.id for c in all_controls()])
def test_a_control_says_all_that_a_reader_asks(control: Control) -> None:
    assert control.title
    assert control.item
    assert control.rationale.endswith(".")
    assert bool(control.mappings) != bool(control.unmapped)
    parts = control.parts_in(all_controls())
    if not parts:
        assert control.remediation
    assert set(control.same_as) <= set(controls_by_id())
    # Azure Resource Manager answers what has rules; somebody else is to answer the rest.
    answered = bool(control.rules) or control.proof is not None
    assert answered == (Mode.ARM in control.modes)
    assert bool(control.evidence) == any(mode is not Mode.ARM for mode in control.modes)
    assert answered or control.evidence or parts
    # What the environment states of its cluster shows nothing of the cluster itself.
    assert control.evidence or not control.in_cluster


def test_every_fixture_is_of_a_control_with_rules() -> None:
    assert {path.stem for path in FIXTURES.glob("*.yaml")} == {control.id for control in CHECKED}


@pytest.fixture(scope="module")
def rows() -> dict[str, str]:
    """The rows of the guidelines by id."""
    if not GUIDELINES.is_file():
        if os.environ.get("CI") == "true" and not os.environ.get("GITHUB_ACTIONS"):
            pytest.fail("the guidelines are missing: expected ../shared/reference/guidelines.md")
        pytest.skip("needs the guidelines (../shared/reference)")
    return dict(_ROW.findall(GUIDELINES.read_text()))


def test_there_is_a_control_for_every_row_of_the_guidelines(rows: dict[str, str]) -> None:
    assert len(rows) == 162
    assert {control.id for control in IN_GUIDELINES} == set(rows)


def test_its_severity_is_that_of_the_guidelines(rows: dict[str, str]) -> None:
    told = {name: found[1] for name, row in rows.items() if (found := _SEVERITY.match(row))}
    assert {control.id: control.severity.value for control in IN_GUIDELINES} == told


def test_what_arm_can_answer_is_what_the_guidelines_say(rows: dict[str, str]) -> None:
    verifiable = {name for name, row in rows.items() if "[A]" in row}
    assert len(verifiable) == 116
    assert {control.id for control in IN_GUIDELINES if control.is_verifiable} == verifiable
