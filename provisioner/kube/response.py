"""Reads what an API server answered. All that is no well-formed success is a KubernetesError.

A success has a status of `SUCCESSES` and is an object with `kind` and `apiVersion` (Kubernetes API
conventions, "Types (Kinds)"); a list has `items`. What else answers with 200 is not the API server:
the page of a proxy, or of a portal that asks to sign in.
"""

import json
import time
from collections.abc import Mapping
from typing import Any

import requests
from urllib3.exceptions import HTTPError

from provisioner.model.kubernetes_error import Cause, KubernetesError
from provisioner.model.malformed_object import describe_malformed

SUCCESSES = frozenset({200, 201, 202})
"""OK, Created, Accepted: what an API server answers reads and writes with (API conventions,
"Success codes"); it answers none of these requests with 204."""

TOO_LARGE = "AnswerTooLarge"
BROKEN_OFF = "ConnectionError"

_MOST_BYTES = 64 * 2**20
_MOST_SECONDS = 180.0
"""How long a whole answer may take. The time of a request bounds only the pause between two
pieces."""
_PIECE = 2**16
_LONGEST_PAUSE = 30.0
_UNTYPED = "/version"
"""The one path that is asked and answers with an object without kind (version.Info)."""


def read_answer(response: requests.Response, path: str, *, is_list: bool) -> Mapping[str, Any]:
    """Return the object that an API server answered with. Raises KubernetesError for all else.

    Its status is that of the answer, and 0 where the connection broke.
    """
    status = response.status_code
    if 300 <= status < 400:
        response.close()
        told = f"redirected ({status}), and an API server redirects nobody: something else answers"
        raise KubernetesError(status, "Redirect", told)
    body = _parse(_read(response))
    if status not in SUCCESSES or _is_failure(body):
        raise _refusal(status, body)
    if body is None:
        told = f"the answer ({status}) is no JSON object: something else answers than an API server"
        raise KubernetesError(status, "NotJSON", told)
    if path != _UNTYPED and not (_is_text(body.get("kind")) and _is_text(body.get("apiVersion"))):
        told = f"the answer ({status}) has no kind: something else answers than an API server"
        raise KubernetesError(status, "NotAnObject", told)
    return _check_list(body, status) if is_list else body


def pause_of(response: requests.Response, attempt: int) -> float:
    """Return for how many seconds to wait before a request is sent again."""
    stated = response.headers.get("Retry-After", "")
    is_number = stated.isascii() and stated.isdigit() and len(stated) < 10
    return min(float(stated), _LONGEST_PAUSE) if is_number else 0.5 * 2**attempt


def _read(response: requests.Response) -> bytes:
    status, end = response.status_code, time.monotonic() + _MOST_SECONDS
    pieces = bytearray()
    try:
        while piece := response.raw.read1(_PIECE, decode_content=True):
            pieces += piece
            if len(pieces) > _MOST_BYTES:
                told = f"the answer is larger than {_MOST_BYTES:,} bytes"
                raise KubernetesError(status, TOO_LARGE, told)
            if time.monotonic() > end:
                told = f"the answer took longer than {_MOST_SECONDS:.0f} s"
                raise KubernetesError(0, BROKEN_OFF, told)
    except (HTTPError, OSError) as failure:
        raise KubernetesError(0, BROKEN_OFF, f"the answer broke off: {failure}") from failure
    finally:
        response.close()
    return bytes(pieces)


def _parse(text: bytes) -> Mapping[str, Any] | None:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, Mapping) else None


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_failure(body: Mapping[str, Any] | None) -> bool:
    return body is not None and (body.get("kind"), body.get("status")) == ("Status", "Failure")


def _check_list(body: Mapping[str, Any], status: int) -> Mapping[str, Any]:
    # An empty list of objects is [] (kube-apiserver makes the slice: storage/etcd3, GetList), and
    # one of their metadata alone is null (seen on 1.34.4 and 1.35.4). Any other null is the answer
    # of something that did not look, and would count as "there are none".
    items, metadata = body.get("items"), body.get("metadata")
    if items is None and "items" in body and body.get("kind") == "PartialObjectMetadataList":
        items = ()
    if not isinstance(items, list | tuple) or not isinstance(metadata, Mapping | None):
        told = f"the answer ({status}) to a list has no list of objects"
        raise KubernetesError(status, "NotAList", told)
    malformed = describe_malformed(items)
    if malformed is not None:
        told = f"the answer ({status}) to a list is malformed: {malformed}"
        raise KubernetesError(status, "NotAList", told)
    return {**body, "items": items, "metadata": metadata or {}}


def _refusal(status: int, body: Mapping[str, Any] | None) -> KubernetesError:
    """Return the Status object of an answer as an error; of what is none, the HTTP status."""
    stated = body or {}
    details = stated.get("details")
    causes = details.get("causes") if isinstance(details, Mapping) else None
    metadata = stated.get("metadata")
    follows = metadata.get("continue") if isinstance(metadata, Mapping) else None
    code = stated.get("code")
    return KubernetesError(
        code if status in SUCCESSES and isinstance(code, int) else status,
        _text(stated.get("reason")) or f"HTTP {status}",
        _text(stated.get("message")) or f"HTTP {status} without a message",
        tuple(
            Cause(_text(each.get("reason")), _text(each.get("message")), _text(each.get("field")))
            for each in (causes if isinstance(causes, list) else ())
            if isinstance(each, Mapping)
        ),
        follows=_text(follows),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
