"""How Resource Graph refuses a query: 400 BadRequest, with what is wrong among the details.

Recorded: `ParserFailure` with line, characterPositionInLine (from 0) and token, and another one
with `expectedToken` (Azure/aztfexport issue 485); `InvalidQueryLanguage` with the token of an
operator that there is not (Azure/azure-powershell issue 13762); `UnsupportedJoinFlavor`
(MicrosoftDocs/azure-docs issue 45495). Where no recording is known, the code is `InvalidQuery`.
"""

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
    """A query that is refused; `problems` are the details after the first, InvalidQuery."""

    problems: tuple[dict[str, Json], ...] = field(default=())

    def body(self, *, flat: bool) -> Json:
        """Return the JSON body, whose details have positions beside codes and messages."""
        del flat
        first: dict[str, Json] = {"code": "InvalidQuery", "message": _INVALID}
        details: list[Json] = [first, *self.problems]
        return {"error": {"code": self.code, "message": self.message, "details": details}}


def refuse_query(code: str, message: str, token: Token | None = None) -> QueryRefusalError:
    """Return the refusal of a query, at a token where one is to blame."""
    return _refusal(message, ({"code": code, "message": message, **_place(token)},))


def parser_failure(token: Token, expected: str) -> QueryRefusalError:
    """Return the refusal of a query that cannot be parsed at a token; `expected` is what would have
    been right there, a token or in words."""
    message = f"{_at(token)} The parser expected {expected}."
    problem: dict[str, Json] = {"code": "ParserFailure", "message": message, **_place(token)}
    return _refusal(message, ({**problem, "expectedToken": expected},))


def unknown_operator(token: Token, name: str) -> QueryRefusalError:
    """Return the refusal of a tabular operator that is not evaluated."""
    message = f"The operator '{name[:_LONGEST_TOKEN]}' is not supported here."
    problem: dict[str, Json] = {"code": "InvalidQueryLanguage", "message": message}
    place = {**_place(token), "token": name[:_LONGEST_TOKEN]}
    return _refusal(message, ({**problem, **place},))


def _refusal(message: str, problems: tuple[dict[str, Json], ...]) -> QueryRefusalError:
    whole = f"The query cannot be answered. {message}"
    return QueryRefusalError(400, "BadRequest", whole, problems=problems)


def _at(token: Token) -> str:
    return f"Line {token.line}, position {token.position}: '{token.text[:_LONGEST_TOKEN]}'."


def _place(token: Token | None) -> dict[str, Json]:
    if token is None:
        return {}
    return {
        "line": token.line,
        "characterPositionInLine": token.position,
        "token": token.text[:_LONGEST_TOKEN],
    }
