"""Parser of the tabular operators that take one table."""

from provisioner.simulator.resource_graph.expression_parser import ExpressionParser
from provisioner.simulator.resource_graph.query_errors import InvalidQueryError, ParserFailureError
from provisioner.simulator.resource_graph.syntax import (
    Count,
    Distinct,
    Extend,
    MvExpand,
    Operator,
    Project,
    ProjectAway,
    Rename,
    Sort,
    SortKey,
    Summarize,
    Take,
    Where,
)
from provisioner.simulator.resource_graph.tokens import Token, TokenKind

_EXPANDED = 128
_MOST_EXPANDED = 2000
_TYPES = ("string", "int", "long", "real", "double", "bool", "datetime", "dynamic")


class OperatorParser(ExpressionParser):
    """Parses an operator after its name; what does not parse is a ParserFailureError."""

    def where(self) -> Operator:
        """Parse a condition."""
        return Where(self.expression())

    def extend(self) -> Operator:
        """Parse the columns to add."""
        return Extend(self.columns())

    def project(self) -> Operator:
        """Parse the columns to keep."""
        return Project(self.columns())

    def project_away(self) -> Operator:
        """Parse names of columns, which may contain `*`."""
        names = [self._name_pattern()]
        while self.accept(","):
            names.append(self._name_pattern())
        return ProjectAway(tuple(names))

    def _name_pattern(self) -> tuple[str, Token]:
        first, text, end = self.token, "", 0
        while self.token.kind is TokenKind.NAME or self.token.is_sign("*"):
            if text and self.token.start != end:
                break
            text += self.token.text
            end = self.token.start + len(self.token.text)
            self.advance()
        if not text:
            raise ParserFailureError(first, "a name")
        return text, first

    def rename(self) -> Operator:
        """Parse `NEW = OLD`, comma-separated."""
        names = []
        while True:
            new = self.name().text
            self.expect("=")
            names.append((new, self.name()))
            if self.accept(",") is None:
                return Rename(tuple(names))

    def summarize(self) -> Operator:
        """Parse aggregations and, after `by`, the keys."""
        aggregates = () if self.token.is_name("by") else self.columns()
        return Summarize(aggregates, self.columns() if self.accept("by") else ())

    def sort(self) -> Operator:
        """Parse `by` and the sort keys."""
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
        # KQL's defaults: `desc`, with nulls last in `desc` and first in `asc` ("sort operator").
        nulls_first = not descending
        if self.accept("nulls"):
            nulls_position = self.accept("first", "last")
            if nulls_position is None:
                raise ParserFailureError(self.token, "first")
            nulls_first = nulls_position.text == "first"
        return SortKey(expression, descending, nulls_first)

    def top(self) -> Operator:
        """Parse a number, `by` and a sort key."""
        limit = self._integer()
        self.expect("by")
        return Sort((self._sort_key(),), limit)

    def take(self) -> Operator:
        """Parse a number."""
        return Take(self._integer())

    def _integer(self) -> int:
        value = self.token.value
        if not isinstance(value, int) or isinstance(value, bool):
            raise ParserFailureError(self.token, "a whole number")
        self.advance()
        return value

    def count(self) -> Operator:
        """Return the operator, which has no arguments."""
        return Count()

    def distinct(self) -> Operator:
        """Parse columns, or `*`."""
        return Distinct(self.columns())

    def mv_expand(self) -> Operator:
        """Parse options, columns with their types, and a row limit.

        Raises:
            ParserFailureError: `bagexpansion` is neither `bag` nor `array`.
            InvalidQueryError: the row limit is over 2000.
        """
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
                raise ParserFailureError(value, "bag")
        columns, types = [], []
        while True:
            columns.append(self.column())
            types.append(self._entry_type() if self.accept("to") else None)
            if self.accept(",") is None:
                break
        limit = self._integer() if self.accept("limit") else _EXPANDED
        if limit > _MOST_EXPANDED:
            message = f"The row limit of mv-expand is at most {_MOST_EXPANDED}."
            raise InvalidQueryError("InvalidQuery", message, self.token)
        return MvExpand(tuple(columns), tuple(types), index, as_arrays, limit)

    def _entry_type(self) -> str:
        self.expect("typeof")
        self.expect("(")
        word = self.accept(*_TYPES)
        if word is None:
            raise ParserFailureError(self.token, "a type")
        self.expect(")")
        return word.text
