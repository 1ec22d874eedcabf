"""Sends requests to an API server, in parallel and within bounds."""

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from provisioner.engine.cluster_port import Ask, Told
from provisioner.kube.connection import Connection
from provisioner.model.kubernetes_error import Cause, KubernetesError

PAGE = 500
"""Items of a page: kubectl's default (`--chunk-size`)."""

_CONNECT_SECONDS = 10
_READ_SECONDS = 60
_MOST_BYTES = 64 * 2**20
_MOST_PAGES = 2_000
_TRIES = 4
_NOT_NOW = frozenset({429, 503})
_MAY_HAVE_DONE = frozenset({500, 502, 504})
"""Sent again for a read alone: a write may have been done, and 500 is what a webhook that cannot be
reached answers with."""
_LONGEST_PAUSE = 30.0
_UNAUTHORIZED = 401
_EXPIRED = 410


class KubeClient:
    """A client of one API server. A context manager: its connections end with it."""

    def __init__(
        self,
        connection: Connection,
        parallelism: int = 8,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._connection = connection
        self._parallelism = parallelism
        self._sleep = sleep
        self._renewal = threading.Lock()
        self._session = requests.Session()
        # Neither a proxy of the environment nor ~/.netrc has a say in where a token goes.
        self._session.trust_env = False
        self._session.mount("https://", _TlsAdapter(connection, parallelism))

    def __enter__(self) -> "KubeClient":
        return self

    def __exit__(self, *_raised: object) -> None:
        self._session.close()

    @property
    def server(self) -> str:
        """Where it is: scheme, host and port."""
        return self._connection.server

    @property
    def way(self) -> str:
        """How it is reached, for people."""
        return self._connection.way

    def ask(self, asks: Sequence[Ask]) -> Sequence[Told]:
        """Answer all of `asks`, in their order, in parallel. A refusal is an answer.

        A list is read to its end, page by page. Raises KubernetesError only where no request can
        get there at all, or nobody believes who we are.
        """
        if len(asks) == 1:
            return [self._answer(asks[0])]
        with ThreadPoolExecutor(self._parallelism) as pool:
            return list(pool.map(self._answer, asks))

    def pages(self, ask: Ask) -> Iterator[Mapping[str, Any]]:
        """Yield the pages of a list. Raises KubernetesError.

        The next page is requested while the caller works on one: two are held at a time.
        """
        query = {**ask.query, "limit": ask.query.get("limit", str(PAGE))}
        page = self._send(ask, query)
        if not _token_of(page):
            yield page
            return
        with ThreadPoolExecutor(1) as pool:
            for _ in range(_MOST_PAGES):
                token = _token_of(page)
                if not token:
                    yield page
                    return
                following = pool.submit(self._send, ask, {**query, "continue": token})
                yield page
                page = following.result()
        raise KubernetesError(0, "TooLong", f"the list {ask.path} has over {_MOST_PAGES} pages")

    def _answer(self, ask: Ask) -> Told:
        try:
            return self._read(ask) if ask.method == "GET" else self._send(ask, ask.query)
        except KubernetesError as refusal:
            if refusal.status in (0, _UNAUTHORIZED):
                raise
            return refusal

    def _read(self, ask: Ask) -> Mapping[str, Any]:
        pages = self.pages(ask)
        first = next(pages)
        if "items" not in first:
            return first
        try:
            items = [*(first["items"] or ()), *(i for page in pages for i in page["items"] or ())]
        except KubernetesError as refusal:
            if refusal.status != _EXPIRED:
                raise
            # etcd compacted the list's revision away while it was read: it is read anew, whole.
            return self._send(ask, ask.query)
        return {**first, "items": items}

    def _send(self, ask: Ask, query: Mapping[str, str]) -> Mapping[str, Any]:
        renew = False
        for attempt in range(_TRIES):
            answer = self._exchange(ask, query, renew)
            if isinstance(answer, requests.Response):
                if answer.status_code == _UNAUTHORIZED and not renew and self._connection.token:
                    renew = True
                    continue
                status = answer.status_code
                again = status in _NOT_NOW or (ask.method == "GET" and status in _MAY_HAVE_DONE)
                if not again or attempt == _TRIES - 1:
                    return _body_of(answer)
                self._sleep(_pause(answer, attempt))
            elif ask.method != "GET" or attempt == _TRIES - 1:
                raise answer
            else:
                self._sleep(0.5 * 2**attempt)
        raise KubernetesError(
            _UNAUTHORIZED, "Unauthorized", "the API server takes no token of ours"
        )

    def _exchange(
        self, ask: Ask, query: Mapping[str, str], renew: bool
    ) -> requests.Response | KubernetesError:
        headers = {"Accept": ask.accept, "Content-Type": ask.content, "User-Agent": "azsec"}
        if self._connection.token is not None:
            with self._renewal:
                headers["Authorization"] = f"Bearer {self._connection.token(renew)}"
        try:
            return self._session.request(
                ask.method,
                self.server + ask.path,
                params=dict(query),
                data=None if ask.body is None else json.dumps(ask.body),
                headers=headers,
                timeout=(_CONNECT_SECONDS, _READ_SECONDS),
                allow_redirects=False,
                stream=True,
            )
        except requests.RequestException as failure:
            return KubernetesError(0, "ConnectionError", _why(failure))


class _TlsAdapter(HTTPAdapter):
    def __init__(self, connection: Connection, parallelism: int) -> None:
        self._context: ssl.SSLContext = connection.open_tls()
        self._name = connection.server_name
        super().__init__(pool_connections=1, pool_maxsize=parallelism, max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:  # noqa: ANN401  as inherited
        """Give the pool the TLS context of the connection."""
        options["ssl_context"] = self._context
        if self._name is not None:
            options |= {"server_hostname": self._name, "assert_hostname": self._name}
        super().init_poolmanager(*args, **options)

    def build_connection_pool_key_attributes(
        self,
        request: requests.PreparedRequest,
        verify: bool | str,
        cert: Any = None,  # noqa: ANN401  as inherited
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Keep requests from loading authorities of its own into the context."""
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        pool.pop("ca_certs", None)
        pool.pop("ca_cert_dir", None)
        return host, pool

    def cert_verify(self, *_arguments: object) -> None:
        """Leave the certificates to the context."""


def _token_of(page: Mapping[str, Any]) -> str:
    """Return the token of the page that follows; empty after the last one."""
    return str((page.get("metadata") or {}).get("continue") or "")


def _body_of(response: requests.Response) -> Mapping[str, Any]:
    """Return the body of an answer. Raises KubernetesError for a refusal."""
    try:
        text = response.raw.read(_MOST_BYTES + 1, decode_content=True)
    except (HTTPError, OSError) as failure:
        raise KubernetesError(0, "ConnectionError", f"the answer broke off: {failure}") from failure
    finally:
        response.close()
    if len(text) > _MOST_BYTES:
        raise KubernetesError(0, "TooLarge", f"an answer is larger than {_MOST_BYTES:,} bytes")
    try:
        body = json.loads(text)
    except ValueError:
        body = {}
    if response.ok and isinstance(body, Mapping):
        return body
    raise _refusal(response.status_code, body if isinstance(body, Mapping) else {})


def _refusal(status: int, body: Mapping[str, Any]) -> KubernetesError:
    details = body.get("details") or {}
    return KubernetesError(
        status,
        str(body.get("reason") or f"HTTP {status}"),
        str(body.get("message") or "the answer holds no message"),
        tuple(
            Cause(
                str(cause.get("reason", "")),
                str(cause.get("message", "")),
                str(cause.get("field", "")),
            )
            for cause in details.get("causes") or ()
        ),
    )


def _pause(response: requests.Response, attempt: int) -> float:
    stated = response.headers.get("Retry-After", "")
    response.close()
    return min(float(stated), _LONGEST_PAUSE) if stated.isdigit() else 0.5 * 2**attempt


def _why(failure: requests.RequestException) -> str:
    """Return why no answer came, without the layers of exceptions around it."""
    if isinstance(failure, requests.Timeout):
        return "no answer in time"
    cause: BaseException = failure
    while cause.__cause__ or cause.__context__:
        cause = cause.__cause__ or cause.__context__ or cause
    reason = getattr(cause, "verify_message", None) or getattr(cause, "strerror", None)
    return str(reason or cause)
