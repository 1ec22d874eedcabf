"""Parser of the Kusto Query Language, as far as pipelines and conditions go.

Comments and texts are read apart; a query is split into statements, a statement into operators, a
filter into conditions. Nothing here knows what a query is for. Facts: the documentation "Kusto
Query Language".

Called by `logs.event_rows` and `logs.alert_queries`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*)|(?P<text>[hH]?@?"(?:[^"\\]|\\.)*"|[hH]?@?'(?:[^'\\]|\\.)*')"""
    r"""|(?P<word>[A-Za-z_*][\w.*]*(?:\[[^\]]*\])?)|(?P<number>-?\d+(?:\.\d+)?[a-z]*)"""
    r"""|(?P<sign>!=|!~|==|=~|<=|>=|!|[|;(),<>=+\-/%\[\]{}:~.])""",
)
# Queries come from files of others: the bound keeps a hostile one from costing more than a
# moment.
_MOST_TOKENS = 5000

EQUAL = ("==", "=~", "in", "in~")
POSITIVE = frozenset(
    (
        *EQUAL, "has", "has_cs", "has_any", "has_all", "hasprefix", "hassuffix", "contains",
        "contains_cs", "startswith", "startswith_cs", "endswith", "endswith_cs", "matches", ":",
    )
)  # fmt: skip
NEGATIVE = frozenset(("!=", "!~", "!"))
CONVERSIONS = (
    "tostring", "tolower", "toupper", "dynamic", "parse_json", "todynamic", "toint", "tolong",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a query; `kind` is text (with its quotes), word, number or sign."""

    kind: str
    text: str


def read_conditions(
    tokens: Sequence[Token], negated: bool = False
) -> Iterator[tuple[Sequence[Token], bool]]:
    """Yield (condition, whether it is negated) of a filter, joined by `and` or `or`."""
    for part in split_words(tokens, ("and", "or")):
        inner, is_negating = unwrap(part)
        flipped = negated is not is_negating
        if len(list(split_words(inner, ("and", "or")))) > 1:
            yield from read_conditions(inner, flipped)
        elif inner:
            yield inner, flipped


def unwrap(tokens: Sequence[Token]) -> tuple[Sequence[Token], bool]:
    """Return a condition without the brackets around it, and whether they negate it."""
    flipped = False
    while tokens:
        start = 1 if tokens[0].text.lower() == "not" else 0
        if len(tokens) <= start or tokens[start].text != "(":
            break
        # `(a) or (b)` begins and ends with brackets that do not belong together.
        if _closing_bracket(tokens, start) != len(tokens) - 1:
            break
        tokens, flipped = tokens[start + 1 : -1], flipped is not bool(start)
    return tokens, flipped


def _closing_bracket(tokens: Sequence[Token], start: int) -> int:
    depth = 0
    for position in range(start, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[position].text, 0)
        if depth == 0:
            return position
    return -1


def operator_of(atom: Sequence[Token]) -> str:
    """Return the first operator of a condition, outside of brackets."""
    depth = 0
    for token in atom:
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        word = token.text.lower()
        if depth == 0 and token.kind != "text" and (word in POSITIVE or word in NEGATIVE):
            return word
    return ""


def column_of(atom: Sequence[Token]) -> str:
    """Return the column that a condition is about, also inside of a function of it."""
    for token in atom:
        word = token.text
        if token.kind == "word" and word.lower() not in CONVERSIONS:
            return word
    return ""


def values_of(atom: Sequence[Token]) -> Iterator[str]:
    """Yield the texts of a condition, without quotes, in the letters in which they are written."""
    for token in atom:
        if token.kind == "text":
            yield token.text.lstrip("hH@")[1:-1]


def read_constant(atom: Sequence[Token]) -> bool | None:
    """Return whether a condition without columns is true, None for one with columns."""
    return not _is_false(atom) if _is_constant(atom) else None


def _is_constant(atom: Sequence[Token]) -> bool:
    return bool(atom) and (
        (len(atom) == 1 and atom[0].text.lower() in ("true", "false", "0", "1"))
        or (len(atom) == 3 and atom[0].kind in ("number", "text") and atom[2].kind == atom[0].kind)
        or (len(atom) == 4 and atom[0].text.lower() == "bool")
        or (len(atom) == 3 and all(t.text.lower() in ("true", "false", "==", "!=") for t in atom))
        # A column compared with itself is constant as well.
        or (len(atom) == 3 and atom[0] == atom[2] and atom[1].text in ("!=", "!~", "<", ">"))
    )


def _is_false(atom: Sequence[Token]) -> bool:
    """Return whether a constant condition is false."""
    words = [token.text.lower() for token in atom]
    if len(words) == 1:
        return words[0] in ("false", "0")
    if len(words) == 4:
        return words[2] in ("false", "0")
    if len(words) != 3:
        return False
    one, sign, other = words
    is_equal = one == other
    return {
        "==": not is_equal,
        "=~": not is_equal,
        "!=": is_equal,
        "!~": is_equal,
        "<": is_equal,
        ">": is_equal,
    }.get(sign, False) or (
        sign in ("<", ">") and not is_equal and _compare_numbers(one, sign, other) is False
    )


def _compare_numbers(one: str, sign: str, other: str) -> bool | None:
    try:
        return float(one) < float(other) if sign == "<" else float(one) > float(other)
    except ValueError:
        return None


def text_of(tokens: Sequence[Token]) -> str:
    """Return tokens as a person reads them."""
    return " ".join(token.text for token in tokens)


def split(tokens: Sequence[Token], sign: str) -> list[list[Token]]:
    """Split at a sign outside of brackets."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        # Separators inside of functions and subqueries belong to those.
        depth += {"(": 1, "{": 1, ")": -1, "}": -1}.get(token.text, 0)
        if depth == 0 and token.text == sign and token.kind == "sign":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def split_words(tokens: Sequence[Token], words: Sequence[str]) -> Iterator[Sequence[Token]]:
    """Yield what stands between some words outside of brackets."""
    part: list[Token] = []
    depth = 0
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth == 0 and token.kind == "word" and token.text.lower() in words:
            yield part
            part = []
        else:
            part.append(token)
    yield part


def tokenize(query: str) -> list[Token] | None:
    """Return the tokens of a query without comments.

    It is None where they are too many, or a sign is none of the language's.
    """
    found: list[Token] = []
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
        # A commented-out filter must neither satisfy nor break a rule.
        if kind != "comment":
            found.append(Token(kind, match[0]))
    return found
