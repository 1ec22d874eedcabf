"""The ledger in a container of Azure Storage: many machines write outcomes, and each counts once.

Blobs below the prefix (ENV, INPUTS and DOCUMENT are digests in hexadecimal):

    runs/RUN.json                       what a run is about; created once
    recent/TIME-RUN                     empty; TIME counts down, so the newest run is listed first
    outcomes/RUN/ENV/INPUTS.json        an answer; created once (`If-None-Match: *`)
    outcomes/RUN/ENV/INPUTS.failed.json a failure; counts where there is no answer beside it
    documents/RUN/ENV/DOCUMENT.json     what the command prints of the environment
    newest/QUESTION/ENV                 empty; its metadata name the newest answer or failure

So one list shows the outcomes of a run and one the newest of all, however many runs there were. An
answer takes four requests: its document, the two of `newest`, and its own, which comes last, so
that a worker that is stopped in between has written nothing that counts. Blob Storage has no
transaction over blobs: the order of the writes and `If-None-Match: *` stand in for one.
"""

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from provisioner.documents.fleet import FleetEntryDocument
from provisioner.engine.container_port import BlobContainer, StoredBlob
from provisioner.engine.ledger_port import Outcome, RunRecord
from provisioner.model.azure_error import AzureError
from provisioner.model.diagnostic import DiagnosticError, error

PARALLELISM = 16
"""How many requests are sent at once where several outcomes are read or put."""

_Shape = TypeVar("_Shape")
_Given = TypeVar("_Given")
_Found = TypeVar("_Found")
_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_FORMAT = 1
_DIGITS = 32
_LAST_SECOND = 9_999_999_999
_RECENT = 20
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class _StoredOutcome:
    """An outcome as a blob has it: `document` is the digest of its document."""

    outcome: Outcome
    document: str | None = None
    format: int = _FORMAT


@dataclass(frozen=True, slots=True)
class _StoredRun:
    run: RunRecord
    format: int = _FORMAT


_OUTCOME = TypeAdapter(_StoredOutcome)
_RECORD = TypeAdapter(_StoredRun)
_DOCUMENT = TypeAdapter(dict[str, Any])


