"""Azure DevOps error responses as ForgeErrors: the missing permission, and where to grant it."""

import re
import time
from collections.abc import Mapping
from typing import Any

from provisioner.forges.rest_client import Refusal
from provisioner.model.forge_error import ForgeError

_CODE = re.compile(r"\b(?:TF|VS)\d{5,6}\b")
_GONE = re.compile(r"NotFound|DoesNotExist|Unauthorized.*WorkItem", re.IGNORECASE)
"""Parts of `typeKey` in refusals of what does not exist; some have status 400 instead of 404."""
_NO_ACCESS = ("TF400813", "TF401444")
"""Codes for a token whose account may not use the organization, or has never signed in."""

_PERMISSIONS: tuple[tuple[str, str, str], ...] = (
    ("PullRequestContribute", "Contribute to pull requests", "Repositories > Security"),
    ("GenericContribute", "Contribute", "Repositories > Security"),
    ("GenericRead", "Read", "Repositories > Security"),
    ("/wit/", "Edit work items in this node", "Project configuration > Areas > Security"),
    ("/pullRequests/", "Contribute to pull requests", "Repositories > Security"),
    ("", "Read", "Repositories > Security"),
)
"""A part of the message or path, the permission in the project's settings, and its page there."""


def wait_of(refusal: Refusal) -> float | None:
    """Return the seconds to wait before the request is sent again, None without a rate limit.

    Azure DevOps answers 429 with Retry-After (the client obeys it), or with the time of the reset
    (Azure DevOps, "Rate and usage limits": X-RateLimit-Reset, in seconds since the epoch).
    """
    if refusal.status != 429:
        return None
    reset = refusal.headers.get("X-RateLimit-Reset", "")
    return max(1.0, float(reset) - time.time()) if reset.isdigit() else None


def read_refusal(refusal: Refusal) -> ForgeError:
    """Return the error for a refusal, with the permission that it takes where one is missing."""
    reason = _text(refusal, "message") or f"HTTP {refusal.status}"
    if refusal.status in (203, 302):
        reason = "it answers with the page to sign in"
    what = f"Azure DevOps refuses {refusal.method} {refusal.path} with {refusal.status}: {reason}"
    what = what.rstrip(".") + "."
    code = _code(refusal, reason)
    # A refused token is answered with the sign-in page: 203 or 302 instead of 401.
    if refusal.status in (203, 302, 401) and not _names_permission(reason):
        return ForgeError(401, "token-refused", what, _TOKEN_HINT)
    if code in _NO_ACCESS:
        return ForgeError(401, code, what, _TOKEN_HINT)
    if refusal.status == 429:
        return ForgeError(429, "rate-limited", what, "Run the job again later.")
    if refusal.status == 403 or _names_permission(reason):
        return ForgeError(403, "permission-missing", what, _permission_hint(refusal, reason))
    if refusal.status == 404 or _GONE.search(_text(refusal, "typeKey")):
        return ForgeError(404, code or "not-found", what, _NOT_FOUND_HINT)
    return ForgeError(refusal.status, code or "refused", what)


_TOKEN_HINT = (
    "Map the job's token into the step: `env: {SYSTEM_ACCESSTOKEN: $(System.AccessToken)}`."
)
_NOT_FOUND_HINT = (
    "It does not exist, or the job's token may not see it: a job sees its own repository and those "
    "in `resources:`, as long as the project protects the access of YAML pipelines to repositories."
)


def _names_permission(reason: str) -> bool:
    return "TF401027" in reason


def _permission_hint(refusal: Refusal, reason: str) -> str:
    text = f"{reason} {refusal.path}"
    name, place = next((n, p) for word, n, p in _PERMISSIONS if word in text)
    return (
        f"It takes the permission '{name}': in Project settings > {place}, set it to Allow for the "
        "account of the pipeline, 'PROJECT Build Service (ORGANIZATION)'."
    )


def _code(refusal: Refusal, reason: str) -> str:
    found = _CODE.search(reason)
    return found[0] if found else _text(refusal, "typeKey")


def _text(refusal: Refusal, key: str) -> str:
    body: Any = refusal.body
    return str(body.get(key) or "") if isinstance(body, Mapping) else ""
