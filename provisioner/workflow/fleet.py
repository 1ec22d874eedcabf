"""`azsec fleet`: runs one command over many environments, with a ledger of their outcomes.

The ledger decides: an environment with an answer in a run is not asked again in that run, whatever
fails after the answer was stored. Called by `cli`.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from provisioner.documents.document import DiagnosticDocument
from provisioner.documents.fleet import (
    FleetAnswer,
    FleetDocument,
    FleetEntryDocument,
)
from provisioner.engine.ledger_port import Finished, Ledger, Outcome, RunRecord, Scheduler
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.workflow.fleet_census import read_entry, summarize_run
from provisioner.workflow.fleet_item import FleetAnswerText, FleetItem

_WHOLE = (FleetAnswer.FINDINGS, FleetAnswer.CLEAN, FleetAnswer.UNCHANGED)


@dataclass(frozen=True, slots=True)
class FleetEnvironment:
    """An environment of a run: the path of its file, and its name."""

    path: str
    name: str


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `count` parts of a run.

    It has the environments with this index (from 0), and every `count`th after it, in the order of
    their paths.
    """

    index: int
    count: int


@dataclass(frozen=True, slots=True)
class FleetRequest:
    """The parameters of a run.

    It has the run's name in the ledger, the command, the environments, the options of each item,
    the limit of its duration (seconds), the time since when a clean answer of unchanged files is
    recent enough to be kept (ISO 8601, UTC; "": none is), and the shard to run (None: all).
    `placement` tells items where they run; it is not part of the run, which may be resumed
    elsewhere. `question` names all that an answer depends on beside the files and Azure: only an
    answer to the same one is reused.
    """

    run: str
    command: str
    environments: tuple[FleetEnvironment, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 3_000.0
    fresh_since: str = ""
    shard: Shard | None = None
    placement: Mapping[str, Any] = field(default_factory=dict)
    question: str = ""

    @property
    def asked(self) -> tuple[FleetEnvironment, ...]:
        """The environments of this shard."""
        if self.shard is None:
            return self.environments
        return self.environments[self.shard.index :: self.shard.count]


@dataclass(frozen=True, slots=True)
class FleetPorts:
    """The ports of a run.

    `digest_of` returns the digest of a file by its path, None where it cannot be read. `tell`
    receives each entry as it is answered. `find_untouched` returns an entry for each answer that
    still holds by the logs (None: logs are not read).
    """

    ledger: Ledger
    scheduler: Scheduler
    digest_of: Callable[[str], str | None]
    now: Callable[[], datetime]
    tell: Callable[[FleetEntryDocument, int, int], None] = lambda _entry, _done, _all: None
    find_untouched: Callable[[Sequence[Outcome]], Sequence[FleetEntryDocument]] | None = None


def run_fleet(request: FleetRequest, ports: FleetPorts) -> FleetDocument:
    """Run the command for each environment without an answer, and return the summary of the run.

    Raises DiagnosticError where the ledger cannot be used, or has a run of the same name for
    another request. An environment that fails has the failure in its entry.
    """
    started = _moment(ports.now())
    request = _begin(request, started, ports.ledger)
    asked = request.asked
    answered = {
        outcome.environment: outcome
        for outcome in ports.ledger.outcomes(request.run, {one.path for one in asked})
        if _is_current(outcome, ports)
    }
    fresh = _fresh(request, answered, ports) if request.fresh_since else frozenset()
    left = [one for one in asked if one.path not in answered and one.path not in fresh]
    entries = {path: read_entry(outcome) for path, outcome in answered.items()}
    entries |= {entry.path: entry for entry in _put_untouched(request, left, ports)}
    left = [one for one in left if one.path not in entries]
    for entry in _ask(request, left, ports):
        entries[entry.path] = entry
        ports.tell(entry, len(entries), len(asked) - len(fresh))
    entries |= {one.path: _not_run(one) for one in left if one.path not in entries}
    return summarize_run(
        RunRecord(request.run, request.command, started, (), {}),
        entries.values(),
        len(asked),
        tuple(one.name for one in asked if one.path in fresh),
        _moment(ports.now()),
    )


def _begin(request: FleetRequest, started: str, ledger: Ledger) -> FleetRequest:
    """Begin a run, and return the request as the ledger has it: the first to begin it counts.

    Raises:
        DiagnosticError: Where the ledger has a run of this name for another request
            (`different-run`).
    """
    paths = tuple(one.path for one in request.environments)
    record = RunRecord(
        request.run,
        request.command,
        started,
        paths,
        request.options,
        request.fresh_since,
        request.question,
    )
    there = ledger.begin(record)
    asked = (record.command, paths, dict(record.options), record.question)
    if (there.command, there.environments, dict(there.options), there.question) != asked:
        raise DiagnosticError(
            error(
                "different-run",
                f"the ledger has a run {request.run!r} of `azsec fleet {there.command}` about "
                f"{len(there.environments)} environments, which is not this one.",
                None,
                "All parts of a run have the same command, options, environments, parameters (the "
                "variables AZSEC_PARAM_*), cloud and version of azsec. Name another run.",
            )
        )
    return replace(request, fresh_since=there.fresh_since)


def _put_untouched(
    request: FleetRequest, left: Sequence[FleetEnvironment], ports: FleetPorts
) -> Iterator[FleetEntryDocument]:
    """Yield the entries of environments whose last complete answer still holds, once stored."""
    if ports.find_untouched is None:
        return
    newest = ports.ledger.newest(request.question, {one.path for one in left})
    known = {
        one.path: outcome
        for one in left
        if (outcome := newest.get(one.path)) is not None and _is_current(outcome, ports)
    }
    entries = ports.find_untouched(list(known.values()))
    outcomes = [
        _outcome(
            request,
            FleetEnvironment(entry.path, entry.name),
            FleetAnswerText(entry, known[entry.path].files, known[entry.path].scope),
        )
        for entry in entries
    ]
    taken = ports.ledger.put_all(outcomes)
    yield from (entry for entry, is_taken in zip(entries, taken, strict=True) if is_taken)


def _ask(
    request: FleetRequest, left: Sequence[FleetEnvironment], ports: FleetPorts
) -> Iterator[FleetEntryDocument]:
    """Yield the entry of each environment as its item ends, once it is in the ledger."""
    options = {**request.options, **request.placement}
    items = [FleetItem(request.command, one.path, options).write() for one in left]
    for finished in ports.scheduler.run(items, request.seconds):
        environment = left[finished.number]
        answer = _read(environment, finished, _moment(ports.now()))
        outcome = _outcome(request, environment, answer)
        if ports.ledger.put(outcome):
            yield answer.entry
            continue
        known = ports.ledger.outcomes(request.run, {environment.path})
        yield next((read_entry(one) for one in reversed(known)), answer.entry)


def _read(environment: FleetEnvironment, finished: Finished, now: str) -> FleetAnswerText:
    """Return the answer of a worker; a malformed one is a failure of its environment."""
    lost = finished.lost
    if finished.text is not None:
        try:
            answer = FleetAnswerText.read(finished.text)
        except (ValueError, KeyError, TypeError) as problem:
            lost = f"its worker answered what is not an answer ({type(problem).__name__})"
        else:
            entry = answer.entry.model_copy(
                update={"attempt": finished.attempt, "path": environment.path}
            )
            return replace(answer, entry=entry)
    told = error("worker-lost", f"{environment.path}: {lost}.", None, "Run it again with --resume.")
    return FleetAnswerText(
        FleetEntryDocument(
            name=environment.name,
            path=environment.path,
            answer=FleetAnswer.FAILED,
            checked_at=now,
            attempt=finished.attempt,
            diagnostics=(DiagnosticDocument.of(told),),
        ),
        {},
        {},
    )


def _outcome(
    request: FleetRequest, environment: FleetEnvironment, answer: FleetAnswerText
) -> Outcome:
    entry = answer.entry
    return Outcome(
        run=request.run,
        command=request.command,
        environment=environment.path,
        inputs=entry.inputs,
        ended_at=entry.checked_at or "",
        answered=entry.answer is not FleetAnswer.FAILED,
        complete=entry.answer in _WHOLE,
        clean=entry.answer in (FleetAnswer.CLEAN, FleetAnswer.UNCHANGED),
        files=answer.files,
        scope=answer.scope,
        entry=entry.to_json(),
        document=answer.document,
        question=request.question,
    )


def _is_current(outcome: Outcome, ports: FleetPorts) -> bool:
    """Return whether an outcome is an answer for the environment's files as they are now.

    Nothing that they state until a date may have ended since: the expiry of a waiver changes the
    answer.
    """
    holds_until = str(outcome.scope.get("holdsUntil") or "9999-12-31")
    return (
        outcome.answered
        and ports.now().date().isoformat() <= holds_until
        and all(ports.digest_of(path) == digest for path, digest in outcome.files.items())
    )


def _fresh(request: FleetRequest, answered: Collection[str], ports: FleetPorts) -> frozenset[str]:
    """Return the paths of environments without an answer in this run that need none.

    Their last complete answer found nothing, is recent enough, and is of the files as they are now.
    """
    asked = {one.path for one in request.asked if one.path not in answered}
    return frozenset(
        path
        for path, outcome in ports.ledger.newest(request.question, asked).items()
        if outcome.run != request.run
        and outcome.clean
        and outcome.ended_at >= request.fresh_since
        and _is_current(outcome, ports)
    )


def _not_run(environment: FleetEnvironment) -> FleetEntryDocument:
    return FleetEntryDocument(
        name=environment.name, path=environment.path, answer=FleetAnswer.NOT_RUN
    )


def digest_inputs(files: Mapping[str, str]) -> str:
    """Return the digest over files, given the digest of each by its path."""
    lines = "".join(f"{digest} {path}\n" for path, digest in sorted(files.items()))
    return f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
