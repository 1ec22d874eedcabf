"""The report of an environment: counted from the check, and set beside earlier ones."""

import json
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta

import pytest

from provisioner.attribution.window import read_window
from provisioner.catalog.registry import Catalog
from provisioner.controls.frameworks import Framework
from provisioner.documents.report import AnswerSource
from provisioner.documents.trace import StateKind
from provisioner.workflow.report import ReportRequest, Sections, compose_report, report_environment
from provisioner.workflow.report_history import read_history, with_trends
from tests.environments import load_shipped
from tests.reports.control_documents import CHECK
from tests.reports.report_documents import ACTUAL, DESIRED, NOW, PARTIAL, earlier, make_report

COUNTED = ("passed", "partial", "failed", "waived", "unknown", "not_assessed")


@pytest.fixture(scope="module")
def prod(catalog: Catalog):
    desired = load_shipped("prod", catalog)
    now = datetime(2027, 1, 15, 6, 0, tzinfo=UTC)
    request = ReportRequest(StateKind.DESIRED, tuple(Framework), read_window(None, now))
    return report_environment(desired, catalog, lambda: pytest.fail("asked Azure"), request)


def test_every_part_adds_up_to_what_applies(prod):
    for tally in (prod.posture.tally, *prod.layers, *prod.chapters):
        assert sum(getattr(tally, name) for name in COUNTED) == tally.applicable
    for parts in (prod.layers, prod.chapters):
        assert sum(part.applicable for part in parts) == prod.posture.tally.applicable


def test_the_report_counts_what_the_check_counts(prod):
    tally, summary = prod.posture.tally, prod.check.summary
    assert tally.passed == summary["pass"]
    assert tally.failed == summary["fail"]
    assert tally.unknown + tally.not_assessed == summary["unknown"]
    assert tally.applicable + tally.not_applicable == summary["total"]
    assert len(prod.not_assessed) == tally.not_assessed > 0


def test_there_is_every_framework(prod):
    assert [each.framework for each in prod.frameworks] == [each.value for each in Framework]


def test_what_was_not_asked_is_said(prod):
    assert {gap.section for gap in prod.omitted} == {"drift", "Kubernetes objects"}
    assert prod.drift is None
    assert prod.graph is not None
    assert prod.access is not None


@pytest.mark.parametrize(
    ("entry", "control", "sources"),
    [
        pytest.param(DESIRED, "CLU-01.4", {"blueprint"}, id="the files say it"),
        pytest.param(ACTUAL, "CLU-01.4", {"Azure"}, id="Azure was read"),
        pytest.param(ACTUAL, "CLU-07", {"Azure", "cluster"}, id="Azure a part, the cluster a part"),
        pytest.param(ACTUAL, "WRK-05.6", {"attestation"}, id="a person"),
        pytest.param(DESIRED, "WRK-05.6", {"nobody"}, id="nobody looked"),
        pytest.param(PARTIAL, "CLU-01.5", {"nobody"}, id="a read that was refused answers nothing"),
    ],
)
def test_how_a_control_was_answered(entry, control, sources):
    assert {source.value for source in entry.answers[control]} == sources


def test_what_could_not_be_read_is_unknown_and_not_left_to_others():
    assert PARTIAL.posture.tally.unknown == 2
    assert PARTIAL.posture.tally.not_assessed == 0
    assert not PARTIAL.posture.certain
    assert not PARTIAL.is_certain


@pytest.mark.parametrize(
    ("day", "left", "soon"),
    [
        pytest.param(date(2027, 3, 16), 15, False, id="the day before the notice"),
        pytest.param(date(2027, 3, 17), 14, True, id="the first day of the notice"),
        pytest.param(date(2027, 3, 31), 0, True, id="its last day"),
    ],
)
def test_a_waiver_that_ends_soon_is_marked(day, left, soon):
    now = datetime(day.year, day.month, day.day, 23, 0, tzinfo=UTC)
    (entry,) = compose_report(CHECK, Sections(), now).register_entries
    assert (entry.days_left, entry.expires_soon) == (left, soon)


