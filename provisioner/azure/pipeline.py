"""HTTP pipeline policies: allowed origin, correlation ids, retries within a budget, token renewal.

They replace the SDK's RetryPolicy, which retries by status alone: what may be sent again depends on
the error code, on guards (If-Match) and on recent role assignments (`retry`).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import requests
from azure.core.exceptions import (
    ClientAuthenticationError,
    DecodeError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import HTTPPolicy, SansIOHTTPPolicy
from azure.core.rest import HttpRequest, HttpResponse
from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy

from provisioner.azure.cloud import Cloud, is_loopback
from provisioner.azure.credential import SharedToken
from provisioner.azure.errors import (
    closed_error,
    connection_error,
    credential_error,
    foreign_host_error,
    incomplete_error,
    read_error,
    unbounded_error,
)
from provisioner.azure.retry import (
    NEVER,
    Attempts,
    ClientHistory,
    RetryBudget,
    find_retry_limits,
    read_retry_after,
)
from provisioner.azure.transport import UnboundedAnswerError
from provisioner.engine.timings import count_answer, count_wait
from provisioner.model.azure_error import AzureError

_DEFAULT_PORTS = {"http": 80, "https": 443}
_WRITES = frozenset({"PUT", "DELETE"})
_CORRELATION = "x-ms-correlation-request-id"
_GUARDS = ("If-Match", "If-None-Match")
_UNAUTHORIZED = 401
_THROTTLED = 429
_BROKEN_BODY = (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError)


@dataclass(slots=True)
class RequestCount:
    """Counts the attempts that were sent; passed to a request as the option `tally`."""

    calls: int = 0


class EndpointPolicy(SansIOHTTPPolicy[Any, Any]):
    """Refuses requests to another origin than the cloud's endpoint.

    Page links and operation URLs come from answers: the host that they name would get the token.
    TLS is required, except where the endpoint is on loopback.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._origin = _origin(cloud.resource_manager)
        self._allows_http = is_loopback(self._origin[1])

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Check the origin of `request`. Raises AzureError `ForeignHost`."""
        url = request.http_request.url
        origin = _origin(url)
        if origin != self._origin or (origin[0] != "https" and not self._allows_http):
            raise foreign_host_error(_host_of(url), self._cloud.host)


def _host_of(url: str) -> str:
    """Return the host in a URL for an error message; the text may be no URL at all."""
    return url.partition("://")[2].partition("/")[0][:100] or url[:100]


def _origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port; port -1, which matches nothing, for an invalid URL."""
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme, -1)
    except ValueError:
        return "", "", -1
    return parts.scheme, (parts.hostname or "").lower(), port


