"""HTTP transport to Azure: connection pool, time-outs, and bounded response bodies."""

import time
from collections.abc import Iterator

import requests
from azure.core.pipeline.transport import RequestsTransport
from requests.adapters import HTTPAdapter
from urllib3.response import BaseHTTPResponse

from provisioner.azure.cloud import Cloud
from provisioner.azure.response_limits import Bounds

_CONNECT_SECONDS = 10


class UnboundedAnswerError(requests.RequestException):
    """An answer exceeded the limit of bytes or seconds; the text names the limit."""


def open_transport(cloud: Cloud, parallelism: int) -> RequestsTransport:
    """Return a transport whose pool holds a connection for each request in flight."""
    session = requests.Session()
    # A proxy (HTTPS_PROXY) cannot reach this machine's loopback.
    session.trust_env = not cloud.is_local
    # Without an auth object, `requests` looks for a password of the host in ~/.netrc, which would
    # replace the token.
    session.auth = _keep_token
    adapter = _BoundedAdapter(cloud.bounds, parallelism)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return RequestsTransport(
        session=session,
        connection_timeout=_CONNECT_SECONDS,
        read_timeout=cloud.bounds.read_seconds,
        connection_verify=cloud.trust or True,
    )


def _keep_token(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


class _BoundedAdapter(HTTPAdapter):
    """Gives each response a bounded body."""

    def __init__(self, bounds: Bounds, parallelism: int) -> None:
        self._bounds = bounds
        super().__init__(pool_connections=1, pool_maxsize=parallelism, max_retries=0)

    def build_response(
        self, req: requests.PreparedRequest, resp: BaseHTTPResponse
    ) -> requests.Response:
        """Return the response to `req`; `resp` is that of urllib3."""
        response = super().build_response(req, resp)
        response.raw = _BoundedBody(resp, self._bounds)
        return response


class _BoundedBody:
    """A body of urllib3 that is read as it arrives, up to a number of bytes and seconds.

    requests reads by `stream`, which waits for a whole block: with a byte a minute that takes
    days, and no timeout of the socket ends it.
    """

    def __init__(self, raw: BaseHTTPResponse, bounds: Bounds) -> None:
        self._raw = raw
        self._bounds = bounds

    def __getattr__(self, name: str) -> object:
        return getattr(self._raw, name)

    def stream(self, amt: int, decode_content: bool = True) -> Iterator[bytes]:
        """Yield the body in pieces of at most `amt` bytes. Raises UnboundedAnswerError."""
        end = time.monotonic() + self._bounds.answer_seconds
        size = 0
        while piece := self._raw.read1(amt, decode_content=decode_content):
            size += len(piece)
            if size > self._bounds.answer_bytes:
                self._refuse(f"is larger than {self._bounds.answer_bytes:,} bytes")
            if time.monotonic() > end:
                self._refuse(f"took longer than {self._bounds.answer_seconds:g} seconds")
            yield piece

    def _refuse(self, what: str) -> None:
        self._raw.close()
        raise UnboundedAnswerError(what)
