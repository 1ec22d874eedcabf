"""Errors of Azure's APIs, in one shape for all services."""

from dataclasses import dataclass

from provisioner.model.secret_values import mask_secrets


# Not frozen: Python itself sets `__traceback__` on an exception that leaves a context manager.
@dataclass(unsafe_hash=True)
class AzureError(Exception):
    """A refusal by Azure, with its own error code, message and correlation id.

    `status` is the HTTP status, 0 where no answer came (`code` is then `ConnectionError` or
    `CredentialUnavailable`). `target` is the property that Azure names, if any.
    """

    status: int
    code: str
    message: str
    correlation_id: str | None = None
    target: str | None = None

    def __post_init__(self) -> None:
        # Services quote what was sent to them, and a proxy's URL can hold its password.
        self.message = mask_secrets(self.message)

    def __str__(self) -> str:
        correlation = f" (correlation id {self.correlation_id})" if self.correlation_id else ""
        target = f" [{self.target}]" if self.target and self.target not in self.message else ""
        return f"{self.code}: {self.message}{target}{correlation}"
