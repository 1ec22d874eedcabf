"""The ASGI application: admits, authenticates and answers requests, and sets common headers.

A request passes admission (host, browser, size), authentication, authorization and injected faults
before `routing` answers it. It is one transaction under one lock: a refusal undoes everything
except its entries in the activity log. Operations and purges that are due by the clock are
completed first, and stay completed if the request is refused.
"""

import asyncio
import json
import re
import threading
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from provisioner.simulator.arm import operations
from provisioner.simulator.authorization.permissions import check_authorized
from provisioner.simulator.authorization.required_permissions import (
    named_type,
    required_permissions,
)
from provisioner.simulator.bodies.version_views import show_version
from provisioner.simulator.entra.audiences import GRAPH_PATH, Api
from provisioner.simulator.entra.authentication import authenticate
from provisioner.simulator.entra.authority import Authority
from provisioner.simulator.entra.routes import GRAPH_ROUTES, OPEN_ROUTES
from provisioner.simulator.fault_endpoints import PATH as CONTROL
from provisioner.simulator.fault_endpoints import answer_faults
from provisioner.simulator.logs import activity_log, change_log
from provisioner.simulator.protocol.admission import check_admitted, origin_of, read_body
from provisioner.simulator.protocol.caller import Caller
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.faults import Fault, FaultKind
from provisioner.simulator.protocol.http_messages import Answer, Request
from provisioner.simulator.request_counts import PATH as COUNTS
from provisioner.simulator.request_counts import answer_counts
from provisioner.simulator.routing import GUID, check_api_version, match_route, route
from provisioner.simulator.services import blobs, deleted
from provisioner.simulator.state.cloud import Cloud

