"""HTTP client of a forge's REST API: one origin, bounded answers, retries and rate limits."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from provisioner.model.forge_error import ForgeError

_CONNECT_SECONDS = 10
_READ_SECONDS = 60
_MOST_BYTES = 32 * 2**20
_TRIES = 5
_LONGEST_PAUSE = 120.0
"""The longest pause in seconds. A rate limit that lasts longer is reported as an error."""

_NOT_DONE = frozenset({429, 503})
"""Statuses after which every request is sent again: the service has not processed it."""

_MAY_HAVE_DONE = frozenset({500, 502, 504})
"""Statuses after which a read alone is sent again: a comment that is posted twice is two."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful response: its status below 300, its JSON (None for no body), and its headers."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A response of status 300 and above (or 203 with a page); `body` is None if it is no JSON."""

    method: str
    path: str
    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Dialect:
    """What differs between the services: base URL, headers, error format and rate limits.

    `base` is the URL that paths are appended to, without a slash at its end. `headers` go with
    every request (the token is in them). `read_error` returns the error for a refusal. `wait_of`
    returns the seconds to wait before a refused request is sent again, None for a refusal that is
    no rate limit (429 with Retry-After is handled without it).
    """

    service: str
    base: str
    headers: Mapping[str, str]
    read_error: Callable[[Refusal], ForgeError]
    wait_of: Callable[[Refusal], float | None]


class RestClient:
    """A client of one service. A context manager: its connections end with it."""

    def __init__(self, dialect: Dialect, sleep: Callable[[float], object] = time.sleep) -> None:
        self._dialect = dialect
        self._sleep = sleep
        self._session = requests.Session()
        # Without an auth object, `requests` looks for a password of the host in ~/.netrc, which
        # would replace the token.
        self._session.auth = _keep_token
        if urlsplit(dialect.base).hostname in ("127.0.0.1", "localhost"):
            # A proxy (HTTPS_PROXY) cannot reach this machine's loopback.
            self._session.trust_env = False

    def __enter__(self) -> "RestClient":
        return self

    def __exit__(self, *_raised: object) -> None:
        self._session.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        content: str = "application/json",
    ) -> Answer:
        """Send one request and return its answer.

        `path` is below the base, or a URL of the same origin (a page's link). A rate limit is
        waited for, up to two minutes at a time; a read is sent again where the service failed, a
        write only after a status that says that it was not processed.

        Raises ForgeError for a refusal, for a link to another origin, and where no answer comes.
        """
        url = self._url(path)
        for attempt in range(_TRIES):
            is_last = attempt == _TRIES - 1
            answer = self._exchange(method, url, query, body, content)
            if isinstance(answer, Answer):
                return answer
            if isinstance(answer, ForgeError):
                if method != "GET" or is_last:
                    raise answer
                self._sleep(0.5 * 2**attempt)
                continue
            pause = self._pause(answer, attempt)
            if pause is None or is_last:
                raise self._dialect.read_error(answer)
            self._sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _url(self, path: str) -> str:
        """Return the URL of a request.

        Raises:
            ForgeError: for another origin than the service's, which would receive the token.
        """
        if not path.startswith(("http://", "https://")):
            return self._dialect.base + path
        if _origin(path) != _origin(self._dialect.base):
            raise ForgeError(
                0,
                "foreign-host",
                f"{self._dialect.service} answered with a link to {urlsplit(path).netloc[:100]}, "
                "which is not followed.",
            )
        return path

    def _pause(self, refusal: Refusal, attempt: int) -> float | None:
        """Return the seconds to wait before a refused request is sent again; None: it is not."""
        stated = refusal.headers.get("Retry-After", "")
        asked = float(stated) if stated.isdigit() else self._dialect.wait_of(refusal)
        may_repeat = (
            refusal.status in _NOT_DONE
            or asked is not None
            or (refusal.method == "GET" and refusal.status in _MAY_HAVE_DONE)
        )
        if not may_repeat:
            return None
        pause = 0.5 * 2**attempt if asked is None else asked
        return pause if pause <= _LONGEST_PAUSE else None

    def _exchange(
        self,
        method: str,
        url: str,
        query: Mapping[str, str] | None,
        body: object,
        content: str,
    ) -> Answer | Refusal | ForgeError:
        headers = {"User-Agent": "azsec", **self._dialect.headers}
        if body is not None:
            headers["Content-Type"] = content
        try:
            response = self._session.request(
                method,
                url,
                params=None if query is None else dict(query),
                data=None if body is None else json.dumps(body).encode(),
                headers=headers,
                timeout=(_CONNECT_SECONDS, _READ_SECONDS),
                allow_redirects=False,
                stream=True,
            )
            text = _read(response)
        except (requests.RequestException, HTTPError, OSError) as failure:
            return self._connection_error(url, failure)
        answered = requests.structures.CaseInsensitiveDict(response.headers)
        parsed = _parse(text)
        # Azure DevOps answers a refused token with 203 and the sign-in page.
        is_page = response.status_code == 203 and parsed is None
        if response.status_code < 300 and not is_page:
            if text and parsed is None:
                return self._failure(f"its answer to {method} {url} is not JSON")
            return Answer(response.status_code, parsed, answered)
        return Refusal(method, urlsplit(url).path, response.status_code, parsed, answered)

    def _connection_error(self, url: str, failure: Exception) -> ForgeError:
        if isinstance(failure, requests.Timeout):
            return self._failure(f"{urlsplit(url).netloc} does not answer in time")
        cause: BaseException = failure
        while cause.__cause__ or cause.__context__:
            cause = cause.__cause__ or cause.__context__ or cause
        return self._failure(f"{urlsplit(url).netloc} cannot be reached: {cause}")

    def _failure(self, what: str) -> ForgeError:
        return ForgeError(0, "ConnectionError", f"{self._dialect.service}: {what}.")


def _read(response: requests.Response) -> bytes:
    with response:
        text: bytes = response.raw.read(_MOST_BYTES + 1, decode_content=True)
    if len(text) > _MOST_BYTES:
        raise OSError(f"an answer is larger than {_MOST_BYTES:,} bytes")
    return text


def _parse(text: bytes) -> Any:  # noqa: ANN401  any JSON
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def _keep_token(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port
