"""`/azsec/faults`: what no Azure has, by which a test in any language asks for Azure's bad days.

    GET     the faults in force, the latency and the share that is throttled
    POST    one fault: `{"method": "PUT", "path": "/virtualNetworks/", "status": 409, "code": "…"}`
    PATCH   `{"latency": 0.05, "throttled": 0.2}`
    DELETE  none of it any more

It needs no token: who reaches the server is on this machine, and no page of a browser is
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


def answer_control(faults: Faults, request: Request) -> Answer:
    """Answer a request to the control endpoint. Raises RefusalError for what it does not take."""
    if request.method == "POST":
        faults.add(_read_fault(request.read_object()))
    elif request.method == "PATCH":
        _set_conditions(faults, request.read_object())
    elif request.method == "DELETE":
        faults.clear()
        faults.latency = faults.throttled = 0.0
    elif request.method != "GET":
        raise RefusalError(405, "MethodNotAllowed", f"{PATH} takes GET, POST, PATCH and DELETE.")
    return Answer(200, _describe(faults))


def _read_fault(document: Mapping[str, Any]) -> Fault:
    values: dict[str, Any] = {}
    for name, value in document.items():
        if name not in _NAMES or name == "retry_after":
            raise _refused(
                f"'{name}' is none of {', '.join(sorted(set(_NAMES) - {'retry_after'}))}"
            )
        values[_NAMES[name]] = _read(name, value)
    return Fault(**values)


def _read(name: str, value: object) -> object:
    if name == "kind":
        known = [kind.value for kind in FaultKind]
        if value not in known:
            raise _refused(f"'kind' is none of {', '.join(known)}")
        return FaultKind(value)
    if name in _TEXTS:
        if not isinstance(value, str) or len(value) > 1000:
            raise _refused(f"'{name}' is no text of at most 1,000 characters")
        if name == "path":
            _check_pattern(value)
        return value
    if value is None and name in ("times", "retryAfter"):
        return None
    most = 599 if name == "status" else 1_000_000
    least = 400 if name == "status" else 0 if name == "retryAfter" else 1
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise _refused(f"'{name}' is no number from {least} to {most}")
    return value


def _check_pattern(text: str) -> None:
    try:
        re.compile(text)
    except re.error as problem:
        raise _refused(f"'path' is no regular expression: {problem}") from None


def _set_conditions(faults: Faults, document: Mapping[str, Any]) -> None:
    bounds = {"latency": _MOST_SECONDS, "throttled": 1.0}
    for name, value in document.items():
        if name not in bounds:
            raise _refused(f"'{name}' is none of latency, throttled")
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not 0 <= value <= bounds[name]:
            raise _refused(f"'{name}' is no number from 0 to {bounds[name]:g}")
    faults.latency = float(document.get("latency", faults.latency))
    faults.throttled = float(document.get("throttled", faults.throttled))


def _describe(faults: Faults) -> dict[str, Any]:
    told = [
        {**asdict(fault), "kind": fault.kind.value, "times": left}
        for fault, left in faults.in_force
    ]
    for fault in told:
        fault["retryAfter"] = fault.pop("retry_after")
    return {"latency": faults.latency, "throttled": faults.throttled, "faults": told}


def _refused(reason: str) -> RefusalError:
    return RefusalError(400, "InvalidFault", f"{PATH}: {reason}.")
