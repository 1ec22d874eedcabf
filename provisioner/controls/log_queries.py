"""Whether a query of an alert can return the rows that it is for.

A query in the Kusto Query Language is read as a pipeline: comments and texts apart, operators in
order. What cannot be followed (functions, joins, other tables than audit logs) is not guessed at.
Facts: the documentation "Kusto Query Language"; the tables "AKSAudit" (all events of the API
server), "AKSAuditAdmin" (all but those with the verbs get and list) and "AzureActivity".
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

_TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*)|(?P<text>[hH]?@?"(?:[^"\\]|\\.)*"|[hH]?@?'(?:[^'\\]|\\.)*')"""
    r"""|(?P<word>[A-Za-z_*][\w.*]*(?:\[[^\]]*\])?)|(?P<number>-?\d+(?:\.\d+)?[a-z]*)"""
    r"""|(?P<sign>!=|!~|==|=~|<=|>=|!|[|;(),<>=+\-/%\[\]{}:~.])""",
)
_MOST_TOKENS = 5000

_EQUAL = ("==", "=~", "in", "in~")
_POSITIVE = frozenset(
    (
        *_EQUAL, "has", "has_cs", "has_any", "has_all", "hasprefix", "hassuffix", "contains",
        "contains_cs", "startswith", "startswith_cs", "endswith", "endswith_cs", "matches", ":",
    )
)  # fmt: skip
_NEGATIVE = frozenset(("!=", "!~", "!"))
_FILTERS = ("where", "filter")
_LIMITS = ("take", "limit", "top", "sample")
_HARMLESS = frozenset(
    (
        "where", "filter", "take", "limit", "top", "sample", "project", "project-away",
        "project-keep", "project-rename", "project-reorder", "extend", "order", "sort", "summarize",
        "distinct", "count", "serialize", "as", "search",
    )
)  # fmt: skip
"""Operators after which a row that came in still counts, unless a limit of nothing is set."""

_ABOUT_EVENTS = (
    "objectref", "requestobject", "responseobject", "requesturi", "verb", "stage", "level",
    "responsestatus", "category", "categoryvalue", "operationname", "operationnamevalue",
    "activitystatus", "activitystatusvalue", "activitysubstatus", "resourceprovider",
    "resourceprovidervalue", "timegenerated", "type", "log_s", "properties", "properties_s", "*",
    "_resourceid", "authorization", "annotations", "auditid",
)  # fmt: skip
"""Columns by which a query names an event. A condition on any other narrows whom it is about."""


_CONVERSIONS = (
    "tostring", "tolower", "toupper", "dynamic", "parse_json", "todynamic", "toint", "tolong",
)  # fmt: skip


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
    """Something that logs show: the tables that have it, and the words that name it there.

    `partly` are tables that have some of such events and not all; `verbs` are those of the API
    server by which it comes about."""

    words: re.Pattern[str]
    tables: tuple[str, ...]
    partly: tuple[str, ...] = ()
    verbs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def answers(query: str, event: Event) -> Answer:
    """Return whether a query returns the rows of an event."""
    tokens = _tokens(query)
    if tokens is None:
        return Answer(Match.UNCLEAR, "the query cannot be read")
    statements = [s for s in _split(tokens, ";") if s]
    if not statements:
        return Answer(Match.NO, "the query is empty")
    lets = any(statement[0].text.lower() == "let" for statement in statements[:-1])
    source, *stages = [stage for stage in _split(statements[-1], "|") if stage] or [[]]
    dead = next((why for stage in stages if (why := _dead_stage(stage))), "") or _contradiction(
        stages
    )
    if dead:
        return Answer(Match.NO, dead)
    if not any(_names(atom, event) for atom in _positive_atoms([source, *stages])):
        named = any(event.words.search(token.text) for s in statements for token in s)
        if lets and named:
            return Answer(Match.UNCLEAR, "it rests on what `let` defines")
        return Answer(Match.NO, "no condition of it asks for the event")
    return (
        _table(source, event, lets)
        or _verbs(stages, event)
        or _narrowing(stages)
        or Answer(Match.YES)
    )


