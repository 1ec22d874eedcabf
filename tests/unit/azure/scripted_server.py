"""A stand-in for Azure on loopback: it answers what a test scripts, and records what it is asked.

    server.answer("GET", "/path", Reply(200, {"value": []}))

Replies to one method and path (case ignored, as ARM does) are given out in order. `{endpoint}` in
a reply's body or headers becomes the server's own origin. `cut` ends a reply in its middle:
"length" promises more bytes than come, "chunked" leaves out the last chunk, "reset" breaks the
connection, "drip" sends a byte every 50 ms; `takes` are seconds before it begins. A request
without a reply left is answered 501, so that a test sees what it did not foresee.
"""

import json
import socket
import struct
import threading
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

STAMP = "5a5a5a5a-5a5a-5a5a-5a5a-5a5a5a5a5a5a"
"""The correlation id of every write of the clients that the tests open."""


@dataclass(frozen=True)
class Reply:
    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    drops: bool = False
    cut: str = ""
    takes: float = 0.0

    def encode(self, endpoint: str) -> bytes:
        if self.body is None:
            return b""
        text = self.body if isinstance(self.body, str) else json.dumps(self.body)
        return text.replace("{endpoint}", endpoint).encode()


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    content: bytes = b""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class ScriptedServer:
    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._replies: defaultdict[tuple[str, str], deque[Reply]] = defaultdict(deque)
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self.connections = 0

    def answer(self, method: str, path: str, *replies: Reply) -> None:
        self._replies[method, path.lower()].extend(replies)

    @property
    def log(self) -> list[str]:
        return [str(request) for request in self.requests]

    def __enter__(self) -> "ScriptedServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _reply_to(self, request: Request) -> Reply:
        with self._lock:
            self.requests.append(request)
            waiting = self._replies[request.method, request.path.lower()]
            if waiting:
                return waiting.popleft()
        error = {"code": "NotScripted", "message": f"no reply left for {request}"}
        return Reply(501, {"error": error})

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                scripted.connections += 1
                super().setup()

            def _serve(self) -> None:
                url = urlsplit(self.path)
                size = int(self.headers.get("Content-Length") or 0)
                raw = self.rfile.read(size)
                request = Request(
                    self.command,
                    unquote(url.path),
                    dict(parse_qsl(url.query)),
                    dict(self.headers.items()),
                    json.loads(raw) if raw else None,
                    raw,
                )
                reply = scripted._reply_to(request)
                threading.Event().wait(reply.takes)
                if reply.drops:
                    self.close_connection = True
                    return
                headers, payload = _encode(reply, scripted.endpoint)
                self.send_response(reply.status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.close_connection = bool(reply.cut)
                _send(self.connection, payload, reply.cut)

            do_GET = do_PUT = do_DELETE = do_POST = do_PATCH = _serve  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that gives up an answer breaks its connection: nothing to report."""


def _encode(reply: Reply, endpoint: str) -> tuple[dict[str, str], bytes]:
    """Return the headers and the payload of a reply, cut ones with a promise of more."""
    payload = reply.encode(endpoint)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        **{name: value.replace("{endpoint}", endpoint) for name, value in reply.headers.items()},
    }
    if reply.cut == "chunked":
        headers["Transfer-Encoding"] = "chunked"
        payload = b"%x\r\n%s\r\n" % (len(payload), payload)
    elif reply.status != 204:
        more = 100 if reply.cut in ("length", "reset") else 0
        headers["Content-Length"] = str(len(payload) + more)
    return headers, payload


def _send(connection: socket.socket, payload: bytes, cut: str) -> None:
    if cut == "drip":
        for byte in payload:
            connection.sendall(bytes([byte]))
            threading.Event().wait(0.05)
        return
    connection.sendall(payload)
    if cut == "reset":
        # Closing with unsent data thrown away makes the kernel send RST.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()


@dataclass
class FakeTime:
    """A clock that only sleeping moves, in seconds since the epoch."""

    now: float = 1_780_000_000.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        return self.now
