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

from provisioner.engine.cluster_port import Answer, ApiRequest
from provisioner.kube.connection import Connection
from provisioner.kube.response import BROKEN_OFF, TOO_LARGE, pause_of, read_answer
from provisioner.model.diagnostic import DiagnosticError
from provisioner.model.kubernetes_error import NO_TOKEN, NOT_SENT, KubernetesError

PAGE = 500
"""Items of a page: kubectl's default (`--chunk-size`)."""

_CONNECT_SECONDS = 10
_READ_SECONDS = 60
_MOST_PAGES = 2_000
_TRIES = 4
_MOST_LOST = 8
"""After so many requests without an answer the rest of those asked together is not sent."""
_NOT_NOW = frozenset({429, 503})
_MAY_HAVE_DONE = frozenset({500, 502, 504})
"""Sent again for a read alone: a write may have been done, and 500 is what a webhook that cannot be
reached answers with."""
_UNAUTHORIZED = 401
_EXPIRED = 410
_NO_TOKEN_TAKEN = "the API server takes no token of ours"


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

    def ask(self, asks: Sequence[ApiRequest]) -> Sequence[Answer]:
        """Answer all of `asks`, in their order, in parallel. A refusal is an answer, and so is that
        no answer came. A list is read to its end, page by page.

        Where several requests got no answer, those that are left are not sent (`NotSent`): each
        would wait as long.
        """
        lost = _Lost()
        if len(asks) == 1:
            return [self._answer(asks[0], lost)]
        with ThreadPoolExecutor(self._parallelism) as pool:
            return list(pool.map(lambda ask: self._answer(ask, lost), asks))

    def pages(self, ask: ApiRequest) -> Iterator[Mapping[str, Any]]:
        """Yield the pages of a list. Raises KubernetesError.

        The next page is requested while the caller works on one: two are held at a time. A page
        that is too large is asked for again with half as many items. Where the token of the next
        page has ended (410), the list goes on with the one that the API server gives for it: what
        was made meanwhile before that place is missing, as it would be in a list read earlier
        (reference of the API, ListMeta, `continue`).
        """
        most = int(ask.query.get("limit") or PAGE)
        page, most = self._page(ask, "", most)
        if not _token_of(page):
            yield page
            return
        with ThreadPoolExecutor(1) as pool:
            for _ in range(_MOST_PAGES):
                token = _token_of(page)
                if not token:
                    yield page
                    return
                following = pool.submit(self._page, ask, token, most)
                yield page
                page, most = following.result()
        raise KubernetesError(200, "TooLong", f"the list {ask.path} has over {_MOST_PAGES} pages")

    def _page(self, ask: ApiRequest, token: str, most: int) -> tuple[Mapping[str, Any], int]:
        """Return a page, and how many items the next one may have."""
        has_moved = False
        while True:
            query = {**ask.query, "limit": str(most)} | ({"continue": token} if token else {})
            try:
                return self._send(ask, query, is_list=True), most
            except KubernetesError as refusal:
                if refusal.reason == TOO_LARGE and most > 1:
                    most //= 2
                elif refusal.status == _EXPIRED and refusal.follows and not has_moved:
                    token, has_moved = refusal.follows, True
                else:
                    raise

    def _answer(self, ask: ApiRequest, lost: "_Lost") -> Answer:
        if lost.count >= _MOST_LOST:
            told = "not sent, since the requests before got no answer"
            return KubernetesError(0, NOT_SENT, told)
        try:
            return self._read(ask) if ask.is_list else self._send(ask, ask.query, is_list=False)
        except KubernetesError as refusal:
            if refusal.is_unreachable:
                lost.add()
            return refusal

    def _read(self, ask: ApiRequest) -> Mapping[str, Any]:
        first, *others = self.pages(ask)
        return {**first, "items": [item for page in (first, *others) for item in page["items"]]}

    def _send(
        self, ask: ApiRequest, query: Mapping[str, str], *, is_list: bool
    ) -> Mapping[str, Any]:
        refused: str | None = None
        is_read = ask.method == "GET"
        for attempt in range(_TRIES):
            is_last = attempt == _TRIES - 1
            token = self._token(refused)
            try:
                answer = self._exchange(ask, query, token)
                status = answer.status_code
                if status == _UNAUTHORIZED and refused is None and token is not None:
                    answer.close()
                    refused = token
                    continue
                if not is_last and (status in _NOT_NOW or (is_read and status in _MAY_HAVE_DONE)):
                    answer.close()
                    self._sleep(pause_of(answer, attempt))
                    continue
                return read_answer(answer, ask.path, is_list=is_list)
            except KubernetesError as failure:
                # Whether a write was done is not known then.
                if failure.status != 0 or not is_read or is_last:
                    raise
                self._sleep(0.5 * 2**attempt)
        raise KubernetesError(_UNAUTHORIZED, "Unauthorized", _NO_TOKEN_TAKEN)

    def _token(self, refused: str | None) -> str | None:
        """Return the token; a new one where the server refused the one that is kept still. Eight
        requests that are refused at once renew it once."""
        if self._connection.token is None:
            return None
        try:
            with self._renewal:
                token = self._connection.token(False)
                return self._connection.token(True) if token == refused else token
        except DiagnosticError as problem:
            told = problem.diagnostics[0]
            raise KubernetesError(
                _UNAUTHORIZED, NO_TOKEN, told.message.rstrip("."), hint=told.hint
            ) from problem

    def _exchange(
        self, ask: ApiRequest, query: Mapping[str, str], token: str | None
    ) -> requests.Response:
        headers = {"Accept": ask.accept, "Content-Type": ask.content, "User-Agent": "azsec"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
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
        except (requests.RequestException, ValueError) as failure:
            raise KubernetesError(0, BROKEN_OFF, _why(failure)) from failure


class _Lost:
    """How many requests of some that are sent together got no answer."""

    def __init__(self) -> None:
        self.count = 0
        self._busy = threading.Lock()

    def add(self) -> None:
        """Count one more."""
        with self._busy:
            self.count += 1


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
    return str(page["metadata"].get("continue") or "")


def _why(failure: Exception) -> str:
    """Return why no answer came, without the layers of exceptions around it."""
    if isinstance(failure, requests.Timeout):
        return "no answer in time"
    cause: BaseException = failure
    while cause.__cause__ or cause.__context__:
        cause = cause.__cause__ or cause.__context__ or cause
    reason = getattr(cause, "verify_message", None) or getattr(cause, "strerror", None)
    return str(reason or cause)
