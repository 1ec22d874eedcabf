"""Ports of a fleet run: the scheduler that runs its items, and the ledger of their outcomes.

An item and its outcome are JSON texts, since they cross processes, hosts and queues.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run in the ledger.

    `started_at` is ISO 8601 in UTC; `environments` are the paths that the run covers; `options` are
    those of each item. A clean outcome of another run that ended after `fresh_since` is reused ("":
    none is) if its `question` is the same: it identifies all that an answer depends on beside the
    files and Azure.
    """

    run: str
    command: str
    started_at: str
    environments: tuple[str, ...]
    options: Mapping[str, Any]
    fresh_since: str = ""
    question: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result for an environment in a run.

    `inputs` is the digest over the files that it was composed from, and `files` the digest of each
    by its path; `ended_at` is ISO 8601 in UTC; `answered` whether there is an answer at all,
    `complete` whether everything was read, and `clean` whether nothing was found. `scope` has the
    tenant and the subscriptions that it stands in, `entry` is its FleetEntryDocument in JSON, and
    `document` what the command prints of the environment by itself, None where there is none.
    `question` is that of its run.
    """

    run: str
    command: str
    environment: str
    inputs: str
    ended_at: str
    answered: bool
    complete: bool
    clean: bool
    files: Mapping[str, str]
    scope: Mapping[str, Any]
    entry: Mapping[str, Any]
    document: Mapping[str, Any] | None = None
    question: str = ""


class Ledger(Protocol):
    """Stores runs and outcomes.

    The key of an outcome is run, environment and inputs: a second answer of a key is refused, so
    that an item that ran twice counts once. A failure counts only until there is an answer.
    """

    def begin(self, record: RunRecord) -> RunRecord:
        """Store a run, and return it; one of the same name is left unchanged, and returned."""

    def find_run(self, run: str) -> RunRecord | None:
        """Return a run by its name, or None; `last` is the one that began last."""

    def put(self, outcome: Outcome) -> bool:
        """Store an outcome; return False where an answer of its key is stored already.

        A stored failure of the key is replaced.
        """

    def put_all(self, outcomes: Sequence[Outcome]) -> Sequence[bool]:
        """Store outcomes; return for each what `put` would, in their order."""

    def outcomes(self, run: str, environments: Collection[str] | None = None) -> Sequence[Outcome]:
        """Return the outcomes of a run, without their documents, in the order of their end.

        Those of all environments, or of the ones with these paths.
        """

    def newest(self, question: str, environments: Collection[str]) -> Mapping[str, Outcome]:
        """Return the newest outcome of a question by environment, without its document.

        Environments without one are absent from the result, and those whose newest one failed or
        is not complete: an earlier one says nothing of what could not be read since.
        """

    def document(self, run: str, environment: str, inputs: str) -> Mapping[str, Any] | None:
        """Return the document of the answer of this key; None where it has none, or failed."""


@dataclass(frozen=True, slots=True)
class Finished:
    """An item that ended: its index among the items of the run, and the text of its outcome.

    Without an outcome `text` is None and `lost` is the reason (its worker was lost each time).
    `attempt` counts from 1.
    """

    number: int
    text: str | None
    lost: str = ""
    attempt: int = 1


class Scheduler(Protocol):
    """Runs items on workers. A worker that is lost costs its item an attempt, and no other one."""

    def run(self, items: Sequence[str], seconds: float) -> Iterator[Finished]:
        """Yield the items that end within so many seconds, in the order of their ends."""
