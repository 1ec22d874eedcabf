"""Alert queries: whether one can return the rows that the alert is for.

Operators are followed in their order. What cannot be followed (functions, joins, other tables than
audit logs) is not guessed at. Facts: the documentation of the tables "AKSAudit" (all events of the
API server), "AKSAuditAdmin" (all but those with the verbs get and list) and "AzureActivity".

Called by `logs.diagnostic_settings` and controls of MON.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from provisioner.controls.logs.event_rows import Row, keeps_row
from provisioner.controls.logs.kusto import (
    EQUAL,
    POSITIVE,
    Token,
    column_of,
    operator_of,
    read_conditions,
    read_constant,
    split,
    text_of,
    tokenize,
    values_of,
)

_FILTERS = ("where", "filter")
_LIMIT_OPERATORS = ("take", "limit", "top", "sample")
_FOLLOWED_OPERATORS = frozenset(
    (
        "where", "filter", "take", "limit", "top", "sample", "project", "project-away",
        "project-keep", "project-rename", "project-reorder", "extend", "order", "sort", "summarize",
        "distinct", "count", "serialize", "as", "search",
    )
)  # fmt: skip
"""Operators after which a row that came in still counts, unless a limit of nothing is set."""


class Match(Enum):
    """Whether a query returns the rows of an event."""

    YES = "yes"
    UNCLEAR = "unclear"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a query returns the rows of an event, and why not or why nobody can tell."""

    match: Match
    why: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that logs show: the tables that have it, and the pattern of its name there.

    `partly` are tables that have some of such events and not all; `rows` are what an alert has to
    see, each of them."""

    pattern: re.Pattern[str]
    tables: tuple[str, ...]
    rows: tuple[Row, ...]
    partly: tuple[str, ...] = ()


def check_query(query: str, event: Event) -> Answer:
    """Return whether a query returns the rows of an event."""
    tokens = tokenize(query)
    if tokens is None:
        return Answer(Match.UNCLEAR, "the query cannot be parsed")
    statements = [s for s in split(tokens, ";") if s]
    if not statements:
        return Answer(Match.NO, "the query is empty")
    # A `let` can hold the table or the condition; expressions are not substituted here.
    has_let = any(statement[0].text.lower() == "let" for statement in statements[:-1])
    # Only the last statement returns rows.
    source, *stages = [stage for stage in split(statements[-1], "|") if stage] or [[]]
    why_empty = next(
        (why for stage in stages if (why := _why_no_rows(stage))), ""
    ) or _find_contradiction(stages)
    if why_empty:
        return Answer(Match.NO, why_empty)
    # Without a condition on the event the alert would fire on every row of the table.
    if not any(_names_event(atom, event) for atom in _positive_atoms([source, *stages])):
        named = any(event.pattern.search(token.text) for s in statements for token in s)
        if has_let and named:
            return Answer(Match.UNCLEAR, "it depends on a `let` statement")
        return Answer(Match.NO, "no condition selects the event")
    return (
        _check_table(source, event, has_let) or _check_filters(stages, event) or Answer(Match.YES)
    )


def tables_of(query: str) -> tuple[str, ...]:
    """Return the tables that a query begins with, in small letters; none for a search in all."""
    statements = [s for s in split(tokenize(query) or [], ";") if s]
    source = split(statements[-1], "|")[0] if statements else []
    return tuple(t.text.lower() for t in source if t.kind == "word" and t.text.lower() != "union")


def check_transformation(query: str) -> Answer:
    """Return whether a transformation keeps all rows of its stream.

    Filters may take any, and an operator that makes columns anew may leave out the ones that
    matter.
    """
    tokens = tokenize(query)
    stages = [s for s in split(tokens, "|") if s] if tokens else []
    if not stages:
        return Answer(Match.UNCLEAR, "the transformation cannot be parsed")
    why_empty = next((why for stage in stages if (why := _why_no_rows(stage))), "")
    if why_empty or (why_empty := _find_contradiction(stages)):
        return Answer(Match.NO, why_empty)
    for stage in stages[1:]:
        if stage[0].text.lower() not in _KEEPING_OPERATORS:
            return Answer(Match.UNCLEAR, f"the effect of `{text_of(stage)}` on the rows is unknown")
    return Answer(Match.YES)


_KEEPING_OPERATORS = ("extend", "project-rename", "project-reorder")
"""Operators of a transformation that leave every row and every column."""


def _check_table(source: Sequence[Token], event: Event, has_let: bool) -> Answer | None:
    """Return what is to be said against the tables that a query begins with."""
    names = [
        t.text for t in source if t.kind == "word" and t.text.lower() not in ("union", "search")
    ]
    known = {table.lower() for table in event.tables}
    partly = {table.lower() for table in event.partly}
    if any(name.lower() in known for name in names) or source[0].text.lower() == "search":
        return None
    if has_let or any(token.text in "(){}" for token in source):
        return Answer(Match.UNCLEAR, "the source of the query cannot be evaluated")
    if any(name.lower() in partly for name in names):
        return Answer(Match.UNCLEAR, f"{names[0]} does not have all of these events")
    return Answer(Match.NO, f"{names[0] if names else 'it'} has no such events")


def _check_filters(stages: Sequence[Sequence[Token]], event: Event) -> Answer | None:
    """Return what makes a query return less than all rows of the event, as far as is seen."""
    for stage in stages:
        operator = stage[0].text.lower()
        if operator not in _FOLLOWED_OPERATORS:
            return Answer(
                Match.UNCLEAR, (f"the effect of `{operator}` on the rows cannot be evaluated")
            )
    results = [keeps_row(stages, row, event.pattern) for row in event.rows]
    # Every kind of row has to be kept: an exec by GET and one by POST are one event.
    if all(results):
        return None
    conditions_text = " and ".join(text_of(s[1:]) for s in stages if s[0].text.lower() in _FILTERS)
    if not any(result is not False for result in results):
        return Answer(Match.NO, f"no such event matches `{conditions_text}`")
    return Answer(Match.UNCLEAR, f"`{conditions_text}` may exclude some of these events")


def _why_no_rows(stage: Sequence[Token]) -> str:
    """Return why an operator lets no row through, "" if it may."""
    operator = stage[0].text.lower()
    # `take 0` keeps a rule valid and silent.
    if operator in _LIMIT_OPERATORS and len(stage) > 1 and re.fullmatch(r"0+", stage[1].text):
        return f"`{operator} 0` returns no rows"
    if operator in _FILTERS and not _has_or(stage):
        for atom, negated in read_conditions(stage[1:]):
            if _excludes_all(atom, negated):
                return f"`{text_of(atom)}` excludes every row"
            if read_constant(atom) is negated:
                return f"`{text_of(atom)}` matches no row"
            if _is_outside_window(atom):
                return f"`{text_of(atom)}` matches the time of no row"
    return ""


def _excludes_all(atom: Sequence[Token], negated: bool) -> bool:
    """Return whether a condition excludes what holds the empty text, which every text does."""
    operator = operator_of(atom)
    words = [token.text.lower() for token in atom]
    requires_absence = operator in ("contains", "startswith", "endswith", "has") and negated
    denies_text = operator == "!" and bool({"contains", "startswith", "endswith"} & set(words))
    # `!contains ""` looks like a placeholder and is false for every row.
    return (requires_absence or denies_text) and "" in values_of(atom)


def _is_outside_window(atom: Sequence[Token]) -> bool:
    """Return whether a condition requires rows from after now, or from before there were any."""
    words = [token.text.lower() for token in atom]
    if len(words) < 5 or words[0] != "timegenerated":
        return False
    if words[1] in (">", ">="):
        now = words[2:5] == ["now", "(", ")"] and len(words) == 5
        return now or (words[2] == "ago" and re.match(r"-|0+[a-z]*$", words[4]) is not None)
    if words[1] in ("<", "<=") and words[2] == "ago":
        span = re.fullmatch(r"(\d+)(d|h)", words[4])
        # The window of an alert is two days at most.
        return span is not None and int(span[1]) * (24 if span[2] == "d" else 1) > 48
    return False


def _find_contradiction(stages: Sequence[Sequence[Token]]) -> str:
    """Return why two conditions of a pipeline exclude each other, "" if none do."""
    required: dict[str, frozenset[str]] = {}
    filters = [s[1:] for s in stages if s[0].text.lower() in _FILTERS and not _has_or(s)]
    conditions = [(a, n) for stage in filters for a, n in read_conditions(stage)]
    for atom, negated in conditions:
        operator = operator_of(atom)
        if not negated and operator in EQUAL:
            column = column_of(atom).lower()
            values = frozenset(values_of(atom))
            before = required.get(column)
            required[column] = values if before is None else before & values
            if values and before is not None and not before & values:
                both = f"{_format_values(before)} and {_format_values(values)}"
                return f"no {column_of(atom)} is both {both}"
    for atom, negated in conditions:
        operator, column = operator_of(atom), column_of(atom).lower()
        excluded = frozenset(values_of(atom))
        denies = operator in ("!=", "!~") or (operator == "!" and "in" in text_of(atom).split())
        denies = denies or (negated and operator in EQUAL)
        if denies and required.get(column) and required[column] <= excluded:
            return f"{column_of(atom)} must be {_format_values(required[column])} and is excluded"
    return ""


def _format_values(values: frozenset[str]) -> str:
    return " or ".join(sorted(values))


def _has_or(stage: Sequence[Token]) -> bool:
    return any(token.kind == "word" and token.text.lower() == "or" for token in stage)


def _positive_atoms(stages: Sequence[Sequence[Token]]) -> Iterator[Sequence[Token]]:
    """Yield the conditions that ask for something to be there."""
    for stage in stages:
        operator = stage[0].text.lower() if stage else ""
        if operator == "search":
            yield stage
        elif operator in _FILTERS:
            for atom, negated in read_conditions(stage[1:]):
                if not negated and operator_of(atom) in POSITIVE:
                    yield atom


def _names_event(atom: Sequence[Token], event: Event) -> bool:
    if atom[0].text.lower() == "search":
        return event.pattern.search(text_of(atom)) is not None
    texts = (token.text for token in atom if token.kind == "text")
    return bool(column_of(atom)) and any(event.pattern.search(text) for text in texts)
