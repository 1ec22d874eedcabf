"""Azure's long operations, as recorded: how each kind is followed until it has ended."""

from collections.abc import Callable, Mapping
from typing import Any

from azure.core.pipeline import PipelineResponse
from azure.core.polling.base_polling import BadResponse, LocationPolling, StatusCheckPolling
from azure.core.rest import HttpResponse
from azure.mgmt.core.polling.arm_polling import (
    ARMPolling,
    AzureAsyncOperationPolling,
    BodyContentPolling,
)

from provisioner.azure.retry import read_retry_after
from provisioner.model.azure_error import AzureError

OPERATION_SECONDS = 7200.0
"""How long an operation may run before it is left alone: a gateway takes 45 minutes."""

_RUNNING = "InProgress"
_SETTLED = "Succeeded"
_TRANSITIONAL_WORDS = frozenset({"accepted", "inprogress", "registeringdns"})
_FAILED_WORDS = frozenset({"failed", "canceled", "cancelled"})


def provisioning_state(body: object) -> str | None:
    """Return the provisioning state in a resource's body, or None."""
    properties = body.get("properties") if isinstance(body, Mapping) else None
    state = properties.get("provisioningState") if isinstance(properties, Mapping) else None
    return state if isinstance(state, str) and state else None


def is_transitional(body: object) -> bool:
    """Tell whether a resource's own state says that Azure still works on it.

    The words end in -ing, but for a few (recorded: `Updating`, `Accepted`, `RegisteringDns`). A
    word that is not one of them counts as settled, since the operation itself has ended.
    """
    state = (provisioning_state(body) or "").lower()
    return state.endswith("ing") or state in _TRANSITIONAL_WORDS


def is_failed(body: object) -> bool:
    """Tell whether a resource's own state says that the write failed."""
    return (provisioning_state(body) or "").lower() in _FAILED_WORDS


def _json_of(response: PipelineResponse[Any, Any]) -> Mapping[str, Any]:
    """Return the object that an answer holds, {} for none. Raises BadResponse for other text."""
    http = response.http_response
    if not http.content:
        return {}
    try:
        document = http.json()
    except ValueError as cause:
        raise BadResponse("not JSON") from cause
    return document if isinstance(document, Mapping) else {}


def _ended(status: str) -> str:
    """Return the status in the spelling that the SDK knows."""
    return "Canceled" if status.lower() == "cancelled" else status


class _AsyncOperation(AzureAsyncOperationPolling[Any, Any]):
    """Follows Azure-AsyncOperation.

    Any status but Succeeded, Failed and Canceled is still running, whatever the word
    (guidelines.md §3.1). Some providers answer 202 or 204 without a body instead of a status, or
    the resource itself once they are done (recorded).
    """

    def get_status(self, pipeline_response: PipelineResponse[Any, Any]) -> str:
        """Return the status that an answer of the operation's URL tells."""
        body = _json_of(pipeline_response)
        if pipeline_response is not self._first and not body.get("status"):
            if pipeline_response.http_response.status_code == 202:
                return _RUNNING
            return provisioning_state(body) or _SETTLED
        return _ended(str(body.get("status") or _RUNNING))

    def set_initial_status(self, pipeline_response: PipelineResponse[Any, Any]) -> str:
        """Remember the answer to the write: it is the resource, not a status."""
        self._first = pipeline_response
        return super().set_initial_status(pipeline_response)


class _AcceptedLocation(LocationPolling[Any, Any]):
    """Follows Location, after 202 only.

    With 201 it names the resource itself, sometimes without host and api version (recorded for
    user-assigned identities and workspaces), which is nothing to poll.
    """

    def can_poll(self, pipeline_response: PipelineResponse[Any, Any]) -> bool:
        """Tell whether the write was accepted for later with a URL to ask."""
        accepted = pipeline_response.http_response.status_code == 202
        return accepted and super().can_poll(pipeline_response)


class _ProvisioningState(BodyContentPolling[Any, Any]):
    """Follows the resource's own provisioning state, where no operation was named."""

    def set_initial_status(self, pipeline_response: PipelineResponse[Any, Any]) -> str:
        """Return the first state. A created resource without one is complete."""
        status = super().set_initial_status(pipeline_response)
        if pipeline_response.http_response.status_code == 201:
            return _ended(provisioning_state(_json_of(pipeline_response)) or _SETTLED)
        return _ended(status)

    def get_status(self, pipeline_response: PipelineResponse[Any, Any]) -> str:
        """Return the state that a GET of the resource tells."""
        return _ended(super().get_status(pipeline_response))


class OperationPolling(ARMPolling):
    """Follows one operation with an injected clock, and reports each status that Azure tells.

    Retry-After is obeyed from the first answer on, 0 included; `interval` (seconds) stands in
    where there is none. Raises AzureError `OperationTimedOut` after OPERATION_SECONDS.
    """

    def __init__(
        self,
        interval: float,
        sleep: Callable[[float], object],
        clock: Callable[[], float],
        on_status: Callable[[str], None],
    ) -> None:
        super().__init__(
            interval,
            lro_algorithms=[
                _AsyncOperation(),
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
        """The answer that the operation's present status was read from."""
        answer: HttpResponse = self._pipeline_response.http_response
        return answer

    def update_status(self) -> None:
        """Ask once how far the operation is."""
        if self._is_first:
            self._is_first = False
            self._delay_first()
        super().update_status()
        self._on_status(self.status())
        if not self.finished() and self._clock() > self._deadline:
            raise timed_out(self.status())

    def _delay_first(self) -> None:
        asked = read_retry_after(self._pipeline_response.http_response.headers, self._clock())
        if asked:
            self._pause(asked)

    def _extract_delay(self) -> float:
        asked = read_retry_after(self._pipeline_response.http_response.headers, self._clock())
        return self._interval if asked is None else asked

    def _sleep(self, delay: float) -> None:
        self._pause(delay)


def timed_out(status: str) -> AzureError:
    """Return the error for an operation that does not end. Azure goes on with it."""
    return AzureError(
        0,
        "OperationTimedOut",
        f"the operation is still {status!r} after {OPERATION_SECONDS / 60:.0f} minutes. Azure goes "
        "on with it: look at the resource's activity log, then plan again.",
    )
