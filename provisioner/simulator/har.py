"""HAR files of the answered requests, as browsers and proxies read them.

Source: HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/). Tokens and secrets of sign-ins
are removed; bodies of resources are written as they were sent.
"""

import json
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from provisioner import __version__
from provisioner.filesystem.atomic_write import write_atomically
from provisioner.simulator.protocol.http_messages import Answer, Request

_MOST_ENTRIES = 20_000
_LONGEST_BODY = 256 * 1024
_HIDDEN = "(hidden)"
_HIDDEN_HEADERS = frozenset(
    {"authorization", "cookie", "proxy-authorization", "x-ms-authorization-auxiliary"}
)
_HIDDEN_FIELDS = frozenset(
    {"client_secret", "client_assertion", "password", "refresh_token", "access_token", "id_token"}
)


class HarRecorder:
    """Records the last 20,000 requests, and writes them when it is closed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._entries: list[dict[str, Any]] = []

    def record(self, request: Request, answer: Answer, began: datetime, seconds: float) -> None:
        """Record a request with its answer; `began` is when it arrived."""
        entry = _render_entry(request, answer, began, seconds)
        with self._lock:
            if len(self._entries) >= _MOST_ENTRIES:
                del self._entries[0]
            self._entries.append(entry)

    def close(self) -> None:
        """Write the file, readable by its owner only.

        A file that cannot be written is an OSError.
        """
        creator = {"name": "azsec", "version": __version__}
        log = {"version": "1.2", "creator": creator, "entries": self._entries}
        write_atomically(self._path, json.dumps({"log": log}, indent=1).encode(), private=True)


def _render_entry(
    request: Request, answer: Answer, began: datetime, seconds: float
) -> dict[str, Any]:
    content = _answer_text(answer)
    milliseconds = round(seconds * 1000, 3)
    query = [{"name": name, "value": value} for name, value in request.query.items()]
    sent: dict[str, Any] = {
        "method": request.method,
        "url": f"{request.base}{request.path}" + (f"?{urlencode(request.query)}" if query else ""),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _render_headers(request.headers),
        "queryString": query,
        "headersSize": -1,
        "bodySize": len(request.content),
    }
    if request.content:
        kind = request.headers.get("content-type", "")
        sent["postData"] = {"mimeType": kind, "text": _request_text(request, kind)}
    return {
        "startedDateTime": began.isoformat(),
        "time": milliseconds,
        "request": sent,
        "response": {
            "status": answer.status,
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _render_headers(answer.headers),
            "content": {"size": len(content), "mimeType": "application/json", "text": content},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": len(content),
        },
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
    }


def _render_headers(headers: Mapping[str, str]) -> list[dict[str, str]]:
    return [
        {"name": name, "value": _HIDDEN if name.lower() in _HIDDEN_HEADERS else value}
        for name, value in headers.items()
    ]


def _request_text(request: Request, kind: str) -> str:
    text = request.content[:_LONGEST_BODY].decode("utf-8", "replace")
    if "x-www-form-urlencoded" not in kind:
        return text
    fields: Sequence[tuple[str, str]] = parse_qsl(text, keep_blank_values=True)
    return urlencode(
        [(name, _HIDDEN if name in _HIDDEN_FIELDS else value) for name, value in fields]
    )


def _answer_text(answer: Answer) -> str:
    if answer.body is None:
        return ""
    body = answer.body
    if isinstance(body, dict) and _HIDDEN_FIELDS & set(body):
        body = {name: _HIDDEN if name in _HIDDEN_FIELDS else value for name, value in body.items()}
    return json.dumps(body)[:_LONGEST_BODY]
