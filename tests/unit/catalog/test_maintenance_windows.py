"""When maintenance windows open next."""

from datetime import UTC, datetime
from typing import Any

import pytest

from provisioner.catalog.maintenance_windows import describe_schedule, find_openings

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
"""A Monday."""
SUNDAY = {"weekly": {"intervalWeeks": 1, "dayOfWeek": "Sunday"}}


def window(schedule: dict[str, Any], **more: Any) -> dict[str, Any]:
    stated = {"schedule": schedule, "durationHours": 4, "startTime": "02:00", **more}
    return {"maintenanceWindow": stated}


def monthly(interval: int, week: str, day: str) -> dict[str, Any]:
    return {"relativeMonthly": {"intervalMonths": interval, "weekIndex": week, "dayOfWeek": day}}


def opens(properties: object, now: datetime = NOW, most: int = 3) -> list[str] | None:
    found = find_openings(properties, now, most)
    return None if found is None else [each.start.isoformat(timespec="minutes") for each in found]


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        pytest.param(
            window(SUNDAY),
            ["2026-12-06T02:00+00:00", "2026-12-13T02:00+00:00", "2026-12-20T02:00+00:00"],
            id="every week",
        ),
        pytest.param(
            window({"daily": {"intervalDays": 3}}, startDate="2026-11-01"),
            ["2026-12-01T02:00+00:00", "2026-12-04T02:00+00:00", "2026-12-07T02:00+00:00"],
            id="every three days, counted from the first",
        ),
        pytest.param(
            window({"weekly": {"intervalWeeks": 2, "dayOfWeek": "Sunday"}}, startDate="2026-12-01"),
            ["2026-12-13T02:00+00:00", "2026-12-27T02:00+00:00", "2027-01-10T02:00+00:00"],
            id="every two weeks: the Sunday of the first week lies before the start (AKS 5720)",
        ),
        pytest.param(
            window({"weekly": {"intervalWeeks": 2, "dayOfWeek": "Friday"}}, startDate="2026-12-01"),
            ["2026-12-04T02:00+00:00", "2026-12-18T02:00+00:00", "2027-01-01T02:00+00:00"],
            id="every two weeks, the first one included",
        ),
        pytest.param(
            window(
                {"absoluteMonthly": {"intervalMonths": 2, "dayOfMonth": 15}}, startDate="2026-10-20"
            ),
            ["2026-12-15T02:00+00:00", "2027-02-15T02:00+00:00", "2027-04-15T02:00+00:00"],
            id="every two months",
        ),
        pytest.param(
            window({"absoluteMonthly": {"intervalMonths": 1, "dayOfMonth": 31}}),
            ["2026-12-31T02:00+00:00", "2027-01-31T02:00+00:00", "2027-03-31T02:00+00:00"],
            id="a month without that day has none",
        ),
        pytest.param(
            window(monthly(1, "First", "Monday")),
            ["2026-12-07T02:00+00:00", "2027-01-04T02:00+00:00", "2027-02-01T02:00+00:00"],
            id="the first Monday",
        ),
        pytest.param(
            window(monthly(3, "Last", "Friday"), startDate="2026-11-01"),
            ["2027-02-26T02:00+00:00", "2027-05-28T02:00+00:00", "2027-08-27T02:00+00:00"],
            id="the last Friday of every third month",
        ),
        pytest.param(
            window(SUNDAY, utcOffset="+05:30", startTime="00:00"),
            ["2026-12-06T00:00+05:30", "2026-12-13T00:00+05:30", "2026-12-20T00:00+05:30"],
            id="in an offset of its own",
        ),
        pytest.param(
            window(SUNDAY, startDate="2027-01-05"),
            ["2027-01-10T02:00+00:00", "2027-01-17T02:00+00:00", "2027-01-24T02:00+00:00"],
            id="not before its first day",
        ),
        pytest.param(
            window(SUNDAY, notAllowedDates=[{"start": "2026-12-10", "end": "2026-12-20"}]),
            ["2026-12-06T02:00+00:00", "2026-12-27T02:00+00:00", "2027-01-03T02:00+00:00"],
            id="dates that are forbidden, the last one included",
        ),
        pytest.param(
            {"timeInWeek": [{"day": "Sunday", "hourSlots": [1, 2]}]},
            ["2026-12-06T01:00+00:00", "2026-12-13T01:00+00:00", "2026-12-20T01:00+00:00"],
            id="hours of a week, the older form",
        ),
        pytest.param(window({}), None, id="no schedule"),
        pytest.param(window({"weekly": {"intervalWeeks": 1}}), None, id="no day of the week"),
        pytest.param(window(SUNDAY, startTime="soon"), None, id="no time"),
        pytest.param({}, None, id="nothing"),
    ],
)
def test_the_next_windows(properties: dict[str, Any], expected: list[str] | None) -> None:
    assert opens(properties) == expected


def test_a_window_that_is_open_is_the_first() -> None:
    inside = datetime(2026, 12, 6, 5, 59, tzinfo=UTC)
    after = datetime(2026, 12, 6, 6, 0, tzinfo=UTC)
    assert opens(window(SUNDAY), inside, 1) == ["2026-12-06T02:00+00:00"]
    assert opens(window(SUNDAY), after, 1) == ["2026-12-13T02:00+00:00"]


def test_a_window_over_midnight_is_open_on_the_next_day() -> None:
    late = window(SUNDAY, startTime="23:00")
    assert opens(late, datetime(2026, 12, 7, 1, 0, tzinfo=UTC), 1) == ["2026-12-06T23:00+00:00"]


def test_a_window_is_cut_where_forbidden_dates_begin() -> None:
    freeze = [{"start": "2026-12-07", "end": "2027-01-03"}]
    (found, *_) = find_openings(window(SUNDAY, startTime="22:00", notAllowedDates=freeze), NOW, 1)
    assert (found.start.hour, found.end.isoformat()) == (22, "2026-12-07T00:00:00+00:00")


def test_forbidden_dates_are_days_of_the_window() -> None:
    freeze = [{"start": "2026-12-06", "end": "2026-12-06"}]
    early = window(SUNDAY, startTime="00:00", utcOffset="+10:00", notAllowedDates=freeze)
    assert opens(early, NOW, 1) == ["2026-12-13T00:00+10:00"]


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        pytest.param(SUNDAY, "every week on Sunday", id="weekly"),
        pytest.param({"daily": {"intervalDays": 2}}, "every 2 days", id="daily"),
        pytest.param(monthly(1, "last", "friday"), "every month on the last Friday", id="relative"),
        pytest.param(
            {"absoluteMonthly": {"intervalMonths": 3, "dayOfMonth": 20}},
            "every 3 months on day 20",
            id="absolute",
        ),
    ],
)
def test_a_schedule_in_words(schedule: dict[str, Any], words: str) -> None:
    assert describe_schedule(window(schedule)) == words