class StampPolicy(SansIOHTTPPolicy[Any, Any]):
    """Gives each write a correlation id, so that the activity log attributes it to azsec.

    Azure adopts the client's `x-ms-correlation-request-id` as that of the request (Terraform's
    azurerm provider relies on it too: `disable_correlation_request_id`).
    """

    def __init__(self, stamp: Callable[[], str]) -> None:
        self._stamp = stamp

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Set the correlation id of a write."""
        if request.http_request.method in _WRITES:
            request.http_request.headers[_CORRELATION] = self._stamp()


class BudgetPolicy(HTTPPolicy[Any, Any]):
    """Retries within a budget, and raises every refusal as AzureError.

    It takes the place of the SDK's RetryPolicy. `provisioner.azure.retry` decides what is retried.
    """

    def __init__(
        self,
        cloud: Cloud,
        budget: RetryBudget,
        known: ClientHistory,
        time_source: tuple[Callable[[float], object], Callable[[], float]],
    ) -> None:
        super().__init__()
        self._cloud = cloud
        self._budget = budget
        self._known = known
        self._sleep, self._clock = time_source

    def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Send `request` until it is accepted or the budget is spent.

        Raises AzureError for the last refusal, and where the client was closed meanwhile.
        """
        tally = request.context.options.pop("tally", None)
        before_retry = request.context.options.pop("before_retry", None)
        is_write = request.http_request.method in _WRITES
        if request.http_request.method != "GET":
            request.context.options.setdefault("read_timeout", self._cloud.bounds.write_seconds)
        attempts = Attempts(self._budget, self._clock)
        while not self._known.closed.is_set():
            if isinstance(tally, RequestCount):
                tally.calls += 1
            answer = self._attempt(request)
            if isinstance(answer, PipelineResponse):
                return answer
            error, asked, is_lost = answer
            patience = find_retry_limits(error, is_write, self._known, self._clock())
            if is_lost and before_retry is None and _is_guarded(request):
                # The first attempt may have changed the ETag: a second one would be refused with
                # 412, as if another writer had been there.
                patience, error = NEVER, replace(error, message=error.message + _MAY_HAVE_DONE)
            pause = attempts.next_pause(patience, asked)
            if pause is None:
                raise replace(error, message=error.message + attempts.account)
            if error.status == _THROTTLED:
                count_wait(pause)
            self._sleep(pause)
            if before_retry is not None:
                before_retry(error)
        raise closed_error()

    def _attempt(
        self, request: PipelineRequest[Any]
    ) -> PipelineResponse[Any, Any] | tuple[AzureError, float | None, bool]:
        """Send once; return the answer, or why there is none.

        That is the error, the seconds of Retry-After, and whether the request was sent and its
        answer lost.
        """
        try:
            response = self.next.send(request)
        except ClientAuthenticationError as failure:
            return credential_error(failure), None, False
        except ServiceRequestError as cause:
            return connection_error(self._cloud.host, cause), None, False
        except (ServiceResponseError, DecodeError, HttpResponseError) as cause:
            return self._lost_answer(cause), None, True
        self._known.reached = True
        http = response.http_response
        count_answer(int(http.headers.get("Content-Length") or 0))
        if http.status_code < 300:
            return response
        error = read_error(http.status_code, http.headers, http.content)
        return error, read_retry_after(http.headers, self._clock()), False

    def _lost_answer(
        self, cause: ServiceResponseError | DecodeError | HttpResponseError
    ) -> AzureError:
        """Return the error for an answer that is missing or incomplete."""
        inner = cause.inner_exception
        if isinstance(inner, UnboundedAnswerError):
            return unbounded_error(self._cloud.host, str(inner))
        if isinstance(inner, _BROKEN_BODY):
            self._known.reached = True
            return incomplete_error(self._cloud.host, inner)
        return connection_error(self._cloud.host, cause)


_MAY_HAVE_DONE = " Whether the write took effect is not known: plan again."


def _is_guarded(request: PipelineRequest[Any]) -> bool:
    return any(name in request.http_request.headers for name in _GUARDS)


class TokenPolicy(ARMChallengeAuthenticationPolicy):
    """Gives each request the shared token, and once a new one after 401.

    A token may be revoked before it expires, and the SDK requests another one only if the answer
    has a claims challenge. The SDK's own cached token is not used: a request that gets 401 removes
    it while other threads use it.
    """

    def __init__(self, tokens: SharedToken, scope: str) -> None:
        super().__init__(tokens, scope)
        self._tokens = tokens
        self._scope = scope

    def on_request(self, request: PipelineRequest[HttpRequest]) -> None:
        """Authorize a request. Raises ClientAuthenticationError."""
        self.authorize_request(request, self._scope)

    def authorize_request(
        self, request: PipelineRequest[HttpRequest], *scopes: str, **kwargs: object
    ) -> None:
        """Authorize a request with a token for `scopes`. Raises ClientAuthenticationError."""
        claims = kwargs.get("claims")
        known = self._tokens.get_token(*scopes, claims=claims if isinstance(claims, str) else None)
        token = known.token
        request.context["token"] = token
        request.http_request.headers["Authorization"] = f"Bearer {token}"

    def send(
        self, request: PipelineRequest[HttpRequest]
    ) -> PipelineResponse[HttpRequest, HttpResponse]:
        """Send a request with a token. Raises ClientAuthenticationError where there is none."""
        response = super().send(request)
        refused = response.http_response.status_code == _UNAUTHORIZED
        if not refused or request.context.get("renewed"):
            return response
        request.context["renewed"] = True
        self._tokens.reject(request.context["token"])
        return super().send(request)

    def on_challenge(
        self,
        request: PipelineRequest[HttpRequest],
        response: PipelineResponse[HttpRequest, HttpResponse],
    ) -> bool:
        """Authorize a request again after a claims challenge; return whether to send it again."""
        try:
            return super().on_challenge(request, response)
        except ValueError:
            # The claims are no base64, or not UTF-8.
            return False
