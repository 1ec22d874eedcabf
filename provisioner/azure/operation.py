"""Long-running operations: Azure-AsyncOperation, Location and provisioningState polling.

The poller is azure-core's; the algorithms differ from the SDK's where recordings of Azure do: what
counts as running, a Location of a 201, and operations that answer without a body.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from azure.core.pipeline import PipelineResponse
from azure.core.polling.base_polling import LocationPolling, StatusCheckPolling
from azure.core.rest import HttpResponse
from azure.mgmt.core.polling.arm_polling import (
    ARMPolling,
    AzureAsyncOperationPolling,
    BodyContentPolling,
)

from provisioner.azure.errors import first_line, read_error, unexpected_error
from provisioner.azure.response import AnswerError, read_object
from provisioner.azure.retry import read_retry_after
from provisioner.model.azure_error import AzureError
from provisioner.model.provisioning import OPERATION_SECONDS, provisioning_state
from provisioner.model.values import Body, Json

TIMED_OUT = "OperationTimedOut"

LONGEST_POLL_PAUSE = 600.0
"""The longest Retry-After of a running operation that is obeyed, in seconds: the longest recorded
one is 160. A longer one is ignored, so that an operation of hours is still polled."""

_RUNNING = "InProgress"
_SETTLED = "Succeeded"


def encode_body(body: Body) -> bytes:
    """Return the JSON text of a body, whatever kinds of read-only mapping and sequence it has."""
    return json.dumps(body, default=_to_json_value).encode()


def _to_json_value(value: object) -> Json:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"a body cannot hold a {type(value).__name__}")


def body_of(response: HttpResponse) -> Body:
    """Return the object in an answer, {} for no body.

    Raises AzureError for anything but a JSON object within the bounds.
    """
    if not response.content:
        return {}
    try:
        return read_object(response.content)
    except AnswerError as problem:
        error = read_error(response.status_code, response.headers, response.content)
        raise error from problem


def _json_of(response: PipelineResponse[Any, Any]) -> Body:
    return body_of(response.http_response)


def _normalized_status(status: str) -> str:
    """Return the status in the spelling that the SDK knows."""
    return "Canceled" if status.lower() == "cancelled" else status


class _AsyncOperation(AzureAsyncOperationPolling[Any, Any]):
    """Polls Azure-AsyncOperation; with `reads_result` a GET of the resource follows its success.

    Any status but Succeeded, Failed and Canceled is still running, whatever the word
    (guidelines.md §3.1). Some providers answer 202 or 204 without a body instead of a status, or
    the resource itself once they are done (recorded).
    """

    def __init__(self, *, reads_result: bool) -> None:
        super().__init__()
        self._reads_result = reads_result

    def can_poll(self, pipeline_response: PipelineResponse[Any, Any]) -> bool:
        """Return whether the answer to the write names an operation."""
        headers = pipeline_response.http_response.headers
        return bool(headers.get("Azure-AsyncOperation", "").strip())

    def get_status(self, pipeline_response: PipelineResponse[Any, Any]) -> str:
        """Return the status in an answer of the operation's URL.

        Raises AzureError for a `status` that is no text.
        """
        body = _json_of(pipeline_response)
        status = body.get("status")
        if status is not None and not isinstance(status, str):
            raise unexpected_error(200, "an operation has a `status` that is not a string")
        if pipeline_response is not self._first and not status:
            if pipeline_response.http_response.status_code == 202:
                return _RUNNING
            return provisioning_state(body) or _SETTLED
        return _normalized_status(status or _RUNNING)

    def get_final_get_url(self, pipeline_response: PipelineResponse[Any, Any]) -> str | None:
        """Return the URL of the resource that was written; links in the answer are not followed."""
        url: str = self._request.url
        return url if self._request.method == "PUT" and self._reads_result else None

    def set_initial_status(self, pipeline_response: PipelineResponse[Any, Any]) -> str:
        """Keep the answer to the write, which is the resource and not a status."""
        self._first = pipeline_response
        return super().set_initial_status(pipeline_response)


class _AcceptedLocation(LocationPolling[Any, Any]):
    """Polls Location, after 202 only.

    With 201 it names the resource itself, sometimes without host and api version (recorded for
    user-assigned identities and workspaces), which cannot be polled.
    """

    def can_poll(self, pipeline_response: PipelineResponse[Any, Any]) -> bool:
        """Return whether the write was accepted (202) with a URL to poll."""
        http = pipeline_response.http_response
        return http.status_code == 202 and bool(http.headers.get("Location", "").strip())


class _ProvisioningState(BodyContentPolling[Any, Any]):
    """Polls the resource's provisioningState, where the answer names no operation."""

    def set_initial_status(self, pipeline_response: PipelineResponse[Any, Any]) -> str:
        """Return the first state. A created resource without one is complete."""
        self._initial_response = pipeline_response
        if pipeline_response.http_response.status_code == 202:
            return _RUNNING
        return self.get_status(pipeline_response)

    def get_status(self, pipeline_response: PipelineResponse[Any, Any]) -> str:
        """Return the provisioningState of the resource. One without a state is complete."""
        return _normalized_status(provisioning_state(_json_of(pipeline_response)) or _SETTLED)


