"""Reads the scalars of YAML 1.2's core schema: their kind by tag or by form, and their value.

Called by `blueprint.yaml_source`.
"""

import re
from typing import Any

from provisioner.model.diagnostic import Diagnostic, DiagnosticError, error
from provisioner.model.span import Span

_INTEGER_DIGITS = 20

CORE = "tag:yaml.org,2002:"
_FORMS = {
    "bool": re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"),
    "int": re.compile(r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z"),
    "float": re.compile(r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)\Z"),
    "null": re.compile(r"(?:~|null|Null|NULL|)\Z"),
}
"""How the scalars of the core schema are written."""
_FORM = re.compile("|".join(f"(?P<{kind}>{form.pattern})" for kind, form in _FORMS.items()))
"""All of them at once; the name of the group is the kind."""


def read_scalar(event: Any, span: Span) -> bool | int | float | str | None:  # noqa: ANN401
    """Return the value of a scalar event of PyYAML.

    Raises:
        DiagnosticError: For a tag that is not of the core schema (`invalid-yaml`), and for a number
            that is out of range (`number-out-of-range`).
    """
    text = str(event.value)
    match _scalar_kind(event, text, span):
        case "str":
            return text
        case "null":
            return None
        case "bool":
            return text.lower() == "true"
        case "int":
            return _parse_integer(text, span)
        case "float":
            number = float(text)
            if number in (float("inf"), float("-inf")):
                raise DiagnosticError(_out_of_range(text, span, "a number of 64 bits"))
            return number
        case _:
            raise DiagnosticError(refused_tag(event.tag, span))


def _scalar_kind(event: Any, text: str, span: Span) -> str:  # noqa: ANN401
    """Return the kind of a scalar: that of its tag, or of how it is written.

    Raises:
        DiagnosticError: For a tag of something that is written in another way.
    """
    if event.tag is None and event.implicit[0]:
        found = _FORM.match(text)
        return str(found.lastgroup) if found else "str"
    if event.tag in (None, "!"):
        return "str"
    kind = str(event.tag).removeprefix(CORE)
    if kind in _FORMS and not _FORMS[kind].match(text):
        raise DiagnosticError(refused_tag(event.tag, span))
    return kind


def _parse_integer(text: str, span: Span) -> int:
    """Return an integer.

    Azure Resource Manager's readers hold 64 bits, and Python's own conversion refuses more than
    4,300 digits with an exception.

    Raises:
        DiagnosticError: For an integer beyond 64 bits.
    """
    if len(text.lstrip("+-0ox")) <= _INTEGER_DIGITS:
        number = int(text, 0) if text[:2] in ("0x", "0o") else int(text)
        if -(2**63) <= number < 2**63:
            return number
    raise DiagnosticError(_out_of_range(text, span, "an integer of 64 bits"))


def _out_of_range(text: str, span: Span, expected: str) -> Diagnostic:
    shown = text if len(text) <= 30 else f"{text[:27]}… ({len(text):,} characters)"
    return error("number-out-of-range", f"{shown} is too large.", span, f"Expected {expected}.")


def refused_tag(tag: object, span: Span) -> Diagnostic:
    """Return the diagnostic of a tag that would make anything but plain data."""
    return error("invalid-yaml", f"the tag {tag!r} is not allowed.", span, "Remove it.")
