"""Retry rules: which refusals are transient, for how many seconds, and the pauses between attempts.

All retries are decided here. The SDK's own RetryPolicy is not in the pipeline, so nothing is
retried twice.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from threading import Event

from provisioner.azure.errors import CONNECTION, INCOMPLETE
from provisioner.model.azure_error import AzureError

_LONGEST_PAUSE = 60.0
_LONGEST_SERVER_PAUSE = 5.0
_LONGEST_THROTTLED_PAUSE = 2.0
_AT_ONCE_PAUSES = (0.1, 2.0)
_LONGEST_OBEYED = 7200.0
_UNREACHED_SECONDS = 10.0
_INCOMPLETE_SECONDS = 30.0
_SERVER_SECONDS = 90.0
_GRANT_SECONDS = 600.0
_SERVER_STATUSES = frozenset({408, 500, 502, 503, 504})
_THROTTLED = 429


@dataclass(frozen=True, slots=True)
class RetryBudget:
    """The number of attempts of one request, and the seconds for all of them.

    A pause that would end after `total_seconds` is not begun. Throttling is bounded by the seconds
    alone: where four of five requests are throttled, some request of an apply needs more attempts
    than any small number.
    """

    attempts: int = 25
    total_seconds: float = 600.0


@dataclass(frozen=True, slots=True)
class RetryLimits:
    """The retries of a refused request: for `seconds`, 0 for none.

    The pauses double from 1 second to `longest_pause` where the answer has no Retry-After.
    `counted`: the number of attempts is bounded too.
    """

    seconds: float
    longest_pause: float = _LONGEST_PAUSE
    counted: bool = True


NEVER = RetryLimits(0.0)


@dataclass(frozen=True, slots=True)
class TransientCode:
    """A code with which Azure refuses a valid write that it accepts later.

    `seconds` bounds the retries, within the budget. `after_grant`: only in the minutes after this
    client wrote a role assignment, since otherwise the permission is really missing. `says`: only
    where the message contains this text (lower case), since otherwise the code has another meaning.
    """

    code: str
    seconds: float
    reason: str
    after_grant: bool = False
    says: str = ""


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
        # AKS says both "Another operation (Updating) is in progress" and "there's an in progress
        # update managed cluster operation". It uses the same code for what is never allowed (the
        # cluster is stopped), and Compute for a quota.
        TransientCode(
            "OperationNotAllowed",
            600,
            "a cluster refuses a second change while one runs",
            says="in progress",
        ),
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
"""The transient codes of guidelines.md §3.7, with a bound and the reason for each.

Every other 4xx fails at once: a person must change something. A missing provider registration is
among them: registering is a change of the subscription, which no reviewed plan contains.
"""


def is_transient(status: int) -> bool:
    """Return whether an HTTP status is transient for every request: throttling, 408 and 5xx."""
    return status == _THROTTLED or status in _SERVER_STATUSES


@dataclass(slots=True)
class ClientHistory:
    """State of a client on which retries depend.

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

    def next_pause(self, patience: RetryLimits, asked: float | None) -> float | None:
        """Return the seconds to wait before the next attempt, or None to give up.

        `asked` is the Retry-After of the answer, and the least that is waited. 0 requests an
        attempt at once: those pauses double too, from a tenth of a second, so that a server that
        always answers 0 does not get requests without a pause.
        """
        if patience.seconds <= 0 or (patience.counted and self.made >= self.budget.attempts):
            return None
        doubled = 2.0 ** min(self.made - 1, 10)
        if asked is None:
            pause = min(doubled, patience.longest_pause)
        else:
            shortest, longest = _AT_ONCE_PAUSES
            pause = max(asked, min(shortest * doubled, longest))
        self.allowed = min(patience.seconds, self.budget.total_seconds)
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
        """The attempts and the budget, for the message of the last error; "" for one attempt."""
        if self.made == 1:
            return ""
        return (
            f" Gave up after {self.made} attempts in {self.elapsed:.0f} s (retry budget: "
            f"{self.budget.attempts} attempts, {self.allowed:.0f} s)."
        )


def find_retry_limits(
    error: AzureError, is_write: bool, known: ClientHistory, now: float
) -> RetryLimits:
    """Return the retries of a request that was refused with `error`."""
    if error.code == CONNECTION:
        seconds = _SERVER_SECONDS if known.reached else _UNREACHED_SECONDS
        return RetryLimits(seconds, _LONGEST_SERVER_PAUSE)
    if error.code == INCOMPLETE:
        return RetryLimits(_INCOMPLETE_SECONDS, _LONGEST_SERVER_PAUSE)
    row = TRANSIENT_WRITES.get(error.code.lower()) if is_write else None
    if row is not None and _is_applicable(row, error, known, now):
        return RetryLimits(row.seconds)
    if error.status == _THROTTLED:
        return RetryLimits(float("inf"), _LONGEST_THROTTLED_PAUSE, counted=False)
    if error.status in _SERVER_STATUSES:
        return RetryLimits(_SERVER_SECONDS, _LONGEST_SERVER_PAUSE)
    return NEVER


def _is_applicable(row: TransientCode, error: AzureError, known: ClientHistory, now: float) -> bool:
    if row.says not in error.message.lower():
        return False
    if not row.after_grant:
        return True
    return known.granted_at is not None and now - known.granted_at <= _GRANT_SECONDS


def read_retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds of Retry-After, 0 included; None where there is none.

    `retry-after-ms` and `x-ms-retry-after-ms` are milliseconds; `Retry-After` is seconds or an
    HTTP date, which is compared with `now` (seconds since the epoch). A value that is no number and
    no date is ignored, and so is one of more than two hours, the longest wait of any operation.
    """
    folded = {name.lower(): value.strip() for name, value in headers.items()}
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        if name in folded and (milliseconds := _parse_decimal(folded[name])) is not None:
            return _bounded_wait(milliseconds / 1000)
    text = folded.get("retry-after", "")
    seconds = _parse_decimal(text)
    if seconds is None and text:
        seconds = _seconds_until(text, now)
    return _bounded_wait(seconds)


def _bounded_wait(seconds: float | None) -> float | None:
    return seconds if seconds is not None and seconds <= _LONGEST_OBEYED else None


def _seconds_until(date: str, now: float) -> float | None:
    try:
        return max(0.0, parsedate_to_datetime(date).timestamp() - now)
    except (ValueError, TypeError, IndexError, OverflowError, OSError):
        return None


def _parse_decimal(text: str) -> float | None:
    """Return a decimal number without a sign; infinity for one of hundreds of digits."""
    return float(text) if text.isascii() and text.replace(".", "", 1).isdigit() else None
