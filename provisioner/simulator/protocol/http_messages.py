"""Request and answer, independent of the web framework."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner.model.values import Json
from provisioner.simulator.protocol.caller import Caller
from provisioner.simulator.protocol.errors import InvalidRequestContentError


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; `query` and `headers` have lower-case names, `base` is scheme and host.

    `correlation_id` is the client's `x-ms-correlation-request-id` if that is a GUID. `caller` is
    None until the token is verified, and if it identifies nobody.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    content: bytes
    base: str
    correlation_id: str = ""
    caller: Caller | None = None

    def read_object(self) -> dict[str, Any]:
        """Return the JSON object in the body.

        Raises:
            InvalidRequestContentError: the body is something else.
        """
        try:
            document = json.loads(self.content or b"{}")
        except (ValueError, RecursionError) as problem:
            raise InvalidRequestContentError(
                f"The request content is not valid JSON: {problem}."
            ) from problem
        if not isinstance(document, dict):
            raise InvalidRequestContentError("The request content is not a JSON object.")
        return document


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP response.

    A `body` of None is empty; `content` are bytes to send instead, whose type is in the headers.
    """

    status: int
    body: Json = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