class BlobLedger:
    """A ledger in a container, below `prefix` ("" or a folder that ends with a slash).

    `url` is how messages name it. Every method raises DiagnosticError (`ledger-unreadable`) where
    the container cannot be used, or holds a blob that is no part of a ledger.
    """

    def __init__(self, container: BlobContainer, prefix: str, url: str) -> None:
        self._container = container
        self._prefix = prefix
        self._url = url

    def begin(self, record: RunRecord) -> RunRecord:
        """Store a run, and return it, or the one of the same name that is stored already.

        Raises:
            DiagnosticError: for a name that no blob can have, and where the container refuses.
        """
        if not _RUN.fullmatch(record.run):
            raise DiagnosticError(self._unusable(f"a run cannot be named {record.run[:120]!r}"))
        there = self.find_run(record.run)
        if there is not None:
            return there
        name = self._prefix + f"runs/{record.run}.json"
        with self._stated():
            # First the mark in `recent`: without its run it is ignored, and a run without a mark
            # would never be the last one.
            self._container.create(f"{self._prefix}recent/{_count_down(record)}-{record.run}", b"")
            if self._container.create(name, _write(_StoredRun(record))):
                return record
        return self.find_run(record.run) or record

    def find_run(self, run: str) -> RunRecord | None:
        """Return a run by its name, or None; `last` is the one that began last.

        Raises:
            DiagnosticError: where the blob holds another run or format.
        """
        if run == "last":
            return self._find_last()
        if not _RUN.fullmatch(run):
            return None
        name = f"{self._prefix}runs/{run}.json"
        found = self._read(name)
        if found is None:
            return None
        stored = self._parse(_RECORD, name, found.content)
        if stored.format != _FORMAT or stored.run.run != run:
            raise DiagnosticError(self._unusable(f"{name} is not of the run {run}"))
        return stored.run

    def put(self, outcome: Outcome) -> bool:
        """Store an outcome; return False where an answer of its key is stored already."""
        name = self._name_of_outcome(outcome)
        with self._stated():
            if not outcome.answered:
                if self._container.read(f"{name}.json") is not None:
                    return False
                self._point_to(outcome)
                self._container.write(f"{name}.failed.json", _write(_StoredOutcome(outcome)))
                return True
            digest = self._put_document(outcome)
            self._point_to(outcome)
            stored = _StoredOutcome(replace(outcome, document=None), digest)
            return self._container.create(f"{name}.json", _write(stored))

    def put_all(self, outcomes: Sequence[Outcome]) -> Sequence[bool]:
        """Store outcomes in parallel; return for each what `put` would, in their order."""
        return self._each(self.put, outcomes)

    def outcomes(self, run: str, environments: Collection[str] | None = None) -> Sequence[Outcome]:
        """Return the outcomes of a run, without their documents, in the order of their end."""
        if not _RUN.fullmatch(run):
            return []
        wanted = None if environments is None else {_digest(path) for path in environments}
        folder = f"{self._prefix}outcomes/{run}/"
        with self._stated():
            names = {
                one.name
                for one in self._container.find(folder)
                if wanted is None or one.name.removeprefix(folder).partition("/")[0] in wanted
            }
        counted = [name for name in names if not _is_overruled(name, names)]
        found = [one.outcome for one in self._each(self._read_outcome, counted) if one is not None]
        # Pods have clocks of their own: a failure of which the files are not known, of a pod that
        # was lost, never counts against an answer.
        return sorted(
            found,
            key=lambda one: (
                one.answered or bool(one.inputs),
                one.ended_at,
                one.environment,
                one.inputs,
            ),
        )

    def newest(self, question: str, environments: Collection[str]) -> Mapping[str, Outcome]:
        """Return the newest outcome of a question by environment, where it is complete."""
        folder = f"{self._prefix}newest/{question}/"
        wanted = {_digest(path): path for path in environments}
        with self._stated():
            names = [
                f"{self._prefix}outcomes/{one.metadata.get('outcome', '')}.json"
                for one in self._container.find(folder)
                if one.name.removeprefix(folder) in wanted
            ]
        found = [one.outcome for one in self._each(self._read_outcome, names) if one is not None]
        return {one.environment: one for one in found if one.question == question and one.complete}

    def document(self, run: str, environment: str, inputs: str) -> Mapping[str, Any] | None:
        """Return the document of an answer, None where there is none.

        Raises:
            DiagnosticError: where the document is not the one whose digest the outcome states.
        """
        if not _RUN.fullmatch(run):
            return None
        stored = self._read_outcome(f"{self._name_of(run, environment, inputs)}.json")
        if stored is None or stored.document is None:
            return None
        name = f"{self._prefix}documents/{run}/{_digest(environment)}/{stored.document}.json"
        found = self._read(name)
        if found is None:
            return None
        if _hash(found.content) != stored.document:
            raise DiagnosticError(self._unusable(f"{name} is not the document of its outcome"))
        return self._parse(_DOCUMENT, name, found.content)

    def _find_last(self) -> RunRecord | None:
        with self._stated():
            marks = list(self._container.find(f"{self._prefix}recent/", _RECENT))
        names = (one.name.rpartition("/")[2].partition("-")[2] for one in marks)
        return next((found for name in names if (found := self.find_run(name)) is not None), None)

    def _put_document(self, outcome: Outcome) -> str | None:
        if outcome.document is None:
            return None
        content = _write(outcome.document)
        digest = _hash(content)
        folder = f"{self._prefix}documents/{outcome.run}/{_digest(outcome.environment)}"
        self._container.create(f"{folder}/{digest}.json", content)
        return digest

    def _point_to(self, outcome: Outcome) -> None:
        """Record an outcome as the newest of its environment, unless a later one is recorded.

        The pointer precedes the outcome itself: `newest` skips one whose outcome was never written.
        Writers compete, so each replaces the entity tag that it read (`If-Match`), or tries again.
        """
        name = f"{self._prefix}newest/{outcome.question}/{_digest(outcome.environment)}"
        blob = f"{self._name_of_outcome(outcome)}{'' if outcome.answered else '.failed'}"
        pointer = {
            "ended": outcome.ended_at,
            "outcome": blob.removeprefix(f"{self._prefix}outcomes/"),
        }
        for _ in range(_ATTEMPTS):
            there = self._container.read(name)
            if there is None:
                if self._container.create(name, b"", pointer):
                    return
            elif there.metadata.get("ended", "") > outcome.ended_at or self._container.replace(
                name, b"", pointer, there.etag
            ):
                return
        # Others wrote it each time: they ended as late as this one.

    def _read_outcome(self, name: str) -> _StoredOutcome | None:
        """Return the outcome that a blob holds, None where there is none of the name.

        Raises:
            DiagnosticError: where the content is no outcome, or that of another name.
        """
        found = self._read(name)
        if found is None:
            return None
        stored = self._parse(_OUTCOME, name, found.content)
        outcome = stored.outcome
        ending = ".json" if outcome.answered else ".failed.json"
        if stored.format != _FORMAT or self._name_of_outcome(outcome) + ending != name:
            raise DiagnosticError(self._unusable(f"{name} holds another outcome than its name"))
        try:
            FleetEntryDocument.model_validate(outcome.entry)
        except ValidationError as problem:
            raise DiagnosticError(self._unusable(_describe(name, problem))) from None
        return stored

    def _read(self, name: str) -> StoredBlob | None:
        with self._stated():
            return self._container.read(name)

    def _parse(self, shape: TypeAdapter[_Shape], name: str, content: bytes) -> _Shape:
        try:
            return shape.validate_json(content, strict=False)
        except ValidationError as problem:
            raise DiagnosticError(self._unusable(_describe(name, problem))) from None

    def _name_of_outcome(self, outcome: Outcome) -> str:
        return self._name_of(outcome.run, outcome.environment, outcome.inputs)

    def _name_of(self, run: str, environment: str, inputs: str) -> str:
        """Return the name of an outcome's blob, without its ending."""
        return f"{self._prefix}outcomes/{run}/{_digest(environment)}/{_digest(inputs)}"

    @staticmethod
    def _each(ask: Callable[[_Given], _Found], given: Iterable[_Given]) -> list[_Found]:
        with ThreadPoolExecutor(PARALLELISM) as pool:
            return list(pool.map(ask, given))

    @contextmanager
    def _stated(self) -> Iterator[None]:
        """Turn a refusal of Azure Storage into a diagnostic of the ledger.

        Raises:
            DiagnosticError: for an AzureError, and for a blob beyond the bounds (ValueError).
        """
        try:
            yield
        except AzureError as refusal:
            reason = f"{refusal.code}: {refusal.message}"
            raise DiagnosticError(self._unusable(reason, _HINTS.get(refusal.code))) from refusal
        except ValueError as problem:
            raise DiagnosticError(self._unusable(str(problem))) from None

    def _unusable(self, reason: str, hint: str | None = None) -> Any:  # noqa: ANN401
        return error(
            "ledger-unreadable",
            f"{self._url} cannot be used as the ledger of a fleet: {reason.rstrip('.')}.",
            None,
            hint or "Name another container, or another folder in it, with --ledger.",
        )


