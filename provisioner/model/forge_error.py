"""Errors of the service that hosts the repository: GitHub or Azure DevOps."""

from dataclasses import dataclass

from provisioner.model.secret_values import mask_secrets


# Not frozen: Python itself sets `__traceback__` on an exception that leaves a context manager.
@dataclass(unsafe_hash=True)
class ForgeError(Exception):
    """A refusal by GitHub or Azure DevOps.

    `status` is the HTTP status, 0 where no answer came (`code` is then `ConnectionError`). `code`
    is stable and kebab-case or the service's own word. `hint` says what to do: for a missing
    permission which one it is, and where it is given.
    """

    status: int
    code: str
    message: str
    hint: str | None = None

    def __post_init__(self) -> None:
        # A service quotes what was sent to it.
        self.message = mask_secrets(self.message)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    @property
    def is_missing(self) -> bool:
        """Whether it does not exist; GitHub answers 404 too where the token may not see it."""
        return self.status == 404

    @property
    def is_forbidden(self) -> bool:
        """Whether the token lacks a permission."""
        return self.status in (401, 403)
