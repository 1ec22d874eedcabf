"""A server of a forge's API on loopback: what the servers of GitHub and Azure DevOps share."""

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Call:
    """One request. `query` has the last value of each name; `body` is the parsed JSON."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Reply:
    """One answer; `page` is sent as it is, in the place of JSON."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    page: str | None = None


@dataclass
class Fault:
    """An answer that requests get in the place of theirs, `times` times. `before` runs first: what
    somebody else did a moment before the request."""

    method: str
    path: str
    reply: Reply | None
    times: int = 1
    before: Callable[[], None] = lambda: None


class Clock:
    """The forge's clock: an hour behind this machine's, so that what happens in the built-in Azure
    is later, and a second on at each look, as no two acts of people are at once."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)

    def now(self) -> str:
        self._now += timedelta(seconds=1)
        return self._now.strftime("%Y-%m-%dT%H:%M:%SZ")


class ForgeServer:
    """Serves `answer` until it is stopped; requests are answered one at a time."""

    def __init__(self, answer: Callable[[Call], Reply]) -> None:
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self._answer = answer
        self._lock = threading.RLock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self) -> None:
                parts = urlsplit(self.path)
                size = int(self.headers.get("Content-Length") or 0)
                text = self.rfile.read(size)
                call = Call(
                    self.command,
                    parts.path,
                    dict(parse_qsl(parts.query)),
                    json.loads(text) if text else None,
                    {name.lower(): value for name, value in self.headers.items()},
                )
                self.send(outer.answer(call))

            def send(self, reply: Reply) -> None:
                body = b"" if reply.body is None else json.dumps(reply.body).encode()
                if reply.page is not None:
                    body = reply.page.encode()
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/json; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one  # noqa: N815

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, call: Call) -> Reply:
        with self._lock:
            self.calls.append(call)
            for fault in self.faults:
                hit = fault.method == call.method and re.search(fault.path, call.path)
                if hit and fault.times > 0:
                    fault.times -= 1
                    fault.before()
                    if fault.reply is not None:
                        return fault.reply
                    break
            return self._answer(call)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