def test_the_register_has_what_drift_accepts():
    kinds = [entry.kind.value for entry in ACTUAL.register_entries]
    assert kinds.count("waiver") == 1
    assert kinds.count("attestation") == 1
    assert kinds.count("accepted addition") == len(ACTUAL.drift.accepted) > 0
    assert [e.days_left for e in ACTUAL.register_entries] == sorted(
        e.days_left for e in ACTUAL.register_entries
    )


ELSEWHERE = ACTUAL.environment.model_copy(
    update={"tenant_id": "99999999-0000-0000-0000-000000000000"}
)


def trend(**texts):
    report = with_trends(make_report(ACTUAL), read_history(texts))
    return report.environments[0].trend, report.skipped


def test_the_first_report_compares_with_nothing():
    found, _ = trend()
    assert (len(found.points), found.earlier, found.newly_failing) == (1, 0, ())


def test_what_newly_fails_and_what_no_longer_does():
    found, _ = trend(
        old=earlier("2027-03-06T06:00:00Z", ("CLU-01.4",)),
        last=earlier("2027-03-13T06:00:00Z", ("CLU-01.4", "MON-01")),
    )
    assert found.newly_failing == ("PRF-07",)
    assert found.no_longer_failing == ("MON-01",)


def test_what_an_uncertain_report_does_not_show_is_not_repaired():
    found, _ = trend(last=earlier("2027-03-13T06:00:00Z", ("CLU-01.4", "MON-01"), certain=False))
    assert found.no_longer_failing == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("{", "is not JSON", id="no JSON"),
        pytest.param('{"kind": "azsec/check"}', "not a report of azsec", id="another document"),
        pytest.param(
            '{"kind": "azsec/report", "formatVersion": "2"}', "format version is '2'", id="newer"
        ),
        pytest.param(
            '{"kind": "azsec/report", "formatVersion": "1"}', "damaged: environments", id="damaged"
        ),
        pytest.param(
            earlier("2027-03-13T06:00:00Z", tuple("abcdefg")),
            "do not add up",
            id="impossible counts",
        ),
    ],
)
def test_a_file_that_says_nothing_of_the_past_is_named(text, reason):
    found, skipped = trend(other=text)
    assert len(found.points) == 1
    assert reason in skipped[0].reason


@pytest.mark.parametrize(
    "past",
    [
        pytest.param(earlier("2027-03-13T06:00:00Z", (), state="desired"), id="another state"),
        pytest.param(
            earlier("2027-03-13T06:00:00Z", (), ELSEWHERE), id="of that name in another tenant"
        ),
        pytest.param(earlier("2027-03-21T06:00:00Z", ()), id="later than this one"),
        pytest.param(earlier("2027-03-20T06:00:00Z", ()), id="this one itself"),
    ],
)
def test_what_is_not_of_the_past_is_no_part_of_a_trend(past):
    found, _ = trend(past=past)
    assert len(found.points) == 1


def test_a_long_past_is_cut_and_counted():
    days = (NOW - timedelta(days=day) for day in range(1, 41))
    found, _ = trend(
        **{f"d{n}": earlier(f"{d:%Y-%m-%dT%H:%M:%SZ}", ()) for n, d in enumerate(days)}
    )
    assert (len(found.points), found.earlier) == (12, 40)
    assert [point.at for point in found.points] == sorted(point.at for point in found.points)


def test_the_json_of_a_report_is_its_own_past():
    text = json.dumps(make_report(ACTUAL).to_json())
    later = ACTUAL.model_copy(
        update={"posture": ACTUAL.posture.model_copy(update={"at": "2027-03-27T06:00:00Z"})}
    )
    found = with_trends(make_report(later), read_history({"last": text})).environments[0].trend
    assert found.points == (ACTUAL.posture, later.posture)


def test_every_section_is_known():
    assert {field.name for field in fields(Sections)} <= set(type(ACTUAL).model_fields)
    assert AnswerSource.NOBODY not in ACTUAL.answers["CLU-07"]
