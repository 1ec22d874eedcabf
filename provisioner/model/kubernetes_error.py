"""A refusal by a Kubernetes API server, as its Status object tells it."""

from dataclasses import dataclass

from provisioner.model.secret_values import mask_secrets


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause of a refusal: `reason` as in `FieldManagerConflict`, and the field it is about."""

    reason: str
    message: str
    field: str


# Not frozen: Python itself sets `__traceback__` on an exception that leaves a context manager.
@dataclass(unsafe_hash=True)
class KubernetesError(Exception):
    """What an API server said when it refused (API concepts, "Status" of meta/v1).

    `status` is the HTTP status, 0 where no answer came. `reason` is its word (`NotFound`,
    `Conflict`, `Forbidden`, `Invalid`), `ConnectionError` where no answer came.
    """

    status: int
    reason: str
    message: str
    causes: tuple[Cause, ...] = ()

    def __post_init__(self) -> None:
        self.message = mask_secrets(self.message)

    def __str__(self) -> str:
        return f"{self.reason}: {self.message}"

    @property
    def is_missing(self) -> bool:
        """Whether the object, or its namespace or kind, does not exist."""
        return self.status == 404

    @property
    def is_forbidden(self) -> bool:
        """Whether RBAC or a webhook forbade the request."""
        return self.status == 403

    @property
    def conflicts(self) -> tuple[Cause, ...]:
        """The fields that another manager owns and an apply would change."""
        return tuple(cause for cause in self.causes if cause.reason == "FieldManagerConflict")

    @property
    def is_immutable(self) -> bool:
        """Whether a field may not change while the object lives.

        Kubernetes has no reason of its own for that: validation says "field is immutable", and
        "cannot change roleRef" of bindings (pkg/apis/core and pkg/apis/rbac validation).
        """
        told = [cause.message for cause in self.causes] or [self.message]
        return self.status == 422 and all(
            "immutable" in text or "cannot change roleRef" in text for text in told
        )

    @property
    def has_no_dry_run(self) -> bool:
        """Whether a webhook that does not support dry run stands in the way of one."""
        return "does not support dry run" in self.message
