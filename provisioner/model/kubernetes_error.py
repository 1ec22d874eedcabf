"""Errors of a Kubernetes API server (Status of meta/v1), and what to do about each."""

from dataclasses import dataclass

from provisioner.model.diagnostic import Diagnostic, error
from provisioner.model.secret_values import mask_secrets

NOT_SENT = "NotSent"
NO_TOKEN = "NoToken"
UNSTATED = "Unstated"

_UNAUTHORIZED = 401
_UNCERTAIN_STATUSES = frozenset({0, 408, 500, 502, 504})


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause of a refusal: `reason` as in `FieldManagerConflict`, and the field it is about."""

    reason: str
    message: str
    field: str


# Not frozen: Python itself sets `__traceback__` on an exception that leaves a context manager.
@dataclass(unsafe_hash=True)
class KubernetesError(Exception):
    """A refusal by an API server ("Status" of meta/v1), or whatever came instead of its answer.

    `status` is the HTTP status, 0 where no answer came. `reason` is the server's (`NotFound`,
    `Conflict`, `Forbidden`, `Invalid`), or one of azsec's own: `ConnectionError` where no answer
    came, `NotSent` where the request was not sent, `NoToken` where there was no credential,
    `Unstated` where an observation does not state it, and `Redirect`, `NotJSON`, `NotAnObject`,
    `NotAList`, `AnswerTooLarge` for answers that no API server gives.
    `hint` is what to do, where the refusal states it. `follows` is the continue token with which a
    list goes on whose own token has expired (410).
    """

    status: int
    reason: str
    message: str
    causes: tuple[Cause, ...] = ()
    hint: str | None = None
    follows: str = ""

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
    def is_unreachable(self) -> bool:
        """Whether no answer came or authentication failed: the next request would fail alike."""
        return self.status in (0, _UNAUTHORIZED)

    @property
    def may_have_taken_effect(self) -> bool:
        """Whether a write that got this answer may have taken effect all the same.

        A broken connection, a gateway's timeout, and a success that is no answer of an API server
        state nothing about the object. 500 is also a write that etcd did not confirm in time; a
        webhook that could not be called is named in the message, and then nothing was written.
        """
        if self.reason == NOT_SENT or "failed calling webhook" in self.message:
            return False
        return self.status in _UNCERTAIN_STATUSES or 200 <= self.status < 300

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
        messages = [cause.message for cause in self.causes] or [self.message]
        return self.status == 422 and all(
            "immutable" in text or "cannot change roleRef" in text for text in messages
        )

    @property
    def has_no_dry_run(self) -> bool:
        """Whether an admission webhook without support for dry run prevented one."""
        return "does not support dry run" in self.message


def describe_refusal(refusal: KubernetesError, what: str, role: str | None = None) -> Diagnostic:
    """Return a refusal as an error with what to do.

    `what` names the request that failed; `role` is how to obtain the permission for it.
    """
    code, hint = _explain(refusal)
    if refusal.is_forbidden and role is not None:
        hint = role
    return error(code, f"{what}: {refusal.message.rstrip('.')}.", None, refusal.hint or hint)


def _explain(refusal: KubernetesError) -> tuple[str, str]:
    """Return the code of a refusal, and what to do (API conventions, "HTTP Status codes")."""
    if refusal.reason in _CONTENTS:
        return _CONTENTS[refusal.reason]
    if refusal.status >= 500:
        return "api-server-failed", "The API server failed. Try again; its log has the reason."
    return _STATUSES.get(
        refusal.status, ("api-server-refused", "Correct what the API server names, and try again.")
    )


_NOT_ITSELF = (
    "no-api-server",
    "Something between here and the API server answers (a proxy, a gateway, a sign-in page). Check "
    "the server's address, and the way to it.",
)
_CONTENTS = {
    "Redirect": _NOT_ITSELF,
    "NotJSON": _NOT_ITSELF,
    "NotAnObject": _NOT_ITSELF,
    "NotAList": _NOT_ITSELF,
    "AnswerTooLarge": ("too-large", "An object of the list is too large. Look for it by kubectl."),
    "TooLong": ("too-large", "Delete what has piled up there, then try again."),
    UNSTATED: ("not-read", "The log of the observer has the reason."),
    NO_TOKEN: ("no-token", "Sign in again, or name another access (kubernetes.access)."),
}
_STATUSES = {
    0: ("no-api-server", "Check the network to the API server, and try again."),
    _UNAUTHORIZED: ("not-signed-in", "Sign in again, or name another access (kubernetes.access)."),
    403: ("forbidden", "Bind a role that permits it."),
    404: ("not-found", "The API server does not serve it (any more). Try again."),
    409: ("conflict", "It changed meanwhile. Try again."),
    410: ("list-expired", "The list changed while it was read. Try again."),
    429: ("api-server-busy", "The API server takes no more requests for now. Try again later."),
}
