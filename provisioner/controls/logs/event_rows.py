"""Rows that an event makes in the logs, tested against the filters of a query.

A row is known by what its columns hold; of several values a column has either. Conditions on other
columns are unknown, but for those that leave somebody out. Facts: the documentation "String
operators" of the Kusto Query Language, and "Auditing" of Kubernetes.

Called by `logs.alert_queries` and controls of MON.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from provisioner.controls.logs.kusto import (
    CONVERSIONS,
    Token,
    column_of,
    operator_of,
    read_constant,
    split,
    split_words,
    unwrap,
    values_of,
)

Row = Mapping[str, frozenset[str]]
"""What the columns of a row hold, by name in small letters."""

_TEXT_COLUMNS = (
    "*", "requesturi", "log_s", "objectref", "requestobject", "responseobject", "properties",
    "properties_s", "operationname", "authorization",
)  # fmt: skip
"""Columns of much text, in which a word of the event stands somewhere."""

_FILTERS = ("where", "filter")
_ASSIGNING_OPERATORS = ("extend", "project", "project-rename", "summarize")
_KEY = re.compile(r"""\[["'](\w+)["']\]""")
_OLDEST, _NEWEST = 2024, 2100
"""Years before the first row of an audit log's own tables, and after the last."""


def keeps_row(stages: Sequence[Sequence[Token]], row: Row, words: re.Pattern[str]) -> bool | None:
    """Return whether the filters of a pipeline keep a row, None where it is unknown.

    `words` find the event in texts of which only a part is known.
    """
    aliases: dict[str, str] = {}
    results: list[bool | None] = []
    for stage in stages:
        operator = stage[0].text.lower()
        if operator in _FILTERS:
            results.append(_Filter(row, words, aliases).holds(stage[1:]))
        elif operator in _ASSIGNING_OPERATORS:
            aliases = {**aliases, **dict(_read_assignments(stage[1:], aliases))}
    return _all_of(results)


def _read_assignments(
    tokens: Sequence[Token], aliases: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield (name, the column that it stands for) of what an operator assigns.

    The column is "" for one that is made of something else.
    """
    for part in split(tokens, ","):
        if len(part) > 2 and part[1].text == "=":
            words = [t.text for t in part[2:] if t.kind == "word"]
            columns = [word for word in words if word.lower() not in CONVERSIONS]
            is_plain = len(columns) == 1 and all(
                t.kind == "word" or t.text in "()" for t in part[2:]
            )
            yield part[0].text.lower(), _resolve_column(columns[0], aliases) if is_plain else ""


def _resolve_column(column: str, aliases: Mapping[str, str]) -> str:
    """Return a column by its own name, in small letters; "" for one that is made of others."""
    name = _KEY.sub(r".\1", column).lower()
    root, dot, rest = name.partition(".")
    if root in aliases:
        name = f"{aliases[root]}{dot}{rest}" if aliases[root] else ""
    # AzureDiagnostics has the whole event as a text, with the same names in it.
    return name.removeprefix("log_s.")


def _all_of(results: Sequence[bool | None]) -> bool | None:
    return False if False in results else None if None in results else True


def _negate(results: bool | None) -> bool | None:
    return None if results is None else not results


class _Filter:
    """The conditions of filters, asked of one row."""

    def __init__(self, row: Row, words: re.Pattern[str], aliases: Mapping[str, str]) -> None:
        self._row, self._words, self._aliases = row, words, aliases

    def holds(self, tokens: Sequence[Token]) -> bool | None:
        """Return whether a condition holds for the row, None where it is unknown."""
        tokens, negated = unwrap(tokens)
        if negated:
            return self._holds_not(tokens)
        alternatives = list(split_words(tokens, ("or",)))
        if len(alternatives) > 1:
            # Three values: `or` by De Morgan, so that unknown stays unknown.
            return _negate(
                _all_of([_negate(self.holds(alternative)) for alternative in alternatives])
            )
        parts = list(split_words(tokens, ("and",)))
        if len(parts) > 1:
            return _all_of([self.holds(part) for part in parts])
        return self._meets_condition(tokens)

    def _holds_not(self, tokens: Sequence[Token]) -> bool | None:
        """Return whether the contrary of a condition holds.

        One on a column that is not known here leaves somebody out, and no events.
        """
        results = self.holds(tokens)
        known = any(self._known_column(part) for part in split_words(tokens, ("and", "or")))
        return True if results is None and not known else _negate(results)

    def _known_column(self, atom: Sequence[Token]) -> str:
        """Return the column of a condition, "" for one of which nothing is known."""
        name = _resolve_column(column_of(atom), self._aliases)
        after = next((i for i, t in enumerate(atom) if t.text == ")"), None)
        # A property of what a function returns: parse_json(ObjectRef).namespace.
        if after is not None and [t.text for t in atom[after + 1 : after + 2]] == ["."]:
            name = f"{name}.{atom[after + 2].text.lower()}" if len(atom) > after + 2 else ""
            name = name.removeprefix("log_s.")
        return name if name in self._row or name in _TEXT_COLUMNS else ""

    def _meets_condition(self, atom: Sequence[Token]) -> bool | None:
        """Return whether the row meets a single condition."""
        words = [token.text.lower() for token in atom]
        constant = True if not words else read_constant(atom)
        if constant is not None:
            return constant
        if words[0] == "timegenerated":
            return _is_in_time(words)
        return words[0] in ("isnotempty", "isnotnull") or self._meets_comparison(atom, words)

    def _meets_comparison(self, atom: Sequence[Token], words: Sequence[str]) -> bool | None:
        """Return whether what a column of the row holds is what a condition compares it with."""
        column, sign = self._known_column(atom), operator_of(atom)
        held = self._row.get(column)
        if sign in ("!=", "!~", "!"):
            at = words.index(sign)
            word = {"!=": "==", "!~": "=~"}.get(sign) or (words[at + 1 : at + 2] or [""])[0]
            if held is not None:
                return _any_value(held, _value_test(word, atom), contrary=True)
            # A condition `!=` on an unknown column (a user, a namespace) leaves out somebody whom
            # the author trusts; the event is still detected for all others.
            return _negate(self._names_known_value(atom)) if column else True
        if held is not None:
            return _any_value(held, _value_test(sign, atom))
        equals = sign in ("==", "=~", "in", "in~")
        return self._names_known_value(atom) if column and sign and not equals else None

    def _names_known_value(self, atom: Sequence[Token]) -> bool | None:
        """Return whether a text asks for a word that the row has."""
        known = {value.lower() for values in self._row.values() for value in values}
        found = list(values_of(atom))
        if found and any(self._words.search(v) or v.lower() in known for v in found):
            return True
        return None


def _any_value(
    held: frozenset[str], test: Callable[[str], bool | None] | None, contrary: bool = False
) -> bool | None:
    """Return whether one of the values that a column has passes a test, or fails it."""
    results = [None] if test is None else [test(value) for value in held]
    if contrary:
        results = [_negate(value) for value in results]
    return True if True in results else None if None in results else False


def _value_test(sign: str, atom: Sequence[Token]) -> Callable[[str], bool | None] | None:
    """Return the test of a condition, None for an operator that is not followed here."""
    start = next((i for i, t in enumerate(atom) if t.text.lower() == sign), 0)
    operands = atom[start + 1 :]
    numbers = [token.text for token in operands if token.kind == "number"]
    compared = [*values_of(operands), *numbers]
    # `==` and `in` are case-sensitive in Kusto, `=~` and `in~` are not.
    ignores_case = sign == "=~" or [t.text for t in operands[:1]] == ["~"]
    order = next((t.text for t in atom if t.text in ("<", "<=", ">", ">=")), "")
    if not sign and order and numbers:
        return lambda held: _compare_numbers(held, order, numbers[-1])
    if not compared or any(t.kind == "word" and t.text.lower() != "dynamic" for t in operands):
        return None
    if sign in ("==", "in", "=~"):
        some = [value.lower() for value in compared] if ignores_case else compared
        return lambda held: (held.lower() if ignores_case else held) in some
    if sign == "has_all":
        return lambda held: all(_matches_text("has", held, value) for value in compared)
    if sign not in _TEXT_TESTS:
        return None
    return lambda held: any(_matches_text(sign, held, value) for value in compared)


def _matches_text(sign: str, held: str, value: str) -> bool:
    if not sign.endswith("_cs"):
        held, value = held.lower(), value.lower()
    return re.search(_TEXT_TESTS[sign].format(re.escape(value)), held) is not None


# `has` matches whole terms, which Kusto cuts at every character that is not alphanumeric ("String
# operators").
_TERM, _END = r"(?<![A-Za-z0-9]){}", r"(?![A-Za-z0-9])"
_TEXT_TESTS = {
    "has": _TERM + _END, "has_cs": _TERM + _END, "has_any": _TERM + _END, ":": _TERM + _END,
    "hasprefix": _TERM, "hassuffix": "{}" + _END, "contains": "{}", "contains_cs": "{}",
    "startswith": r"\A{}", "startswith_cs": r"\A{}", "endswith": r"{}\Z", "endswith_cs": r"{}\Z",
}  # fmt: skip


def _compare_numbers(held: str, order: str, number: str) -> bool | None:
    try:
        one, other = float(held), float(number)
    except ValueError:
        return None
    return {"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}[order]


def _is_in_time(words: Sequence[str]) -> bool | None:
    """Return whether a condition on the time is met by a row that comes now."""
    years = [
        int(y) for a, y in zip(words, words[2:], strict=False) if a == "datetime" and y.isdigit()
    ]
    sign = words[1] if len(words) > 1 else ""
    if not years:
        return True if sign in (">", ">=", "between") or "now" in words else None
    if sign in (">", ">=", "between") and years[0] > _NEWEST:
        return False
    return False if sign in ("<", "<=", "between") and years[-1] < _OLDEST else None
