"""Ports of Azure Resource Manager: reads, queries, writes. `provisioner.azure` implements them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from provisioner.catalog.resource_type import CreateGuard
from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body
from provisioner.plan.reads import Answer, Read
from provisioner.preflight.azure_queries import AzureQuery, Reply

RESOURCE_APPEARED = "ResourceAppeared"
"""The code of the AzureError for a creation that found a resource which others had created."""


@dataclass(frozen=True, slots=True)
class Creation:
    """A write that may only create: `guard` is what keeps it from overwriting what exists.

    `is_as_sent` returns whether a body that Azure returned is what this write would have created.
    It is called only where an answer was lost, and the resource that exists may be its own.
    `is_read` states whether the settled body is read: if not, the success of the operation
    suffices, and the body may be empty.
    """

    guard: CreateGuard
    is_as_sent: Callable[[Body], bool]
    is_read: bool = True


@dataclass(frozen=True, slots=True)
class Refresh:
    """A write that makes Azure renew a copy which it keeps (`ResourceType.snapshot`).

    `query` are the URL parameters beside the api version.
    """

    query: Mapping[str, str]


class Reader(Protocol):
    """Reads Azure Resource Manager."""

    def read(self, reads: Sequence[Read]) -> Sequence[Answer]:
        """Answer all of `reads`, in their order, in parallel. A refusal is an answer.

        Raises AzureError only where nothing can be read: no credential, or no endpoint.
        """


class AzureQuerier(Protocol):
    """Queries Azure Resource Manager without changing anything: what-if, permissions, usages."""

    def ask(self, inquiries: Sequence[AzureQuery]) -> Sequence[Reply]:
        """Answer all of `inquiries`, in their order, in parallel. A refusal is a reply.

        Raises AzureError only where nothing can be asked: no credential, or no endpoint.
        """


class Source(Reader, AzureQuerier, Protocol):
    """Reads resources of Azure Resource Manager, and sends queries."""


class Requester(Protocol):
    """Sends single requests that Azure Resource Manager answers at once."""

    def request(self, method: str, path: str, api_version: str, body: Body | None = None) -> Body:
        """Return the object that the answer holds, {} for none. Raises AzureError."""


class Writer(Protocol):
    """Writes to Azure Resource Manager and waits until the resource has settled.

    `on_status` is called with the status of a long-running operation at each poll, in Azure's
    spelling.
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