_FAULTS_BEFORE = frozenset({FaultKind.ANSWER, FaultKind.DROP})
_FAULTS_AFTER = frozenset({FaultKind.DROP_ANSWER})
_SLASHES = re.compile("/{2,}")
_OPEN_PATHS = ("/metadata/endpoints",)
_OWN_PATHS = (CONTROL, COUNTS)
"""Paths of azsec's own: they are answered at once, and not counted."""
# Constant: limits are not simulated; throttling is injected (`protocol.faults`).
_READS_LEFT = 16499
_WRITES_LEFT = 11999
_REMEMBERED = 100_000


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One answered request; `status` is 0 if the connection was dropped."""

    method: str
    path: str
    status: int


class _DroppedError(Exception):
    """The connection is to be closed without an answer."""


Observe = Callable[[Request, Answer, datetime, float], None]


class Application:
    """Answers requests over one cloud, one at a time: each is one transaction of the state.

    `authority` issues and verifies the cloud's tokens.
    """

    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self.cloud = authority.cloud
        self._requests: list[RecordedRequest] = []
        self._counts: Counter[tuple[str, int]] = Counter()
        self._required_actions: set[str] = set()
        self._busy = threading.Lock()
        self.observe: Observe | None = None
        """Hears of each request with its answer, when it came, and the seconds that it took."""

    @property
    def required_actions(self) -> frozenset[str]:
        """The actions that the requests so far required."""
        return frozenset(self._required_actions)

    @property
    def requests(self) -> tuple[RecordedRequest, ...]:
        """The answered requests, oldest first."""
        return tuple(self._requests)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request (ASGI)."""
        if scope["type"] != "http":
            return
        request = _read_head(HttpRequest(scope))
        try:
            size = sum(len(name) + len(value) for name, value in scope["headers"])
            target = scope["raw_path"] + b"?" + scope["query_string"]
            check_admitted(request.method, target, request.headers, size)
            request = replace(request, content=await read_body(_body_receiver(receive)))
        except RefusalError as refusal:
            self._record_request(request, refusal.status)
            answer = Answer(refusal.status, refusal.body(flat=False), refusal.headers)
            await _http_response(request, answer)(scope, receive, send)
            return
        except _DroppedError:
            self._record_request(request, 0)
            return
        began, started = datetime.now(UTC), time.perf_counter()
        if self.cloud.faults.latency and request.path not in _OWN_PATHS:
            await asyncio.sleep(self.cloud.faults.latency)
        try:
            answer = self.answer(request)
        except _DroppedError:
            self._record_request(request, 0)
            await _close_connection(receive)
            return
        self._record_request(request, answer.status)
        if self.observe is not None:
            self.observe(request, answer, began, time.perf_counter() - started)
        await _http_response(request, answer)(scope, receive, send)

    def _record_request(self, request: Request, status: int) -> None:
        if len(self._requests) >= _REMEMBERED:
            del self._requests[: _REMEMBERED // 2]
        self._requests.append(RecordedRequest(request.method, request.path, status))
        if request.path not in _OWN_PATHS:
            self._counts[request.method, status] += 1

    def answer(self, request: Request) -> Answer:
        """Return the answer to one request, and commit its effect.

        A fault that drops the connection ends it without an answer.

        Raises:
            _DroppedError: the connection is to be closed after the effect.
        """
        cloud = self.cloud
        if request.path in _OWN_PATHS:
            try:
                if request.path == COUNTS:
                    return answer_counts(self._counts, request)
                return answer_faults(cloud.faults, request)
            except RefusalError as refusal:
                return Answer(refusal.status, refusal.body(flat=False), refusal.headers)
        if not blobs.is_of_blobs(request):
            # Azure Resource Manager takes several slashes for one (`az lock --resource-type` sends
            # two); the name of a blob has those that it has.
            request = replace(request, path=_SLASHES.sub("/", request.path))
        with self._busy:
            cloud.origin = None
            try:
                request = replace(request, caller=self._authenticate(request))
                cloud.origin = activity_log.read_origin(cloud, request)
                answer = self._answer_admitted(request)
                activity_log.record_answer(cloud, answer)
                change_log.commit_with_changes(cloud)
            except RefusalError as refusal:
                change_log.rollback(cloud)
                activity_log.record_refusal(cloud, cloud.origin, refusal)
                cloud.store.commit()
                return _render_refusal(cloud, request, refusal)
            except BaseException:
                change_log.rollback(cloud)
                raise
        if self.cloud.faults.take(_FAULTS_AFTER, request.method, request.path):
            raise _DroppedError
        return answer

    def _authenticate(self, request: Request) -> Caller | None:
        if _needs_no_token(request) or blobs.is_of_blobs(request):
            return None
        is_of_graph = _is_of_graph(request)
        return authenticate(
            self.authority, request, Api.GRAPH if is_of_graph else Api.RESOURCE_MANAGER
        )

    def _answer_admitted(self, request: Request) -> Answer:
        if blobs.is_of_blobs(request):
            return self._answer_blob(request)
        if request.path.lower().rstrip("/") not in _OPEN_PATHS:
            if _needs_no_token(request) or _is_of_graph(request):
                return self._answer_entra(request)
            check_api_version(request)
        required = required_permissions(self.cloud, request)
        self._required_actions |= {needed.action for needed in required}
        check_authorized(self.cloud, request, required)
        action = required[0].action if required else ""
        fault = self.cloud.faults.take(_FAULTS_BEFORE, request.method, request.path, action)
        if fault is not None:
            return _answer_fault(fault)
        operations.settle_due(self.cloud)
        deleted.purge_due(self.cloud)
        # What was due has happened, whatever becomes of this request.
        change_log.commit_with_changes(self.cloud)
        activity_log.record_start(self.cloud)
        change_log.watch_request(self.cloud)
        version = request.query.get("api-version", "")
        return show_version(self.cloud.catalog, route(self.cloud, request), version)

    def _caller_of_blob(self, request: Request) -> Caller | None:
        return authenticate(self.authority, request, Api.STORAGE)

    def _answer_entra(self, request: Request) -> Answer:
        fault = self.cloud.faults.take(_FAULTS_BEFORE, request.method, request.path)
        if fault is not None:
            return _answer_fault(fault)
        answer = match_route((*OPEN_ROUTES, *GRAPH_ROUTES), self.authority, request)
        if answer is not None:
            return answer
        if request.method == "GET" or not _is_of_graph(request):
            raise RefusalError(
                404,
                "NotFound",
                f"The built-in Azure does not know {request.method} {request.path}.",
            )
        raise RefusalError(
            501,
            "notSupported",
            f"The built-in Azure does not know {request.method} {request.path}: its directory is "
            "what the file of --entra-directory declares, and no request changes it.",
        )

    def _answer_blob(self, request: Request) -> Answer:
        fault = self.cloud.faults.take(_FAULTS_BEFORE, request.method, request.path)
        if fault is not None:
            return _answer_fault(fault)
        answer = blobs.answer_blob(self.cloud, request, self._caller_of_blob)
        self.cloud.store.commit()
        return answer


def _needs_no_token(request: Request) -> bool:
    """Return whether a request needs no token, such as one for a token."""
    path = request.path.lower().rstrip("/")
    return path in _OPEN_PATHS or any(each.pattern.fullmatch(path) for each in OPEN_ROUTES)


def _is_of_graph(request: Request) -> bool:
    return request.path.lower().startswith(f"{GRAPH_PATH}/")


def _answer_fault(fault: Fault) -> Answer:
    if fault.kind is FaultKind.DROP:
        raise _DroppedError
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    raise RefusalError(fault.status, fault.code, fault.message, headers=headers)


def _render_refusal(cloud: Cloud, request: Request, refusal: RefusalError) -> Answer:
    resource_type, _ = named_type(cloud, request)
    # AKS answers errors flat, all others in the envelope `error` (guidelines.md §3.1).
    flat = resource_type is not None and resource_type.flat_errors
    return Answer(refusal.status, refusal.body(flat=flat), refusal.headers)


def _body_receiver(receive: Receive) -> Callable[[], Awaitable[tuple[bytes, bool]]]:
    async def receive_part() -> tuple[bytes, bool]:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _DroppedError
        return message.get("body", b""), message.get("more_body", False)

    return receive_part


def _read_head(http: HttpRequest) -> Request:
    """Return a request whose body has not been read yet."""
    return Request(
        method=http.method,
        path=http.url.path,
        query={name.lower(): value for name, value in http.query_params.items()},
        headers=dict(http.headers),
        content=b"",
        base=origin_of(http.url.scheme, http.headers),
        correlation_id=_correlation_id(http.headers.get("x-ms-correlation-request-id", "")),
    )


def _correlation_id(sent: str) -> str:
    return sent.lower() if GUID.fullmatch(sent) else str(uuid.uuid4())


def _http_response(request: Request, answer: Answer) -> Response:
    headers = {
        "x-ms-request-id": str(uuid.uuid4()),
        "x-ms-correlation-request-id": request.correlation_id,
        "Cache-Control": "no-cache",
        **answer.headers,
    }
    if request.method in ("GET", "HEAD"):
        headers["x-ms-ratelimit-remaining-subscription-reads"] = str(_READS_LEFT)
    else:
        headers["x-ms-ratelimit-remaining-subscription-writes"] = str(_WRITES_LEFT)
    if request.headers.get("x-ms-return-client-request-id", "").lower() == "true":
        headers["x-ms-client-request-id"] = request.headers.get("x-ms-client-request-id", "")
    content = answer.content
    if answer.body is not None:
        content = json.dumps(answer.body, separators=(",", ":")).encode()
        headers["Content-Type"] = "application/json; charset=utf-8"
    if request.method == "HEAD":
        content = None
    return Response(content, answer.status, headers)


async def _close_connection(receive: Receive) -> None:
    """Close the connection like a failing network.

    ASGI has no message for it: the transport is that of uvicorn's request cycle, whose method
    `receive` is. It notices the closing in the next iteration of the event loop.
    """
    transport: asyncio.Transport = receive.__self__.transport  # type: ignore[attr-defined]
    transport.abort()
    await asyncio.sleep(0)
