"""A proxy before a built-in Azure that counts the writes and kills the client at one of them."""

import http.client
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import urlsplit

_HOP = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding"})
_PATIENCE_SECONDS = 50.0


class Moment(StrEnum):
    """When the client is killed: before its request has an effect, or after, without an answer."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """The client is killed at its write of this number, the first being 1."""

    write: int
    moment: Moment


@dataclass
class Proxy:
    """Forwards the requests of one client to `endpoint`, until it kills this client.

    point  where to kill; None lets every request pass
    kill   ends the client: to be set before its first write
    holds  whether the answer to the first write that is no lease waits for the renewal of the lease
    writes the writes so far, as METHOD and path
    """

    endpoint: str
    point: Point | None = None
    holds: bool = False
    kill: Callable[[], None] = lambda: None
    writes: list[str] = field(default_factory=list)
    _counting: threading.Lock = field(default_factory=threading.Lock)
    _renewed: threading.Event = field(default_factory=threading.Event)
    _killed: threading.Event = field(default_factory=threading.Event)
    _server: ThreadingHTTPServer | None = None

    @property
    def address(self) -> str:
        """The base URL that the client is given."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def has_killed(self) -> bool:
        """Whether the client came to the point."""
        return self._killed.is_set()

    def handle(self, method: str, path: str, send: Callable[[], "Reply"]) -> "Reply | None":
        """Return the answer for the client, or None where it gets none any more."""
        if self._killed.is_set():
            return None
        number = self._count(method, path)
        if self._is_point(number, Moment.BEFORE):
            self._end_client()
            return None
        reply = send()
        if self._is_point(number, Moment.AFTER):
            self._end_client()
            return None
        if self.holds and number is not None:
            self._wait_for_renewal(number, path)
        return reply

    def _count(self, method: str, path: str) -> int | None:
        if not _is_write(method, path):
            return None
        with self._counting:
            self.writes.append(f"{method} {path.partition('?')[0]}")
            return len(self.writes)

    def _is_point(self, number: int | None, moment: Moment) -> bool:
        return self.point is not None and (self.point.write, self.point.moment) == (number, moment)

    def _end_client(self) -> None:
        self._killed.set()
        self._renewed.set()
        self.kill()

    def _wait_for_renewal(self, number: int, path: str) -> None:
        """Hold the first step of a plan until the lease that was taken before it is renewed."""
        if is_lease(path):
            if sum(map(is_lease, self.writes[:number])) > 1:
                self._renewed.set()
        elif not is_holder(path):
            self._renewed.wait(_PATIENCE_SECONDS)

    def __enter__(self) -> "Proxy":
        server = _Server(("127.0.0.1", 0), _handler(self))
        self._server = server
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._renewed.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()


@dataclass(frozen=True, slots=True)
class Reply:
    """What Azure answered."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def is_lease(write: str) -> bool:
    """Tell whether a write (or its path) takes, renews or releases a lease."""
    return write.partition("?")[0].endswith("/lease")


def is_holder(write: str) -> bool:
    """Tell whether a write (or its path) is of the container whose metadata names the holder."""
    return "/containers/lock-" in write and not is_lease(write)


def send(endpoint: str, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
    """Send one request to `endpoint` and return its answer."""
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=60)
    try:
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        return Reply(answer.status, tuple(answer.getheaders()), answer.read())
    finally:
        connection.close()


def _is_write(method: str, path: str) -> bool:
    """Questions are POSTs too (of names, quotas, policies): they change nothing."""
    return method in ("PUT", "PATCH", "DELETE") or (method == "POST" and is_lease(path))


class _Server(ThreadingHTTPServer):
    """A server that takes the end of its client for what it is: the purpose."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Show no trace of a connection that a killed client left; of anything else, do."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def _handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(length) if length else b""
            headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP}
            reply = proxy.handle(
                self.command,
                self.path,
                lambda: send(proxy.endpoint, self.command, self.path, headers, body),
            )
            if reply is None:
                self.close_connection = True
                return
            self.send_response_only(reply.status)
            for name, value in reply.headers:
                if name.lower() not in _HOP:
                    self.send_header(name, value)
            if reply.status != http.client.NO_CONTENT:
                self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_HEAD = do_PUT = do_PATCH = do_POST = do_DELETE = answer  # noqa: N815

        def log_message(self, *_arguments: object) -> None:
            """Keep the terminal clear."""

    return Handler