def keeps_rows(query: str) -> Answer:
    """Return whether a transformation keeps all rows of its stream: filters may take any, and what
    makes columns anew may leave out the ones that matter."""
    tokens = _tokens(query)
    stages = [s for s in _split(tokens, "|") if s] if tokens else []
    if not stages:
        return Answer(Match.UNCLEAR, "the transformation cannot be read")
    dead = next((why for stage in stages if (why := _dead_stage(stage))), "")
    if dead or (dead := _contradiction(stages)):
        return Answer(Match.NO, dead)
    for stage in stages[1:]:
        if stage[0].text.lower() not in _KEEPING:
            return Answer(Match.UNCLEAR, f"what `{_text(stage)}` leaves of the rows is not known")
    return Answer(Match.YES)


_KEEPING = ("extend", "project-rename", "project-reorder")
"""Operators of a transformation that leave every row and every column."""


def _table(source: Sequence[_Token], event: Event, lets: bool) -> Answer | None:
    """Return what is to be said against the tables that a query begins with."""
    names = [
        t.text for t in source if t.kind == "word" and t.text.lower() not in ("union", "search")
    ]
    known = {table.lower() for table in event.tables}
    partly = {table.lower() for table in event.partly}
    if any(name.lower() in known for name in names) or source[0].text.lower() == "search":
        return None
    if lets or any(token.text in "(){}" for token in source):
        return Answer(Match.UNCLEAR, "what it begins with cannot be followed")
    if any(name.lower() in partly for name in names):
        return Answer(Match.UNCLEAR, f"{names[0]} has not all of these events")
    return Answer(Match.NO, f"{names[0] if names else 'it'} has no such events")


def _verbs(stages: Sequence[Sequence[_Token]], event: Event) -> Answer | None:
    """Return what is to be said against a query that asks for some of an event's verbs alone."""
    for atom in _positive_atoms(stages):
        if _column(atom).lower() == "verb" and _operator(atom) in _EQUAL:
            missing = event.verbs - set(_values(atom))
            if missing:
                return Answer(Match.UNCLEAR, f"it leaves out what is done by {_either(missing)}")
    return None


def _narrowing(stages: Sequence[Sequence[_Token]]) -> Answer | None:
    """Return what makes a query return less than all rows of the event, as far as is seen."""
    for stage in stages:
        operator = stage[0].text.lower()
        if operator not in _HARMLESS:
            return Answer(Match.UNCLEAR, f"what `{operator}` leaves of the rows cannot be followed")
    conditions = [
        atom
        for stage in stages
        if stage[0].text.lower() in _FILTERS
        for atom, _ in _atoms(stage[1:])
    ]
    for atom in conditions:
        if not _operator(atom) and not _is_harmless(atom):
            return Answer(Match.UNCLEAR, f"what `{_text(atom)}` leaves cannot be followed")
    for atom in _positive_atoms(stages):
        column = _column(atom).partition(".")[0].partition("[")[0].lower()
        if column and column not in _ABOUT_EVENTS:
            return Answer(Match.UNCLEAR, f"it asks for some {_column(atom)} alone")
    return None


def _is_harmless(atom: Sequence[_Token]) -> bool:
    """Tell whether a condition of another kind leaves the rows of a window: a time since some while
    ago, a status by its number, a column that is there."""
    words = [token.text.lower() for token in atom]
    since = len(words) > 2 and words[0] == "timegenerated" and words[1] in (">", ">=", "between")
    status = words[0].startswith("responsestatus") and words[-1].isdigit()
    return since or status or words[0] == "isnotempty"


