"""How the token endpoint refuses: OAuth's error, with Entra's code and words.

Source: "Microsoft Entra authentication and authorization error codes"; RFC 6749, 5.2.
"""

import uuid
from dataclasses import dataclass

from provisioner.simulator.protocol.http_messages import Answer
from provisioner.simulator.state.cloud import Cloud


@dataclass(eq=False)
class GrantError(Exception):
    """A token that is not issued: OAuth's `error`, the number of Entra's code (AADSTS…)."""

    error: str
    number: int
    message: str
    status: int = 400

    def __str__(self) -> str:
        return f"{self.error}: AADSTS{self.number}: {self.message}"


def answer_grant_error(cloud: Cloud, problem: GrantError) -> Answer:
    """Return the answer that says why there is no token."""
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


def invalid_client(number: int, message: str) -> GrantError:
    """Return the refusal of an application that does not prove who it is."""
    return GrantError("invalid_client", number, message, 401)
