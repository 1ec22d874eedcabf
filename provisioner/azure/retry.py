"""What is tried again, how long, and when: the one place that decides it.

The SDK's own retry policy is not in the pipeline, so nothing is retried twice.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from threading import Event

from provisioner.azure.errors import CONNECTION
from provisioner.model.azure_error import AzureError

_LONGEST_PAUSE = 60.0
_UNREACHED_SECONDS = 10.0
_SERVER_SECONDS = 120.0
_GRANT_SECONDS = 600.0
_SERVER_STATUSES = frozenset({408, 500, 502, 503, 504})
_THROTTLED = 429


@dataclass(frozen=True, slots=True)
class RetryBudget:
    """How often one request is sent, and for how many seconds, before its refusal counts.

    A wait that would end after `total_seconds` is not begun.
    """

    attempts: int = 15
    total_seconds: float = 600.0


@dataclass(frozen=True, slots=True)
class TransientCode:
    """A code with which Azure refuses a write that is right and will be accepted later.

    `seconds` bounds the retries, within the budget. `after_grant`: only in the minutes after this
    client wrote a role assignment, for else the permission is really missing.
    """

    code: str
    seconds: float
    reason: str
    after_grant: bool = False


TRANSIENT_WRITES = {
    row.code.lower(): row
    for row in (
        TransientCode(
            "AnotherOperationInProgress", 600, "a network resource takes one write at a time"
        ),
        TransientCode("RetryableError", 600, "the provider itself asks for another try"),
        TransientCode(
            "RetryableErrorDueToAnotherOperation", 600, "the provider asks for another try"
        ),
        TransientCode("Conflict", 600, "a cluster refuses a second change while one runs"),
        TransientCode(
            "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
            300,
            "an identity takes one federated credential at a time",
        ),
        TransientCode("PrincipalNotFound", 300, "a new identity reaches Entra ID with delay"),
        TransientCode("FailedIdentityOperation", 120, "a new identity is not known everywhere"),
        TransientCode("ParentResourceNotFound", 60, "a new parent is not known everywhere"),
        TransientCode("ResourceGroupNotFound", 60, "a new group is not known everywhere"),
        TransientCode(
            "StorageProvisioningStateNotSucceeded", 120, "a new account's name is not known at once"
        ),
        TransientCode("InvalidResourceReference", 60, "a new target is not known everywhere"),
        TransientCode(
            "AuthorizationFailed", _GRANT_SECONDS, "a new role takes minutes to work", True
        ),
        TransientCode(
            "LinkedAuthorizationFailed", _GRANT_SECONDS, "a new role takes minutes to work", True
        ),
    )
}
"""The codes of guidelines.md §3.7 that more time cures, with a bound and the reason for each.

Every other refusal of the classes 4xx fails at once: a person must change something. A missing
provider registration is among them: registering is a change of the subscription, which no
reviewed plan contains.
"""


@dataclass(slots=True)
class Circumstances:
    """What the client has learnt while it ran, and what a retry depends on.

    `reached` is set once the endpoint answered anything; `granted_at` is when a role assignment
    was last written (seconds of the clock); `closed` is set when the client is closed.
    """

    reached: bool = False
    granted_at: float | None = None
    closed: Event = field(default_factory=Event)


@dataclass(slots=True)
class Attempts:
    """The attempts of one request against its budget. `clock` gives seconds since the epoch."""

    budget: RetryBudget
    clock: Callable[[], float]
    made: int = 1
    started: float = field(init=False)
    allowed: float = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.clock()
        self.allowed = self.budget.total_seconds

    def next_pause(self, patience: float, asked: float | None) -> float | None:
        """Return how many seconds to wait for the next attempt, or None to give up.

        `patience` bounds the whole in seconds, 0 for never. `asked` is what Azure's Retry-After
        says; it is obeyed as it is. Without it the pauses double from 1 to 60 seconds.
        """
        if patience <= 0 or self.made >= self.budget.attempts:
            return None
        pause = asked if asked is not None else min(2.0 ** (self.made - 1), _LONGEST_PAUSE)
        self.allowed = min(patience, self.budget.total_seconds)
        if self.elapsed + pause > self.allowed:
            return None
        self.made += 1
        return pause

    @property
    def elapsed(self) -> float:
        """Seconds since the first attempt."""
        return self.clock() - self.started

    @property
    def account(self) -> str:
        """What was tried, for the error that ends it; "" for a single attempt."""
        if self.made == 1:
            return ""
        return (
            f" Gave up after {self.made} attempts in {self.elapsed:.0f} s (retry budget: "
            f"{self.budget.attempts} attempts, {self.allowed:.0f} s)."
        )


def find_patience(error: AzureError, is_write: bool, known: Circumstances, now: float) -> float:
    """Return for how many seconds a request that ended in `error` is tried again; 0 is never."""
    if error.code == CONNECTION:
        return _SERVER_SECONDS if known.reached else _UNREACHED_SECONDS
    row = TRANSIENT_WRITES.get(error.code.lower()) if is_write else None
    if row is not None and _applies(row, known, now):
        return row.seconds
    if error.status == _THROTTLED:
        return float("inf")
    return _SERVER_SECONDS if error.status in _SERVER_STATUSES else 0.0


def _applies(row: TransientCode, known: Circumstances, now: float) -> bool:
    if not row.after_grant:
        return True
    return known.granted_at is not None and now - known.granted_at <= _GRANT_SECONDS


def read_retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that Azure asks to wait, 0 included; None where it does not say.

    `retry-after-ms` and `x-ms-retry-after-ms` are milliseconds; `Retry-After` is seconds or an
    HTTP date, which is held against `now` (seconds since the epoch). Nonsense counts as silence.
    """
    folded = {name.lower(): value.strip() for name, value in headers.items()}
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        if name in folded and (milliseconds := _number(folded[name])) is not None:
            return milliseconds / 1000
    text = folded.get("retry-after", "")
    seconds = _number(text)
    if seconds is not None or not text:
        return seconds
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except ValueError:
        return None


def _number(text: str) -> float | None:
    return float(text) if text.isascii() and text.replace(".", "", 1).isdigit() else None
