"""Line break opportunities in long words of Markdown tables.

A table on GitHub is as wide as its longest words, and scrolls sideways where that is too much. Such
words therefore get `<wbr>`, which allows a line break and is not copied with the text. It is one of
the elements that GitHub allows (html-pipeline's SanitizationFilter). A code span in backticks
cannot contain elements, so one with a long word becomes `<code>`. `markdown_table` calls it.
"""

import re
from collections.abc import Callable, Iterator

from provisioner.reports.markdown_escape import escape

LONGEST_WORD = 24
"""The longest run of characters without a break opportunity: four columns of such words fit a
page."""

_SPAN = re.compile(r"`([^`]*)`")
_GUID = r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
_TOKEN = re.compile(rf"`[^`]*`|<[^>]*>|&[#\w]+;|{_GUID}|\s+|.", re.DOTALL)
_ENDS_PART = frozenset((*"./_:,;=-)}", "&lowbar;", "&gt;"))
_OPEN = frozenset({"&lbrack;", "&lt;", "(", "{"})
_BREAK = "<wbr>"


def with_breaks(cell: str) -> str:
    """Return the Markdown of a cell whose words of more than 24 characters can be broken.

    Break opportunities are after the parts of a path, before a capital letter, or else anywhere.
    """
    return "".join(_words(_SPAN.sub(_breakable_code, cell)))


def _breakable_code(span: re.Match[str]) -> str:
    if max(map(len, span[1].split()), default=0) <= LONGEST_WORD:
        return span[0]
    return f"<code>{escape(span[1])}</code>"


def _words(text: str) -> Iterator[str]:
    word: list[str] = []
    for token in _TOKEN.findall(text):
        if token.isspace() or (token[0] in "`<" and len(token) > 1):
            yield from _broken(word)
            word = []
            yield token
        else:
            word.append(token)
    yield from _broken(word)


def _broken(word: list[str]) -> Iterator[str]:
    """Yield the characters and entities of a word, with break opportunities where it is long.

    Short parts stay together.
    """
    if _width(word) <= LONGEST_WORD:
        yield from word
        return
    used = 0
    for part in _parts(word):
        if used and used + _width(part) > LONGEST_WORD:
            yield _BREAK
            used = 0
        yield from part
        used += _width(part)


def _width(tokens: list[str]) -> int:
    """Return the number of visible characters: an entity counts as one, a GUID is never split."""
    return sum(1 if token.startswith("&") else len(token) for token in tokens)


def _parts(word: list[str]) -> Iterator[list[str]]:
    """Yield a word in parts of at most 24 characters, except that a GUID is one part.

    It is split between the parts of a path, within these before a capital letter, and anywhere
    within what is still too long.
    """
    for section in _split(word, lambda before, token: token in _OPEN or before in _ENDS_PART):
        if _width(section) <= LONGEST_WORD:
            yield section
            continue
        for piece in _split(section, lambda before, token: token.isupper() and before.islower()):
            yield from (
                piece[start : start + LONGEST_WORD] for start in range(0, len(piece), LONGEST_WORD)
            )


def _split(word: list[str], is_break: Callable[[str, str], bool]) -> Iterator[list[str]]:
    """Yield a word in pieces: a new one begins where `is_break(last token, token)` is true."""
    start = 0
    for position in range(1, len(word)):
        if is_break(word[position - 1], word[position]):
            yield word[start:position]
            start = position
    yield word[start:]