class OperationPolling(ARMPolling):
    """Polls one operation with an injected clock, and reports each status.

    Retry-After is obeyed from the first answer on, up to LONGEST_POLL_PAUSE and to what is left
    of OPERATION_SECONDS; `interval` (seconds) is used where there is none, and between two polls
    where it is 0. Raises AzureError `OperationTimedOut` after OPERATION_SECONDS. `reads_result`
    states whether the resource is read after Azure-AsyncOperation has reported success.
    """

    def __init__(
        self,
        interval: float,
        sleep: Callable[[float], object],
        clock: Callable[[], float],
        on_status: Callable[[str], None],
        *,
        reads_result: bool = True,
    ) -> None:
        super().__init__(
            interval,
            lro_algorithms=[
                _AsyncOperation(reads_result=reads_result),
                _AcceptedLocation(),
                _ProvisioningState(),
                StatusCheckPolling(),
            ],
        )
        self._interval = interval
        self._pause = sleep
        self._clock = clock
        self._on_status = on_status
        self._deadline = clock() + OPERATION_SECONDS
        self._is_first = True

    @property
    def last_answer(self) -> HttpResponse:
        """The answer that the operation's current status was read from."""
        answer: HttpResponse = self._pipeline_response.http_response
        return answer

    def update_status(self) -> None:
        """Poll the operation once. Raises AzureError `OperationTimedOut` after the deadline."""
        if self._is_first:
            self._is_first = False
            self._delay_first()
        super().update_status()
        self._on_status(first_line(self.status()))
        if not self.finished() and self._clock() >= self._deadline:
            raise timed_out(self.status())

    def _delay_first(self) -> None:
        asked = self._read_delay()
        if asked:
            self._sleep(asked)

    def _read_delay(self) -> float | None:
        asked = read_retry_after(self._pipeline_response.http_response.headers, self._clock())
        return asked if asked is not None and asked <= LONGEST_POLL_PAUSE else None

    def _extract_delay(self) -> float:
        return self._read_delay() or self._interval

    def _sleep(self, delay: float) -> None:
        self._pause(min(delay, max(self._deadline - self._clock(), 0.0)))


def timed_out(status: str) -> AzureError:
    """Return the error for an operation beyond OPERATION_SECONDS, which Azure continues."""
    return AzureError(
        0,
        TIMED_OUT,
        f"the operation is still {first_line(status)!r} after {OPERATION_SECONDS / 60:.0f} "
        "minutes. Azure continues the operation: check the resource's activity log, then plan "
        "again.",
    )
