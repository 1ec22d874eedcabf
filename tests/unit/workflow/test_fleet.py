"""One command over many environments: who is asked, what counts, and how it is told."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from provisioner.attribution.window import format_moment
from provisioner.documents.fleet import FleetAnswer, FleetEntryDocument, FleetFindingDocument
from provisioner.engine.ledger_port import Finished
from provisioner.ledgers.sqlite_ledger import SqliteLedger
from provisioner.workflow.fleet import FleetEnvironment, FleetPorts, FleetRequest, run_fleet
from provisioner.workflow.fleet_item import FleetAnswerText, FleetItem

NOW = datetime(2026, 11, 30, 3, tzinfo=UTC)
NAMES = ("a", "b", "c")
ENVIRONMENTS = tuple(FleetEnvironment(f"environments/{name}.yaml", name) for name in NAMES)


class Answers:
    """Runs items in this process: `answers` by the name of an environment; one that is missing is a
    worker that was lost, and None one whose turn never comes."""

    def __init__(self, answers: Mapping[str, FleetAnswer | None], now: datetime = NOW) -> None:
        self._answers = answers
        self._now = now
        self.asked: list[str] = []

    def run(self, items: Sequence[str], seconds: float) -> Iterator[Finished]:
        for number, text in enumerate(items):
            path = FleetItem.read(text).path
            name = path.removeprefix("environments/").removesuffix(".yaml")
            if name not in self._answers:
                yield Finished(number, None, "its worker ended 3 times", 3)
                continue
            answer = self._answers[name]
            if answer is None:
                continue
            self.asked.append(name)
            yield Finished(number, self._write(name, path, answer))

    def _write(self, name: str, path: str, answer: FleetAnswer) -> str:
        found = (FleetFindingDocument(what="changed: nsg", address=f"{name}.nsg"),)
        entry = FleetEntryDocument(
            name=name,
            path=path,
            answer=answer,
            inputs="sha256:1",
            checked_at=self._now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            findings=found if answer is FleetAnswer.FINDINGS else (),
        )
        return FleetAnswerText(entry, {path: f"digest of {name}"}, {}, {"kind": name}).write()


@pytest.fixture
def ledger(tmp_path):
    with SqliteLedger.open(tmp_path / "fleet.db") as opened:
        yield opened


def digest_of(path: str) -> str:
    return f"digest of {path.removeprefix('environments/').removesuffix('.yaml')}"


def run(ledger, answers, *, name="first", digests=digest_of, at=NOW, **options):
    request = FleetRequest(name, "drift", ENVIRONMENTS, {}, **options)
    return run_fleet(request, FleetPorts(ledger, answers, digests, lambda: at))


def test_every_environment_is_in_the_census_once_the_worst_first(ledger):
    found = run(ledger, Answers({"a": FleetAnswer.CLEAN, "b": FleetAnswer.FINDINGS}))

    assert [(one.name, one.answer) for one in found.environments] == [
        ("c", FleetAnswer.FAILED),
        ("b", FleetAnswer.FINDINGS),
        ("a", FleetAnswer.CLEAN),
    ]
    assert found.found
    assert not found.is_complete
    assert "its worker ended 3 times" in found.environments[0].diagnostics[0].message


def test_equal_findings_stand_together(ledger):
    found = run(ledger, Answers(dict.fromkeys(NAMES, FleetAnswer.FINDINGS)))

    assert [(one.what, one.environments) for one in found.groups] == [("changed: nsg", NAMES)]


def test_a_run_goes_on_with_what_has_no_answer(ledger):
    first = run(ledger, Answers({"a": FleetAnswer.CLEAN, "b": None, "c": None}))
    rest = Answers({"b": FleetAnswer.CLEAN, "c": FleetAnswer.CLEAN})
    second = run(ledger, rest)

    assert first.count(FleetAnswer.NOT_RUN) == 2
    assert rest.asked == ["b", "c"]
    assert second.count(FleetAnswer.CLEAN) == 3
    assert second.is_complete


def test_a_failure_and_changed_files_are_asked_again_in_a_run(ledger):
    failed = {"a": FleetAnswer.CLEAN, "b": FleetAnswer.CLEAN, "c": FleetAnswer.FAILED}
    run(ledger, Answers(failed))
    again = Answers(dict.fromkeys(NAMES, FleetAnswer.CLEAN))
    changed = {"environments/b.yaml": "another"}
    run(ledger, again, digests=lambda path: changed.get(path, digest_of(path)))

    assert again.asked == ["b", "c"]
    assert {one.answer for one in ledger_entries(ledger)} == {"clean"}


def ledger_entries(ledger):
    newest = {one.environment: one for one in ledger.outcomes("first")}
    return [FleetEntryDocument.model_validate(one.entry) for one in newest.values()]


@pytest.mark.parametrize(
    ("later", "digests", "asked"),
    [
        pytest.param(timedelta(hours=23), digest_of, [], id="young"),
        pytest.param(timedelta(hours=25), digest_of, ["a"], id="stale"),
        pytest.param(timedelta(hours=1), lambda _path: "another", ["a"], id="files changed"),
    ],
)
def test_who_was_answered_lately_is_left_out(ledger, later, digests, asked):
    run(ledger, Answers({"a": FleetAnswer.CLEAN, "b": None, "c": FleetAnswer.UNCERTAIN}))
    night = Answers(dict.fromkeys(NAMES, FleetAnswer.CLEAN))
    found = run(
        ledger,
        night,
        name="2",
        digests=digests,
        at=NOW + later,
        fresh_since=format_moment(NOW + later - timedelta(hours=24)),
    )

    assert night.asked == [*asked, "b", "c"], "who was read in part is asked in any case"
    assert found.fresh == (() if asked else ("a",))
    assert found.asked == 3
