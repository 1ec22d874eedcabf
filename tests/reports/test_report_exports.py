"""A report for other tools: OSCAL and OCSF by their schemas, and a table without formulas."""

import csv
import io
import json
import re

import pytest
from jsonschema import Draft7Validator, Draft202012Validator, ValidationError, validators
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from provisioner.reports.ocsf_findings import OCSF_VERSION, render_ocsf_findings
from provisioner.reports.oscal_components import render_component_definition
from provisioner.reports.oscal_parts import OSCAL_VERSION, markup, token
from provisioner.reports.oscal_results import render_assessment_results
from provisioner.reports.report_csv import COLUMNS, render_report_csv
from tests.references import OSCAL, read_reference
from tests.reports.report_documents import (
    ACTUAL,
    DESIRED,
    FAILED,
    FLEET,
    PARTIAL,
    REPORT,
    make_report,
)

REPORTS = {
    "one": REPORT,
    "desired": make_report(DESIRED),
    "several": FLEET,
    "none assessed": make_report(FAILED),
}
every_report = pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)


def _pattern(_validator, pattern, instance, _schema):
    """`pattern` of a schema whose expressions name Unicode classes, which Python's do not."""
    python = pattern.replace(r"\p{L}", r"[^\W\d_]").replace(r"\p{N}", r"\d")
    if isinstance(instance, str) and not re.search(python, instance):
        yield ValidationError(f"{instance!r} is not {pattern}")


@pytest.fixture(scope="module")
def oscal():
    validator = validators.extend(Draft7Validator, {"pattern": _pattern})

    def check(text: str, kind: str) -> dict:
        schema = json.loads(read_reference(f"{OSCAL}/oscal_{kind}_schema.json"))
        assert f"/{OSCAL_VERSION}/" in schema["$id"]
        document = json.loads(text)
        wrong = [
            f"{e.json_path}: {e.message}"[:300] for e in validator(schema).iter_errors(document)
        ]
        assert wrong == []
        return document

    return check


@every_report
def test_assessment_results_are_valid_by_the_schema_of_nist(report, oscal):
    oscal(render_assessment_results(report), "assessment-results")


@every_report
def test_a_component_definition_is_valid_by_the_schema_of_nist(report, oscal):
    oscal(render_component_definition(report), "component")


def uuids(value, at=""):
    if isinstance(value, dict):
        for key, each in value.items():
            if key.endswith("uuid"):
                yield key, each
            yield from uuids(each, key)
    elif isinstance(value, list):
        for each in value:
            yield from uuids(each, at)


@every_report
def test_every_reference_leads_to_something_and_no_uuid_stands_for_two(report):
    document = json.loads(render_assessment_results(report))
    own = [each for key, each in uuids(document) if key == "uuid"]
    assert len(own) == len(set(own))
    assert {each for key, each in uuids(document) if key != "uuid"} <= set(own)


def results_of(report):
    return json.loads(render_assessment_results(report))["assessment-results"]["results"]


@pytest.mark.parametrize("render", [render_assessment_results, render_component_definition])
def test_the_same_state_at_another_time_differs_in_times_alone(render):
    later = REPORT.model_copy(update={"generated_at": "2027-03-21T07:00:00Z"})
    one, other = render(REPORT).splitlines(), render(later).splitlines()
    different = [a for a, b in zip(one, other, strict=True) if a != b]
    assert all("last-modified" in line or '"version"' in line for line in different)
    assert different


@pytest.mark.parametrize(
    ("entry", "control", "state", "reason"),
    [
        pytest.param(DESIRED, "CLU-01.5", "satisfied", "pass", id="passes"),
        pytest.param(DESIRED, "CLU-01.4", "not-satisfied", "fail", id="fails"),
        pytest.param(DESIRED, "WRK-05.1", "not-satisfied", "fail", id="waived is not a pass"),
        pytest.param(DESIRED, "CLU-07", "not-satisfied", "other", id="partial is not a pass"),
        pytest.param(DESIRED, "WRK-05.6", "not-satisfied", "other", id="nobody looked"),
        pytest.param(PARTIAL, "CLU-01.5", "not-satisfied", "other", id="could not be read"),
    ],
)
def test_what_nobody_saw_is_never_satisfied(entry, control, state, reason):
    (result,) = results_of(make_report(entry))
    (target,) = [f["target"] for f in result["findings"] if f["target"]["target-id"] == control]
    assert (target["status"]["state"], target["status"]["reason"]) == (state, reason)


