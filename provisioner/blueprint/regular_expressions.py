"""Matches the regular expressions of files with RE2, in linear time.

Python's `re` backtracks: `(a+)+` and 40 letters take longer than a pipeline waits, in native code
that no signal ends. RE2 is linear in the text, and is what CEL specifies for `matches`. It has no
lookaround and no backreferences; such a pattern is refused. docs/adr has the choice.

Called for `matches` in expressions and for the `pattern` of parameters.
"""

from functools import lru_cache
from typing import Any

import re2

MAX_PATTERN = 500
MAX_TEXT = 50_000
"""Characters of what a pattern is matched with: linear time has a factor, the size of the pattern's
automaton."""
_MEMORY = 2_000_000


class PatternError(ValueError):
    """A pattern that cannot be used; the message is the end of a sentence about it."""


@lru_cache(maxsize=1024)
def _compile_pattern(pattern: str) -> Any:  # noqa: ANN401  google-re2 has no types
    if len(pattern) > MAX_PATTERN:
        raise PatternError(f"has {len(pattern):,} characters; a pattern may have {MAX_PATTERN}")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        return re2.compile(pattern, options)
    except re2.error as problem:
        said = problem.args[0] if problem.args else ""
        words = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        raise PatternError(
            f"is not a pattern that RE2 knows ({words}); it has no lookaround and no backreferences"
        ) from None


def check_pattern(pattern: str) -> None:
    """Raise PatternError for a pattern that cannot be used."""
    _compile_pattern(pattern)


def matches_whole(pattern: str, text: str) -> bool:
    """Return whether a pattern matches all of `text`. Raises PatternError."""
    return _cached_pattern(pattern, text).fullmatch(text) is not None


def matches_part(text: object, pattern: str) -> bool:
    """Return whether a pattern matches somewhere in `text`: CEL's `text.matches(pattern)`.

    Raises PatternError for a pattern that is none.

    Raises:
        ValueError: For what is no text: CEL calls it on any value.
    """
    if not isinstance(text, str):
        given = "null" if text is None else repr(text)
        raise ValueError(f"matches takes a text; it is given {given}")
    return _cached_pattern(pattern, text).search(text) is not None


def _cached_pattern(pattern: str, text: str) -> Any:  # noqa: ANN401
    if len(text) > MAX_TEXT:
        raise PatternError(
            f"is matched with {len(text):,} characters; at most {MAX_TEXT:,} are looked at"
        )
    return _compile_pattern(pattern)
