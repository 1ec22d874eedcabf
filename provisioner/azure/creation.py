"""PUT that only creates: a resource that exists, or appears meanwhile, is not overwritten.

RFC 9110 §13.1.2: `If-None-Match: *` makes a request fail with 412 where the resource exists. Not
every resource provider evaluates it: the catalog states which does (`CreateGuard`); for the others
a GET precedes the PUT, or the status of the answer is checked.
"""

from collections.abc import Callable

from azure.core.rest import HttpRequest

from provisioner.catalog.resource_type import CreateGuard
from provisioner.engine.ports import RESOURCE_APPEARED, Creation
from provisioner.model.azure_error import AzureError
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body

_HEADER = "If-None-Match"
_PRECONDITION_FAILED = 412
_REFUSED_UNTOUCHED = range(400, 500)
_TIMED_OUT = 408
_CHANGED = 200


_Written = tuple[Body, AzureError | None]
"""A body, and the error for which it could not be followed to its end."""


class _OwnError(Exception):
    """The resource was created by an earlier attempt whose answer was lost; `body` is it."""

    def __init__(self, body: Body) -> None:
        super().__init__()
        self.body = body


class GuardedCreate:
    """Guards one creation through its retries. `find` reads the resource, None for absent.

    Only the first attempt can be sure that a resource it finds belongs to others. Where an answer
    was lost (no connection, or a 5xx), Azure may have processed the request: what exists then is
    its own if it is as sent, and otherwise that of others.
    """

    def __init__(
        self, resource: ResourceId, creation: Creation, find: Callable[[], Body | None]
    ) -> None:
        self._resource = resource
        self._creation = creation
        self._find = find
        self._lost_an_answer = False
        self._released = False

    @property
    def is_read(self) -> bool:
        """Whether something reads the settled body."""
        return self._creation.is_read

    def send(self, request: HttpRequest, write: Callable[[HttpRequest], _Written]) -> _Written:
        """Write if the resource is absent; return what `write` returns.

        Raises:
            AzureError: `ResourceAppeared` where the resource exists, and nothing was written; any
                other refusal of the write.
        """
        if self._creation.guard.is_conditional:
            request.headers[_HEADER] = "*"
        try:
            if self._creation.guard is CreateGuard.READ and self._find() is not None:
                raise self._appeared_error()
            return write(request)
        except _OwnError as own:
            return own.body, None
        except AzureError as error:
            condition_failed = (
                error.status == _PRECONDITION_FAILED and error.code != RESOURCE_APPEARED
            )
            if not condition_failed or self._released:
                raise
            if self._lost_an_answer:
                found = self._find()
                if found is not None and self._creation.is_as_sent(found):
                    return found, None
            raise self._appeared_error() from error

    def check_answer(self, status: int) -> None:
        """Check the status of the first answer: 200 instead of 201 is an update.

        Raises:
            AzureError: `ResourceAppeared` where the service ignored If-None-Match.
        """
        ignored = self._creation.guard is CreateGuard.ANSWER and status == _CHANGED
        if ignored and not self._lost_an_answer and not self._released:
            raise AzureError(
                _PRECONDITION_FAILED,
                RESOURCE_APPEARED,
                f"{self._resource.text} was absent when the plan was made, and this write changed "
                "what had appeared there: the service ignored If-None-Match. Plan again, and look "
                "for who made it in the resource's activity log.",
            )

    def check_again(self, error: AzureError) -> None:
        """Read the resource before the next attempt, after `error`; called by the retry policy.

        Raises AzureError `ResourceAppeared` where it belongs to others.

        Raises:
            _OwnError: Where an earlier attempt of this write created it: that ends the attempts.
        """
        if self._released:
            return
        if error.status not in _REFUSED_UNTOUCHED or error.status == _TIMED_OUT:
            self._lost_an_answer = True
        found = self._find()
        if found is None:
            return
        if self._lost_an_answer and self._creation.is_as_sent(found):
            raise _OwnError(found)
        raise self._appeared_error()

    def release(self, request: HttpRequest) -> None:
        """Stop guarding: Azure has accepted the request, and what exists is its own."""
        self._released = True
        request.headers.pop(_HEADER, None)

    def _appeared_error(self) -> AzureError:
        return AzureError(
            _PRECONDITION_FAILED,
            RESOURCE_APPEARED,
            f"{self._resource.text} was absent when the plan was made and exists now. Nothing was "
            "written over it. Plan again.",
        )
