"""Faults on request: what Azure does on its bad days, for tests of whoever talks to it."""

import re
import threading
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase


class FaultKind(StrEnum):
    """What a fault does to a request that it matches.

    ANSWER          answers an error, and the request has no effect
    DROP            closes the connection before the request has had an effect
    DROP_ANSWER     closes the connection after the request has had its effect
    FAIL_OPERATION  accepts the request; the long operation that it starts ends as Failed
    """

    ANSWER = "answer"
    DROP = "drop"
    DROP_ANSWER = "drop answer"
    FAIL_OPERATION = "fail operation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One rule. It applies to `times` requests (None: to all) that match, then is spent.

    method       the HTTP method, "*" for any
    path         a regular expression, searched without regard to case in the path of the request
                 (write `$` at its end to match the whole suffix)
    action       a permission with wildcards (`*/write`); where given, it must match too
    status, code, message  the error to answer, or with which the operation ends
    retry_after  seconds, as the `Retry-After` header of the answer
    """

    kind: FaultKind = FaultKind.ANSWER
    method: str = "*"
    path: str = ""
    action: str = "*"
    status: int = 500
    code: str = "InternalServerError"
    message: str = "Encountered internal server error."
    retry_after: int | None = None
    times: int | None = 1

    def matches(self, method: str, path: str, action: str) -> bool:
        """Return whether the rule is about this request."""
        return (
            self.method in ("*", method)
            and re.search(self.path, path, re.IGNORECASE) is not None
            and fnmatchcase(action.lower(), self.action.lower())
        )


_THROTTLED = Fault(
    status=429,
    code="TooManyRequests",
    message="The request is being throttled as the limit has been reached.",
    retry_after=1,
)


class Faults:
    """The rules in force, the oldest first. Safe to use while the server runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[tuple[Fault, int | None]] = []
        self._owed = 0.0
        self.latency = 0.0
        """Seconds that each answer takes longer."""
        self.throttled = 0.0
        """The share of requests (0 to 1) that are answered 429: of 0.2 each fifth."""

    def add(self, fault: Fault) -> None:
        """Put a rule in force."""
        with self._lock:
            self._rules.append((fault, fault.times))

    def throttle(self, path: str = "", *, retry_after: int = 1, times: int = 1) -> None:
        """Answer 429 with `Retry-After` to the next requests for `path`."""
        self.add(
            Fault(
                path=path,
                status=429,
                code="TooManyRequests",
                message="The request is being throttled as the limit has been reached.",
                retry_after=retry_after,
                times=times,
            )
        )

    def unavailable(self, path: str = "", *, method: str = "*", times: int = 1) -> None:
        """Answer 503 to the next requests for `path`."""
        self.add(
            Fault(
                method=method,
                path=path,
                status=503,
                code="ServiceUnavailable",
                message="The service is temporarily unavailable.",
                times=times,
            )
        )

    def deny(self, action: str, path: str = "") -> None:
        """Answer 403 AuthorizationFailed to every request that needs `action` (wildcards)."""
        self.add(
            Fault(
                action=action,
                path=path,
                status=403,
                code="AuthorizationFailed",
                message=f"The client does not have authorization to perform action '{action}'.",
                times=None,
            )
        )

    def drop(
        self, path: str = "", *, method: str = "*", after_effect: bool = False, times: int = 1
    ) -> None:
        """Close the connection on the next requests for `path`, before or after their effect."""
        kind = FaultKind.DROP_ANSWER if after_effect else FaultKind.DROP
        self.add(Fault(kind=kind, method=method, path=path, times=times))

    def fail_operation(
        self, path: str, code: str, message: str, *, method: str = "*", times: int = 1
    ) -> None:
        """Let the long operations that the next requests for `path` start end as Failed."""
        self.add(
            Fault(
                kind=FaultKind.FAIL_OPERATION,
                method=method,
                path=path,
                code=code,
                message=message,
                times=times,
            )
        )

    @property
    def in_force(self) -> tuple[tuple[Fault, int | None], ...]:
        """The rules in force, each with how often it still applies (None: without end)."""
        with self._lock:
            return tuple(self._rules)

    def clear(self) -> None:
        """Take every rule out of force."""
        with self._lock:
            self._rules.clear()

    def take(
        self, kinds: frozenset[FaultKind], method: str, path: str, action: str = ""
    ) -> Fault | None:
        """Return the first rule of these kinds that matches, and count it as applied once."""
        if self.throttled and FaultKind.ANSWER in kinds:
            with self._lock:
                self._owed += self.throttled
                if self._owed >= 1.0:
                    self._owed -= 1.0
                    return _THROTTLED
        if not self._rules:
            return None
        with self._lock:
            for position, (fault, left) in enumerate(self._rules):
                if fault.kind in kinds and fault.matches(method, path, action):
                    if left is not None:
                        self._rules[position : position + 1] = (
                            [(fault, left - 1)] if left > 1 else []
                        )
                    return fault
        return None
