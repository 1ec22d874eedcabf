"""The composite formats of .NET, as far as the function `format` is used with them.

`{index[,alignment][:format]}`, `{{` and `}}`; of integers the standard formats D, F, N, P and X and
patterns of `0` and `#`; another format is an error that names
it. Facts: "Composite formatting" and "Standard numeric format strings" of .NET, in its invariant
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
    """Return a pattern with its items filled in. Raises ExpressionError."""

    def fill(match: re.Match[str]) -> str:
        if match[0] in ("{{", "}}"):
            return match[0][0]
        if match["index"] is None:
            raise ExpressionError(f"the format '{pattern}' is not valid: a brace stands alone.")
        if int(match["index"]) >= len(values):
            raise ExpressionError(
                f"the format item '{match[0]}' names none of the {len(values)} arguments."
            )
        return _item(values[int(match["index"])], match["width"] or "0", match["format"] or "")

    return _ITEM.sub(fill, pattern)


def _item(value: Value, width: str, form: str) -> str:
    shown = plain_text(value)
    if form and isinstance(value, (int, float)) and not isinstance(value, bool):
        shown = format_number(value, form)
    size = int(width)
    if abs(size) > _WIDEST:
        raise ExpressionError(f"the alignment '{width}' is more than {_WIDEST}.")
    return shown.ljust(-size) if size < 0 else shown.rjust(size)


def format_number(value: float, form: str) -> str:
    """Return a number in a format. Raises ExpressionError for one that is not known here."""
    match = _STANDARD.fullmatch(form)
    if match is not None:
        return _standard(value, match["kind"], match["digits"])
    if re.fullmatch("[0#]+", form):
        return f"{int(value):0{form.count('0') + (value < 0)}d}"
    raise ExpressionError(f"the built-in Azure does not know the format '{form}' of a number.")


def _standard(value: float, kind: str, digits: str) -> str:
    if kind in "dD":
        return f"{int(value):0{int(digits or 0) + (value < 0)}d}"
    if kind in "xX":
        number = int(value) & 0xFFFF_FFFF_FFFF_FFFF
        return f"{number:0{int(digits or 0)}{kind}}"
    places = int(digits) if digits else 2
    if kind in "pP":
        return f"{value * 100:,.{places}f} %"
    return f"{value:,.{places}f}" if kind in "nN" else f"{value:.{places}f}"
