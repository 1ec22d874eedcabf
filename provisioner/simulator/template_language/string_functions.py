"""Functions on strings. Source: "String functions for ARM templates".

Each private function is the template function of its name or of its entry in `STRING_FUNCTIONS`.
"""

import base64
import binascii
import re
import uuid
from urllib.parse import quote, unquote, unquote_to_bytes

from provisioner.simulator.template_language.composite_format import format_text
from provisioner.simulator.template_language.expressions import Functions
from provisioner.simulator.template_language.operands import (
    array,
    bounded,
    plain_text,
    text,
    whole,
)
from provisioner.simulator.template_language.relaxed_json import RelaxedJsonError, read_json
from provisioner.simulator.template_language.template_errors import ExpressionError, Value
from provisioner.simulator.template_language.unique_string import unique_text

_GUID_NAMESPACE = uuid.UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830")
"""The namespace of `guid` ("String functions for Bicep": guid, remarks)."""
_MOST_WILDCARDS = 10
_DATA_URI = re.compile(r"data:(?P<type>[^,]*?)(?P<coded>;base64)?,(?P<data>.*)", re.DOTALL)


def _decode_base64(value: Value) -> str:
    try:
        return base64.b64decode(text(value), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as problem:
        raise ExpressionError(f"the value is no base64 of a text: {problem}.") from None


def _base64_to_json(value: Value) -> Value:
    try:
        return read_json(_decode_base64(value))
    except RelaxedJsonError as problem:
        raise ExpressionError(f"the value is not valid JSON: {problem}.") from None


def _data_uri(value: Value) -> str:
    return f"data:text/plain;charset=utf8;base64,{_base64(plain_text(value))}"


def _base64(value: Value) -> str:
    return base64.b64encode(text(value).encode()).decode()


def _data_uri_to_text(value: Value) -> str:
    match = _DATA_URI.fullmatch(text(value))
    if match is None:
        raise ExpressionError(f"the value '{value}' is no data URI.")
    if match["coded"]:
        return _decode_base64(match["data"])
    return unquote_to_bytes(match["data"]).decode(errors="replace")


def _guid(first: Value, *more: Value) -> str:
    return str(uuid.uuid5(_GUID_NAMESPACE, "-".join(plain_text(part) for part in (first, *more))))


def _join(items: Value, delimiter: Value) -> str:
    return bounded(text(delimiter).join(plain_text(item) for item in array(items)))


def _pad_left(value: Value, length: Value, character: Value = " ") -> str:
    fill = text(character)
    if len(fill) != 1:
        raise ExpressionError("expects one character to pad with.")
    return plain_text(value).rjust(min(whole(length), 100_000), fill)


def _split(value: Value, delimiter: Value) -> list[str]:
    """Split at a delimiter, or at each of several; the longest match wins."""
    delimiters = [text(one) for one in (delimiter if isinstance(delimiter, list) else [delimiter])]
    kept = sorted((one for one in delimiters if one), key=len, reverse=True)
    if not kept:
        return [text(value)]
    return re.split("|".join(re.escape(one) for one in kept), text(value))


def _substring(value: Value, start: Value, length: Value = None) -> str:
    whole_text, begin = text(value), whole(start)
    end = len(whole_text) if length is None else begin + whole(length)
    if not 0 <= begin <= end <= len(whole_text):
        raise ExpressionError(
            "index and length must refer to a location within the string: "
            f"'{begin}' and '{end - begin}' of '{len(whole_text)}' characters."
        )
    return whole_text[begin:end]


def _uri(base: Value, relative: Value) -> str:
    """Join a base and a relative URI: the base's last segment after `/` is dropped."""
    front, back = text(base), text(relative)
    scheme, mark, rest = front.partition("//")
    if not front.endswith("/"):
        rest = f"{rest.rpartition('/')[0]}/" if "/" in rest else f"{rest}/"
        front = f"{scheme}{mark}{rest}"
    return front + back.removeprefix("/")


def _matches_wildcards(value: Value, pattern: Value) -> bool:
    """Return whether a string matches a pattern of `*` and `?`, without case.

    Case is ignored by analogy with `startsWith`; the reference does not say.

    Raises:
        ExpressionError: the pattern has more than 10 asterisks, which would make matching
            exponential.
    """
    parts = (
        {"*": ".*", "?": "."}.get(letter, re.escape(letter))
        for letter in re.sub(r"\*+", "*", text(pattern))
    )
    if text(pattern).count("*") > _MOST_WILDCARDS:
        raise ExpressionError(f"expects a pattern of at most {_MOST_WILDCARDS} asterisks.")
    return re.fullmatch("".join(parts), text(value), re.DOTALL | re.IGNORECASE) is not None


def _replace(value: Value, old: Value, new: Value) -> str:
    if not text(old):
        raise ExpressionError("expects a text to replace that is not empty.")
    return bounded(text(value).replace(text(old), text(new)))


STRING_FUNCTIONS: Functions = {
    "base64": _base64,
    "base64tojson": _base64_to_json,
    "base64tostring": _decode_base64,
    "datauri": _data_uri,
    "datauritostring": _data_uri_to_text,
    "endswith": lambda value, end: text(value).lower().endswith(text(end).lower()),
    "format": lambda pattern, *values: bounded(format_text(text(pattern), values)),
    "guid": _guid,
    "join": _join,
    "like": _matches_wildcards,
    "padleft": _pad_left,
    "replace": _replace,
    "split": _split,
    "startswith": lambda value, start: text(value).lower().startswith(text(start).lower()),
    "string": lambda value: bounded(plain_text(value)),
    "substring": _substring,
    "tolower": lambda value: text(value).lower(),
    "toupper": lambda value: text(value).upper(),
    "trim": lambda value: text(value).strip(),
    "uniquestring": lambda first, *more: unique_text(*(text(one) for one in (first, *more))),
    "uri": _uri,
    "uricomponent": lambda value: quote(text(value), safe="-_.~"),
    "uricomponenttostring": lambda value: unquote(text(value)),
}
