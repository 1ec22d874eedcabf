"""Confirmation of a write or delete by a GET of the resource itself.

The status of an operation is a hint. Its URL may vanish (404), be forbidden (it is outside of the
resource group: learn.microsoft.com, "Track asynchronous Azure operations"), or report Succeeded for
a delete whose resource still exists. The resource is read before a write counts.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from provisioner.azure.errors import CLOSED, CONNECTION, CREDENTIAL, is_absent, read_error
from provisioner.azure.operation import TIMED_OUT, encode_body, timed_out
from provisioner.model.azure_error import AzureError
from provisioner.model.provisioning import (
    OPERATION_SECONDS,
    is_failed,
    is_transitional,
    provisioning_state,
)
from provisioner.model.values import Body

NOT_DELETED = "NotDeleted"

_LOOKS = 24
"""The number of reads of a resource that does not show the write yet: reads of Azure Resource
Manager are eventually consistent. With Azure's interval of 5 s they take two minutes."""

_CERTAIN = frozenset({CONNECTION, CREDENTIAL, CLOSED, TIMED_OUT})


def is_doubt(error: AzureError) -> bool:
    """Return whether an error of polling leaves open how the operation ended.

    It does not where no request can be sent any more, or the operation has timed out.
    """
    return error.code not in _CERTAIN


@dataclass(frozen=True, slots=True)
class Settlement:
    """Reads resources after a write. `get` returns the object at a URL, None for no content.

    `interval` is the pause between two reads in seconds.
    """

    get: Callable[[str], Body | None]
    interval: float
    sleep: Callable[[float], object]
    clock: Callable[[], float]

    def find_written(self, url: str, doubt: AzureError | None) -> Body:
        """Return the body of a resource that was written, once a GET shows it.

        `doubt` is the error for which its operation could not be followed, or None.

        Raises:
            AzureError: where the resource does not appear: `doubt` if there is one.
        """
        for look in range(_LOOKS):
            try:
                found = self._find(url)
            except AzureError as error:
                raise doubt or error from error
            if found is not None:
                return found
            if look < _LOOKS - 1:
                self.sleep(self.interval)
        if doubt is not None:
            note = " The resource was looked for in place of its operation, and does not exist."
            raise replace(doubt, message=doubt.message + note)
        raise AzureError(
            404, "ResourceNotFound", "Azure accepted the write, and the resource does not exist."
        )

    def await_rest(self, url: str, body: Body, on_status: Callable[[str], None]) -> Body:
        """Return the body once provisioningState is terminal: the operation may end before.

        Raises:
            AzureError: where that state is a failure, is not reached in OPERATION_SECONDS, or the
                resource vanishes.
        """
        deadline = self.clock() + OPERATION_SECONDS
        while is_transitional(body):
            state = provisioning_state(body) or ""
            on_status(state)
            if self.clock() >= deadline:
                raise timed_out(state)
            self.sleep(self.interval)
            found = self._find(url)
            if found is None:
                raise AzureError(
                    404, "ResourceNotFound", f"the resource vanished while it was {state!r}."
                )
            body = found
        if is_failed(body):
            raise read_error(200, {}, encode_body(body))
        return body

    def await_gone(
        self, url: str, doubt: AzureError | None, on_status: Callable[[str], None]
    ) -> None:
        """Return once a GET shows that the resource does not exist.

        A state such as `Deleting` is waited for. Raises AzureError `NotDeleted` where the resource
        stays, with `doubt`, the error of its operation.
        """
        deadline = self.clock() + OPERATION_SECONDS
        looks = 0
        while (found := self._look_after_delete(url, doubt)) is not None:
            state = provisioning_state(found) or ""
            if is_transitional(found):
                on_status(state)
                if self.clock() >= deadline:
                    raise timed_out(state)
            else:
                looks += 1
                if looks >= _LOOKS:
                    raise self._not_deleted(state, doubt)
            self.sleep(self.interval)

    def _find(self, url: str) -> Body | None:
        """Return the resource at `url`, None where it does not exist.

        Raises:
            AzureError: for every other refusal.
        """
        try:
            return self.get(url)
        except AzureError as error:
            if is_absent(error):
                return None
            raise

    def _look_after_delete(self, url: str, doubt: AzureError | None) -> Body | None:
        try:
            return self._find(url)
        except AzureError as error:
            note = "whether the resource is deleted could not be read: "
            raise replace(error, message=note + error.message + _doubt_sentence(doubt)) from error

    def _not_deleted(self, state: str, doubt: AzureError | None) -> AzureError:
        stands = f" (provisioningState {state})" if state else ""
        return AzureError(
            doubt.status if doubt else 200,
            NOT_DELETED,
            f"Azure accepted the delete, and the resource still exists{stands} after "
            f"{_LOOKS} reads in {_LOOKS * self.interval:.0f} s. Look at its locks and its "
            f"activity log, then plan again.{_doubt_sentence(doubt)}",
            doubt.correlation_id if doubt else None,
        )


def _doubt_sentence(doubt: AzureError | None) -> str:
    """Return the sentence of an error about an operation that could not be followed."""
    if doubt is None:
        return ""
    return f" Its operation could not be followed: {doubt.code}: {doubt.message}"
