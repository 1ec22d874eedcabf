"""Injected faults: throttling, outages, dropped connections and failed operations, for tests.

A rule matches by method, path and required permission, and is used up after `times` requests.
Nothing is random: the same requests meet the same faults.
"""

import re
import threading
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase


class FaultKind(StrEnum):
    """The effect of a fault on a matching request.

    ANSWER          answers an error; the request has no effect
    DROP            closes the connection before the request has its effect
    DROP_ANSWER     closes the connection after the request has its effect
    FAIL_OPERATION  accepts the request; its long-running operation ends as Failed
    """

    ANSWER = "answer"
    DROP = "drop"
    DROP_ANSWER = "drop answer"
    FAIL_OPERATION = "fail operation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One rule; it applies to `times` matching requests (None: to all).

    method       the HTTP method, "*" for any
    path         a regular expression, searched in the path without case (`$` anchors its end)
    action       a permission with wildcards (`*/write`), which must match too
    status, code, message  the error of the answer, or of the operation
    retry_after  seconds, for the `Retry-After` header
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
        """Return whether the rule matches a request."""
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
    """The active rules, oldest first; safe to use while the server runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[tuple[Fault, int | None]] = []
        self._throttle_debt = 0.0
        self.latency = 0.0
        """Seconds that each answer takes longer."""
        self.throttled = 0.0
        """The share of requests (0 to 1) that are answered 429: of 0.2 each fifth."""

    def add(self, fault: Fault) -> None:
        """Add a rule."""
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
        """Make the long-running operations of the next requests for `path` end as Failed."""
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
        """The active rules, each with its remaining number of uses (None: unlimited)."""
        with self._lock:
            return tuple(self._rules)

    def clear(self) -> None:
        """Remove all rules."""
        with self._lock:
            self._rules.clear()

    def take(
        self, kinds: frozenset[FaultKind], method: str, path: str, action: str = ""
    ) -> Fault | None:
        """Return the first matching rule of these kinds, and count its use.

        A share of `throttled` requests is spread evenly: a debt grows by the share with each
        request, and one at 1.0 is answered 429. The same sequence of requests is throttled at the
        same places.
        """
        if self.throttled and FaultKind.ANSWER in kinds:
            with self._lock:
                self._throttle_debt += self.throttled
                if self._throttle_debt >= 1.0:
                    self._throttle_debt -= 1.0
                    return _THROTTLED
        if not self._rules:
            return None
        with self._lock:
            for position, (fault, remaining) in enumerate(self._rules):
                if fault.kind in kinds and fault.matches(method, path, action):
                    if remaining is not None:
                        self._rules[position : position + 1] = (
                            [(fault, remaining - 1)] if remaining > 1 else []
                        )
                    return fault
        return None
