"""Provisioning states: whether `properties.provisioningState` is transitional or failed.

Whether a write has settled is read from the resource's own body. The values are the resource
provider's: ARM fixes only the terminal ones, `Succeeded`, `Failed` and `Canceled` ("Track
asynchronous Azure operations"). Both the client, which polls its own writes, and the
plan, which finds the writes of others or of an apply that was killed, decide by the sets here.
"""

from collections.abc import Mapping

OPERATION_SECONDS = 7200.0
"""How long an operation may run before it is left alone: a gateway takes 45 minutes."""

_TRANSITIONAL_WORDS = frozenset(
    {
        "accepted",
        "inprogress",
        # Key Vault and Storage, while a new name spreads.
        "registeringdns",
        "resolvingdns",
        # Log Analytics (`WorkspaceEntityStatus` of its SDK).
        "provisioningaccount",
        # Links of a network security perimeter (`NspLinkProvisioningState`).
        "waitforremotecompletion",
    }
)
"""The words of providers that do not end in -ing, from recordings and from the SDKs' enums."""

_FAILED_WORDS = frozenset({"failed", "canceled", "cancelled"})


def provisioning_state(body: object) -> str | None:
    """Return the provisioning state in a resource's body, or None."""
    properties = body.get("properties") if isinstance(body, (dict, Mapping)) else None
    state = properties.get("provisioningState") if isinstance(properties, (dict, Mapping)) else None
    return state if isinstance(state, str) and state else None


def is_transitional(body: object) -> bool:
    """Return whether Azure still works on a resource, by its own provisioning state.

    The words end in -ing, but for a few (recorded: `Updating`, `Accepted`, `RegisteringDns`). A
    word that is not one of them counts as settled, since the operation itself has ended.
    """
    return is_transitional_word(provisioning_state(body))


def is_transitional_word(state: str | None) -> bool:
    """Return whether a provisioning state means that Azure still works on the resource."""
    word = (state or "").lower()
    return word.endswith("ing") or word in _TRANSITIONAL_WORDS


def is_failed(body: object) -> bool:
    """Return whether the last write of a resource failed, by its own provisioning state."""
    return is_failed_word(provisioning_state(body))


def is_failed_word(state: str | None) -> bool:
    """Return whether a provisioning state means that the last write failed or was canceled."""
    return (state or "").lower() in _FAILED_WORDS
