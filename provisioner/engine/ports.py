"""What the engine and the workflows need of the world. The adapters have these shapes."""

from collections.abc import Callable, Sequence
from typing import Protocol

from provisioner.model.resource_id import ResourceId
from provisioner.model.values import Body
from provisioner.plan.reads import Answer, Read
from provisioner.preflight.inquiry import Inquiry, Reply


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
    ) -> Body:
        """Create or update a resource; return its settled body. Raises AzureError."""

    def delete(
        self,
        resource: ResourceId,
        api_version: str,
        if_match: str | None,
        on_status: Callable[[str], None],
    ) -> None:
        """Delete a resource; one that is gone already is deleted. Raises AzureError."""