def _dead_stage(stage: Sequence[_Token]) -> str:
    """Return why an operator lets no row through, "" if it may."""
    operator = stage[0].text.lower()
    if operator in _LIMITS and len(stage) > 1 and re.fullmatch(r"0+", stage[1].text):
        return f"`{operator} 0` leaves nothing"
    if operator in _FILTERS and not _alternatives(stage):
        for atom, negated in _atoms(stage[1:]):
            if _excludes_all(atom, negated):
                return f"`{_text(atom)}` excludes every row"
            if _is_false(atom) is not negated and _is_constant(atom):
                return f"`{_text(atom)}` lets nothing through"
            if _is_beyond_time(atom):
                return f"`{_text(atom)}` is a time that no row has"
    return ""


def _excludes_all(atom: Sequence[_Token], negated: bool) -> bool:
    """Tell whether a condition excludes what holds the empty text, which every text does."""
    operator = _operator(atom)
    words = [token.text.lower() for token in atom]
    asks = operator in ("contains", "startswith", "endswith", "has") and negated
    refuses = operator == "!" and bool({"contains", "startswith", "endswith"} & set(words))
    return (asks or refuses) and "" in _values(atom)


def _is_constant(atom: Sequence[_Token]) -> bool:
    return bool(atom) and (
        (len(atom) == 1 and atom[0].text.lower() in ("true", "false", "0", "1"))
        or (len(atom) == 3 and atom[0].kind in ("number", "text") and atom[2].kind == atom[0].kind)
        or (len(atom) == 4 and atom[0].text.lower() == "bool")
        or (len(atom) == 3 and all(t.text.lower() in ("true", "false", "==", "!=") for t in atom))
        or (len(atom) == 3 and atom[0] == atom[2] and atom[1].text in ("!=", "!~", "<", ">"))
    )


def _is_false(atom: Sequence[_Token]) -> bool:
    """Tell whether a constant condition is false."""
    words = [token.text.lower() for token in atom]
    if len(words) == 1:
        return words[0] in ("false", "0")
    if len(words) == 4:
        return words[2] in ("false", "0")
    if len(words) != 3:
        return False
    one, sign, other = words
    same = one == other
    return {"==": not same, "=~": not same, "!=": same, "!~": same, "<": same, ">": same}.get(
        sign, False
    ) or (sign in ("<", ">") and not same and _compares(one, sign, other) is False)


def _compares(one: str, sign: str, other: str) -> bool | None:
    try:
        return float(one) < float(other) if sign == "<" else float(one) > float(other)
    except ValueError:
        return None


def _is_beyond_time(atom: Sequence[_Token]) -> bool:
    """Tell whether a condition asks for rows from after now, or from before there were any."""
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


def _contradiction(stages: Sequence[Sequence[_Token]]) -> str:
    """Return why two conditions of a pipeline exclude each other, "" if none do."""
    wanted: dict[str, frozenset[str]] = {}
    filters = [s[1:] for s in stages if s[0].text.lower() in _FILTERS and not _alternatives(s)]
    conditions = [(a, n) for stage in filters for a, n in _atoms(stage)]
    for atom, negated in conditions:
        operator = _operator(atom)
        if not negated and operator in _EQUAL:
            column = _column(atom).lower()
            values = frozenset(_values(atom))
            before = wanted.get(column)
            wanted[column] = values if before is None else before & values
            if values and before is not None and not before & values:
                return f"no {_column(atom)} is both {_either(before)} and {_either(values)}"
    for atom, negated in conditions:
        operator, column = _operator(atom), _column(atom).lower()
        excluded = frozenset(_values(atom))
        denies = operator in ("!=", "!~") or (operator == "!" and "in" in _text(atom).split())
        denies = denies or (negated and operator in _EQUAL)
        if denies and wanted.get(column) and wanted[column] <= excluded:
            return f"{_column(atom)} is to be {_either(wanted[column])} and is excluded"
    return ""


def _either(values: frozenset[str]) -> str:
    return " or ".join(sorted(values))


