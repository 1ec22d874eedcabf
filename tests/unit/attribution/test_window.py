"""`--since`: from when on the logs are read."""

from datetime import UTC, datetime, timedelta

import pytest

from provisioner.attribution.window import read_window
from provisioner.model.diagnostic import DiagnosticError

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "start"),
    [
        (None, datetime(2026, 11, 16, 12, 0, tzinfo=UTC)),
        ("7d", datetime(2026, 11, 23, 12, 0, tzinfo=UTC)),
        ("36h", datetime(2026, 11, 29, 0, 0, tzinfo=UTC)),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T08:30:00+01:00", datetime(2026, 11, 1, 7, 30, tzinfo=UTC)),
        (" 2026-11-01T08:30 ", datetime(2026, 11, 1, 8, 30, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_in_every_documented_form(since: str | None, start: datetime):
    assert read_window(since, NOW).start == start


def test_all_of_the_retention_keeps_clear_of_the_bound_that_azure_refuses():
    start = read_window("90d", NOW).start
    assert timedelta(days=89) < NOW - start < timedelta(days=90)


@pytest.mark.parametrize(
    ("since", "said"),
    [
        ("91d", "more than 90 days ago"),
        ("2026-08-01", "more than 90 days ago"),
        ("yesterday", "is not a date, time or duration"),
        ("7w", "is not a date, time or duration"),
        ("", "is not a date, time or duration"),
        ("2026-12-01", "is in the future"),
    ],
)
def test_what_no_log_can_answer_is_refused_with_the_forms(since: str, said: str):
    with pytest.raises(DiagnosticError) as caught:
        read_window(since, NOW)
    (told,) = caught.value.diagnostics
    assert (told.code, said in told.message) == ("bad-since", True)
    assert told.hint
