"""Recursive-descent parser of KQL expressions, written by hand (ADR 0040).

Nesting is limited to 40 levels, so that a query cannot exhaust the stack.
"""

from provisioner.simulator.resource_graph.query_errors import (
    InvalidQueryError,
    ParserFailureError,
)
from provisioner.simulator.resource_graph.syntax import (
    Between,
    Binary,
    Call,
    Column,
    Expression,
    Listed,
    Literal,
    Logical,
    Member,
    Name,
    Star,
)
from provisioner.simulator.resource_graph.tokens import (
    Token,
    TokenKind,
    UnreadableError,
    read_tokens,
)

_DEEPEST = 40
_COMPARED = ("==", "!=", "=~", "!~", "<", "<=", ">", ">=")
_TEXT_WORDS = ("contains", "startswith", "endswith", "has", "hasprefix", "hassuffix")
_TEXT = frozenset(
    f"{negation}{word}{case}"
    for word in _TEXT_WORDS
    for negation in ("", "!")
    for case in ("", "_cs")
)
_LISTED = ("in", "!in", "in~", "!in~", "has_any", "has_all")
_PRECEDENCE = {"or": 1, "and": 2, "+": 4, "-": 4, "*": 5, "/": 5, "%": 5}
_COMPARISON = 3
_CONSTANTS = {"true": True, "false": False}


