"""HTTP client of an API server: parallel requests, paged lists, retries and token renewal."""

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
_NOT_PROCESSED = frozenset({429, 503})
"""Sent again whatever the method is: the API server rejected the request before it did anything."""
_MAYBE_PROCESSED = frozenset({500, 502, 504})
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
        """The address of the API server: scheme, host and port."""
        return self._connection.server

    @property
    def way(self) -> str:
        """Where the connection comes from, for messages: "kubeconfig FILE, context NAME"."""
        return self._connection.way

    def ask(self, asks: Sequence[ApiRequest]) -> Sequence[Answer]:
        """Return the answers to all of `asks`, in their order; they are sent in parallel.

        A refusal is an answer, and so is that no answer came. A list is read to its end, page by
        page. Once `_MOST_LOST` requests got no answer, the remaining ones are not sent (`NotSent`):
        each would wait for the same time-out.
        """
        lost = _Lost()
        if len(asks) == 1:
            return [self._answer(asks[0], lost)]
        with ThreadPoolExecutor(self._parallelism) as pool:
            return list(pool.map(lambda ask: self._answer(ask, lost), asks))

    def pages(self, ask: ApiRequest) -> Iterator[Mapping[str, Any]]:
        """Yield the pages of a list.

        The next page is requested while the caller works on one: two are held at a time. A page
        that is too large is requested again with half as many items. Where the continue token of
        the next page has expired (410), the list goes on with the token that the API server returns
        with that error: what was created meanwhile before that position is missing, as it would be
        in a list read earlier (reference of the API, ListMeta, `continue`).

        Raises:
            KubernetesError: for a refusal, a response that is no list, a connection that broke, and
                a list of more than `_MOST_PAGES` pages.
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
        """Return a page, and how many items the next one may have.

        Raises:
            KubernetesError: As `_send` raises it.
        """
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
            reason = "not sent, since the requests before got no answer"
            return KubernetesError(0, NOT_SENT, reason)
        try:
            if ask.is_list:
                return self._read_list(ask)
            return self._send(ask, ask.query, is_list=False)
        except KubernetesError as refusal:
            if refusal.is_unreachable:
                lost.add()
            return refusal

    def _read_list(self, ask: ApiRequest) -> Mapping[str, Any]:
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
                may_repeat = status in _NOT_PROCESSED or (is_read and status in _MAYBE_PROCESSED)
                if may_repeat and not is_last:
                    answer.close()
                    self._sleep(pause_of(answer, attempt))
                    continue
                return read_answer(answer, ask.path, is_list=is_list)
            except KubernetesError as failure:
                # The connection broke (status 0): whether a write was done is not known then.
                if failure.status != 0 or not is_read or is_last:
                    raise
                self._sleep(0.5 * 2**attempt)
        raise KubernetesError(_UNAUTHORIZED, "Unauthorized", _NO_TOKEN_TAKEN)

    def _token(self, refused: str | None) -> str | None:
        """Return the bearer token; a new one if the one that is cached is `refused`.

        The lock and the comparison make parallel requests that are refused at once renew it once.

        Raises:
            KubernetesError: where no token can be obtained (reason `NO_TOKEN`).
        """
        if self._connection.token is None:
            return None
        try:
            with self._renewal:
                token = self._connection.token(False)
                return self._connection.token(True) if token == refused else token
        except DiagnosticError as problem:
            first = problem.diagnostics[0]
            raise KubernetesError(
                _UNAUTHORIZED, NO_TOKEN, first.message.rstrip("."), hint=first.hint
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
            raise KubernetesError(0, BROKEN_OFF, _root_cause(failure)) from failure


class _Lost:
    """Counts the requests of one batch that got no answer."""

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
        """Return the key of the connection pool, without the CA bundle of `requests`.

        `requests` would add certifi's authorities to the context, so that any public CA could sign
        for the API server; only those of the kubeconfig are trusted.
        """
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        pool.pop("ca_certs", None)
        pool.pop("ca_cert_dir", None)
        return host, pool

    def cert_verify(self, *_arguments: object) -> None:
        """Leave the verification of certificates to the TLS context."""


def _token_of(page: Mapping[str, Any]) -> str:
    """Return the continue token of the next page; empty after the last one."""
    return str(page["metadata"].get("continue") or "")


def _root_cause(failure: Exception) -> str:
    """Return why no answer came, without the layers of exceptions around it."""
    if isinstance(failure, requests.Timeout):
        return "no answer in time"
    cause: BaseException = failure
    while cause.__cause__ or cause.__context__:
        cause = cause.__cause__ or cause.__context__ or cause
    reason = getattr(cause, "verify_message", None) or getattr(cause, "strerror", None)
    return str(reason or cause)
