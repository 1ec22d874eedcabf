"""Client-side rate limits of Azure Resource Manager and Resource Graph, shared by processes.

ARM keeps a bucket of tokens per principal, subscription and region: reads 250 and 25 more a second,
writes and deletes 200 and 10 (https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling).
Resource Graph takes 15 queries in 5 seconds of a user. Requests beyond are answered 429; of many
workers, each would learn that by itself, and wait for the requests of the others. So they take from
one bucket, and the limits that Azure returns to one of them hold for all.
"""

import fcntl
import hashlib
import os
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import HTTPPolicy
from azure.core.rest import HttpRequest, HttpResponse

from provisioner.azure.retry import read_retry_after
from provisioner.engine.timings import count_wait

_STATE = struct.Struct("<dd")
_THROTTLED = 429
_LONGEST = 300.0
_REMAINING = "x-ms-ratelimit-remaining-subscription-"
_QUOTA = "x-ms-user-quota-remaining"
"""The queries that Resource Graph takes of a user in this window.

"Guidance for throttled requests in Azure Resource Graph".
"""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket of tokens, one a request: its name, how many it holds, how many more a second."""

    name: str
    size: float
    rate: float


READS = Bucket("reads", 250.0, 25.0)
WRITES = Bucket("writes", 200.0, 10.0)
DELETES = Bucket("deletes", 200.0, 10.0)
QUERIES = Bucket("queries", 15.0, 3.0)
_BY_METHOD = {"GET": READS, "HEAD": READS, "DELETE": DELETES}


class TokenBuckets:
    """The buckets of all subscriptions, each in a locked file that processes of this host share.

    The files are in `folder`. `share` is the fraction of each bucket for this host, where others
    use the same principal. `clock` gives seconds since the epoch, the same for all processes.
    """

    def __init__(
        self, folder: Path, principal: str, clock: Callable[[], float], share: float = 1.0
    ) -> None:
        self._folder = folder
        self._principal = principal
        self._clock = clock
        self._share = share

    def take(self, bucket: Bucket, subscription: str) -> float:
        """Take a token; return the seconds until it is available, 0 for at once."""
        with self._open(bucket, subscription) as state:
            state.tokens -= 1.0
            return max(0.0, -state.tokens / (bucket.rate * self._share))

    def learn(self, bucket: Bucket, subscription: str, remaining: float) -> None:
        """Lower a bucket to the tokens that Azure reports as left.

        Below 0 they are what refills, at the rate of the whole bucket, until requests may go on.
        """
        # This host refills its share of the rate alone, and waits no longer than Azure says.
        left = remaining * self._share if remaining < 0 else remaining
        with self._open(bucket, subscription) as state:
            state.tokens = min(state.tokens, left)

    @contextmanager
    def _open(self, bucket: Bucket, subscription: str) -> Iterator["_State"]:
        """Lock a bucket, refill it for the time since its last use, and write it back."""
        key = f"{self._principal} {bucket.name} {subscription}".lower()
        path = self._folder / hashlib.sha256(key.encode()).hexdigest()[:32]
        size, rate = bucket.size * self._share, bucket.rate * self._share
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            now, content = self._clock(), os.pread(handle, _STATE.size, 0)
            tokens, at = _STATE.unpack(content) if len(content) == _STATE.size else (size, now)
            filled = tokens + max(0.0, now - at) * rate
            state = _State(max(min(filled, size), -_LONGEST * rate))
            yield state
            os.pwrite(handle, _STATE.pack(state.tokens, now), 0)
        finally:
            os.close(handle)


@dataclass(slots=True)
class _State:
    tokens: float


class BucketPolicy(HTTPPolicy[Any, Any]):
    """Takes a token for each attempt of a request, and applies the limits in Azure's answers."""

    def __init__(
        self,
        buckets: TokenBuckets,
        sleep: Callable[[float], object],
        clock: Callable[[], float],
    ) -> None:
        super().__init__()
        self._buckets = buckets
        self._sleep = sleep
        self._clock = clock

    def send(
        self, request: PipelineRequest[HttpRequest]
    ) -> PipelineResponse[HttpRequest, HttpResponse]:
        """Send a request once its token is available."""
        bucket, subscription = bucket_of(request.http_request.method, request.http_request.url)
        pause = self._buckets.take(bucket, subscription)
        if pause > 0:
            count_wait(pause)
            self._sleep(pause)
        response = self.next.send(request)
        http = response.http_response
        left = remaining_of(http.status_code, http.headers, bucket, self._clock())
        if left is not None:
            self._buckets.learn(bucket, subscription, left)
        return response


def bucket_of(method: str, url: str) -> tuple[Bucket, str]:
    """Return the bucket that a request takes from, and its subscription ("" for the tenant)."""
    path = url.partition("://")[2].partition("/")[2].partition("?")[0].lower()
    if path.startswith("providers/microsoft.resourcegraph/"):
        return QUERIES, ""
    segments = path.split("/")
    subscription = segments[1] if len(segments) > 1 and segments[0] == "subscriptions" else ""
    # Whatever a POST does (what-if, permissions, keys), ARM counts it among the writes.
    return _BY_METHOD.get(method, WRITES), subscription


def remaining_of(
    status: int, headers: Mapping[str, str], bucket: Bucket, now: float
) -> float | None:
    """Return the tokens left according to an answer, None where it does not state them.

    After 429 the result is negative: the tokens that refill in the seconds of Retry-After.
    """
    if status == _THROTTLED:
        return -(read_retry_after(headers, now) or 1.0) * bucket.rate
    folded = {name.lower(): value for name, value in headers.items()}
    text = folded.get(_QUOTA if bucket is QUERIES else f"{_REMAINING}{bucket.name}", "")
    return float(text) if text.isascii() and text.isdigit() else None