def test_an_observation_is_as_old_as_what_it_rests_on():
    (result,) = results_of(REPORT)
    seen = {each["title"]: each for each in result["observations"]}
    assert seen["CLU-07 by cluster"]["collected"] == "2027-03-17T00:00:00Z"
    assert seen["CLU-07 by Azure"]["collected"] == "2027-03-20T06:00:00Z"
    attested = seen["WRK-05.6 by attestation"]
    assert (attested["collected"], attested["expires"]) == (
        "2026-11-02T00:00:00Z",
        "2027-03-31T23:59:59Z",
    )
    assert attested["methods"] == ["INTERVIEW"]


def test_a_component_claims_nothing_that_fails_or_that_nobody_saw():
    (component,) = json.loads(render_component_definition(make_report(DESIRED)))[
        "component-definition"
    ]["components"]
    own, cis = component["control-implementations"]
    claimed = {r["control-id"]: r["props"][0]["value"] for r in own["implemented-requirements"]}
    assert claimed == {"CLU-01.5": "implemented", "CLU-07": "partial"}
    assert [r["control-id"] for r in cis["implemented-requirements"]] == ["_4.4.2", "_5.5.1"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("<img src=x>", r"\<img src=x\>", id="HTML"),
        pytest.param("[click](javascript:x)", r"\[click\](javascript:x)", id="a link"),
        pytest.param("a\nb\u202ec", "a b\ufffdc", id="lines and reordering"),
        pytest.param("  ", "not stated", id="nothing"),
    ],
)
def test_nothing_of_a_name_is_markup(text, told):
    assert markup(text) == told


def test_a_token_begins_with_a_letter():
    assert [token(text) for text in ("CLU-01.4", "5.4.2", "Azure.AKS/x y")] == [
        "CLU-01.4",
        "_5.4.2",
        "Azure.AKS_x_y",
    ]


@pytest.fixture(scope="module")
def ocsf():
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=OCSF_VERSION)).get_class_schema(
        "compliance_finding", ["cloud"]
    )
    return Draft202012Validator(schema)


@every_report
def test_findings_are_valid_by_the_schema_of_ocsf(report, ocsf):
    events = json.loads(render_ocsf_findings(report))
    wrong = [f"{e.json_path}: {e.message}" for event in events for e in ocsf.iter_errors(event)]
    assert wrong == []
    assert len({event["finding_info"]["uid"] for event in events}) == len(events)


@pytest.mark.parametrize(
    ("control", "finding", "compliance"),
    [
        pytest.param("CLU-01.5", "Resolved", "Pass", id="passes"),
        pytest.param("CLU-01.4", "New", "Fail", id="fails"),
        pytest.param("WRK-05.1", "Suppressed", "Fail", id="waived"),
        pytest.param("CLU-07", "New", "Warning", id="partial"),
        pytest.param("WRK-05.6", "New", "Unknown", id="nobody looked"),
    ],
)
def test_a_siem_is_told_how_it_ended(control, finding, compliance):
    events = json.loads(render_ocsf_findings(make_report(DESIRED)))
    (event,) = [e for e in events if e["compliance"]["control"] == control]
    assert (event["status"], event["compliance"]["status"]) == (finding, compliance)


def rows(report):
    return list(csv.DictReader(io.StringIO(render_report_csv(report))))


def test_a_row_for_each_finding_and_one_for_who_was_not_assessed():
    found = rows(FLEET)
    assert set(found[0]) == set(COLUMNS)
    assert {row["environment"] for row in found} == {ACTUAL.name, "dev", "staging"}
    (failed,) = [row for row in found if row["environment"] == "staging"]
    assert failed["result"] == "not assessed"
    assert "NET-10 was waived until 2027-03-01" in failed["evidence"]


def test_every_format_says_what_was_not_assessed():
    expected = "3 Microsoft.Cache/redis"
    told = [row["resource"] for row in rows(REPORT) if row["result"] == "not assessed"]
    assert expected in told
    events = json.loads(render_ocsf_findings(REPORT))
    (event,) = [e for e in events if e["finding_info"]["title"] == "Not assessed"]
    assert expected in event["message"]
    assert event["compliance"]["status"] == "Unknown"
    (result,) = json.loads(render_assessment_results(REPORT))["assessment-results"]["results"]
    (seen,) = [o for o in result["observations"] if o["title"] == "Not assessed"]
    assert "Microsoft.Cache/redis" in seen["description"]


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t=", "\r="])
def test_a_spreadsheet_takes_no_name_for_a_formula(first):
    check = DESIRED.check
    hostile = f"{first}HYPERLINK(0)"
    finding = check.results[1].findings[0].model_copy(update={"address": hostile})
    result = check.results[1].model_copy(update={"findings": (finding,)})
    entry = DESIRED.model_copy(
        update={"check": check.model_copy(update={"results": (result,)}), "name": hostile}
    )
    for row in rows(make_report(entry)):
        assert [v for v in row.values() if v.lstrip()[:1] in ("=", "+", "-", "@")] == []
        assert row["result"] == "not assessed" or row["address"].startswith("'")