_ROLE = (
    "Assign Storage Blob Data Contributor on the container to whoever runs the fleet (Storage Blob "
    "Data Reader to whoever reads it); a new assignment takes up to 10 minutes."
)
_HINTS = {
    "AuthorizationPermissionMismatch": _ROLE,
    "AuthorizationFailure": "The account's firewall refuses this machine: run where its "
    "private endpoint is reached.",
    "ContainerNotFound": "Create the container: azsec does not.",
}


def _is_overruled(name: str, names: Collection[str]) -> bool:
    """Return whether a blob is a failure whose key has an answer as well."""
    return name.endswith(".failed.json") and f"{name.removesuffix('.failed.json')}.json" in names


def _count_down(record: RunRecord) -> str:
    """Return the seconds left until `_LAST_SECOND`: the newest run sorts first.

    List Blobs returns names in lexicographical order and has no other one.
    """
    began = int(datetime.fromisoformat(record.started_at).timestamp())
    return f"{_LAST_SECOND - began:010}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write(value: object) -> bytes:
    body = value if isinstance(value, Mapping) else asdict(value)  # type: ignore[call-overload]
    return json.dumps(body, sort_keys=True).encode()


def _describe(name: str, problem: ValidationError) -> str:
    first = problem.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{name} is not a part of a ledger: {where + ': ' if where else ''}{first['msg']}"
