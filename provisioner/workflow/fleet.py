"""`azsec fleet`: runs one command over many environments, with a ledger of their outcomes.

The ledger decides: an environment with an answer in a run is not asked again in that run, whatever
fails after the answer was stored. Called by `cli`.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import PurePath
from typing import Any

from provisioner.documents.document import DiagnosticDocument
from provisioner.documents.fleet import (
    FleetAnswer,
    FleetDocument,
    FleetEntryDocument,
)
from provisioner.engine.ledger_port import Finished, Ledger, Outcome, RunRecord, Scheduler
from provisioner.model.diagnostic import DiagnosticError, error
from provisioner.workflow.fleet_census import (
    as_skipped,
    is_current,
    is_skipped,
    read_entry,
    summarize_run,
    without_skip_mark,
)
from provisioner.workflow.fleet_item import FleetAnswerText, FleetItem

_COMPLETE = (FleetAnswer.FINDINGS, FleetAnswer.CLEAN, FleetAnswer.UNCHANGED)


@dataclass(frozen=True, slots=True)
class FleetEnvironment:
    """An environment of a run: the path of its file, its name, and its question.

    The question names all that its answer depends on beside its files and Azure ("": that of the
    run): only an answer to the same one is reused.
    """

    path: str
    name: str
    question: str = ""


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
    elsewhere. `is_remote` is whether workers have a copy of the files. `question` names all that
    the answers of the run depend on beside the files and Azure: another one is another run.
    """

    run: str
    command: str
    environments: tuple[FleetEnvironment, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 3_000.0
    fresh_since: str = ""
    shard: Shard | None = None
    placement: Mapping[str, Any] = field(default_factory=dict)
    is_remote: bool = False
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
    started = _format_time(ports.now())
    request = _begin_run(request, started, ports.ledger)
    asked = request.asked
    answered = {
        outcome.environment: outcome
        for outcome in ports.ledger.outcomes(request.run, {one.path for one in asked})
        if _is_current(outcome, ports)
    }
    recent = {path for path, outcome in answered.items() if is_skipped(outcome)}
    if request.fresh_since:
        recent |= _store_recent(request, answered, ports)
    names = {one.path: one.name for one in asked}
    entries = {
        path: read_entry(outcome, names[path])
        for path, outcome in answered.items()
        if path not in recent
    }
    pending = [one for one in asked if one.path not in answered and one.path not in recent]
    # Before any item runs: an environment without a logged change needs no worker.
    entries |= {entry.path: entry for entry in _store_untouched(request, pending, ports)}
    pending = [one for one in pending if one.path not in entries]
    for entry in _run_items(request, pending, ports):
        entries[entry.path] = entry
        ports.tell(entry, len(entries), len(asked) - len(recent))
    entries |= {one.path: _not_run_entry(one) for one in pending if one.path not in entries}
    return summarize_run(
        RunRecord(request.run, request.command, started, (), {}),
        entries.values(),
        len(asked),
        tuple(one.name for one in asked if one.path in recent),
        _format_time(ports.now()),
    )


def _begin_run(request: FleetRequest, started: str, ledger: Ledger) -> FleetRequest:
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
    stored = ledger.begin(record)
    expected = (record.command, paths, dict(record.options), record.question)
    if (stored.command, stored.environments, dict(stored.options), stored.question) != expected:
        raise DiagnosticError(
            error(
                "different-run",
                f"the ledger has a run {request.run!r} of `azsec fleet {stored.command}` about "
                f"{len(stored.environments)} environments, which is not this one.",
                None,
                "All parts of a run have the same command, options, environments, parameters (the "
                "variables AZSEC_PARAM_*), cloud and version of azsec. Name another run.",
            )
        )
    # Shards start at different times: all of them use the limit of the one that began the run.
    return replace(request, fresh_since=stored.fresh_since)


def _store_untouched(
    request: FleetRequest, pending: Sequence[FleetEnvironment], ports: FleetPorts
) -> Iterator[FleetEntryDocument]:
    """Yield the entries of environments whose last answer still holds by the logs, once stored."""
    if ports.find_untouched is None:
        return
    newest = _newest_outcomes(request, pending, ports)
    known = {
        one.path: outcome
        for one in pending
        if (outcome := newest.get(one.path)) is not None and _is_current(outcome, ports)
    }
    entries = ports.find_untouched(list(known.values()))
    environments = {one.path: one for one in pending}
    entries = [one.model_copy(update={"name": environments[one.path].name}) for one in entries]
    outcomes = [
        _outcome_record(
            request,
            environments[entry.path],
            FleetAnswerText(
                entry, known[entry.path].files, without_skip_mark(known[entry.path].scope)
            ),
        )
        for entry in entries
    ]
    taken = ports.ledger.put_all(outcomes)
    yield from (entry for entry, is_taken in zip(entries, taken, strict=True) if is_taken)


def _run_items(
    request: FleetRequest, pending: Sequence[FleetEnvironment], ports: FleetPorts
) -> Iterator[FleetEntryDocument]:
    """Yield the entry of each environment as its item ends, once it is in the ledger."""
    options = {**request.options, **request.placement}
    # Texts and no pickles: an answer from another host or queue is data (ADR 0038).
    items = [FleetItem(request.command, one.path, options).write() for one in pending]
    for finished in ports.scheduler.run(items, request.seconds):
        environment = pending[finished.number]
        answer = _read_answer(
            environment,
            finished,
            _format_time(ports.now()),
            ports.digest_of if request.is_remote else None,
        )
        # An item may run twice (a pod was evicted after its answer, another command has the same
        # run): the first answer counts, also against a worker that was lost later.
        given = _given_answer(request, environment, ports) if _is_failure(answer) else None
        if given is None and ports.ledger.put(_outcome_record(request, environment, answer)):
            yield answer.entry
            continue
        yield given or _given_answer(request, environment, ports) or answer.entry


def _is_failure(answer: FleetAnswerText) -> bool:
    return answer.entry.answer is FleetAnswer.FAILED


def _given_answer(
    request: FleetRequest, environment: FleetEnvironment, ports: FleetPorts
) -> FleetEntryDocument | None:
    """Return the answer that the ledger has for the files as they are now, or None."""
    known = ports.ledger.outcomes(request.run, {environment.path})
    current = (one for one in reversed(known) if _is_current(one, ports))
    return next((read_entry(one, environment.name) for one in current), None)


def _read_answer(
    environment: FleetEnvironment,
    finished: Finished,
    now: str,
    digest_of: Callable[[str], str | None] | None,
) -> FleetAnswerText:
    """Return the answer of a worker; a malformed one is a failure of its environment.

    So is an answer about other files than `digest_of` has (None: the worker has the same ones).
    """
    lost, failure = finished.lost, None
    if finished.text is not None:
        try:
            answer = FleetAnswerText.read(finished.text)
            _check_answer(answer, environment)
        # A worker may be of another version, or may have been cut off in the middle of its output.
        except (ValueError, KeyError, TypeError) as problem:
            lost = f"its worker answered what is not an answer ({type(problem).__name__})"
        else:
            entry = answer.entry.model_copy(
                update={"attempt": finished.attempt, "name": environment.name}
            )
            other = _find_other_file(answer, digest_of) if digest_of is not None else None
            if other is None:
                return replace(answer, entry=entry)
            failure = error(
                "worker-files",
                f"{environment.path}: its worker has another {other} than this working copy.",
                None,
                "Give both the same files, all committed.",
            )
    failure = failure or error(
        "worker-lost", f"{environment.path}: {lost}.", None, "Run it again with --resume."
    )
    return FleetAnswerText(
        FleetEntryDocument(
            name=environment.name,
            path=environment.path,
            answer=FleetAnswer.FAILED,
            checked_at=now,
            attempt=finished.attempt,
            diagnostics=(DiagnosticDocument.of(failure),),
        ),
        {},
        {},
    )


def _check_answer(answer: FleetAnswerText, environment: FleetEnvironment) -> None:
    """Check that an answer is one to the item of an environment.

    Raises:
        ValueError: For one to another item, and for one that no worker gives.
    """
    entry = answer.entry
    if entry.path != environment.path or entry.answer not in _ANSWERS_OF_WORKERS:
        raise ValueError(entry.path)
    # Without its files an answer would hold whatever becomes of them.
    if entry.answer is not FleetAnswer.FAILED and not answer.files:
        raise ValueError(entry.path)


def _find_other_file(answer: FleetAnswerText, digest_of: Callable[[str], str | None]) -> str | None:
    """Return a file that the worker read and that differs here, None where there is none.

    Its commit tells nothing of files that are changed and not committed. An absolute path that is
    not here may be one of the worker's machine alone (a cache), and is not compared.
    """
    for path, digest in sorted(answer.files.items()):
        own = digest_of(path)
        is_elsewhere = own == "" and PurePath(path).is_absolute()
        if own not in (None, digest) and not is_elsewhere:
            return path
    return None


_ANSWERS_OF_WORKERS = (
    FleetAnswer.FINDINGS,
    FleetAnswer.CLEAN,
    FleetAnswer.UNCERTAIN,
    FleetAnswer.FAILED,
)


def _outcome_record(
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
        complete=entry.answer in _COMPLETE,
        clean=entry.answer in (FleetAnswer.CLEAN, FleetAnswer.UNCHANGED),
        files=answer.files,
        scope=answer.scope,
        entry=entry.to_json(),
        document=answer.document,
        question=environment.question or request.question,
    )


def _is_current(outcome: Outcome, ports: FleetPorts) -> bool:
    return is_current(outcome, ports.digest_of, ports.now().date().isoformat())


def _newest_outcomes(
    request: FleetRequest, environments: Sequence[FleetEnvironment], ports: FleetPorts
) -> Mapping[str, Outcome]:
    """Return the newest outcome of each environment's question, where it is complete."""
    by_question: dict[str, set[str]] = {}
    for one in environments:
        by_question.setdefault(one.question or request.question, set()).add(one.path)
    return {
        path: outcome
        for question, paths in by_question.items()
        for path, outcome in ports.ledger.newest(question, paths).items()
    }


def _store_recent(
    request: FleetRequest, answered: Collection[str], ports: FleetPorts
) -> frozenset[str]:
    """Store that environments need no answer in this run, and return their paths.

    Their last answer is complete, found nothing, is recent enough, and is of the files as they are.
    """
    asked = [one for one in request.asked if one.path not in answered]
    recent = [
        outcome
        for outcome in _newest_outcomes(request, asked, ports).values()
        # Outcomes of this run that are not current were for other files: they are asked again.
        if outcome.run != request.run
        and outcome.clean
        and outcome.ended_at >= request.fresh_since
        and _is_current(outcome, ports)
    ]
    taken = ports.ledger.put_all([as_skipped(outcome, request.run) for outcome in recent])
    return frozenset(
        outcome.environment for outcome, is_taken in zip(recent, taken, strict=True) if is_taken
    )


def _not_run_entry(environment: FleetEnvironment) -> FleetEntryDocument:
    return FleetEntryDocument(
        name=environment.name, path=environment.path, answer=FleetAnswer.NOT_RUN
    )


def digest_inputs(files: Mapping[str, str], holds_until: str = "") -> str:
    """Return the digest over files, given the digest of each by its path.

    `holds_until` is the last day on which all that they state for a time holds ("": nothing ends):
    after that day, the same files are another question.
    """
    lines = "".join(f"{digest} {path}\n" for path, digest in sorted(files.items()))
    lines += f"until {holds_until}\n" if holds_until else ""
    return f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"


def _format_time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
