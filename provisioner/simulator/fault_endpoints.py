"""The endpoint `/azsec/faults`, by which tests in any language inject faults.

  GET     the active faults, the latency and the throttled share
  POST    one fault: `{"method": "PUT", "path": "/virtualNetworks/", "status": 409, "code": "…"}`
  PATCH   `{"latency": 0.05, "throttled": 0.2}`
  DELETE  all of these removed

It requires no token: only processes of this machine reach the server, and no page of a browser does
(`protocol.admission`).
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.protocol.faults import Fault, FaultKind, Faults
from provisioner.simulator.protocol.http_messages import Answer, Request

PATH = "/azsec/faults"
_NAMES = {"retryAfter": "retry_after", **{f.name: f.name for f in fields(Fault)}}
_TEXTS = frozenset({"method", "path", "action", "code", "message"})
_MOST_SECONDS = 600.0


def answer_faults(faults: Faults, request: Request) -> Answer:
    """Answer a request to the control endpoint.

    Raises:
        RefusalError: the method is another one; a malformed fault is an InvalidFaultError, a
            subclass.
    """
    if request.method == "POST":
        faults.add(_read_fault(request.read_object()))
    elif request.method == "PATCH":
        _set_conditions(faults, request.read_object())
    elif request.method == "DELETE":
        faults.clear()
        faults.latency = faults.throttled = 0.0
    elif request.method != "GET":
        raise RefusalError(405, "MethodNotAllowed", f"{PATH} takes GET, POST, PATCH and DELETE.")
    return Answer(200, _render_faults(faults))


def _read_fault(document: Mapping[str, Any]) -> Fault:
    values: dict[str, Any] = {}
    for name, value in document.items():
        if name not in _NAMES or name == "retry_after":
            raise InvalidFaultError(
                f"'{name}' is none of {', '.join(sorted(set(_NAMES) - {'retry_after'}))}"
            )
        values[_NAMES[name]] = _read_value(name, value)
    return Fault(**values)


def _read_value(name: str, value: object) -> object:
    if name == "kind":
        known = [kind.value for kind in FaultKind]
        if value not in known:
            raise InvalidFaultError(f"'kind' is none of {', '.join(known)}")
        return FaultKind(value)
    if name in _TEXTS:
        if not isinstance(value, str) or len(value) > 1000:
            raise InvalidFaultError(f"'{name}' is no text of at most 1,000 characters")
        if name == "path":
            _check_pattern(value)
        return value
    if value is None and name in ("times", "retryAfter"):
        return None
    most = 599 if name == "status" else 1_000_000
    least = 400 if name == "status" else 0 if name == "retryAfter" else 1
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise InvalidFaultError(f"'{name}' is no number from {least} to {most}")
    return value


def _check_pattern(text: str) -> None:
    try:
        re.compile(text)
    except re.error as problem:
        raise InvalidFaultError(f"'path' is no regular expression: {problem}") from None


def _set_conditions(faults: Faults, document: Mapping[str, Any]) -> None:
    bounds = {"latency": _MOST_SECONDS, "throttled": 1.0}
    for name, value in document.items():
        if name not in bounds:
            raise InvalidFaultError(f"'{name}' is none of latency, throttled")
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not 0 <= value <= bounds[name]:
            raise InvalidFaultError(f"'{name}' is no number from 0 to {bounds[name]:g}")
    faults.latency = float(document.get("latency", faults.latency))
    faults.throttled = float(document.get("throttled", faults.throttled))


def _render_faults(faults: Faults) -> dict[str, Any]:
    shown = [
        {**asdict(fault), "kind": fault.kind.value, "times": left}
        for fault, left in faults.in_force
    ]
    for fault in shown:
        fault["retryAfter"] = fault.pop("retry_after")
    return {"latency": faults.latency, "throttled": faults.throttled, "faults": shown}


class InvalidFaultError(RefusalError):
    """A fault in a request that is malformed."""

    def __init__(self, reason: str) -> None:
        super().__init__(400, "InvalidFault", f"{PATH}: {reason}.")
