"""Deferred expressions: those that place an unknown value in a structure without reading it.

`ranges.map(range, {"prefix": range, "hop": firewall.address})` is a list of known length with known
prefixes, whatever the address turns out to be. A chain of names is a hole where it is an entry of a
literal list or map, a branch of a choice or the body of a `map`, and the same holds for all that
contains it, up to lists that `concat` joins. A hole is never an operand, a condition, a key or an
argument. What is around the holes can be known while they are not.

Called by `blueprint.expression`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<number>[0-9]+)
      | (?P<mark>==|!=|<=|>=|&&|\|\||[^\sA-Za-z0-9_"'])""",
    re.VERBOSE,
)
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_BEFORE = frozenset({"", "(", "[", "{", ",", ":", "?"})
_AFTER = frozenset({"", ")", "]", "}", ",", ":"})
_MARK = "\N{OBJECT REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    word: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class DeferredText:
    """An expression's text with literals in the place of chains.

    It has the chains by literal, as they were written.
    """

    text: str
    holes: Mapping[str, str]


def defer_unknown_chains(text: str, chains: Sequence[str]) -> DeferredText | None:
    """Return an expression with a literal in the place of each of `chains` (`str(Chain)`).

    None where the expression reads one of them instead of only placing it.
    """
    tokens = [
        _Token(match.lastgroup or "", match.group(), match.start(), match.end())
        for match in _TOKEN.finditer(text)
    ]
    literals = {chain: f"{_MARK}{number}{_MARK}" for number, chain in enumerate(chains)}
    holes: dict[str, str] = {}
    pieces: list[str] = []
    position = done = 0
    while position < len(tokens):
        chain, after = _chain_at(tokens, position)
        if chain not in literals:
            position = max(after, position + 1)
            continue
        if not _is_put(tokens, position, after):
            return None
        pieces += [text[done : tokens[position].start], f'"{literals[chain]}"']
        done = tokens[after - 1].end
        holes[literals[chain]] = text[tokens[position].start : done]
        position = after
    return DeferredText("".join([*pieces, text[done:]]), holes)


def _chain_at(tokens: Sequence[_Token], position: int) -> tuple[str, int]:
    """Return the chain of names that begins at a token, and the token after it."""
    first = tokens[position]
    if first.kind != "name" or (position and tokens[position - 1].word == "."):
        return "", position
    written, after = first.word, position + 1
    while after + 1 < len(tokens):
        mark, step = tokens[after].word, tokens[after + 1]
        follows = tokens[after + 2].word if after + 2 < len(tokens) else ""
        if mark == "." and step.kind == "name" and follows != "(":
            written += f".{step.word}"
            after += 2
        elif mark == "[" and step.kind in ("number", "text") and follows == "]":
            # `Chain` writes a quoted step like one behind a dot.
            inner = step.word if step.kind == "number" else None
            written += f"[{inner}]" if inner else f".{step.word[1:-1]}"
            after += 3
        else:
            break
    return written, after


def _is_put(tokens: Sequence[_Token], first: int, after: int) -> bool:
    """Return whether tokens `first` to `after` are a part that is only put somewhere."""
    while True:
        before = tokens[first - 1].word if first else ""
        behind = tokens[after].word if after < len(tokens) else ""
        if before not in _BEFORE or behind not in _AFTER:
            return False
        if behind == ":" and before != "?":
            return False
        opener = _opening_bracket_of(tokens, first)
        if opener is None:
            return True
        closer = _closing_bracket_of(tokens, opener)
        start = _start_of_part(tokens, opener, first)
        if closer is None or start is None:
            return False
        first, after = start, closer + 1


def _opening_bracket_of(tokens: Sequence[_Token], inside: int) -> int | None:
    """Return the bracket that contains a token."""
    depth = 0
    for position in range(inside - 1, -1, -1):
        if tokens[position].kind != "mark":
            continue
        if tokens[position].word in _CLOSING.values():
            depth += 1
        elif tokens[position].word in _CLOSING:
            if depth == 0:
                return position
            depth -= 1
    return None


def _closing_bracket_of(tokens: Sequence[_Token], opener: int) -> int | None:
    depth = 0
    for position in range(opener, len(tokens)):
        if tokens[position].kind != "mark":
            continue
        if tokens[position].word in _CLOSING:
            depth += 1
        elif tokens[position].word in _CLOSING.values():
            depth -= 1
            if depth == 0:
                return position
    return None


def _start_of_part(tokens: Sequence[_Token], opener: int, inside: int) -> int | None:
    """Return where the part that a bracket belongs to begins; None for one that looks inside."""
    called = tokens[opener - 1] if opener else None
    is_called = called is not None and (called.kind == "name" or called.word in ")]}")
    if tokens[opener].word != "(":
        return None if is_called else opener
    if called is None or not is_called:
        return opener
    is_method = opener >= 2 and tokens[opener - 2].word == "."
    if called.word == "concat" and not is_method and tokens[inside].word == "[":
        return opener - 1
    # In `list.map(name, body)` the list is looked at, and the body is not.
    if called.word == "map" and is_method and opener + 2 < inside:
        return _start_of_receiver(tokens, opener - 2)
    return None


def _start_of_receiver(tokens: Sequence[_Token], dot: int) -> int | None:
    """Return where what a method is called on begins."""
    position = dot - 1
    while position >= 0:
        if tokens[position].word in _CLOSING.values() and tokens[position].kind == "mark":
            found = _opening_bracket_of(tokens, position)
            if found is None:
                return None
            position = found
            if position and (
                tokens[position - 1].kind == "name" or tokens[position - 1].word == ")"
            ):
                position -= 1
                continue
        elif tokens[position].kind not in ("name", "text"):
            return None
        if position and tokens[position - 1].word == ".":
            position -= 2
            continue
        return position
    return None
