"""GitHub error responses as ForgeErrors: the missing permission, and rate limits."""

import re
import time
from collections.abc import Mapping
from typing import Any

from provisioner.forges.rest_client import Refusal
from provisioner.model.forge_error import ForgeError

_READS = "GET"
_SECONDARY_SECONDS = 60.0
"""How long to wait where a secondary limit names no time (GitHub, "Rate limits for the REST API":
at least a minute)."""

_LOCKED = "issue is locked"
"""Part of the message for a comment on a conversation that somebody locked, also a 403."""

_PERMISSIONS: tuple[tuple[str, str], ...] = (
    (r"/statuses(/|$)", "statuses"),
    (r"/pulls(/|$)", "pull-requests"),
    (r"/issues/\d+/comments$|/issues/comments/\d+$", "pull-requests"),
    (r"/issues(/|$)", "issues"),
    (r"", "contents"),
)
"""The permission that a path requires, as `permissions:` of a workflow names it. A comment on a
pull request requires `issues` or `pull-requests`."""


def wait_of(refusal: Refusal) -> float | None:
    """Return the seconds to wait before the request is sent again, None without a rate limit.

    GitHub answers 403 or 429 for both limits: `x-ratelimit-remaining: 0` with the time of the reset
    for the primary one, a message of its own for a secondary one.
    """
    if refusal.status not in (403, 429):
        return None
    if refusal.headers.get("x-ratelimit-remaining") == "0":
        reset = refusal.headers.get("x-ratelimit-reset", "")
        return max(1.0, float(reset) - time.time()) if reset.isdigit() else _SECONDARY_SECONDS
    limited = "secondary rate limit" in _message(refusal).lower()
    return _SECONDARY_SECONDS if limited else None


def read_refusal(refusal: Refusal) -> ForgeError:
    """Return the error for a refusal, with the permission that it takes where one is missing."""
    reason = _message(refusal) or f"HTTP {refusal.status}"
    what = f"GitHub refuses {refusal.method} {refusal.path} with {refusal.status}: {reason}"
    what = what.rstrip(".") + "."
    if refusal.status == 401:
        return ForgeError(401, "token-refused", what, "Pass the job's token: GITHUB_TOKEN.")
    if wait_of(refusal) is not None or refusal.status == 429:
        reset = "Run the job again later; a GitHub App has a limit of its own."
        return ForgeError(refusal.status, "rate-limited", what, reset)
    if refusal.status == 403:
        return ForgeError(403, "permission-missing", what, _permission_hint(refusal))
    if refusal.status == 404:
        hint = (
            "It does not exist, or the token may not see it: a job's token needs `contents: read`."
        )
        return ForgeError(404, "not-found", what, hint)
    return ForgeError(refusal.status, "refused", what)


def of_issue(refusal: ForgeError) -> ForgeError:
    """Return the refusal of a comment with the permission that comments on issues require."""
    hint = (refusal.hint or "").replace("`pull-requests: write`", "`issues: write`")
    return ForgeError(refusal.status, refusal.code, refusal.message, hint or None)


def _permission_hint(refusal: Refusal) -> str:
    if _LOCKED in _message(refusal):
        return "Unlock the conversation."
    wanted = next(name for pattern, name in _PERMISSIONS if re.search(pattern, refusal.path))
    right = "read" if refusal.method == _READS else "write"
    hint = f"It takes the permission `{wanted}: {right}`: add it to `permissions:` of the job."
    if wanted == "issues":
        # Issues belong to the drift check, which no pull request triggers.
        return hint
    return f"{hint} The token of a pull request from a fork only reads, whatever the job states."


def _message(refusal: Refusal) -> str:
    """Return the `message` of an error response, with those of its `errors`."""
    body: Any = refusal.body
    if not isinstance(body, Mapping):
        return ""
    parts = [str(body.get("message") or "")]
    errors = body.get("errors")
    for entry in errors if isinstance(errors, list) else ():
        parts.append(str(entry.get("message") or "") if isinstance(entry, Mapping) else str(entry))
    return ": ".join(part for part in parts if part)
