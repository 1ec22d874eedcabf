"""The ports of a fleet: what runs its items, and the ledger that keeps what became of them.

An item is a text and so is its outcome: what crosses the border of a process, a host or a queue.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as the ledger keeps it: its name, its command, when it began (ISO 8601, UTC), the paths
    of the environments that it was asked about, the options of each item, since when a clean answer
    of another run is young enough to be left as it is ("": none is), and what was asked: runs of
    one `question` answer each other, and no other ones do."""

    run: str
    command: str
    started_at: str
    environments: tuple[str, ...]
    options: Mapping[str, Any]
    fresh_since: str = ""
    question: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an environment in a run.

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
    """Keeps runs and outcomes. An outcome is put once for a run, an environment and its inputs:
    another one of the same is not taken, so that an item that ran twice counts once. A failure
    stands only until there is an answer."""

    def begin(self, record: RunRecord) -> RunRecord:
        """Keep what a run is about, and return it; one of the name that is there already stays as
        it is, and is returned."""

    def find_run(self, run: str) -> RunRecord | None:
        """Return a run by its name, `last` for the one that began last; None where the ledger has
        none."""

    def put(self, outcome: Outcome) -> bool:
        """Keep an outcome; return False where one of its key is there already: an answer, that is,
        since a failure makes room for what comes after it."""

    def put_all(self, outcomes: Sequence[Outcome]) -> Sequence[bool]:
        """Keep outcomes; return for each what `put` would."""

    def outcomes(self, run: str, environments: Collection[str] | None = None) -> Sequence[Outcome]:
        """Return the outcomes of a run, without their documents, in the order of their end: of all
        environments, or of those with these paths."""

    def newest(self, question: str, environments: Collection[str]) -> Mapping[str, Outcome]:
        """Return the newest complete outcome of a question, without its document, for each of these
        environments that has one."""

    def document(self, run: str, environment: str) -> Mapping[str, Any] | None:
        """Return the document of the newest outcome of an environment in a run, None where there is
        none."""


@dataclass(frozen=True, slots=True)
class Finished:
    """An item that ended: its number among those that were given, and the text of its outcome; or
    None and why there is none (its worker was lost each time)."""

    number: int
    text: str | None
    lost: str = ""
    attempt: int = 1


class Scheduler(Protocol):
    """Runs items on workers. A worker that is lost costs its item an attempt, and no other one."""

    def run(self, items: Sequence[str], seconds: float) -> Iterator[Finished]:
        """Yield the items that end within so many seconds, in the order of their ends."""
