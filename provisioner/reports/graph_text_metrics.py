"""Text metrics of diagrams: the maximum width of a text, and where it is broken.

No font is measured, because viewers have fonts of their own. The widths are upper bounds over the
usual sans-serif fonts, of which DejaVu Sans Bold is the widest. `graph_boxes` and `graph_svg` call
it.
"""

import re
import unicodedata
from functools import lru_cache

_BOLD = {
    "'|": 0.40,
    "ijlI.,:; ": 0.40,
    '()[]{}/\\-!"`': 0.53,
    "frt*": 0.53,
    "_": 0.58,
    "cskzJ?": 0.68,
    "abdeghnopquvxy0123456789$": 0.73,
    "ABCDEFGHKLNOPQRSTUVXYZ&": 0.88,
    "+<=>~^#": 0.86,
    "mwMW@%": 1.12,
}
_WIDTHS = {character: width for characters, width in _BOLD.items() for character in characters}
_REGULAR = 0.93
_WIDE, _OTHER = 1.45, 1.12
_PARTS = re.compile(r"[^-./_, ]+?(?:[-./_, ]+|(?<=[a-z])(?=[A-Z])|$)|[-./_, ]+")


@lru_cache(maxsize=65_536)
def measure_text(text: str, size: float, *, bold: bool = False) -> float:
    """Return the most that one line of text can be wide, in the unit of the font's size."""
    ems = sum(_WIDTHS.get(character) or _unusual(character) for character in text)
    return ems * size * (1 if bold else _REGULAR)


def _unusual(character: str) -> float:
    return _WIDE if unicodedata.east_asian_width(character) in "WF" else _OTHER


@lru_cache(maxsize=65_536)
def break_text(text: str, width: float, size: float, *, bold: bool = False) -> tuple[str, ...]:
    """Return text as lines that are at most `width` wide.

    Lines are broken after a dash, dot, slash, comma or space or before a capital where there is
    one, else anywhere. Only spaces at the ends are dropped.
    """
    lines, current = [], ""
    for part in _PARTS.findall(text):
        for piece in _fitting(part, width, size, bold):
            joined = current + piece
            if current and measure_text(joined.rstrip(), size, bold=bold) > width:
                lines.append(current.rstrip())
                current = piece.lstrip()
            else:
                current = joined
    if current.strip() or not lines:
        lines.append(current.rstrip())
    return tuple(lines)


def _fitting(part: str, width: float, size: float, bold: bool) -> list[str]:
    """Break a word that is too wide for a line of its own."""
    pieces, current = [], ""
    for character in part:
        if current and measure_text(current + character, size, bold=bold) > width:
            pieces.append(current)
            current = ""
        current += character
    return [*pieces, current]
