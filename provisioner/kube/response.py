"""Responses of an API server: everything but a well-formed success is a KubernetesError.

A success has a status of `SUCCESSES` and is an object with `kind` and `apiVersion` (Kubernetes API
conventions, "Types (Kinds)"); a list has `items`. Any other body with 200 does not come from the
API server: it is the page of a proxy, or of a captive portal.
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
"""OK, Created, Accepted: the statuses of successful reads and writes (API conventions, "Success
codes"); none of azsec's requests is answered with 204."""

TOO_LARGE = "AnswerTooLarge"
BROKEN_OFF = "ConnectionError"

_MOST_BYTES = 64 * 2**20
_MOST_SECONDS = 180.0
"""The bound of a whole response. The read time-out of `requests` bounds only the pause between two
pieces, so a server that sends a byte a minute would never end."""
_PIECE = 2**16
_LONGEST_PAUSE = 30.0
_UNTYPED = "/version"
"""The one path of azsec's requests whose response is an object without kind (version.Info)."""


def read_answer(response: requests.Response, path: str, *, is_list: bool) -> Mapping[str, Any]:
    """Return the object in a response of an API server.

    Raises:
        KubernetesError: for a refusal, a redirect, a body that is no Kubernetes object, and one
            beyond the bounds. Its status is that of the response, and 0 where the connection broke.
    """
    status = response.status_code
    if 300 <= status < 400:
        response.close()
        text = (
            f"redirected ({status}), and an API server does not redirect: another service answers"
        )
        raise KubernetesError(status, "Redirect", text)
    body = _parse(_read(response))
    if status not in SUCCESSES or _is_failure(body):
        raise _refusal(status, body)
    if body is None:
        text = (
            f"the answer ({status}) is not a JSON object: something else answers than an API server"
        )
        raise KubernetesError(status, "NotJSON", text)
    if path != _UNTYPED and not (_is_text(body.get("kind")) and _is_text(body.get("apiVersion"))):
        text = f"the answer ({status}) has no kind: something else answers than an API server"
        raise KubernetesError(status, "NotAnObject", text)
    return _check_list(body, status) if is_list else body


def pause_of(response: requests.Response, attempt: int) -> float:
    """Return the seconds to wait before a request is sent again: Retry-After, at most 30."""
    stated = response.headers.get("Retry-After", "")
    is_number = stated.isascii() and stated.isdigit() and len(stated) < 10
    return min(float(stated), _LONGEST_PAUSE) if is_number else 0.5 * 2**attempt


def _read(response: requests.Response) -> bytes:
    status, end = response.status_code, time.monotonic() + _MOST_SECONDS
    pieces = bytearray()
    try:
        # read1 returns what has arrived; read would wait for the whole piece, and a slow server
        # would escape the bound of time.
        while piece := response.raw.read1(_PIECE, decode_content=True):
            pieces += piece
            if len(pieces) > _MOST_BYTES:
                message = f"the answer is larger than {_MOST_BYTES:,} bytes"
                raise KubernetesError(status, TOO_LARGE, message)
            if time.monotonic() > end:
                message = f"the answer took longer than {_MOST_SECONDS:.0f} s"
                raise KubernetesError(0, BROKEN_OFF, message)
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
        message = f"the answer ({status}) to a list has no list of objects"
        raise KubernetesError(status, "NotAList", message)
    malformed = describe_malformed(items)
    if malformed is not None:
        message = f"the answer ({status}) to a list is malformed: {malformed}"
        raise KubernetesError(status, "NotAList", message)
    return {**body, "items": items, "metadata": metadata or {}}


def _refusal(status: int, body: Mapping[str, Any] | None) -> KubernetesError:
    """Return the Status object of a response as an error; without one, the HTTP status."""
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
