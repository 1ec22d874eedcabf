"""Errors of Resource Graph: 400 BadRequest, with the fault of the query among the details.

Recorded: `ParserFailure` with line, characterPositionInLine (from 0) and token, and another one
with `expectedToken` (Azure/aztfexport issue 485); `InvalidQueryLanguage` with the token of an
unknown operator (Azure/azure-powershell issue 13762); `UnsupportedJoinFlavor`
(MicrosoftDocs/azure-docs issue 45495). Where no recording is known, the code is `InvalidQuery`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from provisioner.model.values import Json
from provisioner.simulator.protocol.errors import RefusalError
from provisioner.simulator.resource_graph.tokens import Token

_LONGEST_TOKEN = 200
_INVALID = (
    "Query is invalid. Please refer to the documentation for the Azure Resource Graph service and "
    "fix the error before retrying."
)


@dataclass(eq=False)
class QueryRefusalError(RefusalError):
    """A query that is refused; `problems` are the error details after the first, InvalidQuery."""

    problems: tuple[dict[str, Json], ...] = field(default=())

    def body(self, *, flat: bool) -> Json:
        """Return the JSON body, whose details hold positions beside codes and messages."""
        del flat
        first: dict[str, Json] = {"code": "InvalidQuery", "message": _INVALID}
        details: list[Json] = [first, *self.problems]
        return {"error": {"code": self.code, "message": self.message, "details": details}}


class InvalidQueryError(QueryRefusalError):
    """A query that parses and cannot be evaluated; `token` is the one at fault, if there is one.

    `details` are put beside the error's code, message and position.
    """

    def __init__(
        self,
        code: str,
        message: str,
        token: Token | None = None,
        details: Mapping[str, Json] | None = None,
    ) -> None:
        problem: dict[str, Json] = {
            "code": code,
            "message": message,
            **_token_position(token),
            **(details or {}),
        }
        answered = f"The query cannot be answered. {message}"
        super().__init__(400, "BadRequest", answered, problems=(problem,))


class ParserFailureError(InvalidQueryError):
    """A query that does not parse; `expected` is the token, or its description, that would."""

    def __init__(self, token: Token, expected: str) -> None:
        message = f"{_describe_token(token)} The parser expected {expected}."
        super().__init__("ParserFailure", message, token, {"expectedToken": expected})


class UnknownOperatorError(InvalidQueryError):
    """A tabular operator that is not evaluated."""

    def __init__(self, token: Token, name: str) -> None:
        shown = name[:_LONGEST_TOKEN]
        message = f"The operator '{shown}' is not supported here."
        super().__init__("InvalidQueryLanguage", message, token, {"token": shown})


def _describe_token(token: Token) -> str:
    return f"Line {token.line}, position {token.position}: '{token.text[:_LONGEST_TOKEN]}'."


def _token_position(token: Token | None) -> dict[str, Json]:
    if token is None:
        return {}
    return {
        "line": token.line,
        "characterPositionInLine": token.position,
        "token": token.text[:_LONGEST_TOKEN],
    }
