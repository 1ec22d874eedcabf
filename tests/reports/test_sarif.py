"""SARIF is valid by its own schema, and says what GitHub's code scanning wants to be told."""

import json
from pathlib import Path

from jsonschema import Draft7Validator

from provisioner.reports.check_sarif import render_check_sarif
from tests.reports.control_documents import ATTESTED, CHECK, UNREAD

SCHEMA = Path(__file__).parent / "schemas" / "sarif-schema-2.1.0.json"


def rendered(document=CHECK):
    return json.loads(render_check_sarif(document, "1.2.3"))


def test_it_is_valid_by_the_schema_of_sarif():
    validator = Draft7Validator(json.loads(SCHEMA.read_text()))
    for document in (CHECK, ATTESTED, UNREAD):
        assert [problem.message for problem in validator.iter_errors(rendered(document))] == []


def test_what_fails_stands_at_its_line_of_the_blueprint():
    failing, *_ = rendered()["runs"][0]["results"]
    place = failing["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "blueprints/modules/cluster.yaml"
    assert place["region"] == {"startLine": 192, "startColumn": 9}
    assert failing["level"] == "error"
    assert "suppressions" not in failing


def test_what_is_waived_is_suppressed_with_its_reason():
    _, waived, _ = rendered()["runs"][0]["results"]
    (suppression,) = waived["suppressions"]
    assert suppression["status"] == "accepted"
    assert "platform@contoso.example, until 2027-03-31" in suppression["justification"]


def test_every_rule_has_a_severity_that_github_reads():
    for rule in rendered()["runs"][0]["tool"]["driver"]["rules"]:
        assert 0 <= float(rule["properties"]["security-severity"]) <= 10


def test_a_fingerprint_stays_when_the_line_moves():
    moved = CHECK.model_dump()
    moved["results"][1]["findings"][0]["place"] = "blueprints/modules/cluster.yaml:200:9"
    before, after = rendered(), rendered(type(CHECK).model_validate(moved))
    first = [run["runs"][0]["results"][0]["partialFingerprints"] for run in (before, after)]
    assert first[0] == first[1]


def test_a_run_that_could_not_read_everything_is_no_success():
    (read,) = rendered()["runs"][0]["invocations"]
    assert read["executionSuccessful"]
    (unread,) = rendered(UNREAD)["runs"][0]["invocations"]
    assert not unread["executionSuccessful"]
    assert len(unread["toolExecutionNotifications"]) == 2


def test_nothing_is_reported_of_what_passes():
    assert rendered(ATTESTED)["runs"][0]["results"] == []
