"""What the engine and the workflows need of the world. The adapters have these shapes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from provisioner.catalog.resource_type import CreateGuard
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body
from provisioner.plan.reads import Answer, Read
from provisioner.preflight.azure_queries import Inquiry, Reply

RESOURCE_APPEARED = "ResourceAppeared"
"""The code of the AzureError for a creation that found what others had made in the meantime."""


@dataclass(frozen=True, slots=True)
class Creation:
    """A write that is to create: `guard` is what keeps it from writing over what exists.

    `is_as_sent` tells whether a body that Azure answers is what this write would have made. It is
    asked only where an answer was lost, and what is there may be its own. `is_read` tells whether
    the settled body is read: where it is not, the success of the operation is all that is asked
    for, and the body may be empty.
    """

    guard: CreateGuard
    is_as_sent: Callable[[Body], bool]
    is_read: bool = True


@dataclass(frozen=True, slots=True)
class Refresh:
    """A write that asks Azure to copy again what it keeps a copy of (`ResourceType.snapshot`):
    `query` are its parameters beside the api version."""

    query: Mapping[str, str]


class Reader(Protocol):
    """Reads Azure Resource Manager."""

    def read(self, reads: Sequence[Read]) -> Sequence[Answer]:
        """Answer all of `reads`, in their order, in parallel. A refusal is an answer.

        Raises AzureError only where nothing can be read: no credential, or no endpoint.
        """


class Inquirer(Protocol):
    """Asks Azure Resource Manager what it would do; nothing is changed by it."""

    def ask(self, inquiries: Sequence[Inquiry]) -> Sequence[Reply]:
        """Answer all of `inquiries`, in their order, in parallel. A refusal is a reply.

        Raises AzureError only where nothing can be asked: no credential, or no endpoint.
        """


class Source(Reader, Inquirer, Protocol):
    """Reads Azure Resource Manager, and asks it what is no resource."""


class Requester(Protocol):
    """Sends single requests that Azure Resource Manager answers at once."""

    def request(self, method: str, path: str, api_version: str, body: Body | None = None) -> Body:
        """Return the object that the answer holds, {} for none. Raises AzureError."""


class Writer(Protocol):
    """Writes to Azure Resource Manager and waits until it has settled.

    `on_status` is called with Azure's own word each time a long operation says how far it is.
    """

    def put(
        self,
        resource: ResourceId,
        api_version: str,
        body: Body,
        if_match: str | None,
        on_status: Callable[[str], None],
        mode: Creation | Refresh | None = None,
    ) -> Body:
        """Create or update a resource; return its settled body. Raises AzureError.

        With a Creation it only creates: AzureError RESOURCE_APPEARED where something is there.
        """

    def delete(
        self,
        resource: ResourceId,
        api_version: str,
        if_match: str | None,
        on_status: Callable[[str], None],
    ) -> None:
        """Delete a resource; one that is gone already is deleted. Raises AzureError."""