class ExpressionParser:
    """The tokens of a query and the position of the next one.

    Every method raises ParserFailureError for what does not parse.
    """

    def __init__(self, query: str) -> None:
        try:
            self._tokens = read_tokens(query)
        except UnreadableError as problem:
            raise ParserFailureError(problem.token, problem.expected) from None
        self._next = 0
        self._depth = 0

    @property
    def token(self) -> Token:
        """The next token."""
        return self._tokens[self._next]

    def ahead(self, count: int = 1) -> Token:
        """Return the token `count` places after the next one; the last for what is beyond."""
        return self._tokens[min(self._next + count, len(self._tokens) - 1)]

    def advance(self) -> Token:
        """Consume and return the next token."""
        token = self.token
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def accept(self, *texts: str) -> Token | None:
        """Consume the next token if it is one of these signs or names, else return None."""
        token = self.token
        return self.advance() if token.is_sign(*texts) or token.is_name(*texts) else None

    def expect(self, text: str) -> Token:
        """Consume the next token, which must be this sign or name.

        Raises:
            ParserFailureError: it is another.
        """
        token = self.accept(text)
        if token is None:
            raise ParserFailureError(self.token, text)
        return token

    def name(self) -> Token:
        """Consume a name.

        Raises:
            ParserFailureError: the next token is none.
        """
        if self.token.kind is not TokenKind.NAME:
            raise ParserFailureError(self.token, "a name")
        return self.advance()

    def enter(self) -> None:
        """Count one more level of nesting.

        Raises:
            InvalidQueryError: there are more than 40.
        """
        self._depth += 1
        if self._depth > _DEEPEST:
            message = f"The query is nested deeper than {_DEEPEST} levels."
            raise InvalidQueryError("InvalidQuery", message, self.token)

    def leave(self) -> None:
        """End a level of nesting."""
        self._depth -= 1

    def expression(self, least: int = 1) -> Expression:
        """Parse an expression whose operators bind at least as strongly as `least`."""
        self.enter()
        left = self._operand()
        while True:
            token = self.token
            precedence = self._precedence(token)
            if precedence < least:
                break
            if precedence == _COMPARISON:
                left = self._comparison(left)
            elif precedence < _COMPARISON:
                left = self._logical(left, precedence)
            else:
                self.advance()
                left = Binary(token.text, left, self.expression(precedence + 1), token)
        self.leave()
        return left

    def expressions(self, end: str) -> tuple[Expression, ...]:
        """Parse a comma-separated list of expressions up to and with the sign `end`.

        Raises:
            ParserFailureError: neither a comma nor `end` follows an expression.
        """
        found: list[Expression] = []
        if self.accept(end):
            return ()
        while True:
            found.append(self.expression())
            if self.accept(end):
                return tuple(found)
            if self.accept(",") is None:
                raise ParserFailureError(self.token, end)

    def columns(self) -> tuple[Column, ...]:
        """Parse a comma-separated list of columns."""
        found = [self.column()]
        while self.accept(","):
            found.append(self.column())
        return tuple(found)

    def column(self) -> Column:
        """Parse `NAME = expression`, or an expression alone."""
        if self.token.kind is TokenKind.NAME and self.ahead().is_sign("="):
            name = self.advance().text
            self.advance()
            return Column(name, self.expression())
        quoted = self._quoted_name() if self.token.is_sign("[") else None
        if quoted is None:
            return Column(None, self.expression())
        if not self.ahead(3).is_sign("="):
            return Column(None, self.expression())
        self._next += 4
        return Column(quoted, self.expression())

    def _precedence(self, token: Token) -> int:
        if token.kind not in (TokenKind.NAME, TokenKind.SIGN):
            return 0
        if token.text in _COMPARED or token.text in _TEXT or token.text in _LISTED:
            return _COMPARISON
        if token.text in ("between", "!between", "matches"):
            return _COMPARISON
        return _PRECEDENCE.get(token.text, 0)

    def _logical(self, left: Expression, precedence: int) -> Expression:
        word = self.token.text
        operands = [left]
        while self.accept(word):
            operands.append(self.expression(precedence + 1))
        return Logical(word, tuple(operands))

    def _comparison(self, left: Expression) -> Expression:
        token = self.advance()
        if token.text in _LISTED:
            self.expect("(")
            return Listed(token.text, left, self.expressions(")"), token)
        if token.text in ("between", "!between"):
            self.expect("(")
            low = self.expression(_COMPARISON + 1)
            self.expect("..")
            high = self.expression(_COMPARISON + 1)
            self.expect(")")
            return Between(left, low, high, token.text.startswith("!"), token)
        if token.text == "matches":
            self.expect("regex")
        return Binary(token.text, left, self.expression(_COMPARISON + 1), token)

    def _operand(self) -> Expression:
        minus = self.accept("-")
        if minus is not None:
            return Binary("-", Literal(0), self._postfix(self._primary()), minus)
        self.accept("+")
        return self._postfix(self._primary())

    def _postfix(self, target: Expression) -> Expression:
        while True:
            if self.accept("."):
                # "Escape characters" of Resource Graph's language: `condition.['odata.type']`.
                key = self._expression_until("]") if self.accept("[") else Literal(self.name().text)
            elif self.accept("["):
                key = self._expression_until("]")
            else:
                return target
            target = Member(target, key)

    def _expression_until(self, end: str) -> Expression:
        inner = self.expression()
        self.expect(end)
        return inner

    def _primary(self) -> Expression:
        token = self.token
        if token.kind is TokenKind.LITERAL:
            return Literal(self.advance().value)
        if self.accept("("):
            return self._expression_until(")")
        if self.accept("*"):
            return Star()
        quoted = self._quoted_name()
        if quoted is not None:
            self._next += 3
            return Name(quoted, token)
        return self._name_or_call()

    def _name_or_call(self) -> Expression:
        token = self.token
        if token.kind is not TokenKind.NAME:
            raise ParserFailureError(token, "an expression")
        self.advance()
        if self.accept("("):
            return Call(token.text, self.expressions(")"), token)
        if token.text in _CONSTANTS:
            return Literal(_CONSTANTS[token.text])
        return Name(token.text, token)

    def _quoted_name(self) -> str | None:
        """Return the name in `['a name']` if that is next ("Entity names"), else None."""
        if not self.token.is_sign("[") or not self.ahead(2).is_sign("]"):
            return None
        value = self.ahead().value
        return value if isinstance(value, str) else None