def _alternatives(stage: Sequence[_Token]) -> bool:
    return any(token.kind == "word" and token.text.lower() == "or" for token in stage)


def _positive_atoms(stages: Sequence[Sequence[_Token]]) -> Iterator[Sequence[_Token]]:
    """Yield the conditions that ask for something to be there."""
    for stage in stages:
        operator = stage[0].text.lower() if stage else ""
        if operator == "search":
            yield stage
        elif operator in _FILTERS:
            for atom, negated in _atoms(stage[1:]):
                if not negated and _operator(atom) in _POSITIVE:
                    yield atom


def _names(atom: Sequence[_Token], event: Event) -> bool:
    if atom[0].text.lower() == "search":
        return event.words.search(_text(atom)) is not None
    texts = (token.text for token in atom if token.kind == "text")
    return bool(_column(atom)) and any(event.words.search(text) for text in texts)


def _atoms(
    tokens: Sequence[_Token], negated: bool = False
) -> Iterator[tuple[Sequence[_Token], bool]]:
    """Yield (condition, whether it is negated) of a filter, joined by `and` or `or`."""
    for part in _split_words(tokens, ("and", "or")):
        inner = list(part)
        flipped = negated
        while inner:
            opens = inner[0].text == "(" and _closes(inner, 0) == len(inner) - 1
            if opens:
                inner = inner[1:-1]
            elif (
                inner[0].text.lower() == "not"
                and len(inner) > 1
                and inner[1].text == "("
                and _closes(inner, 1) == len(inner) - 1
            ):
                inner, flipped = inner[2:-1], not flipped
            else:
                break
        if len(list(_split_words(inner, ("and", "or")))) > 1:
            yield from _atoms(inner, flipped)
        elif inner:
            yield inner, flipped


def _closes(tokens: Sequence[_Token], start: int) -> int:
    depth = 0
    for position in range(start, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[position].text, 0)
        if depth == 0:
            return position
    return -1


def _operator(atom: Sequence[_Token]) -> str:
    """Return the first operator of a condition, outside of brackets."""
    depth = 0
    for token in atom:
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        word = token.text.lower()
        if depth == 0 and token.kind != "text" and (word in _POSITIVE or word in _NEGATIVE):
            return word
    return ""


def _column(atom: Sequence[_Token]) -> str:
    """Return the column that a condition is about, also inside of a function of it."""
    for token in atom:
        word = token.text
        if token.kind == "word" and word.lower() not in (
            "tostring",
            "tolower",
            "toupper",
            "dynamic",
        ):
            return word
    return ""


def _values(atom: Sequence[_Token]) -> Iterator[str]:
    for token in atom:
        if token.kind == "text":
            yield token.text.lstrip("hH@")[1:-1].lower()


def _text(tokens: Sequence[_Token]) -> str:
    return " ".join(token.text for token in tokens)


def _split(tokens: Sequence[_Token], sign: str) -> list[list[_Token]]:
    """Split at a sign outside of brackets."""
    parts: list[list[_Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += {"(": 1, "{": 1, ")": -1, "}": -1}.get(token.text, 0)
        if depth == 0 and token.text == sign and token.kind == "sign":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _split_words(tokens: Sequence[_Token], words: Sequence[str]) -> Iterator[Sequence[_Token]]:
    part: list[_Token] = []
    depth = 0
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth == 0 and token.kind == "word" and token.text.lower() in words:
            yield part
            part = []
        else:
            part.append(token)
    yield part


def _tokens(query: str) -> list[_Token] | None:
    """Return the tokens of a query without comments; None where they are too many, or a sign is
    none of the language's."""
    found: list[_Token] = []
    position = 0
    while position < len(query):
        if query[position].isspace():
            position += 1
            continue
        match = _TOKEN.match(query, position)
        if match is None or len(found) > _MOST_TOKENS:
            return None
        position = match.end()
        kind = match.lastgroup or ""
        if kind != "comment":
            found.append(_Token(kind, match[0]))
    return found
