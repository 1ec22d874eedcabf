"""The two policies of our own in the SDK's HTTP pipeline: where requests may go, and retries."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from azure.core.exceptions import (
    ClientAuthenticationError,
    DecodeError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import HTTPPolicy, SansIOHTTPPolicy

from provisioner.azure.cloud import Cloud, is_loopback
from provisioner.azure.errors import (
    closed_error,
    connection_error,
    credential_error,
    foreign_host_error,
    read_error,
)
from provisioner.azure.retry import (
    Attempts,
    Circumstances,
    RetryBudget,
    find_patience,
    read_retry_after,
)
from provisioner.model.azure_error import AzureError

_DEFAULT_PORTS = {"http": 80, "https": 443}
_WRITES = frozenset({"PUT", "DELETE"})


@dataclass(slots=True)
class Tally:
    """Counts what was really sent: handed to a request as the option `tally`."""

    calls: int = 0


class EndpointPolicy(SansIOHTTPPolicy[Any, Any]):
    """Lets no request leave for another origin than the cloud's Resource Manager.

    Page links and operation URLs come out of answers: whoever they name would be sent the token.
    TLS is required, except where the endpoint is on loopback.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._origin = _origin(cloud.resource_manager)
        self._allows_http = is_loopback(self._origin[1])

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Check where `request` goes. Raises AzureError `ForeignHost`."""
        url = request.http_request.url
        if _origin(url) != self._origin:
            raise foreign_host_error(urlsplit(url).netloc, self._cloud.host)
        if self._allows_http:
            request.context.options["enforce_https"] = False


def _origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port; port -1, which nothing has, for what is no URL."""
    parts = urlsplit(url)
    try:
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme, -1)
    except ValueError:
        port = -1
    return parts.scheme, (parts.hostname or "").lower(), port


class BudgetPolicy(HTTPPolicy[Any, Any]):
    """Retries within a budget, and raises every refusal as AzureError.

    It stands where the SDK's RetryPolicy would. `provisioner.azure.retry` says what is retried.
    """

    def __init__(
        self,
        cloud: Cloud,
        budget: RetryBudget,
        known: Circumstances,
        sleep: Callable[[float], object],
        clock: Callable[[], float],
    ) -> None:
        super().__init__()
        self._cloud = cloud
        self._budget = budget
        self._known = known
        self._sleep = sleep
        self._clock = clock

    def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Send `request` until it is accepted or the budget is spent. Raises AzureError."""
        tally = request.context.options.pop("tally", None)
        is_write = request.http_request.method in _WRITES
        attempts = Attempts(self._budget, self._clock)
        while not self._known.closed.is_set():
            if isinstance(tally, Tally):
                tally.calls += 1
            answer = self._attempt(request)
            if isinstance(answer, PipelineResponse):
                return answer
            error, asked = answer
            patience = find_patience(error, is_write, self._known, self._clock())
            pause = attempts.next_pause(patience, asked)
            if pause is None:
                raise replace(error, message=error.message + attempts.account)
            self._sleep(pause)
        raise closed_error()

    def _attempt(
        self, request: PipelineRequest[Any]
    ) -> PipelineResponse[Any, Any] | tuple[AzureError, float | None]:
        """Send once: return the answer, or the refusal and what its Retry-After says."""
        try:
            response = self.next.send(request)
        except ClientAuthenticationError as failure:
            return credential_error(failure), None
        except (ServiceRequestError, ServiceResponseError, DecodeError, HttpResponseError) as cause:
            return connection_error(self._cloud.host, cause), None
        self._known.reached = True
        http = response.http_response
        if http.status_code < 300:
            return response
        error = read_error(http.status_code, http.headers, http.content)
        return error, read_retry_after(http.headers, self._clock())
