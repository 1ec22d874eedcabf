"""Reads a query: tables and the operators between `|`.

Which operators there are, and how many of some, is what "Understanding the Azure Resource Graph
query language" lists ("Supported tabular/top level operators"); `let` is not among them, as its
authors confirm (MicrosoftDocs/azure-docs issue 104044). `project-rename` is read beyond that list.
"""

from collections.abc import Callable

from provisioner.simulator.resource_graph.expression_parser import ExpressionParser
from provisioner.simulator.resource_graph.refusals import (
    parser_failure,
    refuse_query,
    unknown_operator,
)
from provisioner.simulator.resource_graph.syntax import (
    Count,
    Distinct,
    Extend,
    Join,
    MvExpand,
    Operator,
    Pipeline,
    Project,
    ProjectAway,
    Rename,
    Sort,
    SortKey,
    Summarize,
    Take,
    Union,
    Where,
)
from provisioner.simulator.resource_graph.tokens import Token, TokenKind

LONGEST_QUERY = 100_000
"""Characters of a query: a bound of this server, whatever Azure's is."""
_MOST = {"join": 3, "mv-expand": 3, "union": 3}
_MOST_OPERATORS = 100
_EXPANDED = 128
_MOST_EXPANDED = 2000
_TYPES = ("string", "int", "long", "real", "double", "bool", "datetime", "dynamic")
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
    """Return the syntax tree of a query. Raises QueryRefusalError."""
    if len(query) > LONGEST_QUERY:
        message = f"The query has {len(query):,} characters; at most {LONGEST_QUERY:,} are read."
        raise refuse_query("InvalidQuery", message)
    return _QueryParser(query).whole()


