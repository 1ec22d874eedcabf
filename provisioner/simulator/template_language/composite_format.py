"""Composite format strings of .NET, as far as the template function `format` uses them.

Supported are `{index[,alignment][:format]}`, `{{` and `}}`, the standard formats D, F, N, P and X
of numbers, and patterns of `0` and `#`. Any other format is an error that names it, never a guess.

Source: "Composite formatting" and "Standard numeric format strings" of .NET, in its invariant
culture.
"""

import re
from collections.abc import Sequence

from provisioner.simulator.template_language.operands import plain_text
from provisioner.simulator.template_language.template_errors import ExpressionError, Value

_ITEM = re.compile(
    r"\{\{|\}\}|\{(?P<index>\d+)(?:,(?P<width>-?\d+))?(?::(?P<format>[^{}]*))?\}|[{}]"
)
_STANDARD = re.compile(r"(?P<kind>[dDfFnNpPxX])(?P<digits>\d{0,2})")
_WIDEST = 1000


def format_text(pattern: str, values: Sequence[Value]) -> str:
    """Return a composite format string with its items filled in by the values.

    A brace that stands alone, an index without an argument, or a format that is not supported is an
    ExpressionError.
    """

    def fill(match: re.Match[str]) -> str:
        if match[0] in ("{{", "}}"):
            return match[0][0]
        if match["index"] is None:
            raise ExpressionError(f"the format '{pattern}' is not valid: a brace stands alone.")
        if int(match["index"]) >= len(values):
            raise ExpressionError(
                f"the format item '{match[0]}' names none of the {len(values)} arguments."
            )
        return _format_item(
            values[int(match["index"])], match["width"] or "0", match["format"] or ""
        )

    return _ITEM.sub(fill, pattern)


def _format_item(value: Value, width: str, form: str) -> str:
    formatted = plain_text(value)
    if form and isinstance(value, (int, float)) and not isinstance(value, bool):
        formatted = format_number(value, form)
    size = int(width)
    if abs(size) > _WIDEST:
        raise ExpressionError(f"the alignment '{width}' is more than {_WIDEST}.")
    return formatted.ljust(-size) if size < 0 else formatted.rjust(size)


def format_number(value: float, form: str) -> str:
    """Return a number in a standard or custom .NET format.

    Raises:
        ExpressionError: the format is not supported here.
    """
    match = _STANDARD.fullmatch(form)
    if match is not None:
        return _format_standard(value, match["kind"], match["digits"])
    if re.fullmatch("[0#]+", form):
        return f"{int(value):0{form.count('0') + (value < 0)}d}"
    raise ExpressionError(f"the built-in Azure does not know the format '{form}' of a number.")


def _format_standard(value: float, kind: str, digits: str) -> str:
    if kind in "dD":
        return f"{int(value):0{int(digits or 0) + (value < 0)}d}"
    if kind in "xX":
        # .NET prints a negative integer in hexadecimal as its two's complement; ARM's integers have
        # 64 bits.
        number = int(value) & 0xFFFF_FFFF_FFFF_FFFF
        return f"{number:0{int(digits or 0)}{kind}}"
    places = int(digits) if digits else 2
    if kind in "pP":
        return f"{value * 100:,.{places}f} %"
    return f"{value:,.{places}f}" if kind in "nN" else f"{value:.{places}f}"
