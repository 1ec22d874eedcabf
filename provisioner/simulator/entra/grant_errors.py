"""Errors of the token endpoint: OAuth's error with Entra's code and text.

Source: "Microsoft Entra authentication and authorization error codes"; RFC 6749, 5.2.
"""

import uuid
from dataclasses import dataclass

from provisioner.simulator.protocol.http_messages import Answer
from provisioner.simulator.state.cloud import Cloud


@dataclass(eq=False)
class GrantError(Exception):
    """A refused token request: OAuth's `error`, and the number of Entra's code (AADSTS…)."""

    error: str
    number: int
    message: str
    status: int = 400

    def __str__(self) -> str:
        return f"{self.error}: AADSTS{self.number}: {self.message}"


def answer_grant_error(cloud: Cloud, problem: GrantError) -> Answer:
    """Return the response of a refused token request."""
    trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
    stamp = f"{cloud.now():%Y-%m-%d %H:%M:%SZ}"
    return Answer(
        problem.status,
        {
            "error": problem.error,
            "error_description": (
                f"AADSTS{problem.number}: {problem.message} Trace ID: {trace} Correlation ID: "
                f"{correlation} Timestamp: {stamp}"
            ),
            "error_codes": [problem.number],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
        },
        {"Cache-Control": "no-store"},
    )


class InvalidClientError(GrantError):
    """A client that does not prove its identity: OAuth's `invalid_client`, 401."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__("invalid_client", number, message, 401)
