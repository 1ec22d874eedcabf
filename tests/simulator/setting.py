"""What the stories have in common: a clock that stands still, and a plain HTTP client."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from provisioner.simulator.server import LocalAzure
from tests.principals import token_of

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"


class StandingClock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.moment = datetime(2027, 1, 1, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def advance(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def code(self) -> str:
        """The error code, whichever shape the error has."""
        error = self.body.get("error", self.body)
        return str(error["code"])


class Caller:
    """Sends requests to a built-in Azure; paths may start at the namespace, in the group `rg`."""

    def __init__(self, endpoint: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=5)

    def __call__(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        content = None if body is None else json.dumps(body)
        return self.send_text(method, path, content, headers)

    def send_text(
        self,
        method: str,
        path: str,
        content: str | None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        if path.startswith("http"):
            path = path.removeprefix("http://").partition("/")[2].join(("/", ""))
        if not path.startswith("/"):
            path = f"{GROUP}/providers/{path}"
        if "api-version" not in path:
            path += ("&" if "?" in path else "?") + "api-version=2026-01-01"
        sent = {"Authorization": "Bearer local", **(headers or {})}
        self._connection.request(method, path, content, sent)
        answer = self._connection.getresponse()
        text = answer.read()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, found, json.loads(text) if text else None)

    def create_group(self) -> None:
        assert self("PUT", GROUP, {"location": "West Europe"}).status == 201

    def close(self) -> None:
        self._connection.close()


@dataclass(frozen=True)
class Setting:
    """A running built-in Azure of the invented catalog, with the group `rg` in it."""

    azure: LocalAzure
    call: Caller
    clock: StandingClock

    def bearer(self, who: str) -> dict[str, str]:
        """Return the header with a token of `NAME with CLIENT`."""
        return {"Authorization": f"Bearer {token_of(self.azure, who)}"}