class _QueryParser(ExpressionParser):
    def __init__(self, query: str) -> None:
        super().__init__(query)
        self._used: dict[str, int] = {}

    def whole(self) -> Pipeline:
        if self.token.is_name("let"):
            raise unknown_operator(self.token, "let")
        pipeline = self.pipeline()
        self.accept(";")
        if self.token.kind is not TokenKind.END:
            raise parser_failure(self.token, "|")
        return pipeline

    def pipeline(self) -> Pipeline:
        """Read a table and its operators; without a table it is `resources`, the default."""
        self.enter()
        first = self.token
        source: Token | Pipeline | None = None
        operators: list[Operator] = []
        if self.accept("("):
            source = self.pipeline()
            self.expect(")")
        elif self._starts_operator():
            operators.append(self._operator())
        else:
            source = self.name() if first.kind is TokenKind.NAME else self._no_table(first)
        while self.accept("|"):
            operators.append(self._operator())
            self._count("operator", self.token, _MOST_OPERATORS)
        self.leave()
        return Pipeline(source, tuple(operators))

    def _no_table(self, token: Token) -> Token:
        raise parser_failure(token, "a table")

    def _starts_operator(self) -> bool:
        if self.token.kind is not TokenKind.NAME or self.ahead().is_sign("|"):
            return self.token.is_name("count")
        return self._word(peek=True)[1] in _OPERATORS

    def _word(self, *, peek: bool = False) -> tuple[Token, str]:
        """Take the name of an operator, which may have hyphens."""
        first, text, parts = self.token, self.token.text, 1
        while self.ahead(parts).is_sign("-") and self.ahead(parts + 1).kind is TokenKind.NAME:
            text += f"-{self.ahead(parts + 1).text}"
            parts += 2
        if not peek:
            for _ in range(parts):
                self.advance()
        return first, text

    def _operator(self) -> Operator:
        if self.token.kind is not TokenKind.NAME:
            raise parser_failure(self.token, "an operator")
        token, word = self._word()
        read = _OPERATORS.get(word)
        if read is None:
            raise unknown_operator(token, word)
        word = "mv-expand" if word == "mvexpand" else word
        if word in _MOST and word != "union":
            self._count(word, token, _MOST[word])
        return read(self)

    def _count(self, word: str, token: Token, most: int) -> None:
        self._used[word] = self._used.get(word, 0) + 1
        if self._used[word] > most:
            message = f"A query has at most {most} uses of '{word}'."
            raise refuse_query("InvalidQuery", message, token)

    def where(self) -> Operator:
        return Where(self.expression())

    def extend(self) -> Operator:
        return Extend(self.columns())

    def project(self) -> Operator:
        return Project(self.columns())

    def project_away(self) -> Operator:
        names = [self._pattern()]
        while self.accept(","):
            names.append(self._pattern())
        return ProjectAway(tuple(names))

    def _pattern(self) -> tuple[str, Token]:
        first, text, end = self.token, "", 0
        while self.token.kind is TokenKind.NAME or self.token.is_sign("*"):
            if text and self.token.start != end:
                break
            text += self.token.text
            end = self.token.start + len(self.token.text)
            self.advance()
        if not text:
            raise parser_failure(first, "a name")
        return text, first

    def rename(self) -> Operator:
        names = []
        while True:
            new = self.name().text
            self.expect("=")
            names.append((new, self.name()))
            if self.accept(",") is None:
                return Rename(tuple(names))

    def summarize(self) -> Operator:
        aggregates = () if self.token.is_name("by") else self.columns()
        return Summarize(aggregates, self.columns() if self.accept("by") else ())

    def sort(self) -> Operator:
        self.expect("by")
        return Sort(self._sort_keys())

    def _sort_keys(self) -> tuple[SortKey, ...]:
        keys = [self._sort_key()]
        while self.accept(","):
            keys.append(self._sort_key())
        return tuple(keys)

    def _sort_key(self) -> SortKey:
        expression = self.expression()
        word = self.accept("asc", "desc")
        descending = word is None or word.text == "desc"
        nulls_first = not descending
        if self.accept("nulls"):
            place = self.accept("first", "last")
            if place is None:
                raise parser_failure(self.token, "first")
            nulls_first = place.text == "first"
        return SortKey(expression, descending, nulls_first)

    def top(self) -> Operator:
        limit = self._number()
        self.expect("by")
        return Sort((self._sort_key(),), limit)

    def take(self) -> Operator:
        return Take(self._number())

    def _number(self) -> int:
        value = self.token.value
        if not isinstance(value, int) or isinstance(value, bool):
            raise parser_failure(self.token, "a whole number")
        self.advance()
        return value

    def count(self) -> Operator:
        return Count()

    def distinct(self) -> Operator:
        return Distinct(self.columns())

    def mv_expand(self) -> Operator:
        as_arrays, index = False, None
        while self.token.is_name("bagexpansion", "kind", "with_itemindex"):
            option = self.advance().text
            self.expect("=")
            value = self.name()
            if option == "with_itemindex":
                index = value.text
            elif value.text in ("bag", "array"):
                as_arrays = value.text == "array"
            else:
                raise parser_failure(value, "bag")
        columns, types = [], []
        while True:
            columns.append(self.column())
            types.append(self._entry_type() if self.accept("to") else None)
            if self.accept(",") is None:
                break
        limit = self._number() if self.accept("limit") else _EXPANDED
        if limit > _MOST_EXPANDED:
            message = f"The row limit of mv-expand is at most {_MOST_EXPANDED}."
            raise refuse_query("InvalidQuery", message, self.token)
        return MvExpand(tuple(columns), tuple(types), index, as_arrays, limit)

    def _entry_type(self) -> str:
        self.expect("typeof")
        self.expect("(")
        word = self.accept(*_TYPES)
        if word is None:
            raise parser_failure(self.token, "a type")
        self.expect(")")
        return word.text

    def join(self) -> Operator:
        kind, token = "innerunique", self.token
        if self.accept("kind"):
            self.expect("=")
            token = self.name()
            kind = token.text
            if kind not in _JOINS:
                shown = _OTHER_JOINS.get(kind, kind)
                message = f'The join kind "{shown}" is not supported or not allowed.'
                raise refuse_query("UnsupportedJoinFlavor", message, token)
        right = self._leg()
        self.expect("on")
        on = [self._agreement()]
        while self.accept(",", "and"):
            on.append(self._agreement())
        return Join(kind, right, tuple(on), token)

    def _leg(self) -> Pipeline:
        if self.accept("("):
            leg = self.pipeline()
            self.expect(")")
            return leg
        return Pipeline(self.name(), ())

    def _agreement(self) -> tuple[str, str]:
        first = self.name()
        if first.text not in _SIDES:
            return first.text, first.text
        left = self._side_column(first)
        self.expect("==")
        second = self.name()
        right = self._side_column(second)
        if {first.text, second.text} != set(_SIDES):
            raise parser_failure(second, _SIDES[first.text == _SIDES[0]])
        return (left, right) if first.text == _SIDES[0] else (right, left)

    def _side_column(self, side: Token) -> str:
        if side.text not in _SIDES:
            raise parser_failure(side, "$right")
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
                raise parser_failure(value, "outer")
        legs = []
        while True:
            self._count("union", self.token, _MOST["union"])
            legs.append(self._leg())
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
