"""Parser of whole queries: a table and the operators between `|`.

The operators, and the limits on some, are those of "Understanding the Azure Resource Graph query
language" ("Supported tabular/top level operators"). `let` is not among them, as its authors confirm
(MicrosoftDocs/azure-docs issue 104044). `project-rename` is accepted beyond that list.
"""

from collections.abc import Callable

from provisioner.simulator.resource_graph.operator_parser import OperatorParser
from provisioner.simulator.resource_graph.query_errors import (
    InvalidQueryError,
    ParserFailureError,
    UnknownOperatorError,
)
from provisioner.simulator.resource_graph.syntax import (
    Join,
    Operator,
    Pipeline,
    Union,
)
from provisioner.simulator.resource_graph.tokens import Token, TokenKind

LONGEST_QUERY = 100_000
"""Characters of a query: a bound of this server, whatever Azure's is."""
_MOST = {"join": 3, "mv-expand": 3, "union": 3}
_MOST_OPERATORS = 100
_JOINS = {"innerunique": "", "inner": "", "leftouter": "", "fullouter": ""}
_OTHER_JOINS = {
    "leftanti": "LeftAnti",
    "anti": "LeftAnti",
    "leftsemi": "LeftSemi",
    "rightanti": "RightAnti",
    "rightsemi": "RightSemi",
    "rightouter": "RightOuter",
}
_SIDES = ("$left", "$right")


def parse_query(query: str) -> Pipeline:
    """Return the syntax tree of a query.

    Raises:
        InvalidQueryError: it has more than 100,000 characters (what does not parse is a
            ParserFailureError, a subclass).
    """
    if len(query) > LONGEST_QUERY:
        message = f"The query has {len(query):,} characters; at most {LONGEST_QUERY:,} are read."
        raise InvalidQueryError("InvalidQuery", message)
    return _QueryParser(query).whole()


class _QueryParser(OperatorParser):
    def __init__(self, query: str) -> None:
        super().__init__(query)
        self._uses: dict[str, int] = {}

    def whole(self) -> Pipeline:
        if self.token.is_name("let"):
            raise UnknownOperatorError(self.token, "let")
        pipeline = self.pipeline()
        self.accept(";")
        if self.token.kind is not TokenKind.END:
            raise ParserFailureError(self.token, "|")
        return pipeline

    def pipeline(self) -> Pipeline:
        """Parse a table and its operators; without a table it is `resources`, the default."""
        self.enter()
        first = self.token
        source: Token | Pipeline | None = None
        operators: list[Operator] = []
        if self.accept("("):
            source = self.pipeline()
            self.expect(")")
        elif self._starts_operator():
            operators.append(self._next_operator())
        else:
            source = self.name() if first.kind is TokenKind.NAME else self._refuse_table(first)
        while self.accept("|"):
            operators.append(self._next_operator())
            self._check_uses("operator", self.token, _MOST_OPERATORS)
        self.leave()
        return Pipeline(source, tuple(operators))

    def _refuse_table(self, token: Token) -> Token:
        raise ParserFailureError(token, "a table")

    def _starts_operator(self) -> bool:
        if self.token.kind is not TokenKind.NAME or self.ahead().is_sign("|"):
            return self.token.is_name("count")
        return self._operator_name(peek=True)[1] in _OPERATORS

    def _operator_name(self, *, peek: bool = False) -> tuple[Token, str]:
        """Consume the name of an operator, which may have hyphens."""
        first, text, parts = self.token, self.token.text, 1
        while self.ahead(parts).is_sign("-") and self.ahead(parts + 1).kind is TokenKind.NAME:
            text += f"-{self.ahead(parts + 1).text}"
            parts += 2
        if not peek:
            for _ in range(parts):
                self.advance()
        return first, text

    def _next_operator(self) -> Operator:
        if self.token.kind is not TokenKind.NAME:
            raise ParserFailureError(self.token, "an operator")
        token, word = self._operator_name()
        read = _OPERATORS.get(word)
        if read is None:
            raise UnknownOperatorError(token, word)
        word = "mv-expand" if word == "mvexpand" else word
        if word in _MOST and word != "union":
            self._check_uses(word, token, _MOST[word])
        return read(self)

    def _check_uses(self, word: str, token: Token, most: int) -> None:
        self._uses[word] = self._uses.get(word, 0) + 1
        if self._uses[word] > most:
            message = f"A query has at most {most} uses of '{word}'."
            raise InvalidQueryError("InvalidQuery", message, token)

    def join(self) -> Operator:
        kind, token = "innerunique", self.token
        if self.accept("kind"):
            self.expect("=")
            token = self.name()
            kind = token.text
            if kind not in _JOINS:
                shown = _OTHER_JOINS.get(kind, kind)
                message = f'The join kind "{shown}" is not supported or not allowed.'
                raise InvalidQueryError("UnsupportedJoinFlavor", message, token)
        right = self._operand_table()
        self.expect("on")
        on = [self._join_condition()]
        while self.accept(",", "and"):
            on.append(self._join_condition())
        return Join(kind, right, tuple(on), token)

    def _operand_table(self) -> Pipeline:
        if self.accept("("):
            leg = self.pipeline()
            self.expect(")")
            return leg
        return Pipeline(self.name(), ())

    def _join_condition(self) -> tuple[str, str]:
        first = self.name()
        if first.text not in _SIDES:
            return first.text, first.text
        left = self._side_column(first)
        self.expect("==")
        second = self.name()
        right = self._side_column(second)
        if {first.text, second.text} != set(_SIDES):
            raise ParserFailureError(second, _SIDES[first.text == _SIDES[0]])
        return (left, right) if first.text == _SIDES[0] else (right, left)

    def _side_column(self, side: Token) -> str:
        if side.text not in _SIDES:
            raise ParserFailureError(side, "$right")
        self.expect(".")
        return self.name().text

    def union(self) -> Operator:
        inner, source = False, None
        while self.token.is_name("kind", "withsource") and self.ahead().is_sign("="):
            option = self.advance().text
            self.advance()
            value = self.name()
            if option == "withsource":
                source = value.text
            elif value.text in ("inner", "outer"):
                inner = value.text == "inner"
            else:
                raise ParserFailureError(value, "outer")
        legs = []
        while True:
            self._check_uses("union", self.token, _MOST["union"])
            legs.append(self._operand_table())
            if self.accept(",") is None:
                return Union(tuple(legs), inner, source)


_OPERATORS: dict[str, Callable[[_QueryParser], Operator]] = {
    "where": _QueryParser.where,
    "extend": _QueryParser.extend,
    "project": _QueryParser.project,
    "project-away": _QueryParser.project_away,
    "project-rename": _QueryParser.rename,
    "summarize": _QueryParser.summarize,
    "order": _QueryParser.sort,
    "sort": _QueryParser.sort,
    "top": _QueryParser.top,
    "take": _QueryParser.take,
    "limit": _QueryParser.take,
    "count": _QueryParser.count,
    "distinct": _QueryParser.distinct,
    "mv-expand": _QueryParser.mv_expand,
    "mvexpand": _QueryParser.mv_expand,
    "join": _QueryParser.join,
    "union": _QueryParser.union,
}
