"""One command over many environments: who is asked, what counts, and how it is told."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from provisioner.attribution.window import format_moment
from provisioner.documents.fleet import FleetAnswer, FleetEntryDocument, FleetFindingDocument
from provisioner.engine.ledger_port import Finished
from provisioner.ledgers.sqlite_ledger import SqliteLedger
from provisioner.model.diagnostic import DiagnosticError
from provisioner.workflow.fleet import (
    FleetEnvironment,
    FleetPorts,
    FleetRequest,
    Shard,
    digest_inputs,
    run_fleet,
)
from provisioner.workflow.fleet_census import is_current, read_census
from provisioner.workflow.fleet_item import FleetAnswerText, FleetItem

NOW = datetime(2026, 11, 30, 3, tzinfo=UTC)
NAMES = ("a", "b", "c")
ENVIRONMENTS = tuple(FleetEnvironment(f"environments/{name}.yaml", name) for name in NAMES)


class Answers:
    """Runs items in this process: `answers` by the name of an environment; one that is missing is a
    worker that was lost, and None one whose turn never comes."""

    def __init__(
        self,
        answers: Mapping[str, FleetAnswer | None],
        now: datetime = NOW,
        scope: Mapping[str, str] | None = None,
        inputs: str = "sha256:1",
        digest: str | None = None,
    ) -> None:
        self._answers = answers
        self._inputs = inputs
        self._digest = digest
        self._scope = scope or {}
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
            inputs=self._inputs,
            checked_at=self._now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            findings=found if answer is FleetAnswer.FINDINGS else (),
        )
        return FleetAnswerText(
            entry, {path: self._digest or digest_of(path)}, self._scope, {"kind": name}
        ).write()


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


class Fixed:
    """Yields these results of the first item."""

    def __init__(self, *finished: Finished, meanwhile=lambda: None) -> None:
        self._finished = finished
        self._meanwhile = meanwhile

    def run(self, items: Sequence[str], seconds: float) -> Iterator[Finished]:
        self._meanwhile()
        yield from self._finished


def test_a_worker_that_is_lost_after_another_command_answered_changes_nothing(ledger):
    lost = Finished(0, None, "its worker ended 3 times", 3)

    def answer():
        run(ledger, Answers(dict.fromkeys(NAMES, FleetAnswer.CLEAN)))

    found = run(ledger, Fixed(lost, meanwhile=answer), at=NOW + timedelta(minutes=1))
    (entry,) = [one for one in found.environments if one.name == "a"]

    assert entry.answer is FleetAnswer.CLEAN
    assert census(ledger).count(FleetAnswer.CLEAN) == 3


@pytest.mark.parametrize(
    ("path", "answer", "files"),
    [
        pytest.param("environments/b.yaml", "clean", {"b": "1"}, id="to another item"),
        pytest.param("environments/a.yaml", "not-run", {"a": "1"}, id="that no worker gives"),
        pytest.param("environments/a.yaml", "clean", {}, id="without the files it is about"),
    ],
)
def test_what_is_no_answer_to_its_item_is_a_failure(ledger, path, answer, files):
    entry = FleetEntryDocument(
        name="a",
        path=path,
        answer=FleetAnswer(answer),
        inputs="1",
        checked_at="2026-11-30T03:00:00Z",
    )
    text = FleetAnswerText(entry, files, {}, None).write()

    found = run(ledger, Fixed(Finished(0, text)))

    (failed,) = [one for one in found.environments if one.name == "a"]
    assert failed.answer is FleetAnswer.FAILED
    assert "its worker answered what is not an answer" in failed.diagnostics[0].message


def test_after_the_last_day_of_a_waiver_the_same_files_are_another_question():
    files = {"a.yaml": "sha256:1"}
    assert digest_inputs(files) == digest_inputs(files, "")
    assert len({digest_inputs(files, until) for until in ("", "2026-11-30", "2027-01-31")}) == 3


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


def test_only_a_clean_answer_to_the_same_question_is_left_out(ledger):
    """An answer of `--of desired` says nothing of what is in Azure, one from the built-in Azure
    nothing of the real one, and an environment that drifted is not done with."""
    everybody = {"a": FleetAnswer.CLEAN, "b": FleetAnswer.FINDINGS, "c": FleetAnswer.CLEAN}
    since = format_moment(NOW - timedelta(hours=24))
    run(ledger, Answers(everybody), question="drift of the built-in Azure")
    other, same = Answers(everybody), Answers(everybody)
    run(ledger, other, name="2", question="drift", fresh_since=since)
    found = run(ledger, same, name="3", question="drift", fresh_since=since)

    assert other.asked == list(NAMES)
    assert same.asked == ["b"]
    assert (found.fresh, found.found) == (("a", "c"), True)


def test_an_answer_holds_until_something_expires_that_the_environment_states(ledger):
    clean = dict.fromkeys(NAMES, FleetAnswer.CLEAN)
    run(ledger, Answers(clean, scope={"holdsUntil": "2026-11-30"}))
    late = NOW + timedelta(hours=21)
    tonight, tomorrow = Answers(clean), Answers(clean)
    since = format_moment(NOW - timedelta(hours=1))
    run(ledger, tonight, name="2", at=late - timedelta(minutes=1), fresh_since=since)
    run(ledger, tomorrow, name="3", at=late, fresh_since=since)

    assert tonight.asked == []
    assert tomorrow.asked == list(NAMES)


def test_shards_answer_every_environment_of_a_run_once(ledger):
    everybody = dict.fromkeys(NAMES, FleetAnswer.CLEAN) | {"c": FleetAnswer.FINDINGS}
    parts = [Answers(everybody), Answers(everybody)]
    first = run(ledger, parts[0], shard=Shard(0, 2))
    so_far = census(ledger)
    run(ledger, parts[1], shard=Shard(1, 2))

    assert [part.asked for part in parts] == [["a", "c"], ["b"]]
    assert (first.asked, [one.name for one in first.environments]) == (2, ["c", "a"])
    assert [(one.name, one.answer) for one in so_far.environments] == [
        ("c", FleetAnswer.FINDINGS),
        ("b", FleetAnswer.NOT_RUN),
        ("a", FleetAnswer.CLEAN),
    ]
    whole, again = census(ledger), run(ledger, Answers({}))
    assert whole.model_copy(update={"ended_at": again.ended_at}) == again


def census(ledger, digests=digest_of):
    names = {one.path: one.name for one in ENVIRONMENTS}
    return read_census(
        ledger.find_run("first"),
        ledger,
        names,
        lambda outcome: is_current(outcome, digests, NOW.date().isoformat()),
    )


def test_a_file_that_was_changed_and_changed_back_has_its_first_result(ledger):
    def changed(path: str) -> str:
        return "another digest" if path.endswith("a.yaml") else digest_of(path)

    run(ledger, Answers(dict.fromkeys(NAMES, FleetAnswer.CLEAN)))
    asked = Answers({"a": FleetAnswer.FINDINGS}, inputs="sha256:2", digest="another digest")
    run(ledger, asked, digests=changed)
    back = Answers({})
    found = run(ledger, back)

    assert (asked.asked, back.asked) == (["a"], [])
    assert found.count(FleetAnswer.CLEAN) == 3
    assert census(ledger).count(FleetAnswer.CLEAN) == 3
    assert census(ledger, changed).count(FleetAnswer.FINDINGS) == 1
    # Where the files are not at hand, the last result counts.
    assert census(ledger, lambda _path: "").count(FleetAnswer.FINDINGS) == 1


def test_an_environment_that_failed_since_is_asked_again(ledger):
    clean = dict.fromkeys(NAMES, FleetAnswer.CLEAN)
    run(ledger, Answers(clean), name="before")
    run(ledger, Answers({name: clean[name] for name in "ac"}), name="broken")
    night = Answers(clean)
    run(ledger, night, fresh_since=format_moment(NOW - timedelta(hours=1)))

    assert night.asked == ["b"]


def test_an_answer_of_a_remote_worker_about_other_files_is_a_failure(ledger):
    def changed(path: str) -> str:
        return "not committed" if path.endswith("b.yaml") else digest_of(path)

    everybody = dict.fromkeys(NAMES, FleetAnswer.CLEAN)
    found = run(ledger, Answers(everybody), digests=changed, is_remote=True)
    (failed,) = [one for one in found.environments if one.answer is FleetAnswer.FAILED]

    assert "another environments/b.yaml than this working copy" in failed.diagnostics[0].message
    assert run(ledger, Answers(everybody), is_remote=True).count(FleetAnswer.CLEAN) == 3


def test_environments_that_share_a_name_are_told_by_their_paths(ledger):
    shared = tuple(FleetEnvironment(one.path, one.path) for one in ENVIRONMENTS)
    request = FleetRequest("first", "drift", shared)
    found = Answers(dict.fromkeys(NAMES, FleetAnswer.FINDINGS))
    document = run_fleet(request, FleetPorts(ledger, found, digest_of, lambda: NOW))

    assert document.groups[0].environments == tuple(one.path for one in shared)
    assert [one.name for one in document.environments] == [one.path for one in shared]


def test_the_census_of_a_run_has_what_it_left_out_as_fresh(ledger):
    night = Answers(dict.fromkeys(NAMES, FleetAnswer.CLEAN))
    run(ledger, Answers({"a": FleetAnswer.CLEAN, "b": None, "c": None}), name="before")
    found = run(ledger, night, fresh_since=format_moment(NOW - timedelta(hours=1)))

    assert night.asked == ["b", "c"]
    assert census(ledger).model_dump() == found.model_dump()
    assert found.fresh == ("a",)

    # What becomes of an environment later changes nothing of the run.
    run(ledger, Answers({}), name="later")
    assert census(ledger).model_dump() == found.model_dump()


def test_a_result_that_is_reused_grows_no_younger(ledger):
    clean = dict.fromkeys(NAMES, FleetAnswer.CLEAN)
    run(ledger, Answers(clean), name="monday")
    for hours, asked in ((1, []), (23, []), (25, list(NAMES))):
        night = Answers(clean)
        at = NOW + timedelta(hours=hours)
        since = format_moment(at - timedelta(hours=24))
        run(ledger, night, name=f"after {hours} hours", at=at, fresh_since=since)
        assert night.asked == asked


def test_a_result_holds_for_its_own_question_whatever_else_a_run_is_about(ledger):
    clean = dict.fromkeys(NAMES, FleetAnswer.CLEAN)
    local = tuple(replace(one, question="local") for one in ENVIRONMENTS)
    since = format_moment(NOW - timedelta(hours=1))

    def ask(name, environments, question):
        night = Answers(clean)
        request = FleetRequest(name, "drift", environments, fresh_since=since, question=question)
        run_fleet(request, FleetPorts(ledger, night, digest_of, lambda: NOW))
        return night.asked

    assert ask("alone", local[:1], "local") == ["a"]
    assert ask("all", local, "mixed") == ["b", "c"]
    other = (replace(local[0], question="azure"), *local[1:])
    assert ask("another cloud", other, "mixed-2") == ["a"]


def test_a_run_of_the_same_name_about_something_else_is_refused(ledger):
    run(ledger, Answers({}))
    request = FleetRequest("first", "drift", ENVIRONMENTS, {"since": "7d"})
    with pytest.raises(DiagnosticError, match=r"about 3 environments, which is not this one"):
        run_fleet(request, FleetPorts(ledger, Answers({}), digest_of, lambda: NOW))


def test_where_a_run_goes_on_is_no_part_of_it(ledger):
    told = []

    class Elsewhere(Answers):
        def run(self, items, seconds):
            told.extend(FleetItem.read(text).options for text in items)
            return super().run(items, seconds)

    for share in (0.5, 0.25):
        clean = Elsewhere({"a": FleetAnswer.CLEAN, "b": None, "c": None})
        run(ledger, clean, placement={"share": share})

    assert told == [{"share": 0.5}] * 3 + [{"share": 0.25}] * 2
    assert ledger.find_run("first").options == {}


def test_what_the_logs_vouch_for_is_stored_under_its_own_question(ledger):
    """A run may be about environments of several clouds, and each is asked alone the next night."""
    local = tuple(replace(one, question="local") for one in ENVIRONMENTS)
    clean = dict.fromkeys(NAMES, FleetAnswer.CLEAN)

    def vouch(known):
        return [
            FleetEntryDocument(
                name="another name",
                path=one.environment,
                answer=FleetAnswer.UNCHANGED,
                inputs=one.inputs,
                checked_at=format_moment(NOW),
            )
            for one in known
        ]

    def ask(name, question, find_untouched=None):
        night = Answers(clean)
        request = FleetRequest(name, "drift", local, question=question)
        ports = FleetPorts(ledger, night, digest_of, lambda: NOW, find_untouched=find_untouched)
        return run_fleet(request, ports)

    ask("monday", "mixed")
    tuesday = ask("tuesday", "mixed", vouch)

    assert tuesday.count(FleetAnswer.UNCHANGED) == 3
    assert [one.name for one in tuesday.environments] == list(NAMES)
    newest = ledger.newest("local", {one.path for one in local})
    assert {one.run for one in newest.values()} == {"tuesday"}
