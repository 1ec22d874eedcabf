"""`azsec fleet`: one command over many environments, with a ledger of what became of each.

The ledger decides what counts: an environment that was answered in a run is not asked again in it,
whatever was lost after the answer was put.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from provisioner.documents.document import DiagnosticDocument
from provisioner.documents.fleet import (
    FindingGroupDocument,
    FleetAnswer,
    FleetDocument,
    FleetEntryDocument,
)
from provisioner.engine.ledger_port import Finished, Ledger, Outcome, RunRecord, Scheduler
from provisioner.model.diagnostic import error
from provisioner.workflow.fleet_item import FleetAnswerText, FleetItem

_ORDER = {answer: number for number, answer in enumerate(FleetAnswer)}
_WHOLE = (FleetAnswer.FINDINGS, FleetAnswer.CLEAN, FleetAnswer.UNCHANGED)


@dataclass(frozen=True, slots=True)
class FleetEnvironment:
    """An environment that a run is asked about: the path of its file, and its name."""

    path: str
    name: str


@dataclass(frozen=True, slots=True)
class FleetRequest:
    """What a run is asked: its name in the ledger, the command, the environments, the options of
    each item, for how many seconds it may run, and how old a complete answer of unchanged files may
    be to be left as it is (None: each is asked)."""

    run: str
    command: str
    environments: tuple[FleetEnvironment, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 3_000.0
    stale_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class FleetPorts:
    """What a run works with: `digest_of` returns the digest of a file by its path, None where it
    cannot be read; `tell` hears of each entry as it is answered. `find_untouched` returns an entry
    for each of some answers that still holds, by the logs (None: nobody asks them)."""

    ledger: Ledger
    scheduler: Scheduler
    digest_of: Callable[[str], str | None]
    now: Callable[[], datetime]
    tell: Callable[[FleetEntryDocument, int, int], None] = lambda _entry, _done, _all: None
    find_untouched: Callable[[Sequence[Outcome]], Sequence[FleetEntryDocument]] | None = None


def run_fleet(request: FleetRequest, ports: FleetPorts) -> FleetDocument:
    """Ask each environment that has no answer yet, and return what the run came to.

    Raises DiagnosticError where the ledger cannot be used. What cannot be told of one environment
    is said in its entry.
    """
    started = _moment(ports.now())
    ports.ledger.begin(
        RunRecord(
            request.run,
            request.command,
            started,
            tuple(one.path for one in request.environments),
            request.options,
        )
    )
    answered = {
        outcome.environment: outcome
        for outcome in ports.ledger.outcomes(request.run)
        if _is_current(outcome, ports.digest_of)
    }
    fresh = _fresh(request, ports) if request.stale_after is not None else frozenset()
    left = [
        one for one in request.environments if one.path not in answered and one.path not in fresh
    ]
    entries = {path: _entry_of(outcome) for path, outcome in answered.items()}
    entries |= {entry.path: entry for entry in _put_untouched(request, left, ports)}
    left = [one for one in left if one.path not in entries]
    for entry in _ask(request, left, ports):
        entries[entry.path] = entry
        ports.tell(entry, len(entries), len(request.environments) - len(fresh))
    entries |= {one.path: _not_run(one) for one in left if one.path not in entries}
    told = sorted(entries.values(), key=lambda entry: (_ORDER[entry.answer], entry.name))
    return FleetDocument(
        command=request.command,
        run=request.run,
        started_at=started,
        ended_at=_moment(ports.now()),
        asked=len(request.environments),
        environments=tuple(told),
        fresh=tuple(one.name for one in request.environments if one.path in fresh),
        groups=group_findings(told),
    )


def group_findings(entries: Sequence[FleetEntryDocument]) -> tuple[FindingGroupDocument, ...]:
    """Return the findings with the environments that have each, those of most environments
    first."""
    found: dict[str, dict[str, None]] = {}
    for entry in entries:
        for finding in entry.findings:
            found.setdefault(finding.what, {})[entry.name] = None
    ordered = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple(
        FindingGroupDocument(what=what, environments=tuple(sorted(names)))
        for what, names in ordered
    )


def _put_untouched(
    request: FleetRequest, left: Sequence[FleetEnvironment], ports: FleetPorts
) -> Iterator[FleetEntryDocument]:
    """Yield the entries of environments whose last complete answer still holds, once they are in
    the ledger."""
    if ports.find_untouched is None:
        return
    newest = ports.ledger.newest(request.command, complete=True)
    known = {
        one.path: outcome
        for one in left
        if (outcome := newest.get(one.path)) is not None and _is_current(outcome, ports.digest_of)
    }
    for entry in ports.find_untouched(list(known.values())):
        before = known[entry.path]
        answer = FleetAnswerText(entry, before.files, before.scope)
        if ports.ledger.put(_outcome(request, FleetEnvironment(entry.path, entry.name), answer)):
            yield entry


def _ask(
    request: FleetRequest, left: Sequence[FleetEnvironment], ports: FleetPorts
) -> Iterator[FleetEntryDocument]:
    """Yield the entry of each environment as its item ends. It is in the ledger before that."""
    items = [FleetItem(request.command, one.path, request.options).write() for one in left]
    for finished in ports.scheduler.run(items, request.seconds):
        environment = left[finished.number]
        answer = _read(environment, finished, _moment(ports.now()))
        outcome = _outcome(request, environment, answer)
        if ports.ledger.put(outcome):
            yield answer.entry
            continue
        known = ports.ledger.outcomes(request.run)
        yield next(
            (_entry_of(one) for one in reversed(known) if one.environment == environment.path),
            answer.entry,
        )


def _read(environment: FleetEnvironment, finished: Finished, now: str) -> FleetAnswerText:
    """Return what a worker answered; an answer that is none is a failure of its environment."""
    lost = finished.lost
    if finished.text is not None:
        try:
            answer = FleetAnswerText.read(finished.text)
        except (ValueError, KeyError, TypeError) as problem:
            lost = f"its worker answered what is no answer ({type(problem).__name__})"
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
    )


def _entry_of(outcome: Outcome) -> FleetEntryDocument:
    return FleetEntryDocument.model_validate(outcome.entry)


def _is_current(outcome: Outcome, digest_of: Callable[[str], str | None]) -> bool:
    """Tell whether an outcome is an answer, and of the environment as its files are now."""
    return outcome.answered and all(
        digest_of(path) == digest for path, digest in outcome.files.items()
    )


def _fresh(request: FleetRequest, ports: FleetPorts) -> frozenset[str]:
    """Return the paths of the environments whose last complete answer is young enough, and of the
    files as they are now."""
    assert request.stale_after is not None
    since = _moment(ports.now() - request.stale_after)
    newest = ports.ledger.newest(request.command, complete=True)
    return frozenset(
        one.path
        for one in request.environments
        if (outcome := newest.get(one.path)) is not None
        and outcome.run != request.run
        and outcome.ended_at >= since
        and _is_current(outcome, ports.digest_of)
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
